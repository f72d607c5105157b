//! Exact quantiles of every channel of a stream of blocks, in one pass or two.

use ndarray::{ArrayView4, Axis, Slice};

use super::counts::{Counts, FineCounts};
use super::ranks::{BetweenPixels, Ranks};
use crate::contiguous::contiguous;
use crate::{NormalizeError, check_levels};

/// Counts pixels for exact quantiles: the first pass.
///
/// As long as all pixels are integers from -32768 to 65535 every value is counted by itself, and one pass is
/// enough. Otherwise pixels are counted by classes of values that share the upper half of their bits, and a
/// second pass, by [`FinePixelCounts`], counts the values of those classes that quantiles lie in.
///
/// Results do not depend on the order of blocks or of merging. Memory is 768 KiB for each list of pixels: for
/// every channel, or for all of them together.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_transform::PixelCounts;
///
/// let block = Array4::from_shape_fn([1, 1, 1, 5], |(_, _, _, x)| [0.5_f32, 7.25, 2.0, -1.0, 1e30][x]);
/// let mut counts = PixelCounts::new(1, true)?;
/// counts.update(block.view())?;
/// let open = counts.open_quantiles(&[&[0.5], &[0.125]])?;
/// assert!(open.needs_second_pass());
/// let mut fine = open.counts()?;
/// fine.update(block.view());
/// assert_eq!(open.quantiles(&fine)?, [[2.0], [-0.25]]);
/// # Ok::<(), patchweave_transform::NormalizeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PixelCounts {
    lists: Lists,
    counts: Vec<Counts>,
}

/// Which pixels are one list.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Lists {
    n_channels: usize,
    per_channel: bool,
}

impl Lists {
    fn n(self) -> usize {
        if self.per_channel { self.n_channels } else { 1 }
    }

    /// Hands out the pixels of every list; channels beyond those announced are ignored.
    fn each<E>(
        self,
        block: ArrayView4<'_, f32>,
        mut take: impl FnMut(usize, &[f32]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.per_channel {
            let mut channels = block.axis_iter(Axis(0)).take(self.n_channels).enumerate();
            return channels.try_for_each(|(list, pixels)| take(list, &contiguous(&pixels)));
        }
        let n_channels = self.n_channels.min(block.len_of(Axis(0)));
        take(0, &contiguous(&block.slice_axis(Axis(0), Slice::from(..n_channels))))
    }
}

impl PixelCounts {
    /// Nothing seen yet of `n_channels` channels, which are one list of pixels unless `per_channel` is set.
    ///
    /// # Errors
    /// [`NormalizeError::OutOfMemory`].
    pub fn new(n_channels: usize, per_channel: bool) -> Result<Self, NormalizeError> {
        let lists = Lists { n_channels, per_channel };
        Ok(PixelCounts { lists, counts: (0..lists.n()).map(|_| Counts::new()).collect::<Result<_, _>>()? })
    }

    /// Bytes of the counts of one list of pixels, and of a second pass over it at most.
    pub const BYTES_PER_LIST: usize = 4 * 65_536 * size_of::<u64>();

    /// Adds a block `CZYX`; of a channel with a pixel that is infinite or no number nothing is counted.
    ///
    /// # Errors
    /// [`NormalizeError::OutOfMemory`].
    pub fn update(&mut self, block: ArrayView4<'_, f32>) -> Result<(), NormalizeError> {
        let counts = &mut self.counts;
        self.lists.each(block, |list, pixels| counts[list].update(pixels))
    }

    /// Adds what `other` has seen.
    ///
    /// # Errors
    /// [`NormalizeError::OutOfMemory`].
    pub fn merge(&mut self, other: &PixelCounts) -> Result<(), NormalizeError> {
        let mut pairs = self.counts.iter_mut().zip(&other.counts);
        pairs.try_for_each(|(own, new)| own.merge(new))
    }

    /// Whether no pixel given so far was infinite or no number.
    pub fn is_finite(&self) -> bool {
        self.counts.iter().all(Counts::is_finite)
    }

    /// Looks up quantiles; every list of levels has one entry for all channels or one for each.
    ///
    /// # Errors
    /// [`NormalizeError::LevelCount`] for any other number of levels.
    pub fn open_quantiles(&self, levels: &[&[f64]]) -> Result<OpenQuantiles, NormalizeError> {
        self.open_quantiles_between(levels, BetweenPixels::Linear)
    }

    /// As [`open_quantiles`](Self::open_quantiles), and says what a quantile is that lies between two pixels.
    ///
    /// # Errors
    /// As [`open_quantiles`](Self::open_quantiles).
    pub fn open_quantiles_between(
        &self,
        levels: &[&[f64]],
        between: BetweenPixels,
    ) -> Result<OpenQuantiles, NormalizeError> {
        levels.iter().try_for_each(|levels| check_levels(levels.len(), self.counts.len()))?;
        let ranks = self.counts.iter().enumerate().map(|(list, counts)| {
            let own: Vec<f64> = levels.iter().map(|levels| levels[list % levels.len()]).collect();
            Ranks::of(counts, &own, between)
        });
        Ok(OpenQuantiles { lists: self.lists, ranks: ranks.collect(), n_levels: levels.len() })
    }
}

/// Quantiles of which the first pass has found the values, or at least their neighbourhood; see [`PixelCounts`].
#[derive(Debug, Clone, PartialEq)]
pub struct OpenQuantiles {
    lists: Lists,
    ranks: Vec<Ranks>,
    n_levels: usize,
}

impl OpenQuantiles {
    /// Whether values are missing that only a second pass over the same pixels can tell.
    pub fn needs_second_pass(&self) -> bool {
        self.ranks.iter().any(|ranks| !ranks.open_classes().is_empty())
    }

    /// The counts of a second pass, with nothing seen yet; without one they are enough as they are.
    ///
    /// # Errors
    /// [`NormalizeError::OutOfMemory`].
    pub fn counts(&self) -> Result<FinePixelCounts, NormalizeError> {
        let counts = self.ranks.iter().map(|ranks| FineCounts::new(&ranks.open_classes()));
        Ok(FinePixelCounts { lists: self.lists, counts: counts.collect::<Result<_, _>>()? })
    }

    /// For every list of levels the quantile of every channel, or one over all of them; NaN without pixels.
    ///
    /// [`BetweenPixels`] says what stands between two pixels.
    ///
    /// # Errors
    /// [`NormalizeError::OtherPixels`] if the second pass did not see what the first one saw.
    pub fn quantiles(&self, fine: &FinePixelCounts) -> Result<Vec<Vec<f64>>, NormalizeError> {
        let of_lists: Vec<Vec<f64>> = self
            .ranks
            .iter()
            .zip(&fine.counts)
            .map(|(ranks, counts)| ranks.quantiles(counts))
            .collect::<Result<_, _>>()?;
        let of_level = |level: usize| of_lists.iter().map(|of_list| of_list[level]).collect();
        Ok((0..self.n_levels).map(of_level).collect())
    }
}

/// Counts pixels for exact quantiles: the second pass; see [`PixelCounts`].
///
/// Memory is 512 KiB for every class of values that a quantile lies in, at most four of them for two quantiles.
#[derive(Debug, Clone, PartialEq)]
pub struct FinePixelCounts {
    lists: Lists,
    counts: Vec<FineCounts>,
}

impl FinePixelCounts {
    /// Adds a block `CZYX` of finite pixels.
    pub fn update(&mut self, block: ArrayView4<'_, f32>) {
        let counts = &mut self.counts;
        let Ok(()) = self.lists.each(block, |list, pixels| {
            counts[list].update(pixels);
            Ok::<(), std::convert::Infallible>(())
        });
    }

    /// Adds what `other` has seen.
    pub fn merge(&mut self, other: &FinePixelCounts) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, new)| own.merge(new));
    }
}
