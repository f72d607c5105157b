//! Telling background from foreground, region by region.

mod error;
mod map;
mod mask;
mod max;
mod mean_std;
mod seen;
mod shannon;
mod share;
mod sliding_max;
mod windows;

use std::fmt;

use ndarray::ArrayView4;

pub use error::FilterError;
pub use map::{FilterMap, FilterMapKind};
pub use mask::MaskFilter;
pub use max::MaxFilter;
pub use mean_std::MeanStdFilter;
pub use seen::{Judgement, Seen};
pub use shannon::ShannonFilter;

/// Says whether a region of an image is background.
///
/// Regions are blocks `CZYX` of one channel in raw intensity units. Intensities are compared with
/// thresholds in `f32`, as the reference has it, so that a threshold of 0.1 and a pixel of 0.1 are equal.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_transform::{MeanStdFilter, PatchFilter};
///
/// let filter = PatchFilter::from(MeanStdFilter::new(10.0, None)?);
/// assert!(filter.is_background(Array4::from_elem([1, 1, 8, 8], 9.0).view()));
/// assert!(!filter.is_background(Array4::from_elem([1, 1, 8, 8], 10.0).view()));
/// # Ok::<(), patchweave_transform::FilterError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum PatchFilter {
    /// By the surroundings of bright pixels.
    Max(MaxFilter),
    /// By mean and standard deviation.
    MeanStd(MeanStdFilter),
    /// By entropy.
    Shannon(ShannonFilter),
    /// By a mask that is looked at in place of the image.
    Mask(MaskFilter),
}

impl PatchFilter {
    /// Whether a block `CZYX` is background.
    pub fn is_background(&self, block: ArrayView4<'_, f32>) -> bool {
        self.judge(block).is_background
    }

    /// Whether a block `CZYX` is background, and what was compared with the thresholds to tell.
    ///
    /// ```
    /// use ndarray::Array4;
    /// use patchweave_transform::{MaskFilter, PatchFilter, Seen};
    ///
    /// let filter = PatchFilter::from(MaskFilter::new(0.5)?);
    /// let judgement = filter.judge(Array4::zeros([1, 1, 8, 8]).view());
    /// assert!(judgement.is_background);
    /// assert_eq!(judgement.seen, Seen::Mask { share: 0.0 });
    /// # Ok::<(), patchweave_transform::FilterError>(())
    /// ```
    pub fn judge(&self, block: ArrayView4<'_, f32>) -> Judgement {
        match self {
            PatchFilter::Max(filter) => filter.judge(block),
            PatchFilter::MeanStd(filter) => filter.judge(block),
            PatchFilter::Shannon(filter) => filter.judge(block),
            PatchFilter::Mask(filter) => filter.judge(block),
        }
    }

    /// The map that shows which thresholds would keep what.
    pub fn map_kind(&self) -> FilterMapKind {
        match self {
            PatchFilter::Max(filter) => FilterMapKind::Max { coverage: Some(filter.coverage()) },
            PatchFilter::MeanStd(_) => FilterMapKind::MeanStd,
            PatchFilter::Shannon(_) => FilterMapKind::Shannon,
            PatchFilter::Mask(_) => FilterMapKind::Mask,
        }
    }

    /// What the maps of [`map_kind`](Self::map_kind) have to exceed for a pixel to be kept, map by map.
    pub fn thresholds(&self) -> Vec<f64> {
        match self {
            PatchFilter::Max(filter) => vec![filter.threshold()],
            PatchFilter::MeanStd(filter) => {
                [Some(filter.mean()), filter.std()].into_iter().flatten().collect()
            }
            PatchFilter::Shannon(filter) => vec![filter.threshold()],
            PatchFilter::Mask(filter) => vec![filter.coverage()],
        }
    }
}

macro_rules! filters {
    ($($variant:ident($filter:ty)),* $(,)?) => {$(
        impl From<$filter> for PatchFilter {
            fn from(filter: $filter) -> Self {
                PatchFilter::$variant(filter)
            }
        }
    )*};
}

filters!(Max(MaxFilter), MeanStd(MeanStdFilter), Shannon(ShannonFilter), Mask(MaskFilter));

impl fmt::Display for PatchFilter {
    /// The name and the thresholds, as in `max (threshold 100, coverage 0.25)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatchFilter::Max(filter) => {
                write!(f, "max (threshold {}, coverage {})", filter.threshold(), filter.coverage())
            }
            PatchFilter::MeanStd(filter) => {
                write!(f, "mean_std (mean_threshold {}", filter.mean())?;
                filter.std().map_or(Ok(()), |std| write!(f, ", std_threshold {std}"))?;
                f.write_str(")")
            }
            PatchFilter::Shannon(filter) => write!(f, "shannon (threshold {})", filter.threshold()),
            PatchFilter::Mask(filter) => write!(f, "mask (coverage {})", filter.coverage()),
        }
    }
}
