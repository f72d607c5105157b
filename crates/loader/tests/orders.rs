//! What orders promise beyond giving every patch once: groups stay together, chunks are decoded about once, weights hold.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use patchweave_construct::{Dataset, PatchConstrExt};
use patchweave_geometry::ArrayLayout;
use patchweave_loader::{ChunkAware, Loader, LoaderOptions, MixPart, Order, PatchWeights, SampleId};
use patchweave_patching::PatchIndices;
use patchweave_stack::{ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};
use proptest::prelude::*;
use support::{Hooked, dataset, random_patches, seen};

/// The samples of an epoch in order.
fn samples(loader: &Loader, epoch: u64) -> Vec<SampleId> {
    seen(loader.epoch(epoch).unwrap()).unwrap().into_iter().flat_map(|batch| batch.samples).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn grouped_patches_of_an_image_follow_one_another(
        sizes in prop::collection::vec([8_usize..40, 8_usize..40], 1..6), seed in 1_u64..1000, epoch in 0_u64..5,
    ) {
        let set = dataset(&sizes, seed);
        let groups: Vec<PatchIndices> =
            (0..sizes.len()).map(|data_idx| set.constr().patch_indices(data_idx).unwrap().clone()).collect();
        let group_of = |index| groups.iter().position(|group| group.iter().any(|i| i == index)).unwrap();
        let loader = Loader::new(set, LoaderOptions { order: Order::Grouped, ..Default::default() }).unwrap();
        let mut visited: Vec<usize> =
            samples(&loader, epoch).into_iter().map(|id| group_of(id.index)).collect();
        visited.dedup();
        let distinct: BTreeSet<_> = visited.iter().collect();
        prop_assert_eq!((visited.len(), distinct.len()), (sizes.len(), sizes.len()));
    }
}

/// Groups and places inside of them are uniform: a chi-square over 4 × 4 cells (group, its rank) and one over 6 × 6
/// (patch, its rank in the group). 9 and 25 degrees of freedom: 45 and 72 are exceeded with probability below 2e-6.
#[test]
fn grouped_orders_are_uniform() {
    let sizes = [[8, 48]; 4];
    let loader = |seed| {
        Loader::new(dataset(&sizes, seed), LoaderOptions { order: Order::Grouped, ..Default::default() })
            .unwrap()
    };
    let n_seeds = 4000_u32;
    let mut groups = [[0.0_f64; 4]; 4];
    let mut inside = [[0.0_f64; 6]; 6];
    for seed in 1..=u64::from(n_seeds) {
        let samples = samples(&loader(seed), 0);
        for (rank, group) in samples.chunks(6).enumerate() {
            groups[group[0].index / 6][rank] += 1.0;
        }
        for (rank, id) in samples[..6].iter().enumerate() {
            inside[id.index % 6][rank] += 1.0;
        }
    }
    let chi_square = |counts: Vec<f64>, expected: f64| -> f64 {
        counts.into_iter().map(|n| (n - expected).powi(2) / expected).sum()
    };
    let n = f64::from(n_seeds);
    let of_groups = chi_square(groups.concat(), n / 4.0);
    let of_places = chi_square(inside.concat(), n / 6.0);
    assert!(of_groups < 45.0 && of_places < 72.0, "{of_groups} {of_places}");
}

/// An image that only counts which chunks are decoded, through a cache that keeps the last ones.
struct Chunked {
    info: StackInfo,
    number: usize,
    cache: Arc<Cache>,
}

struct Cache {
    n_kept: usize,
    kept: Mutex<VecDeque<(usize, [usize; 3])>>,
    n_decodes: AtomicUsize,
}

impl Cache {
    fn new(n_kept: usize) -> Arc<Self> {
        Arc::new(Cache { n_kept, kept: Mutex::default(), n_decodes: AtomicUsize::new(0) })
    }

    fn ask(&self, key: (usize, [usize; 3])) {
        let mut kept = self.kept.lock().unwrap();
        match kept.iter().position(|other| *other == key) {
            Some(at) => {
                kept.remove(at);
            }
            None => {
                self.n_decodes.fetch_add(1, Ordering::Relaxed);
                if kept.len() == self.n_kept {
                    kept.pop_front();
                }
            }
        }
        kept.push_back(key);
    }
}

impl ImageStack for Chunked {
    fn info(&self) -> &StackInfo {
        &self.info
    }

    fn read_inside(&self, window: &InsideWindow<'_>, mut out: PatchViewMut<'_>) -> Result<(), StackError> {
        let chunk = self.info.chunks.clone().unwrap();
        let range = |axis: usize| {
            let pixels = window.region.range(axis);
            pixels.start / chunk[axis]..(pixels.end - 1) / chunk[axis] + 1
        };
        for z in range(0) {
            for y in range(1) {
                range(2).for_each(|x| self.cache.ask((self.number, [z, y, x])));
            }
        }
        out.fill(1.0);
        Ok(())
    }
}

/// Volumes in chunks that share a cache of `n_kept` chunks.
fn volumes(
    n: usize,
    shape: [usize; 3],
    chunk: [usize; 3],
    n_kept: usize,
) -> (Vec<Arc<dyn ImageStack>>, Arc<Cache>) {
    let cache = Cache::new(n_kept);
    let volume = |number| {
        let layout = ArrayLayout::new("ZYX".parse().unwrap(), &shape).unwrap();
        let mut info = StackInfo::new(format!("volume {number}"), patchweave_pixel::PixelType::U16, layout);
        info.chunks = Some(chunk.to_vec());
        Arc::new(Chunked { info, number, cache: Arc::clone(&cache) }) as Arc<dyn ImageStack>
    };
    ((0..n).map(volume).collect(), cache)
}

/// How many times a chunk is decoded on average.
fn decodes_per_chunk(order: Order, volumes: (Vec<Arc<dyn ImageStack>>, Arc<Cache>), patch: &[usize]) -> f64 {
    let (images, cache) = volumes;
    let n_chunks: usize = images
        .iter()
        .map(|image| {
            let (info, chunk) = (image.info(), image.info().chunks.clone().unwrap());
            info.layout.shape().iter().zip(chunk).map(|(n, chunk)| n.div_ceil(chunk)).product::<usize>()
        })
        .sum();
    let set = random_patches(images, patch, 11);
    let loader = Loader::new(set, LoaderOptions { batch_size: 8, order, ..Default::default() }).unwrap();
    samples(&loader, 0);
    cache.n_decodes.load(Ordering::Relaxed) as f64 / n_chunks as f64
}

/// Checks how often a chunk is decoded with the chunk-aware order: at most `most` times, and so many times less than with
/// a plain shuffle.
fn assert_decodes(
    data: impl Fn() -> (Vec<Arc<dyn ImageStack>>, Arc<Cache>),
    patch: &[usize],
    options: ChunkAware,
    (most, times_less): (f64, f64),
) {
    let shuffled = decodes_per_chunk(Order::Shuffled, data(), patch);
    let aware = decodes_per_chunk(Order::ChunkAware(options), data(), patch);
    assert!(aware < most && shuffled > times_less * aware, "{aware} instead of {shuffled}");
}

/// Chunks of 16³ and patches of 16³; 240 chunks of 8 KiB are kept of the 768 there are.
#[test]
fn chunk_aware_orders_decode_cubes_about_once() {
    let options = ChunkAware { window: 64, sources: 2, cache_bytes: 240 * 8192 };
    assert_decodes(|| volumes(2, [64, 128, 192], [16, 16, 16], 240), &[16, 16, 16], options, (1.7, 3.0));
}

/// Planes as chunks: a patch needs 16 of them.
#[test]
fn chunk_aware_orders_decode_planes_about_once() {
    let options = ChunkAware { window: 32, sources: 3, cache_bytes: 130 * 8192 };
    assert_decodes(|| volumes(3, [128, 64, 64], [1, 64, 64], 130), &[16, 16, 16], options, (1.1, 4.0));
}

/// Small patches in large chunks of a plane.
#[test]
fn chunk_aware_orders_decode_tiles_about_once() {
    let options = ChunkAware { window: 128, sources: 2, cache_bytes: 40 * 32768 };
    assert_decodes(|| volumes(1, [1, 2048, 2048], [1, 128, 128], 40), &[1, 32, 32], options, (1.5, 6.0));
}

/// Samples that share chunks: 16 time points in each.
#[test]
fn chunk_aware_orders_decode_chunks_over_time_about_once() {
    let data = || {
        let cache = Cache::new(60);
        let layout = ArrayLayout::new("TYX".parse().unwrap(), &[64, 256, 256]).unwrap();
        let mut info = StackInfo::new("film", patchweave_pixel::PixelType::U16, layout);
        info.chunks = Some(vec![16, 32, 32]);
        let film = Arc::new(Film { info, cache: Arc::clone(&cache) }) as Arc<dyn ImageStack>;
        (vec![film], cache)
    };
    let options = ChunkAware { window: 256, sources: 2, cache_bytes: 60 * 16 * 32 * 32 * 2 };
    assert_decodes(data, &[16, 16], options, (2.0, 10.0));
}

/// A film whose chunks hold several time points.
struct Film {
    info: StackInfo,
    cache: Arc<Cache>,
}

impl ImageStack for Film {
    fn info(&self) -> &StackInfo {
        &self.info
    }

    fn read_inside(&self, window: &InsideWindow<'_>, mut out: PatchViewMut<'_>) -> Result<(), StackError> {
        let chunk = self.info.chunks.clone().unwrap();
        let range = |axis: usize| {
            let pixels = window.region.range(axis);
            pixels.start / chunk[axis]..(pixels.end - 1) / chunk[axis] + 1
        };
        for y in range(1) {
            range(2).for_each(|x| self.cache.ask((0, [window.sample_idx / chunk[0], y, x])));
        }
        out.fill(1.0);
        Ok(())
    }
}

/// Patches that point at no image are no reason to deliver others twice.
#[test]
fn grouped_orders_need_an_image_for_every_patch() {
    let spec = |data_idx| patchweave_geometry::PatchSpec {
        data_idx,
        sample_idx: 0,
        coords: patchweave_geometry::PerAxis::new(&[0, 0]).unwrap(),
        patch_size: patchweave_geometry::Extent::new(&[4, 4]).unwrap(),
    };
    let patching =
        patchweave_patching::FixedPatching::new(vec![spec(9).into(), spec(0).into(), spec(0).into()]);
    let images = support::extractor(vec![support::image(&[8, 8], "YX", 1)]);
    let constr = patchweave_construct::BasicPatchConstr::new(patching, images, None, None).unwrap();
    let set = Dataset::new(Arc::new(constr), 1);
    let error = Loader::new(set, LoaderOptions { order: Order::Grouped, ..Default::default() }).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the grouped order needs patches that come from one image each: 2 of 3 do; use the shuffled order"
    );
}

/// Ranks forecast what they do themselves.
#[test]
fn ranks_forecast_their_own_batches() {
    for world_size in [1, 2, 3] {
        let mut n_patches = 0;
        for rank in 0..world_size {
            let (images, cache) = volumes(2, [40, 50, 60], [8, 16, 16], 20);
            let shard = patchweave_loader::Shard { rank, world_size, ..Default::default() };
            let options =
                LoaderOptions { batch_size: 7, order: Order::Shuffled, shard, ..Default::default() };
            let loader = Loader::new(random_patches(images, &[8, 12, 12], 3), options).unwrap();
            let forecast = loader.forecast(0, 20 * 8 * 16 * 16 * 2).unwrap();
            let own = samples(&loader, 0);
            // Before another epoch is started, which decodes ahead.
            let n_decodes = cache.n_decodes.load(Ordering::Relaxed);
            assert_eq!((forecast.n_patches, forecast.n_seen), (own.len(), own.len()));
            assert_eq!(forecast.n_batches, loader.epoch(0).unwrap().n_batches());
            assert_eq!(forecast.n_decodes, n_decodes as f64);
            n_patches += own.len();
        }
        assert_eq!(n_patches, 2 * 5 * 5 * 5);
    }
}

/// Within a window, patches come from as many columns as asked for.
#[test]
fn chunk_aware_orders_mix_sources() {
    let (images, _) = volumes(8, [128, 32, 32], [1, 32, 32], 1);
    let set = random_patches(images, &[16, 16, 16], 5);
    let order = Order::ChunkAware(ChunkAware { window: 32, sources: 4, cache_bytes: 1 << 30 });
    let loader = Loader::new(set, LoaderOptions { batch_size: 16, order, ..Default::default() }).unwrap();
    for batch in loader.epoch(0).unwrap() {
        let batch = batch.unwrap();
        let images: BTreeSet<_> = batch.specs().map(|spec| spec.patch().unwrap().data_idx).collect();
        assert!(images.len() >= 3, "{images:?}");
    }
}

#[test]
fn chunk_aware_orders_differ_between_epochs_and_seeds() {
    let order = Order::ChunkAware(ChunkAware { window: 16, sources: 2, cache_bytes: 1 << 20 });
    let loader = |seed| {
        Loader::new(dataset(&[[80, 80], [64, 64]], seed), LoaderOptions { order, ..Default::default() })
            .unwrap()
    };
    let indices =
        |seed, epoch| samples(&loader(seed), epoch).into_iter().map(|id| id.index).collect::<Vec<_>>();
    assert_ne!(indices(1, 0), indices(1, 1));
    assert_ne!(indices(1, 0), indices(2, 0));
}

/// Draws by weight over 6 patches: a chi-square with 4 degrees of freedom (one weight is 0), 33 is exceeded with
/// probability 1e-6. The same patch drawn twice is another sample.
#[test]
fn weights_hold_and_repeated_draws_differ() {
    let set = dataset(&[[16, 24]], 3);
    assert_eq!(set.n_patches(), 6);
    let weights = [1.0, 0.0, 4.0, 2.0, 2.0, 1.0];
    let part = MixPart::new(set).with_weights(PatchWeights::new(&weights).unwrap());
    let options = LoaderOptions { order: Order::Weighted, passes: 1000, batch_size: 6, ..Default::default() };
    let loader = Loader::mixed(vec![part], options).unwrap();
    let batches = seen(loader.epoch(0).unwrap()).unwrap();
    let mut counts = [0.0_f64; 6];
    let mut pictures = BTreeMap::<(usize, Vec<u32>), usize>::new();
    for batch in &batches {
        for (id, pixels) in batch.samples.iter().zip(batch.inputs.chunks(64)) {
            counts[id.index] += 1.0;
            *pictures.entry((id.index, pixels.to_vec())).or_default() += 1;
        }
    }
    assert_eq!(counts[1], 0.0);
    let expected = weights.map(|weight| 6000.0 * weight / 10.0);
    let chi_square: f64 =
        counts.iter().zip(expected).filter(|(_, e)| *e > 0.0).map(|(n, e)| (n - e).powi(2) / e).sum();
    assert!(chi_square < 33.0, "{chi_square}: {counts:?}");
    // 9 × 17 places with 3 flips each: all of them are seen, each about 13 times.
    assert!(pictures.len() > 9 * 17 * 3 * 4, "{}", pictures.len());
    let distinct: BTreeSet<_> =
        batches.iter().flat_map(|batch| &batch.samples).map(|id| (id.index, id.round.variant)).collect();
    assert_eq!(distinct.len(), 6000);
}

/// In the reference every worker process draws the same numbers: with 8 of them 8 patches are the same. Here patches are
/// as distinct for 8 workers as for one, in every epoch.
#[test]
fn workers_do_not_repeat_each_other() {
    let distinct = |n_workers, epoch| {
        let options =
            LoaderOptions { n_workers, batch_size: 16, order: Order::Shuffled, ..Default::default() };
        let loader = Loader::new(dataset(&[[256, 256]], 9), options).unwrap();
        let batches = seen(loader.epoch(epoch).unwrap()).unwrap();
        let specs: Vec<_> = batches.into_iter().flat_map(|batch| batch.specs).collect();
        let n = specs.len();
        (n, specs.into_iter().collect::<std::collections::HashSet<_>>())
    };
    let mut all = std::collections::HashSet::new();
    for epoch in 0..3 {
        let (n, one) = distinct(1, epoch);
        let (_, eight) = distinct(8, epoch);
        assert_eq!(one, eight);
        // 1024 draws out of 249² places meet about 8 times by chance.
        assert!(n == 1024 && one.len() > n - 30, "{} of {n}", one.len());
        all.extend(one);
    }
    assert!(all.len() > 3 * 1024 - 150, "epochs repeat each other: {}", all.len());
}

#[test]
fn orders_that_a_data_set_cannot_have_are_refused() {
    let refusal = |order| {
        let inner = Arc::clone(dataset(&[[20, 20]], 1).constr());
        let hooked = Hooked::new(inner, Box::new(|_| Ok(()))).without_places();
        let set = Dataset::new(Arc::new(hooked), 1);
        Loader::new(set, LoaderOptions { order, ..Default::default() }).err().map(|error| error.to_string())
    };
    assert_eq!(
        refusal(Order::Grouped).unwrap(),
        "the grouped order needs patches that come from one image each; use the shuffled order"
    );
    assert!(
        refusal(Order::ChunkAware(ChunkAware::default())).unwrap().starts_with("the chunk-aware order needs")
    );
    assert_eq!(refusal(Order::Shuffled), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// What is forecast is what happens: the decodes of one thread with the same cache, chunk for chunk.
    #[test]
    fn forecasts_count_decodes(
        shape in [20_usize..60, 20_usize..60, 20_usize..60],
        chunk in [1_usize..30, 1_usize..30, 1_usize..30],
        patch in [1_usize..16, 1_usize..16],
        n_kept in 1_usize..300,
        sources in 1_usize..4,
        which in 0_usize..4,
    ) {
        let chunk: [usize; 3] = std::array::from_fn(|axis| chunk[axis].min(shape[axis]));
        let chunk_bytes = (2 * chunk.iter().product::<usize>()) as u64;
        let cache_bytes = n_kept as u64 * chunk_bytes;
        let order = match which {
            0 => Order::Sequential,
            1 => Order::Shuffled,
            2 => Order::Grouped,
            _ => Order::ChunkAware(ChunkAware { window: 20, sources, cache_bytes }),
        };
        let (images, cache) = volumes(2, shape, chunk, n_kept);
        let [z, yx] = patch;
        let set = random_patches(images, &[z, yx, yx], 3);
        let loader = Loader::new(set, LoaderOptions { batch_size: 7, order, ..Default::default() }).unwrap();
        prop_assume!(loader.n_patches() < 20_000);
        let forecast = loader.forecast(1, cache_bytes).unwrap();
        samples(&loader, 1);
        let n_decodes = cache.n_decodes.load(Ordering::Relaxed);
        prop_assert_eq!(forecast.n_seen, loader.n_patches());
        prop_assert_eq!(forecast.n_decodes, n_decodes as f64);
        prop_assert_eq!(forecast.decoded_bytes, n_decodes as f64 * chunk_bytes as f64);
        let n_chunks: usize = shape.iter().zip(chunk).map(|(n, chunk)| n.div_ceil(chunk)).product();
        prop_assert_eq!(forecast.n_chunks, 2.0 * n_chunks as f64);
        prop_assert_eq!(forecast.n_bytes, (loader.n_patches() * z * yx * yx * 4) as f64);
    }
}

#[test]
fn mixing_is_measured() {
    let mixing = |order| {
        let (images, _) = volumes(8, [64, 32, 32], [8, 32, 32], 1);
        let options = LoaderOptions { batch_size: 8, order, ..Default::default() };
        Loader::new(random_patches(images, &[8, 16, 16], 5), options).unwrap().forecast(0, 0).unwrap().mixing
    };
    let sequential = mixing(Order::Sequential);
    let shuffled = mixing(Order::Shuffled);
    // 32 patches of each image follow one another.
    assert_eq!((sequential.images_per_batch, sequential.same_image), (1.0, 31.0 * 8.0 / 255.0));
    assert_eq!(sequential.share_of_batches_with(1), 1.0);
    assert!(shuffled.images_per_batch > 4.5 && shuffled.same_image < 0.25, "{shuffled:?}");
    assert!(shuffled.share_of_batches_with(5) > 0.9, "{shuffled:?}");
    let aware = ChunkAware { window: 32, sources: 4, cache_bytes: 1 << 30 };
    let aware = mixing(Order::ChunkAware(aware));
    assert!(aware.images_per_batch > 3.0 && aware.share_of_batches_with(3) > 0.9, "{aware:?}");
    assert!(aware.mean_distance < shuffled.mean_distance, "{aware:?} {shuffled:?}");
}

/// A forecast of time is what was spent, scaled to the epoch.
#[test]
fn time_is_forecast_from_a_probe() {
    let loader =
        Loader::new(dataset(&[[80, 80]], 5), LoaderOptions { batch_size: 8, ..Default::default() }).unwrap();
    let forecast = loader.forecast(0, 0).unwrap();
    let spent = loader.probe(0, std::time::Duration::ZERO).unwrap();
    assert_eq!(spent.n_patches, 1);
    let expected = spent.time().as_secs_f64() * 100.0;
    let one = forecast.time(&spent, 1).unwrap().as_secs_f64();
    let two = forecast.time(&spent, 2).unwrap().as_secs_f64();
    assert!((one - expected).abs() < 1e-6 && (two - expected / 2.0).abs() < 1e-6, "{one} {two} {expected}");
    assert_eq!(forecast.time(&patchweave_construct::Spent::default(), 1), None);
}
