//! Patches that share chunks come close together.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use patchweave_construct::{Dataset, ImageMetadata, PatchRole};
use patchweave_geometry::PatchSpec;
use patchweave_patching::{Draw, PatchRng, Permutation, Round, split_mix};
use rand::Rng;

use super::columns::{Columns, Sizes, as_f64};
use super::sample_chunks::SampleChunks;
use crate::LoaderError;
use crate::panics::panic_message;

/// Patches whose places are known at a time: what is sorted is held in memory.
///
/// Of a round with more patches than one segment has, every segment needs the chunks of its own patches.
const SEGMENT: usize = 1 << 20;

/// A segment is made of runs: patches with neighbouring indices, which mostly lie in the same image.
const RUNS_PER_SEGMENT: usize = 16;

/// Patches of a run; the last one may have less.
const RUN: usize = SEGMENT / RUNS_PER_SEGMENT;

/// How the chunk-aware order trades randomness for chunks that are decoded once.
///
/// Images are seen as columns: a few chunks wide, and as long as the image along the axis where patches span most
/// chunks. Several columns, taken in random order, are gone through side by side from one end to the other, and what
/// comes within `window` places is shuffled. A chunk is then needed only while the window passes over it.
///
/// The places of up to 2^20 patches are looked up and sorted at a time, which takes about 250 MB and a second, and 8 MB as
/// long as they are delivered; a patch that cannot be located comes anywhere. An epoch with more patches is cut into such parts, by image as far as possible; chunks of an
/// image in several parts are decoded once for each. So are chunks that several processes need: every rank has a cache of
/// its own.
///
/// In a mixture of data sets each gets its share of the three numbers, by its ratio.
///
/// ```
/// use patchweave_loader::{ChunkAware, Order};
///
/// let order = Order::ChunkAware(ChunkAware { window: 1024, sources: 8, ..ChunkAware::default() });
/// assert_eq!(order.name(), "chunk_aware");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChunkAware {
    /// How many neighbours in the stream are shuffled, at least 1. More mix better and need more memory for chunks.
    pub window: usize,
    /// How many columns are gone through side by side, at least 1, so from how many places a batch is mixed.
    pub sources: usize,
    /// Bytes that decoded chunks may take; columns are as wide as fits. Not more than the cache that images were opened with.
    pub cache_bytes: u64,
}

impl Default for ChunkAware {
    /// 256 places, 4 columns, 256 MiB of chunks.
    fn default() -> Self {
        ChunkAware { window: 256, sources: 4, cache_bytes: 256 << 20 }
    }
}

/// The chunk-aware order of one data set in one round, see [`ChunkAware`].
pub(crate) struct ChunkOrder {
    dataset: Arc<Dataset>,
    options: ChunkAware,
    round: Round,
    n_threads: usize,
    run_len: usize,
    /// The order of runs.
    runs: Permutation,
    /// What columns are put in order by.
    seed: u64,
    /// The segment that was asked for last.
    segment: Option<Segment>,
    /// The columns of every image that was seen.
    columns: BTreeMap<usize, Stored>,
}

/// The sorted patches of a segment.
struct Segment {
    places: Range<usize>,
    /// Lane by lane merged, not yet shuffled.
    indices: Vec<usize>,
    /// The order inside the window that was asked for last.
    window: Option<(usize, Permutation)>,
}

/// How an image is stored, and how it is cut.
#[derive(Debug, Clone, Copy)]
struct Stored {
    columns: Columns,
    samples: SampleChunks,
}

/// A patch, and where it is if that is known.
type Located = (usize, Option<PatchSpec>);

/// What patches are sorted by.
struct Entry {
    /// Equal for the patches of a column, random otherwise.
    column: u64,
    along: usize,
    index: usize,
}

impl ChunkOrder {
    pub fn new(dataset: Arc<Dataset>, options: ChunkAware, round: Round, n_threads: usize) -> Self {
        Self::in_runs(dataset, options, round, n_threads, RUN)
    }

    fn in_runs(
        dataset: Arc<Dataset>,
        options: ChunkAware,
        round: Round,
        n_threads: usize,
        run_len: usize,
    ) -> Self {
        let mut rng = PatchRng::for_epoch(dataset.seed(), round, Draw::Order);
        let runs = Permutation::drawn(dataset.n_patches().div_ceil(run_len), &mut rng);
        let seed = rng.next_u64();
        let columns = BTreeMap::new();
        ChunkOrder { dataset, options, round, n_threads, run_len, runs, seed, segment: None, columns }
    }

    /// The patch at a place.
    ///
    /// # Errors
    /// [`LoaderError::WorkersGone`] if looking places up was ended from outside.
    pub fn at(&mut self, place: usize) -> Result<usize, LoaderError> {
        if self.segment.as_ref().is_none_or(|segment| !segment.places.contains(&place)) {
            self.segment = Some(self.sorted(place)?);
        }
        let Some(segment) = &mut self.segment else { return Ok(place) };
        let window = self.options.window.max(1);
        let local = place - segment.places.start;
        let number = local / window;
        let first = local / window * window;
        let inside = match &segment.window {
            Some((of, inside)) if *of == number => inside,
            _ => {
                // The first stream is that of the runs.
                let stream = segment.places.start + first + 1;
                let mut rng = PatchRng::for_place(self.dataset.seed(), self.round, Draw::Order, stream);
                let len = window.min(segment.indices.len() - first);
                &segment.window.insert((number, Permutation::drawn(len, &mut rng))).1
            }
        };
        Ok(segment.indices[first + inside.at(local - first)])
    }

    /// The places of the segment that holds a place, and its runs.
    fn members(&self, place: usize) -> (Range<usize>, Vec<Range<usize>>) {
        let n = self.dataset.n_patches();
        let mut places = 0..0;
        let mut runs = Vec::new();
        for at in 0..n.div_ceil(self.run_len) {
            if runs.len() == RUNS_PER_SEGMENT {
                if places.contains(&place) {
                    break;
                }
                (places, runs) = (places.end..places.end, Vec::new());
            }
            let run = self.runs.at(at);
            let run = run * self.run_len..((run + 1) * self.run_len).min(n);
            places.end += run.len();
            runs.push(run);
        }
        (places, runs)
    }

    fn sorted(&mut self, place: usize) -> Result<Segment, LoaderError> {
        let (places, runs) = self.members(place);
        let mut entries = Vec::with_capacity(places.len());
        for located in self.located(&runs)? {
            for (index, spec) in located {
                entries.push(self.entry(index, spec));
            }
        }
        // Equal starts are in random order: an order by index would favour what comes first.
        let seed = self.seed;
        entries.sort_unstable_by_key(|entry| (entry.column, entry.along, keyed(seed, entry.index as u64)));
        Ok(Segment { places, indices: side_by_side(&entries, self.options.sources), window: None })
    }

    /// What a patch is sorted by. One that cannot be located gets a column of its own: making it will tell why.
    fn entry(&mut self, index: usize, spec: Option<PatchSpec>) -> Entry {
        let stored = spec.and_then(|spec| {
            let known = self.columns.get(&spec.data_idx).copied();
            let stored = known.or_else(|| stored(&self.dataset, self.options, index, self.round, &spec))?;
            self.columns.insert(spec.data_idx, stored);
            Some((spec, stored))
        });
        let Some((spec, Stored { columns, samples })) = stored else {
            return Entry { column: keyed(keyed(self.seed, u64::MAX), index as u64), along: 0, index };
        };
        let (column, along) = columns.place_of(spec.coords.to_zyx(0));
        let [z, y, x] = column.map(|at| at as u64);
        let [s, t] = samples.chunk_of(spec.sample_idx).map(|at| at as u64);
        let words = [spec.data_idx as u64, s, t, z, y, x];
        Entry { column: words.into_iter().fold(self.seed, keyed), along, index }
    }

    /// Looks up where all patches of some runs are, on several threads.
    fn located(&self, runs: &[Range<usize>]) -> Result<Vec<Vec<Located>>, LoaderError> {
        let n_threads = self.n_threads.clamp(1, runs.len().max(1));
        let share = runs.len().div_ceil(n_threads).max(1);
        let of_runs = |runs: &[Range<usize>]| -> Vec<Located> {
            runs.iter().cloned().flatten().map(|index| (index, self.locate(index))).collect()
        };
        if n_threads == 1 {
            return Ok(vec![of_runs(runs)]);
        }
        std::thread::scope(|scope| {
            let threads: Vec<_> = runs.chunks(share).map(|runs| scope.spawn(move || of_runs(runs))).collect();
            threads.into_iter().map(|thread| thread.join().map_err(|_| LoaderError::WorkersGone)).collect()
        })
    }

    /// Where a patch is; user code that fails or panics does not know.
    fn locate(&self, index: usize) -> Option<PatchSpec> {
        let located = catch_unwind(AssertUnwindSafe(|| {
            self.dataset.locate(index, self.round).ok().flatten().and_then(|spec| spec.patch().copied())
        }));
        located.unwrap_or_else(|panic| {
            drop(panic_message(panic));
            None
        })
    }
}

/// How the image of a patch is stored, and cut into columns.
fn stored(
    dataset: &Dataset,
    options: ChunkAware,
    index: usize,
    round: Round,
    patch: &PatchSpec,
) -> Option<Stored> {
    let spec = dataset.locate(index, round).ok()??;
    let metadata = dataset.metadata(PatchRole::Input, &spec)?;
    let shape = metadata.data_shape;
    let image = shape.extent.to_zyx();
    let within = |size: [usize; 3]| std::array::from_fn(|axis| size[axis].clamp(1, image[axis]));
    let chunk = within(metadata.chunk_zyx().unwrap_or(image));
    let sources = dataset.constr().sources();
    let window = sources.input().context().and_then(|context| context.window(&patch.patch_size).ok());
    let window = within(window.unwrap_or(patch.patch_size).to_zyx());
    let samples = SampleChunks::of(&metadata);
    let volume = |size: [usize; 3]| size.into_iter().map(as_f64).product::<f64>();
    // As many pixels as patches start in, for one patch; samples that share chunks lie on top of one another.
    let spacing = match sources.patch_indices(patch.data_idx) {
        Ok(indices) if !indices.is_empty() => {
            volume(image) * as_f64(shape.n_samples) / as_f64(indices.len()) / as_f64(samples.n_shared())
        }
        _ => volume(within(patch.patch_size.to_zyx())),
    };
    let pixel_bytes = |metadata: &ImageMetadata| {
        as_f64(metadata.pixel_bytes.max(1)) * as_f64(metadata.data_shape.n_channels.max(1))
    };
    // The chunks of the target are needed at the same time.
    let target = dataset.metadata(PatchRole::Target, &spec).filter(|target| target.source != metadata.source);
    let pixel_bytes = pixel_bytes(&metadata) + target.map_or(0.0, |target| pixel_bytes(&target));
    let n_columns = as_f64(options.sources.max(1));
    let budget = bytes_as_f64(options.cache_bytes) / n_columns / pixel_bytes / as_f64(samples.n_shared());
    let slab = as_f64(options.window.max(1)) / n_columns * spacing;
    Some(Stored { columns: Columns::fitting(Sizes { image, chunk, patch: window }, slab, budget), samples })
}

#[expect(clippy::cast_precision_loss, reason = "a budget need not be exact")]
fn bytes_as_f64(bytes: u64) -> f64 {
    bytes as f64
}

/// Deals columns out to at most `n_lanes` lanes and merges these so that all of them end together.
///
/// `entries` are sorted by column, which are in random order. The next column goes to the shortest lane.
fn side_by_side(entries: &[Entry], n_lanes: usize) -> Vec<usize> {
    let columns = || entries.chunk_by(|a, b| a.column == b.column);
    let mut lanes: Vec<Vec<usize>> = vec![Vec::new(); n_lanes.clamp(1, columns().count().max(1))];
    let mut shortest: BinaryHeap<Reverse<(usize, usize)>> =
        (0..lanes.len()).map(|lane| Reverse((0, lane))).collect();
    for column in columns() {
        if let Some(Reverse((len, lane))) = shortest.pop() {
            lanes[lane].extend(column.iter().map(|entry| entry.index));
            shortest.push(Reverse((len + column.len(), lane)));
        }
    }
    let mut merged: Vec<(u64, usize)> = Vec::with_capacity(entries.len());
    for lane in &lanes {
        // The middle of each patch's share of the whole, in units of 2^-40.
        let n = (lane.len() as u64).max(1);
        merged.extend((0_u64..).zip(lane).map(|(place, index)| (((2 * place + 1) << 40) / (2 * n), *index)));
    }
    merged.sort_by_key(|(at, _)| *at);
    merged.into_iter().map(|(_, index)| index).collect()
}

/// One more word in a keyed hash: the finaliser of SplitMix64 over its sum with what came before.
fn keyed(hash: u64, word: u64) -> u64 {
    split_mix(hash ^ word.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array;
    use patchweave_construct::{BasicPatchConstr, PatchExtractor};
    use patchweave_geometry::Extent;
    use patchweave_patching::RandomPatching;
    use patchweave_stack::ArrayStack;
    use proptest::prelude::*;

    fn dataset(side: usize) -> Result<Arc<Dataset>, Box<dyn std::error::Error>> {
        let image = ArrayStack::new(Array::from_elem(vec![side, side], 1_u8), &"YX".parse()?)?;
        let images = PatchExtractor::new(vec![Arc::new(image)])?;
        let patching = RandomPatching::new(images.shapes(), Extent::new(&[4, 4])?)?;
        Ok(Arc::new(Dataset::new(Arc::new(BasicPatchConstr::new(patching, images, None, None)?), 7)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        /// Rounds of any number of segments, asked in order and from any place on.
        #[test]
        fn segments_share_a_round_among_them(
            side in 4_usize..120, run_len in 1_usize..30, window in 1_usize..40, sources in 1_usize..5, from in 0_usize..900,
        ) {
            let set = dataset(side).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let options = ChunkAware { window, sources, cache_bytes: 100 };
            let order = || ChunkOrder::in_runs(Arc::clone(&set), options, Round::from(3), 2, run_len);
            let n = set.n_patches();
            let mut one = order();
            let indices = (0..n).map(|place| one.at(place)).collect::<Result<Vec<_>, _>>();
            let indices = indices.map_err(|error| TestCaseError::fail(error.to_string()))?;
            let mut sorted = indices.clone();
            sorted.sort_unstable();
            prop_assert!(sorted.into_iter().eq(0..n));
            let mut other = order();
            for (place, index) in indices.iter().enumerate().skip(from) {
                prop_assert_eq!(other.at(place).ok(), Some(*index));
            }
        }
    }
}
