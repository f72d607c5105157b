//! What a filter saw: the values that it compared with its thresholds.

use std::fmt;

/// What a filter says of a region.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_transform::{MaxFilter, PatchFilter};
///
/// let filter = PatchFilter::from(MaxFilter::new(500.0, 0.25)?);
/// let judgement = filter.judge(Array4::from_elem([1, 1, 4, 4], 20.0).view());
/// assert!(judgement.is_background);
/// assert_eq!(judgement.seen.to_string(), "the largest pixel is 20");
/// # Ok::<(), patchweave_transform::FilterError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// Whether it is background.
    pub is_background: bool,
    /// What was compared.
    pub seen: Seen,
}

/// The values that a filter compared with its thresholds, or the largest ones of several regions.
///
/// ```
/// use patchweave_transform::Seen;
///
/// let seen = Seen::MeanStd { mean: 3.0, std: Some(0.5) }.largest(Seen::MeanStd { mean: -1.0, std: Some(2.0) });
/// assert_eq!(seen, Seen::MeanStd { mean: 3.0, std: Some(2.0) });
/// assert_eq!(seen.to_string(), "the largest mean of a region is 3, the largest standard deviation 2");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Seen {
    /// By [`MaxFilter`](crate::MaxFilter).
    Max {
        /// The largest pixel, in raw intensity units; negative infinity where none is a number.
        pixel: f32,
        /// The share of pixels near those above the threshold, 0 to 1.
        share: f64,
    },
    /// By [`MeanStdFilter`](crate::MeanStdFilter), in raw intensity units.
    MeanStd {
        /// The mean.
        mean: f64,
        /// The standard deviation, where it has a threshold.
        std: Option<f64>,
    },
    /// By [`ShannonFilter`](crate::ShannonFilter).
    Shannon {
        /// The entropy in bits.
        bits: f64,
    },
    /// By [`MaskFilter`](crate::MaskFilter).
    Mask {
        /// The share of pixels that are not 0, from 0 to 1.
        share: f64,
    },
}

impl Seen {
    /// The larger one of every value; what another kind of filter saw is left out.
    #[must_use]
    pub fn largest(self, other: Seen) -> Seen {
        match (self, other) {
            (Seen::Max { pixel, share }, Seen::Max { pixel: other_pixel, share: other_share }) => {
                Seen::Max { pixel: pixel.max(other_pixel), share: share.max(other_share) }
            }
            (Seen::MeanStd { mean, std }, Seen::MeanStd { mean: other_mean, std: other_std }) => {
                let std = std.zip(other_std).map(|(std, other)| std.max(other)).or(std).or(other_std);
                Seen::MeanStd { mean: mean.max(other_mean), std }
            }
            (Seen::Shannon { bits }, Seen::Shannon { bits: other }) => {
                Seen::Shannon { bits: bits.max(other) }
            }
            (Seen::Mask { share }, Seen::Mask { share: other }) => Seen::Mask { share: share.max(other) },
            (own, _) => own,
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Seen::Max { pixel, .. } if pixel == f32::NEG_INFINITY => f.write_str("no pixel is a number"),
            Seen::Max { pixel, share } => {
                write!(f, "the largest pixel is {pixel}")?;
                // Bright pixels that are too few: it is the coverage that refuses them.
                if share > 0.0 { write!(f, ", the largest share near bright pixels {share}") } else { Ok(()) }
            }
            Seen::MeanStd { mean, std } => {
                write!(f, "the largest mean of a region is {mean}")?;
                std.map_or(Ok(()), |std| write!(f, ", the largest standard deviation {std}"))
            }
            Seen::Shannon { bits } => write!(f, "the largest entropy of a region is {bits} bits"),
            Seen::Mask { share } => write!(f, "the largest share of a region that a mask covers is {share}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MaskFilter, MaxFilter, MeanStdFilter, PatchFilter, ShannonFilter};
    use ndarray::Array4;
    use proptest::prelude::*;

    fn filters() -> impl Strategy<Value = PatchFilter> {
        prop_oneof![
            (-5.0_f64..5.0, 0.0_f64..=1.0).prop_map(|(at, share)| MaxFilter::new(at, share).unwrap().into()),
            (-5.0_f64..5.0, prop::option::of(0.0_f64..4.0)).prop_map(|(mean, std)| MeanStdFilter::new(
                mean, std
            )
            .unwrap()
            .into()),
            (0.0_f64..4.0).prop_map(|bits| ShannonFilter::new(bits).unwrap().into()),
            (0.0_f64..=1.0).prop_map(|share| MaskFilter::new(share).unwrap().into()),
        ]
    }

    proptest! {
        /// What was seen tells the judgement: a filter with all that was seen as thresholds keeps the region.
        #[test]
        fn what_was_seen_is_what_was_compared(
            filter in filters(), pixels in prop::collection::vec(-4_i8..5, 1..64),
        ) {
            let n = pixels.len();
            let block = Array4::from_shape_vec([1, 1, 1, n], pixels.iter().copied().map(f32::from).collect()).unwrap();
            let Judgement { is_background, seen } = filter.judge(block.view());
            prop_assert_eq!(filter.is_background(block.view()), is_background);
            let largest = f32::from(*pixels.iter().max().unwrap());
            let met: PatchFilter = match seen {
                Seen::Max { pixel, share } => {
                    prop_assert_eq!(pixel, largest);
                    prop_assert!(share <= 1.0);
                    prop_assume!(share > 0.0);
                    MaxFilter::new(filter.thresholds()[0], share).unwrap().into()
                }
                Seen::MeanStd { mean, std } => MeanStdFilter::new(mean, std).unwrap().into(),
                Seen::Shannon { bits } => ShannonFilter::new(bits).unwrap().into(),
                Seen::Mask { share } => MaskFilter::new(share).unwrap().into(),
            };
            prop_assert!(!met.is_background(block.view()), "{} of {:?}", met, pixels);
        }
    }

    #[test]
    fn pixels_that_are_no_number_are_told() {
        let filter = PatchFilter::from(MaxFilter::new(0.0, 0.5).unwrap());
        let judgement = filter.judge(Array4::from_elem([1, 1, 2, 2], f32::NAN).view());
        assert_eq!(judgement.seen.to_string(), "no pixel is a number");
    }
}
