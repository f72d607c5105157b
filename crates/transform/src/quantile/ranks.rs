//! Which pixels, counted from the smallest, make a quantile, and where counts have them.

use super::classes::number;
use super::counts::{Counted, Counts, FineCounts, integer};
use crate::NormalizeError;
use crate::moments::to_f64;

/// Some quantiles of a list of pixels, between the two passes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ranks {
    levels: Vec<Level>,
}

/// A quantile: a mixture of two neighbours among the sorted pixels.
#[derive(Debug, Clone, PartialEq)]
struct Level {
    neighbours: [Place; 2],
    /// How much of the second one.
    share: f64,
}

/// Where a pixel of a certain rank is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Known(f32),
    /// It is number `rank`, counted from 0, of the `n` pixels of a class.
    Within {
        class: usize,
        rank: u64,
        n: u64,
    },
}

/// What a quantile is that lies between two pixels.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_transform::{BetweenPixels, PixelCounts};
///
/// let block = Array4::from_shape_fn([1, 1, 1, 4], |(_, _, _, x)| 10.0 * x as f32);
/// let mut counts = PixelCounts::new(1, true)?;
/// counts.update(block.view())?;
/// let median = |between| {
///     let open = counts.open_quantiles_between(&[&[0.5]], between)?;
///     open.quantiles(&open.counts()?)
/// };
/// assert_eq!(median(BetweenPixels::Linear)?, [[15.0]]);
/// assert_eq!(median(BetweenPixels::InvertedCdf)?, [[10.0]]);
/// # Ok::<(), patchweave_transform::NormalizeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum BetweenPixels {
    /// Interpolated: of `n` sorted pixels, level `q` stands at place `(n - 1) · q`, counted from 0.
    #[default]
    Linear,
    /// Always a pixel: the smallest one that is not below `q · n` of the pixels, as the inverse of the cumulative distribution.
    InvertedCdf,
}

impl BetweenPixels {
    /// Where a level stands among `n` sorted pixels, counted from 0.
    fn place(self, level: f64, n: u64) -> f64 {
        let level = level.clamp(0.0, 1.0);
        let last = to_f64(n.saturating_sub(1));
        match self {
            BetweenPixels::Linear => (level * last).min(last),
            BetweenPixels::InvertedCdf => (level * to_f64(n) - 1.0).ceil().clamp(0.0, last),
        }
    }
}

impl Ranks {
    /// Finds the pixels that quantiles of these levels need; NaN for all without pixels.
    pub fn of(counts: &Counts, levels: &[f64], between: BetweenPixels) -> Self {
        let list = match counts.counted() {
            Counted::Integers(counts) | Counted::Classes(counts) => counts,
        };
        let n: u64 = list.iter().sum();
        let find = |rank: u64| -> Place {
            if n == 0 {
                return Place::Known(f32::NAN);
            }
            // What lies outermost is known in any case.
            if rank == 0 {
                return Place::Known(counts.ends().0);
            }
            if rank + 1 >= n {
                return Place::Known(counts.ends().1);
            }
            let mut n_before = 0;
            for (at, &n) in list.iter().enumerate() {
                if rank < n_before + n {
                    return match counts.counted() {
                        Counted::Integers(_) => Place::Known(integer(at)),
                        Counted::Classes(_) => Place::Within { class: at, rank: rank - n_before, n },
                    };
                }
                n_before += n;
            }
            Place::Known(counts.ends().1)
        };
        let level = |&level: &f64| {
            let last = n.saturating_sub(1);
            let at = between.place(level, n);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "from 0 to the last rank"
            )]
            let lower = at as u64;
            let neighbours = [find(lower), find((lower + 1).min(last))];
            Level { neighbours, share: at - to_f64(lower) }
        };
        Ranks { levels: levels.iter().map(level).collect() }
    }

    /// The classes that a second pass has to look into, in their order.
    pub fn open_classes(&self) -> Vec<usize> {
        let mut classes: Vec<usize> = self.places().filter_map(|place| place.class()).collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }

    /// The quantiles, one for each level.
    ///
    /// # Errors
    /// [`NormalizeError::OtherPixels`] if the second pass did not see what the first one saw.
    pub fn quantiles(&self, fine: &FineCounts) -> Result<Vec<f64>, NormalizeError> {
        let quantile = |level: &Level| {
            let [low, high] = [level.neighbours[0].value(fine)?, level.neighbours[1].value(fine)?];
            let low = f64::from(low);
            let high = f64::from(high);
            // From the nearer end, so that a share of 0 or 1 gives one of the pixels.
            Ok(match level.share < 0.5 {
                true => low + (high - low) * level.share,
                false => high - (high - low) * (1.0 - level.share),
            })
        };
        self.levels.iter().map(quantile).collect()
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        self.levels.iter().flat_map(|level| &level.neighbours)
    }
}

impl Place {
    fn class(&self) -> Option<usize> {
        match self {
            Place::Known(_) => None,
            Place::Within { class, .. } => Some(*class),
        }
    }

    fn value(&self, fine: &FineCounts) -> Result<f32, NormalizeError> {
        let (class, rank, expected) = match *self {
            Place::Known(value) => return Ok(value),
            Place::Within { class, rank, n } => (class, rank, n),
        };
        let counts = fine.of_class(class).unwrap_or(&[]);
        let got = counts.iter().sum();
        let mut n_before = 0;
        let found = counts.iter().position(|&n| {
            n_before += n;
            rank < n_before
        });
        match found {
            Some(fine_class) if got == expected => Ok(number(class, fine_class)),
            _ => Err(NormalizeError::OtherPixels { got, expected }),
        }
    }
}
