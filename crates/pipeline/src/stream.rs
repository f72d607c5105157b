//! How a plan has its batches made: the options of its loaders, the window of a chunk-aware order, weights of patches.

use patchweave_config::{DataPlan, LoadingPlan, OrderPlan, TrainPlan};
use patchweave_construct::{Dataset, PatchExtractor, patch_weights};
use patchweave_loader::{ChunkAware, LoaderOptions, MixLength, Order, PatchWeights, on_threads};

use crate::parts::Parts;
use crate::selection::check_order_weights;
use crate::{Images, KeepGoing, Notice, PipelineError};

/// A window has at least so many places, or it would not mix.
const MIN_WINDOW: u64 = 16;
/// And at most so many, which take some memory themselves.
const MAX_WINDOW: u64 = 65_536;

/// The options of the loader of a training, but for its order.
pub(crate) fn loader_options(data: &DataPlan, train: &TrainPlan, order: Order) -> LoaderOptions {
    let LoadingPlan { passes, max_patches, shapes, on_failure, shard, .. } = train.loading;
    LoaderOptions {
        batch_size: data.batch_size,
        order,
        drop_last: data.train_loader.drop_last().unwrap_or(false),
        shapes,
        passes,
        max_patches,
        mix_length: train.mix.as_ref().map_or(MixLength::Longest, |mix| mix.until),
        shard,
        on_failure,
        n_workers: data.n_threads(&data.train_loader),
        prefetch_batches: train.prefetch_batches,
        prefetch_bytes: train.prefetch_bytes,
    }
}

/// The options of its validation, which every rank goes through as a whole.
pub(crate) fn validation_options(data: &DataPlan, of_training: LoaderOptions) -> LoaderOptions {
    let LoaderOptions { batch_size, shapes, on_failure, prefetch_batches, prefetch_bytes, .. } = of_training;
    LoaderOptions {
        batch_size,
        order: if data.val_loader.shuffle().unwrap_or(false) { Order::Shuffled } else { Order::Sequential },
        drop_last: data.val_loader.drop_last().unwrap_or(false),
        shapes,
        on_failure,
        n_workers: data.n_threads(&data.val_loader),
        prefetch_batches,
        prefetch_bytes,
        ..LoaderOptions::default()
    }
}

/// The order of a training; `cache_bytes` is the budget for decoded chunks, `patch_bytes` what the largest patch takes
/// as it is stored.
pub(crate) fn order(data: &DataPlan, train: &TrainPlan, cache_bytes: u64, patch_bytes: u64) -> Order {
    match train.loading.order {
        None if data.shuffle() => Order::Shuffled,
        None | Some(OrderPlan::Sequential) => Order::Sequential,
        Some(OrderPlan::Shuffled) => Order::Shuffled,
        Some(OrderPlan::Grouped) => Order::Grouped,
        Some(OrderPlan::ChunkAware { window, sources }) => {
            let window = window.unwrap_or_else(|| default_window(cache_bytes, patch_bytes));
            Order::ChunkAware(chunk_aware(window, sources, cache_bytes))
        }
        Some(OrderPlan::Weighted | OrderPlan::Foreground) => Order::Weighted,
    }
}

/// The chunk-aware order for a cache, of which some room is left for chunks that are only passed by.
///
/// ```
/// let order = patchweave_pipeline::chunk_aware(256, 4, 1000);
/// assert_eq!((order.window, order.sources, order.cache_bytes), (256, 4, 900));
/// ```
pub fn chunk_aware(window: usize, sources: usize, cache_bytes: u64) -> ChunkAware {
    ChunkAware { window, sources, cache_bytes: cache_bytes / 10 * 9 }
}

/// The window whose patches take about half of the chunk cache.
///
/// ```
/// use patchweave_pipeline::default_window;
///
/// // Volumes of 64³ pixels with 16 bits each, and 256 MiB.
/// assert_eq!(default_window(256 << 20, 2 * 64 * 64 * 64), 256);
/// assert_eq!((default_window(0, 1 << 20), default_window(u64::MAX, 1)), (16, 65_536));
/// ```
pub fn default_window(cache_bytes: u64, patch_bytes: u64) -> usize {
    let window = (cache_bytes / 2 / patch_bytes.max(1)).clamp(MIN_WINDOW, MAX_WINDOW);
    usize::try_from(window).unwrap_or(usize::MAX)
}

/// Bytes that a training patch takes as it is stored: of inputs and targets, of the largest pixel type in each.
pub(crate) fn patch_bytes(data: &DataPlan, parts: &Parts) -> u64 {
    let n_pixels = data.patching.training_size().map_or(1, |size| size.n_pixels());
    let of = |images: &PatchExtractor, channels: Option<&[usize]>| {
        let n_channels = channels.map_or(images.n_channels(), <[usize]>::len);
        let infos = (0..images.shapes().len()).filter_map(|at| images.info(at));
        let n_bytes = infos.map(|info| info.pixel_type.n_bytes()).max().unwrap_or(1);
        n_pixels.saturating_mul(n_channels).saturating_mul(n_bytes) as u64
    };
    let channels = data.channels.as_deref();
    let drawn = parts.drawn().into_iter().map(|images| of(images, channels));
    let beside = parts.targets.iter().filter(|_| parts.input.is_some()).map(|images| of(images, None));
    drawn.chain(beside).fold(0, u64::saturating_add)
}

/// How likely every patch of a training is, where its order goes by weight; notes images without any.
pub(crate) fn weights(
    order: OrderPlan,
    data: &DataPlan,
    dataset: &Dataset,
    images: &Images,
    notices: &mut Vec<Notice>,
    keep_going: KeepGoing<'_>,
) -> Result<Option<PatchWeights>, PipelineError> {
    let (maps, key) = match order {
        OrderPlan::Weighted => (&images.roles.weights, "weights"),
        OrderPlan::Foreground => (&images.roles.masks, "mask"),
        _ => return Ok(None),
    };
    let missing = PipelineError::NoOrderWeights { order: order.name(), key };
    let maps = maps.extractor_if_any()?.ok_or(missing)?;
    let is_inside = |pixel: f32| if pixel > 0.0 { 1.0 } else { 0.0 };
    let weights = on_threads(data.n_threads(&data.train_loader), || match order {
        OrderPlan::Foreground => patch_weights(dataset, &maps, is_inside, keep_going),
        _ => patch_weights(dataset, &maps, f64::from, keep_going),
    })??;
    let sources = dataset.constr().sources();
    let patches_of = |data_idx| sources.patch_indices(data_idx).ok();
    check_order_weights(order, &weights, patches_of, &maps, notices)?;
    Ok(Some(PatchWeights::new(&weights)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn patches_of_a_window_take_half_of_the_cache(cache in 0_u64..1 << 40, patch in 1_u64..1 << 30) {
            let window = default_window(cache, patch) as u64;
            prop_assert!((MIN_WINDOW..=MAX_WINDOW).contains(&window));
            // Neither more than half unless it is the least, nor room for another one unless it is the most.
            prop_assert!(window == MIN_WINDOW || window * patch <= cache / 2);
            prop_assert!(window == MAX_WINDOW || (window + 1) * patch > cache / 2);
        }
    }
}
