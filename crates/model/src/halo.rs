//! How far the outputs of a model see, found out by changing single pixels of an input.
//!
//! A pixel of a random image is changed, and whatever changes in the outputs sees it. That is done for several strengths, so that
//! units which pass only what is positive are not all silent, and at every place within the steps of a model that pools, because
//! such a model sees farther to one side or the other from place to place. A difference too small for `f32` is not seen, so a
//! network may be found to see a little less than its layers allow: what is missing does not change its results.

mod measured;
mod probe;

pub use measured::{Measured, MeasuredOutput, Reach};

use rayon::prelude::*;

use crate::{Model, ModelError, ModelExt, ModelInfo, SizeRule};
use probe::Probe;

/// What is added to a pixel: small and large, up and down.
const STRENGTHS: [f32; 4] = [1.0, -1.0, 1000.0, -1000.0];

/// At how many places an impulse stands where a model does not say in which steps it works.
const MOST_UNKNOWN_PHASES: usize = 16;

/// Measures how far the outputs see in an input of `size` pixels along `ZYX`, which should be more than twice the halo.
///
/// The input has one sample, or as few as the model takes, and one channel where it takes any number. The model predicts about
/// four times as often as its steps are long.
///
/// ```
/// use patchweave_model::{Gaussian, Sides, halo};
///
/// let measured = halo::measure(&Gaussian::new(1.0)?, [1, 32, 32])?;
/// assert_eq!(measured.halo(), [Sides::both(0), Sides::both(4), Sides::both(4)]);
/// assert!(!measured.is_global());
/// # Ok::<(), patchweave_model::ModelError>(())
/// ```
///
/// # Errors
/// [`ModelError`] if the model does not take inputs of this size, or fails.
pub fn measure(model: &dyn Model, size: [usize; 3]) -> Result<Measured, ModelError> {
    let info = model.info();
    let [z, y, x] = size;
    let shape = [info.input.batch.fit(1), info.input.n_channels.unwrap_or(1), z, y, x];
    model.prepare(shape)?;
    let probe = Probe::new(shape);
    let base = model.predict_alone(probe.base())?;
    let phases = [0, 1, 2].map(|axis| n_phases(info, axis, size[axis]));
    let n_places = phases.into_iter().max().unwrap_or(1);
    let calls: Vec<([usize; 3], f32)> = (0..n_places)
        .map(|number| [0, 1, 2].map(|axis| place(size[axis], phases[axis], number)))
        .flat_map(|place| STRENGTHS.map(|strength| (place, strength)))
        .collect();
    let look = |(place, strength): ([usize; 3], f32)| -> Result<Measured, ModelError> {
        let changed = model.predict_alone(probe.changed(place, strength).view())?;
        let outputs = info.outputs.iter().zip(base.iter().zip(&changed));
        let outputs =
            outputs.map(|(output, (before, after))| MeasuredOutput::of(output, place, before, after));
        Ok(Measured { outputs: outputs.collect() })
    };
    let start = || Measured::blind(info);
    if info.is_parallel {
        let seen = calls.into_par_iter().map(look);
        seen.try_reduce(start, |a, b| Ok(a.max(b)))
    } else {
        calls.into_iter().map(look).try_fold(start(), |so_far, seen| Ok(so_far.max(seen?)))
    }
}

/// After how many places along an axis a model may repeat itself.
fn n_phases(info: &ModelInfo, axis: usize, size: usize) -> usize {
    if size == 1 {
        return 1;
    }
    let unit = info.unit(axis);
    let own = match info.input.sizes[axis] {
        SizeRule::Any => 2,
        SizeRule::Steps { .. } => info.input.sizes[axis].step(),
        // Networks that pool halve, and their sizes are multiples.
        SizeRule::Fixed(_) => (1 << size.trailing_zeros()).min(MOST_UNKNOWN_PHASES),
    };
    own.max(unit).min(size)
}

/// Where impulse `number` stands along an axis: around the centre.
fn place(size: usize, n_phases: usize, number: usize) -> usize {
    size / 2 - n_phases / 2 + number % n_phases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impulses_stand_around_the_centre_at_all_phases() {
        for (size, n_phases) in [(1, 1), (2, 2), (3, 2), (16, 16), (17, 16), (64, 8), (65, 1)] {
            let places: Vec<usize> = (0..n_phases).map(|number| place(size, n_phases, number)).collect();
            assert!(places.iter().all(|place| *place < size), "{places:?} in {size}");
            let mut phases: Vec<usize> = places.iter().map(|place| place % n_phases).collect();
            phases.sort_unstable();
            assert_eq!(phases, Vec::from_iter(0..n_phases));
        }
    }
}
