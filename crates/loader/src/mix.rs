//! Several data sets in one stream, by ratio.

use std::sync::Arc;

use patchweave_construct::Dataset;
use patchweave_patching::{Draw, PatchRng, Permutation};

use crate::{LoaderError, PatchWeights};

/// Samples of all cycles together; more would make the table of a cycle large.
const MAX_RATIOS: usize = 1 << 20;

/// One of the data sets of a loader.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::{BasicPatchConstr, Dataset, PatchExtractor};
/// use patchweave_geometry::Extent;
/// use patchweave_loader::{Loader, LoaderOptions, MixPart};
/// use patchweave_patching::RandomPatching;
/// use patchweave_stack::ArrayStack;
///
/// let dataset = |size: usize, seed: u64| -> Result<Dataset, Box<dyn std::error::Error>> {
///     let image = Array::from_elem((size, size), 7_u8).into_dyn();
///     let images = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse()?)?)])?;
///     let patching = RandomPatching::new(images.shapes(), Extent::new(&[16, 16])?)?;
///     Ok(Dataset::new(Arc::new(BasicPatchConstr::new(patching, images, None, None)?), seed))
/// };
/// // Three patches of the first for each one of the second.
/// let parts = vec![MixPart::new(dataset(128, 1)?).with_ratio(3), MixPart::new(dataset(64, 2)?)];
/// let loader = Loader::mixed(parts, LoaderOptions { batch_size: 8, ..Default::default() })?;
/// for batch in loader.epoch(0)? {
///     let n_first = batch?.samples().filter(|sample| sample.dataset == 0).count();
///     assert_eq!(n_first, 6);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MixPart {
    pub(crate) dataset: Arc<Dataset>,
    pub(crate) ratio: usize,
    pub(crate) weights: Option<Arc<PatchWeights>>,
    pub(crate) marks: StreamMarks,
}

/// Numbers that stand for what the program that made a data set knows and the loader cannot see; see [`StreamPrint`](crate::StreamPrint).
///
/// States are refused where they differ. Make them with a [`Fingerprint`](crate::Fingerprint); 0 says nothing.
///
/// ```
/// use patchweave_loader::{Fingerprint, StreamMarks};
///
/// let mut rules = Fingerprint::default();
/// rules.text("nuclei brighter than 100");
/// let marks = StreamMarks { patching: rules.value(), ..StreamMarks::default() };
/// assert_ne!(marks, StreamMarks::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct StreamMarks {
    /// Which images these are.
    pub images: u64,
    /// The rules that patches are chosen by.
    pub patching: u64,
    /// How samples are made of images.
    pub samples: u64,
}

impl MixPart {
    /// A data set with ratio 1 and without weights.
    pub fn new(dataset: Dataset) -> Self {
        MixPart { dataset: Arc::new(dataset), ratio: 1, weights: None, marks: StreamMarks::default() }
    }

    /// Takes so many samples of this data set in a cycle over all of them; at least 1.
    #[must_use]
    pub fn with_ratio(self, ratio: usize) -> Self {
        MixPart { ratio, ..self }
    }

    /// Tells this data set apart from others that look alike, for streams that are [resumed](crate::Loader::resume).
    #[must_use]
    pub fn with_marks(self, marks: StreamMarks) -> Self {
        MixPart { marks, ..self }
    }

    /// How likely each patch is, for [`Order::Weighted`](crate::Order::Weighted).
    #[must_use]
    pub fn with_weights(self, weights: PatchWeights) -> Self {
        MixPart { weights: Some(Arc::new(weights)), ..self }
    }
}

/// Which data set a place of an epoch belongs to.
///
/// Places come in cycles. Every cycle has the same number of each data set's samples, in an order of its own.
#[derive(Debug)]
pub(crate) struct Mixture {
    ratios: Vec<usize>,
    seed: u64,
    epoch: u64,
    /// The cycle that was asked for last: for every place the data set, and how many of the cycle came before.
    table: Option<(usize, Vec<(usize, usize)>)>,
}

impl Mixture {
    pub fn new(parts: &[MixPart], epoch: u64) -> Self {
        let seed = parts.first().map_or(0, |part| part.dataset.seed());
        Mixture { ratios: parts.iter().map(|part| part.ratio).collect(), seed, epoch, table: None }
    }

    /// The data set of a place, and the how-manieth of its samples stands there.
    pub fn at(&mut self, place: usize) -> (usize, usize) {
        let [_, _, ..] = self.ratios.as_slice() else { return (0, place) };
        let len: usize = self.ratios.iter().sum();
        let cycle = place / len;
        let table = match &self.table {
            Some((of, table)) if *of == cycle => table,
            _ => &self.table.insert((cycle, self.dealt(cycle, len))).1,
        };
        let (dataset, before) = table[place % len];
        (dataset, cycle * self.ratios[dataset] + before)
    }

    fn dealt(&self, cycle: usize, len: usize) -> Vec<(usize, usize)> {
        let mut rng = PatchRng::for_place(self.seed, self.epoch, Draw::Mixture, cycle);
        let order = Permutation::drawn(len, &mut rng);
        let mut ends = Vec::with_capacity(self.ratios.len());
        let mut end = 0;
        for ratio in &self.ratios {
            end += ratio;
            ends.push(end);
        }
        let mut n_before = vec![0; self.ratios.len()];
        let of_place = |place| {
            let dataset = ends.partition_point(|end| *end <= order.at(place));
            n_before[dataset] += 1;
            (dataset, n_before[dataset] - 1)
        };
        (0..len).map(of_place).collect()
    }
}

/// When an epoch over several data sets ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MixLength {
    /// When every data set was gone through; smaller ones are gone through again, with other samples.
    #[default]
    Longest,
    /// Before any data set is gone through a second time.
    Shortest,
}

/// How many samples an epoch has, before any limit.
///
/// # Errors
/// [`LoaderError::Option`] for ratios that are too large, [`LoaderError::EmptyPart`] for a data set without patches
/// beside others, [`LoaderError::EpochLength`] if there are too many.
pub(crate) fn epoch_len(parts: &[MixPart], passes: usize, length: MixLength) -> Result<usize, LoaderError> {
    let n_samples = |part: &MixPart| {
        let n = part.dataset.n_patches();
        n.checked_mul(passes).ok_or(LoaderError::EpochLength { n_patches: n, times: passes })
    };
    if let [part] = parts {
        return n_samples(part);
    }
    let total = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.ratio));
    if total > MAX_RATIOS {
        return Err(LoaderError::Option { option: "sum of ratios", got: total, expected: "at most 2^20" });
    }
    let mut n_cycles = None;
    for (dataset, part) in parts.iter().enumerate() {
        let n = n_samples(part)?;
        if n == 0 {
            return Err(LoaderError::EmptyPart { dataset });
        }
        let of_part = match length {
            MixLength::Longest => n.div_ceil(part.ratio),
            MixLength::Shortest => n / part.ratio,
        };
        let best = n_cycles.get_or_insert(of_part);
        *best = match length {
            MixLength::Longest => of_part.max(*best),
            MixLength::Shortest => of_part.min(*best),
        };
    }
    let n_cycles = n_cycles.unwrap_or(0);
    n_cycles.checked_mul(total).ok_or(LoaderError::EpochLength { n_patches: total, times: n_cycles })
}
