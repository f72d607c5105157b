//! Patches that share chunks come close together.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use patchweave_construct::{Dataset, PatchRole};
use patchweave_geometry::{PatchSpec, RegionSpec};
use patchweave_patching::{Draw, PatchRng, Permutation, Round};
use rand::Rng;

use super::columns::{Columns, Stored, as_f64};
use crate::epoch::dataset_of;
use crate::{ChunkAware, LoaderError, SampleId};

/// Patches whose places are known at a time: what is sorted is held in memory.
///
/// Of a round with more patches than one segment has, every segment needs the chunks of its own patches.
const SEGMENT: usize = 1 << 20;

/// Patches with neighbouring indices, which mostly lie in the same image, get into the same segment.
const RUN: usize = SEGMENT / 16;

/// The chunk-aware order of one data set in one round, see [`ChunkAware`].
pub(crate) struct ChunkOrder {
    dataset: Arc<Dataset>,
    options: ChunkAware,
    round: Round,
    n_threads: usize,
    /// The order of runs.
    runs: Permutation,
    /// The segment that was asked for last.
    segment: Option<Segment>,
    /// The columns of every image that was seen.
    columns: BTreeMap<usize, Columns>,
}

/// The sorted patches of a segment.
struct Segment {
    places: Range<usize>,
    /// Lane by lane merged, not yet shuffled.
    indices: Vec<usize>,
    /// The order inside the window that was asked for last.
    window: Option<(usize, Permutation)>,
}

/// Where a patch is: its index, image, sample and start along `ZYX`.
struct Located {
    index: usize,
    spec: PatchSpec,
}

/// What patches are sorted by.
struct Entry {
    /// Equal for the patches of a column, random otherwise.
    column: u64,
    along: usize,
    index: usize,
}

impl ChunkOrder {
    pub fn new(dataset: Arc<Dataset>, options: ChunkAware, round: Round, n_threads: usize) -> Self {
        let runs = Permutation::new(dataset.n_patches().div_ceil(RUN), dataset.seed(), round);
        let columns = BTreeMap::new();
        ChunkOrder { dataset, options, round, n_threads, runs, segment: None, columns }
    }

    /// The patch at a place.
    ///
    /// # Errors
    /// [`LoaderError::Patch`] for a patch that cannot be located, [`LoaderError::NoPlaces`] if none can.
    pub fn at(&mut self, place: usize) -> Result<usize, LoaderError> {
        if self.segment.as_ref().is_none_or(|segment| !segment.places.contains(&place)) {
            self.segment = Some(self.sorted(place)?);
        }
        let Some(segment) = &mut self.segment else { return Ok(place) };
        let window = self.options.window.max(1);
        let local = place - segment.places.start;
        let (number, first) = (local / window, local / window * window);
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

    /// The patches of the segment that holds a place.
    fn members(&self, place: usize) -> (Range<usize>, Vec<Range<usize>>) {
        let n = self.dataset.n_patches();
        let (mut places, mut runs) = (0..0, Vec::new());
        for at in 0..n.div_ceil(RUN) {
            if runs.len() == SEGMENT / RUN {
                if places.contains(&place) {
                    break;
                }
                (places, runs) = (places.end..places.end, Vec::new());
            }
            let run = self.runs.at(at);
            let run = run * RUN..((run + 1) * RUN).min(n);
            places.end += run.len();
            runs.push(run);
        }
        (places, runs)
    }

    fn sorted(&mut self, place: usize) -> Result<Segment, LoaderError> {
        let (places, runs) = self.members(place);
        let located = self.located(&runs)?;
        let seed = PatchRng::for_epoch(self.dataset.seed(), self.round, Draw::Order).next_u64();
        let mut entries = Vec::with_capacity(located.len());
        for Located { index, spec } in located {
            let columns = match self.columns.get(&spec.data_idx) {
                Some(columns) => *columns,
                None => {
                    let columns = columns_of(&self.dataset, self.options, index, self.round, &spec)?;
                    *self.columns.entry(spec.data_idx).or_insert(columns)
                }
            };
            let (column, along) = columns.place_of(spec.coords.to_zyx(0));
            let [z, y, x] = column.map(|at| at as u64);
            let words = [spec.data_idx as u64, spec.sample_idx as u64, z, y, x];
            entries.push(Entry { column: words.into_iter().fold(seed, keyed), along, index });
        }
        // Equal starts are in random order: an order by index would favour what comes first.
        entries.sort_unstable_by_key(|entry| (entry.column, entry.along, keyed(seed, entry.index as u64)));
        Ok(Segment { places, indices: side_by_side(&entries, self.options.sources.max(1)), window: None })
    }

    /// Looks up where all patches of some runs are, on several threads.
    fn located(&self, runs: &[Range<usize>]) -> Result<Vec<Located>, LoaderError> {
        let n_threads = self.n_threads.clamp(1, runs.len().max(1));
        let share = runs.len().div_ceil(n_threads).max(1);
        let of_runs = |runs: &[Range<usize>]| {
            runs.iter().cloned().flatten().map(|index| self.locate(index)).collect::<Result<Vec<_>, _>>()
        };
        if n_threads == 1 {
            return of_runs(runs);
        }
        let parts: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = runs.chunks(share).map(|runs| scope.spawn(move || of_runs(runs))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or(Err(LoaderError::WorkersGone))).collect()
        });
        let mut all = Vec::new();
        for part in parts {
            all.extend(part?);
        }
        Ok(all)
    }

    fn locate(&self, index: usize) -> Result<Located, LoaderError> {
        let id = SampleId { dataset: dataset_of(self.round), index, round: self.round };
        let spec =
            self.dataset.locate(index, self.round).map_err(|source| LoaderError::Place { id, source })?;
        match spec.as_ref().and_then(RegionSpec::patch) {
            Some(spec) => Ok(Located { index, spec: *spec }),
            None => Err(LoaderError::NoPlaces),
        }
    }
}

/// How the image of a patch is cut into columns.
pub(crate) fn columns_of(
    dataset: &Dataset,
    options: ChunkAware,
    index: usize,
    round: Round,
    patch: &PatchSpec,
) -> Result<Columns, LoaderError> {
    let id = SampleId { dataset: dataset_of(round), index, round };
    let spec = dataset.locate(index, round).map_err(|source| LoaderError::Place { id, source })?;
    let metadata =
        spec.and_then(|spec| dataset.metadata(PatchRole::Input, &spec)).ok_or(LoaderError::NoPlaces)?;
    let shape = metadata.data_shape;
    let image = shape.extent.to_zyx();
    let within = |size: [usize; 3]| std::array::from_fn(|axis| size[axis].clamp(1, image[axis]));
    let chunk = within(metadata.chunk_zyx().unwrap_or(image));
    let patch_size = within(patch.patch_size.to_zyx());
    let n_pixels = as_f64(image.iter().product::<usize>()) * as_f64(shape.n_samples);
    let volume = |size: [usize; 3]| size.into_iter().map(as_f64).product::<f64>();
    // As many pixels as patches start in, for one patch.
    let spacing = match dataset.constr().patch_indices(patch.data_idx) {
        Ok(indices) if !indices.is_empty() => n_pixels / as_f64(indices.len()),
        _ => volume(patch_size),
    };
    let n_columns = as_f64(options.sources.max(1));
    let pixel_bytes = as_f64(metadata.pixel_bytes.max(1)) * as_f64(shape.n_channels.max(1));
    let budget = bytes_as_f64(options.cache_bytes) / n_columns / pixel_bytes;
    let slab = as_f64(options.window.max(1)) / n_columns * spacing;
    Ok(Columns::fitting(Stored { image, chunk, patch: patch_size }, slab, budget))
}

#[expect(clippy::cast_precision_loss, reason = "a budget need not be exact")]
fn bytes_as_f64(bytes: u64) -> f64 {
    bytes as f64
}

/// Deals columns out to `n_lanes` lanes and merges these so that all of them end together.
///
/// `entries` are sorted by column, which are in random order.
fn side_by_side(entries: &[Entry], n_lanes: usize) -> Vec<usize> {
    let mut lanes: Vec<Vec<usize>> = vec![Vec::new(); n_lanes];
    for column in entries.chunk_by(|a, b| a.column == b.column) {
        if let Some(shortest) = lanes.iter_mut().min_by_key(|lane| lane.len()) {
            shortest.extend(column.iter().map(|entry| entry.index));
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
    let mut value = hash ^ word.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
