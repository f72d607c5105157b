//! Refusals: the settings of loaders in `data_config`.

use crate::Case;

pub(crate) const ON_BASE: &[Case] = &[
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  train_dataloader_params: {shuffle: 1}",
        problems: &["9:38: data_config.train_dataloader_params.shuffle: got 1, expected true or false"],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  train_dataloader_params: {shuffle: true, batch_size: 3}",
        problems: &[
            "9:56: data_config.train_dataloader_params.batch_size: a batch size for a single loader, expected batch_size in data_config, which all loaders share",
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  train_dataloader_params: {}",
        problems: &["9:3: data_config.train_dataloader_params.shuffle: missing, expected true or false"],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  train_dataloader_params: {shufle: true, drop_lst: 1}",
        problems: &[
            "9:29: data_config.train_dataloader_params.shufle: unknown key, expected one of shuffle, num_workers, drop_last, pin_memory, pin_memory_device, persistent_workers, prefetch_factor, timeout, multiprocessing_context, in_order; did you mean `shuffle`?",
            "9:43: data_config.train_dataloader_params.drop_lst: unknown key, expected one of shuffle, num_workers, drop_last, pin_memory, pin_memory_device, persistent_workers, prefetch_factor, timeout, multiprocessing_context, in_order; did you mean `drop_last`?",
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  train_dataloader_params: true",
        problems: &["9:28: data_config.train_dataloader_params: got true, expected a block of keys"],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  val_dataloader_params: {num_workers: -1, drop_last: 0}\n  pred_dataloader_params: {batch_size: 2, workers: 3}",
        problems: &[
            "9:40: data_config.val_dataloader_params.num_workers: got -1, expected an integer from 0 to 1024",
            "9:55: data_config.val_dataloader_params.drop_last: got 0, expected true or false",
            "10:40: data_config.pred_dataloader_params.batch_size: a batch size for a single loader, expected batch_size in data_config, which all loaders share",
            "10:43: data_config.pred_dataloader_params.workers: unknown key, expected one of shuffle, num_workers, drop_last, pin_memory, pin_memory_device, persistent_workers, prefetch_factor, timeout, multiprocessing_context, in_order",
        ],
    },
];
