//! Random flips and quarter turns.

use rand::{Rng, RngExt};

use crate::PlaneSymmetry;

/// Why an augmentation was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AugmentError {
    /// A probability outside 0 to 1.
    #[error("got probability {0}, expected a number from 0 to 1")]
    Probability(f64),
    /// A flip that may flip nothing.
    #[error("a flip needs flip_x, flip_y or both")]
    NoAxis,
}

/// An augmentation that moves pixels within the YX plane.
///
/// Input and target of a patch get the same draw. Give every augmentation of a list a random stream of its
/// own, so that their decisions are independent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Augmentation {
    /// Flips one axis.
    XyFlip(XyFlip),
    /// Turns by a multiple of 90°.
    XyRandomRotate90(XyRandomRotate90),
}

impl Augmentation {
    /// Decides what to do with a patch.
    pub fn draw(&self, rng: &mut impl Rng) -> PlaneSymmetry {
        match self {
            Augmentation::XyFlip(flip) => flip.draw(rng),
            Augmentation::XyRandomRotate90(rotate) => rotate.draw(rng),
        }
    }

    /// Numbers that are equal for two augmentations just if they draw alike.
    ///
    /// ```
    /// use patchweave_transform::{Augmentation, XyFlip};
    ///
    /// let of = |flip_y, p| Ok::<_, patchweave_transform::AugmentError>(
    ///     Augmentation::XyFlip(XyFlip::new(true, flip_y, p)?).words()
    /// );
    /// assert_eq!(of(true, 0.5)?, of(true, 0.5)?);
    /// assert!(of(true, 0.5)? != of(false, 0.5)? && of(true, 0.5)? != of(true, 0.25)?);
    /// # Ok::<(), patchweave_transform::AugmentError>(())
    /// ```
    pub fn words(&self) -> Vec<u64> {
        let (kind, probability, choices) = match self {
            Augmentation::XyFlip(flip) => (1, flip.probability, &flip.choices),
            Augmentation::XyRandomRotate90(rotate) => (2, rotate.probability, &rotate.choices),
        };
        let known = [PlaneSymmetry::FLIP_Y, PlaneSymmetry::FLIP_X];
        let flips = known.into_iter().map(|flip| u64::from(choices.contains(&flip)));
        [kind, probability.to_bits()].into_iter().chain(flips).collect()
    }

    /// Whether patches must be square for this to keep their shape.
    pub fn needs_square(&self) -> bool {
        matches!(self, Augmentation::XyRandomRotate90(rotate) if rotate.probability > 0.0)
    }
}

/// With probability `p` flips one axis, chosen uniformly among the enabled ones; never both.
///
/// ```
/// use patchweave_transform::{PlaneSymmetry, XyFlip};
/// use rand::SeedableRng;
///
/// let flip = XyFlip::new(true, false, 1.0)?;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
/// assert_eq!(flip.draw(&mut rng), PlaneSymmetry::FLIP_X);
/// assert_eq!(XyFlip::new(false, false, 0.5).unwrap_err().to_string(), "a flip needs flip_x, flip_y or both");
/// # Ok::<(), patchweave_transform::AugmentError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct XyFlip {
    choices: Vec<PlaneSymmetry>,
    probability: f64,
}

impl XyFlip {
    /// A flip along `X`, `Y` or either.
    ///
    /// # Errors
    /// [`AugmentError::NoAxis`] or [`AugmentError::Probability`].
    pub fn new(flip_x: bool, flip_y: bool, probability: f64) -> Result<Self, AugmentError> {
        check_probability(probability)?;
        let all = [(flip_y, PlaneSymmetry::FLIP_Y), (flip_x, PlaneSymmetry::FLIP_X)];
        let choices: Vec<_> = all.into_iter().filter_map(|(on, flip)| on.then_some(flip)).collect();
        if choices.is_empty() { Err(AugmentError::NoAxis) } else { Ok(XyFlip { choices, probability }) }
    }

    /// Decides: one draw whether, and if so one draw which axis.
    pub fn draw(&self, rng: &mut impl Rng) -> PlaneSymmetry {
        choose(self.probability, &self.choices, rng)
    }

    /// What it may do to a patch besides nothing, in the order `Y`, `X`.
    pub fn choices(&self) -> &[PlaneSymmetry] {
        &self.choices
    }

    /// How often it does something.
    pub fn probability(&self) -> f64 {
        self.probability
    }
}

/// With probability `p` turns by one, two or three quarters, each equally likely.
///
/// ```
/// use patchweave_transform::XyRandomRotate90;
///
/// assert_eq!(XyRandomRotate90::new(0.5)?.choices().len(), 3);
/// assert!(XyRandomRotate90::new(1.5).is_err());
/// # Ok::<(), patchweave_transform::AugmentError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct XyRandomRotate90 {
    choices: Vec<PlaneSymmetry>,
    probability: f64,
}

impl XyRandomRotate90 {
    /// Turns with that probability.
    ///
    /// # Errors
    /// [`AugmentError::Probability`].
    pub fn new(probability: f64) -> Result<Self, AugmentError> {
        check_probability(probability)?;
        Ok(XyRandomRotate90 { choices: (1..4).map(PlaneSymmetry::quarter_turns).collect(), probability })
    }

    /// Decides: one draw whether, and if so one draw how far.
    pub fn draw(&self, rng: &mut impl Rng) -> PlaneSymmetry {
        choose(self.probability, &self.choices, rng)
    }

    /// What it may do to a patch besides nothing: one, two and three turns.
    pub fn choices(&self) -> &[PlaneSymmetry] {
        &self.choices
    }

    /// How often it does something.
    pub fn probability(&self) -> f64 {
        self.probability
    }
}

fn check_probability(probability: f64) -> Result<(), AugmentError> {
    if (0.0..=1.0).contains(&probability) { Ok(()) } else { Err(AugmentError::Probability(probability)) }
}

fn choose(probability: f64, choices: &[PlaneSymmetry], rng: &mut impl Rng) -> PlaneSymmetry {
    if !rng.random_bool(probability) {
        return PlaneSymmetry::IDENTITY;
    }
    let last = u32::try_from(choices.len()).unwrap_or(u32::MAX).saturating_sub(1);
    let choice = rng.random_range(0..=last) as usize;
    choices.get(choice).copied().unwrap_or(PlaneSymmetry::IDENTITY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use std::collections::BTreeMap;

    /// Chi-square over the four outcomes of a turn: 3 degrees of freedom, 30.7 is exceeded with
    /// probability 1e-6.
    #[test]
    fn turns_follow_their_law() {
        let rotate = XyRandomRotate90::new(0.6).unwrap();
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let mut counts: BTreeMap<PlaneSymmetry, u32> = BTreeMap::new();
        let n = 30_000;
        for _ in 0..n {
            *counts.entry(rotate.draw(&mut rng)).or_default() += 1;
        }
        let expected = |symmetry: &PlaneSymmetry| {
            f64::from(n) * if *symmetry == PlaneSymmetry::IDENTITY { 0.4 } else { 0.2 }
        };
        let chi_square: f64 =
            counts.iter().map(|(s, &n)| (f64::from(n) - expected(s)).powi(2) / expected(s)).sum();
        assert_eq!(counts.len(), 4);
        assert!(chi_square < 30.7, "chi-square {chi_square}");
    }
}
