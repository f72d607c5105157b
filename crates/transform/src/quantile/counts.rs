//! Exact counts of pixels: of every integer, or of classes of neighbouring numbers.

use patchweave_geometry::try_zeros;

use super::classes::{class_of, fine_class_of};
use crate::NormalizeError;
use crate::extremes::Extremes;

/// The smallest integer that is counted by itself.
const LOWEST: f32 = -32_768.0;
/// The largest one, so that all values of 8-bit and 16-bit pixels are.
const HIGHEST: f32 = 65_535.0;
const N_INTEGERS: usize = 98_304;

/// Classes of a first look at pixels, and those that each of them is divided into.
pub(super) const N_CLASSES: usize = 65_536;

/// How often every value occurs in a list of pixels, or every class of values.
///
/// Counts do not depend on the order in which pixels come, nor on how they are divided over several counts.
/// Memory is at most 768 KiB.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counts {
    extremes: Extremes,
    values: Values,
}

/// What is counted: single integers as long as there is nothing else.
#[derive(Debug, Clone, PartialEq)]
enum Values {
    Integers(Vec<u64>),
    Classes(Vec<u64>),
}

/// What becomes of integers where it is not known yet what comes after them.
pub(super) enum Counted<'a> {
    /// From [`LOWEST`] on.
    Integers(&'a [u64]),
    Classes(&'a [u64]),
}

impl Counts {
    /// Nothing counted yet.
    pub fn new() -> Result<Self, NormalizeError> {
        Ok(Counts { extremes: Extremes::NONE, values: Values::Integers(zeros(N_INTEGERS)?) })
    }

    /// Adds pixels; none of them if one is infinite or no number.
    pub fn update(&mut self, pixels: &[f32]) -> Result<(), NormalizeError> {
        let seen = Extremes::of(pixels);
        self.extremes.is_finite &= seen.is_finite;
        if pixels.is_empty() || !seen.is_finite {
            return Ok(());
        }
        self.extremes.merge(&seen);
        let are_integers = LOWEST <= seen.low && seen.high <= HIGHEST && are_whole(pixels);
        if !are_integers {
            self.turn_to_classes()?;
        }
        match &mut self.values {
            Values::Integers(counts) => pixels.iter().for_each(|&pixel| counts[place(pixel)] += 1),
            Values::Classes(counts) => pixels.iter().for_each(|&pixel| counts[class_of(pixel)] += 1),
        }
        Ok(())
    }

    /// Adds what `other` has counted.
    pub fn merge(&mut self, other: &Counts) -> Result<(), NormalizeError> {
        self.extremes.merge(&other.extremes);
        if let Values::Classes(_) = other.values {
            self.turn_to_classes()?;
        }
        match (&mut self.values, &other.values) {
            (Values::Integers(own), Values::Integers(new)) | (Values::Classes(own), Values::Classes(new)) => {
                own.iter_mut().zip(new).for_each(|(own, new)| *own += new);
            }
            (Values::Classes(own), Values::Integers(new)) => add_integers(own, new),
            (Values::Integers(_), Values::Classes(_)) => {}
        }
        Ok(())
    }

    /// Whether no pixel given so far was infinite or no number.
    pub fn is_finite(&self) -> bool {
        self.extremes.is_finite
    }

    /// The smallest and the largest pixel.
    pub fn ends(&self) -> (f32, f32) {
        (self.extremes.low, self.extremes.high)
    }

    pub fn counted(&self) -> Counted<'_> {
        match &self.values {
            Values::Integers(counts) => Counted::Integers(counts),
            Values::Classes(counts) => Counted::Classes(counts),
        }
    }

    fn turn_to_classes(&mut self) -> Result<(), NormalizeError> {
        if let Values::Integers(counts) = &self.values {
            let mut classes = zeros(N_CLASSES)?;
            add_integers(&mut classes, counts);
            self.values = Values::Classes(classes);
        }
        Ok(())
    }
}

/// How often every value of some classes occurs: the second look at pixels.
///
/// Memory is 512 KiB for each class.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FineCounts {
    /// Ascending.
    classes: Vec<usize>,
    counts: Vec<Vec<u64>>,
}

impl FineCounts {
    /// Nothing counted yet of the values of `classes`, which ascend.
    pub fn new(classes: &[usize]) -> Result<Self, NormalizeError> {
        let counts = classes.iter().map(|_| zeros(N_CLASSES)).collect::<Result<_, _>>()?;
        Ok(FineCounts { classes: classes.to_vec(), counts })
    }

    /// Counts those pixels that are in the classes.
    pub fn update(&mut self, pixels: &[f32]) {
        for (&class, counts) in self.classes.iter().zip(&mut self.counts) {
            for &pixel in pixels {
                if class_of(pixel) == class {
                    counts[fine_class_of(pixel)] += 1;
                }
            }
        }
    }

    /// Adds what `other` has counted of the same classes.
    pub fn merge(&mut self, other: &FineCounts) {
        for (own, new) in self.counts.iter_mut().zip(&other.counts) {
            own.iter_mut().zip(new).for_each(|(own, new)| *own += new);
        }
    }

    /// The counts of a class, if it is one of those.
    pub fn of_class(&self, class: usize) -> Option<&[u64]> {
        let at = self.classes.binary_search(&class).ok()?;
        self.counts.get(at).map(Vec::as_slice)
    }
}

/// Counts of nothing.
pub(super) fn zeros(n: usize) -> Result<Vec<u64>, NormalizeError> {
    try_zeros(&[n]).ok_or(NormalizeError::OutOfMemory { n_bytes: n * size_of::<u64>() })
}

fn add_integers(classes: &mut [u64], integers: &[u64]) {
    for (place, &n) in integers.iter().enumerate().filter(|(_, n)| **n > 0) {
        classes[class_of(integer(place))] += n;
    }
}

/// Whether all pixels are whole numbers; they are finite and small.
fn are_whole(pixels: &[f32]) -> bool {
    // In parts, so that the inner loop has no branch and other images are found out soon.
    pixels.chunks(1024).all(|part| {
        part.iter().fold(true, |all, &pixel| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
            let whole = pixel as i32 as f32;
            all & (whole == pixel)
        })
    })
}

/// Where a small integer is counted.
fn place(pixel: f32) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 98 303")]
    let place = (pixel - LOWEST) as u32;
    usize::try_from(place).unwrap_or(usize::MAX).min(N_INTEGERS - 1)
}

/// The integer that is counted there.
pub(super) fn integer(place: usize) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "0 to 98 303")]
    let above = place as f32;
    LOWEST + above
}
