//! Refusals: `normalization` of `data_config`.

use crate::Case;

pub(crate) const ON_BASE: &[Case] = &[
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_sdt}",
        problems: &[
            r#"10:25: data_config.normalization.name: got "mean_sdt", expected mean_std, min_max, quantile or none; did you mean `mean_std`?"#,
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: min_max, input_mins: 0}",
        problems: &[
            "10:3: data_config.normalization.input_maxes: missing, expected as many values as in input_mins",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: min_max, input_mins: 0, input_maxes: 0, skip_target: true}",
        problems: &[
            "10:62: data_config.normalization.input_maxes: got 0, expected more than 0, the lower limit",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, input_means: [1, 2]}",
        problems: &[
            "10:3: data_config.normalization.input_stds: missing, expected as many values as in input_means",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, input_stds: [1, 2]}",
        problems: &[
            "10:3: data_config.normalization.input_means: missing, expected as many values as in input_stds",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, input_means: [1, 2], input_stds: [1]}",
        problems: &[
            "10:68: data_config.normalization.input_stds: got 1 value, expected 2 values as in input_means",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, input_means: [], input_stds: [1]}",
        problems: &[
            "10:48: data_config.normalization.input_means: got a list of 0 entries, expected a number or a non-empty list of numbers",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, input_means: [.nan], input_stds: [-1]}",
        problems: &[
            "10:49: data_config.normalization.input_means[0]: got NaN, expected a finite number in the range of float32",
            "10:69: data_config.normalization.input_stds[0]: got -1, expected a finite number, at least 0",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, input_means: 0, input_stds: -1}",
        problems: &[
            "10:63: data_config.normalization.input_stds: got -1, expected a finite number, at least 0",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, per_channel: false, input_means: [1, 2], input_stds: [1, 2]}",
        problems: &[
            "10:68: data_config.normalization.input_means: got 2 values, expected one value, because per_channel is false",
            "10:88: data_config.normalization.input_stds: got 2 values, expected one value, because per_channel is false",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, per_channel: no}",
        problems: &[r#"10:48: data_config.normalization.per_channel: got "no", expected true or false"#],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: none, input_means: 1}",
        problems: &[
            "10:31: data_config.normalization.input_means: unknown key, expected one of name, per_channel, skip_target",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: min_max, target_mins: [1, 2], target_maxes: 3}",
        problems: &[
            "10:69: data_config.normalization.target_maxes: got 1 value, expected 2 values as in target_mins",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: quantile, lower_quantiles: 1, upper_quantiles: 0}",
        problems: &[
            "10:52: data_config.normalization.lower_quantiles: got 1, expected a number, at least 0 and below 1",
            "10:72: data_config.normalization.upper_quantiles: got 0, expected a number above 0 and at most 1",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: quantile, lower_quantiles: 0.5, upper_quantiles: 0.4}",
        problems: &[
            "10:74: data_config.normalization.upper_quantiles: lower quantile 0.5 with upper quantile 0.4, expected a lower quantile below the upper one",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: quantile, lower_quantiles: 0.99}",
        problems: &[
            "10:52: data_config.normalization.lower_quantiles: lower quantile 0.99 with upper quantile 0.99, expected a lower quantile below the upper one",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: quantile, lower_quantiles: [0.1, 0.2], upper_quantiles: 0.9}",
        problems: &[
            "10:81: data_config.normalization.upper_quantiles: 2 lower and 1 upper quantiles, expected the same number of both",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: quantile, per_channel: false, upper_quantiles: [0.9, 0.8]}",
        problems: &[
            "10:72: data_config.normalization.upper_quantiles: got 2 values, expected one value, because per_channel is false",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: quantile, quantiles: 0.1, input_lower_quantile_values: 3}",
        problems: &[
            "10:3: data_config.normalization.input_upper_quantile_values: missing, expected as many values as in input_lower_quantile_values",
            "10:35: data_config.normalization.quantiles: unknown key, expected one of name, per_channel, skip_target, method, lower_quantiles, upper_quantiles, input_lower_quantile_values, input_upper_quantile_values, target_lower_quantile_values, target_upper_quantile_values",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: quantile, target_lower_quantile_values: 3, target_upper_quantile_values: 3}",
        problems: &[
            "10:98: data_config.normalization.target_upper_quantile_values: got 3, expected more than 3, the lower limit",
        ],
    },
];
