//! A model that is asked several times for the same tile: flipped and turned, or with other random numbers.

mod moments;
mod symmetries;

use ndarray::{Array5, ArrayView5, ArrayViewMut5, Axis};

use crate::{
    Model, ModelError, ModelInfo, OutputInfo, OutputType, Scale, Sides, SizeRule, Whole, WholePixels, seeds,
};
use moments::Moments;
pub use symmetries::Symmetries;
use symmetries::transposed;

/// Most samples per symmetry.
const MAX_SAMPLES: usize = 1 << 16;

/// How often, and how, a model is asked for the same tile.
///
/// ```
/// use patchweave_model::{RepeatOptions, Symmetries};
///
/// let mut options = RepeatOptions { n_samples: 10, symmetries: Symmetries::Flips, ..RepeatOptions::default() };
/// assert_eq!(options.n_predictions(), 40);
/// options.n_samples = 1;
/// assert_eq!(options.n_predictions(), 4);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RepeatOptions {
    /// The flips and turns of the plane (test-time augmentation).
    pub symmetries: Symmetries,
    /// How often it is asked for each of them, 1 to 65 536; more than once is for models that draw random numbers.
    pub n_samples: usize,
    /// Whether there are further outputs, `NAME_std`, for how much the predictions deviate from each other.
    pub has_deviation: bool,
}

impl Default for RepeatOptions {
    /// Once, as it is.
    fn default() -> Self {
        RepeatOptions { symmetries: Symmetries::None, n_samples: 1, has_deviation: false }
    }
}

impl RepeatOptions {
    /// How many predictions a tile needs.
    #[must_use]
    pub fn n_predictions(&self) -> usize {
        self.symmetries.count().saturating_mul(self.n_samples)
    }
}

/// A model that is asked several times for the same tile, and answers with the mean.
///
/// - **Flips and turns** of the YX plane are undone before the mean is taken (test-time augmentation). A model that sees farther to
///   one side sees as far to the other by that. Quarter turns need a model that takes `Y` and `X` in each other's sizes.
/// - **Samples** are for models that draw random numbers, as the networks of `MicroSplit` do. The seeds that the model gets in
///   [`Model::predict_seeded`] are made of those of the tile and of the number of the prediction. Those of a tile are made of its
///   pixels, so that a model that draws from them gives the same result for any number of threads, size of batches and order
///   of tiles.
/// - **Deviations** are outputs of their own behind those of the model, `NAME_std`, in the units of the output: the standard
///   deviation of all predictions of a pixel, with one less than their number as the divisor, as `MicroSplit` has it.
///
/// ```
/// use ndarray::{Array5, ArrayView5, ArrayViewMut5};
/// use patchweave_model::{FnModel, InputInfo, ModelExt, ModelInfo, OutputInfo, RepeatOptions, Repeated, Symmetries};
///
/// // The difference to the pixel on the left, which has no value at the edge.
/// let info = ModelInfo::new("edges", InputInfo::any(), vec![OutputInfo::new("edges")]);
/// let edges = FnModel::new(info, |inputs: ArrayView5<'_, f32>, outputs: &mut [ArrayViewMut5<'_, f32>]| {
///     outputs[0].indexed_iter_mut().for_each(|((b, c, z, y, x), pixel)| {
///         *pixel = if x == 0 { 0.0 } else { inputs[[b, c, z, y, x]] - inputs[[b, c, z, y, x - 1]] };
///     });
///     Ok(())
/// });
/// let options = RepeatOptions { symmetries: Symmetries::Flips, has_deviation: true, ..RepeatOptions::default() };
/// let both_sides = Repeated::new(edges, options)?;
/// let ramp = Array5::from_shape_fn([1, 1, 1, 1, 3], |(.., x)| x as f32);
/// let predicted = both_sides.predict_alone(ramp.view())?;
/// assert_eq!(predicted[0].as_slice().unwrap(), [-0.5, 0.0, 0.5]);
/// assert!((predicted[1][[0, 0, 0, 0, 1]] - (4.0_f32 / 3.0).sqrt()).abs() < 1e-6);
/// # Ok::<(), patchweave_model::ModelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Repeated<M> {
    model: M,
    info: ModelInfo,
    options: RepeatOptions,
}

impl<M: Model> Repeated<M> {
    /// Asks `model` as often as the options say.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for a number of samples that is not accepted, deviations of one prediction, models with an output
    /// of labels, which have no mean, and quarter turns of a model that takes other sizes along `Y` than along `X` or scales
    /// them differently.
    pub fn new(model: M, options: RepeatOptions) -> Result<Self, ModelError> {
        let mut info = model.info().clone();
        let refused = |got: String, expected: &str| {
            Err(ModelError::Setting { model: model.info().name.clone(), got, expected: expected.to_owned() })
        };
        if options.n_samples == 0 || options.n_samples > MAX_SAMPLES {
            return refused(format!("{} samples", options.n_samples), "1 to 65536 samples");
        }
        if options.has_deviation && options.n_predictions() < 2 {
            return refused(
                "the deviation of one prediction".to_owned(),
                "at least two: samples, or flips and turns",
            );
        }
        if options.n_predictions() > 1
            && let Some(output) = info.outputs.iter().find(|output| output.pixel_type == OutputType::Label)
        {
            return refused(format!("labels as output {}", output.name), "outputs that have a mean");
        }
        if options.symmetries == Symmetries::All {
            let [z, y, x] = info.input.sizes;
            let Some(common) = common_sizes(y, x) else {
                return refused(
                    format!("quarter turns, and tiles of {y} × {x} pixels"),
                    "a model that takes the same sizes along Y and X; flips need nothing of the kind",
                );
            };
            info.input.sizes = [z, common, common];
            if let Some(output) = info.outputs.iter().find(|output| !is_square(output.scale)) {
                let [_, y, x] = output.scale;
                return refused(
                    format!("quarter turns, and an output {} of {y} × {x} times the size", output.name),
                    "outputs that are scaled alike along Y and X",
                );
            }
        }
        for output in &mut info.outputs {
            output.halo = turned_halo(output.halo, options.symmetries);
        }
        if options.has_deviation {
            let deviation = |output: &OutputInfo| {
                let mut deviation = output.clone();
                deviation.name = format!("{}_std", output.name);
                deviation.with_pixel_type(OutputType::Deviation)
            };
            info.outputs.extend(model.info().outputs.iter().map(deviation).collect::<Vec<_>>());
        }
        Ok(Repeated { model, info, options })
    }

    /// The model that is asked.
    pub fn inner(&self) -> &M {
        &self.model
    }
}

/// The sizes that both rules accept; `None` where there are none, or none that a rule can say.
fn common_sizes(y: SizeRule, x: SizeRule) -> Option<SizeRule> {
    match (y, x) {
        _ if y == x => Some(y),
        (SizeRule::Any, other) | (other, SizeRule::Any) => Some(other),
        (SizeRule::Fixed(size), rule) | (rule, SizeRule::Fixed(size)) => {
            rule.accepts(size).then_some(SizeRule::Fixed(size))
        }
        (SizeRule::Steps { .. }, SizeRule::Steps { .. }) => {
            // From one size to the next the coarser of two rules that are multiples of each other.
            let (fine, coarse) = if y.step() <= x.step() { (y, x) } else { (x, y) };
            let smallest = coarse.fit(fine.smallest().saturating_add(coarse.step() - 1));
            let is_common = coarse.step().is_multiple_of(fine.step()) && fine.accepts(smallest);
            is_common.then_some(SizeRule::Steps { min: smallest, step: coarse.step() })
        }
    }
}

fn is_square([_, y, x]: [Scale; 3]) -> bool {
    (y.times(), y.over()) == (x.times(), x.over())
}

/// The halo of a model that is asked for flips and turns: the union of their halos.
fn turned_halo([z, y, x]: [Sides; 3], symmetries: Symmetries) -> [Sides; 3] {
    let widest = |sides: Sides| Sides::both(sides.before.max(sides.after));
    match symmetries {
        Symmetries::None => [z, y, x],
        Symmetries::Flips => [z, widest(y), widest(x)],
        Symmetries::All => [z, widest(y.max(x)), widest(y.max(x))],
    }
}

impl<M: Model> Model for Repeated<M> {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn prepare(&self, inputs: [usize; 5]) -> Result<(), ModelError> {
        self.info.check(inputs)?;
        self.model.prepare(inputs)?;
        match self.options.symmetries {
            Symmetries::All => self.model.prepare(transposed(inputs)),
            Symmetries::None | Symmetries::Flips => Ok(()),
        }
    }

    fn working_bytes(&self, inputs: [usize; 5]) -> Result<usize, ModelError> {
        self.info.check(inputs)?;
        let bytes = |shape: [usize; 5]| shape.into_iter().fold(size_of::<f32>(), usize::saturating_mul);
        let outputs = self.model.info().output_shapes(inputs).into_iter().map(bytes);
        // What was made, and its moments, which are `f64`; the input as it is shown.
        let per_output = if self.options.has_deviation { 5 } else { 3 };
        let own =
            outputs.map(|bytes| bytes.saturating_mul(per_output)).fold(bytes(inputs), usize::saturating_add);
        Ok(own.saturating_add(self.model.working_bytes(inputs)?))
    }

    fn held_bytes(&self, inputs: [usize; 5]) -> Result<usize, ModelError> {
        self.info.check(inputs)?;
        let upright = self.model.held_bytes(inputs)?;
        match self.options.symmetries {
            Symmetries::All if transposed(inputs) != inputs => {
                Ok(upright.saturating_add(self.model.held_bytes(transposed(inputs))?))
            }
            _ => Ok(upright),
        }
    }

    fn for_whole(
        &self,
        whole: Whole,
        pixels: &dyn WholePixels,
    ) -> Result<Option<Box<dyn Model>>, ModelError> {
        let Some(model) = self.model.for_whole(whole, pixels)? else { return Ok(None) };
        Ok(Some(Box::new(Repeated::new(model, self.options)?)))
    }

    fn check_tiled(&self, whole: Whole) -> Result<(), ModelError> {
        self.model.check_tiled(whole)
    }

    fn predict(
        &self,
        inputs: ArrayView5<'_, f32>,
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        self.predict_seeded(inputs, &vec![0; inputs.len_of(Axis(0))], outputs)
    }

    fn predict_seeded(
        &self,
        inputs: ArrayView5<'_, f32>,
        seeds: &[u64],
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        let shape: [usize; 5] = inputs.dim().into();
        self.info.check_call(shape, outputs)?;
        let has_deviation = self.options.has_deviation;
        let shapes = self.model.info().output_shapes(shape);
        let mut moments: Vec<Moments> =
            shapes.iter().map(|shape| Moments::new(*shape, has_deviation)).collect();
        let mut repetition = 0;
        for symmetry in self.options.symmetries.all() {
            let shown = symmetry.apply(inputs);
            // Models of files need pixels in order.
            let shown = shown.as_standard_layout();
            let mut made: Vec<Array5<f32>> =
                self.model.info().output_shapes(shown.dim().into()).into_iter().map(Array5::zeros).collect();
            for _ in 0..self.options.n_samples {
                let mut views: Vec<ArrayViewMut5<'_, f32>> =
                    made.iter_mut().map(|made| made.view_mut()).collect();
                let seeds: Vec<u64> =
                    seeds.iter().map(|seed| seeds::of_repetition(*seed, repetition)).collect();
                self.model.predict_seeded(shown.view(), &seeds, &mut views)?;
                repetition += 1;
                for (moments, made) in moments.iter_mut().zip(&made) {
                    moments.add(symmetry.undo(made.view()));
                }
            }
        }
        let (means, deviations) = outputs.split_at_mut(moments.len());
        for (moments, mean) in moments.iter().zip(means) {
            moments.write_mean(mean.view_mut());
        }
        for (moments, deviation) in moments.iter().zip(deviations) {
            moments.write_deviation(deviation.view_mut());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule() -> impl Strategy<Value = SizeRule> {
        prop_oneof![
            Just(SizeRule::Any),
            (1..40_usize).prop_map(SizeRule::Fixed),
            (0..30_usize, 0..12_usize).prop_map(|(min, step)| SizeRule::Steps { min, step }),
        ]
    }

    proptest! {
        #[test]
        fn common_sizes_are_those_that_both_take(one in rule(), other in rule()) {
            if let Some(common) = common_sizes(one, other) {
                for size in 0..200 {
                    prop_assert_eq!(common.accepts(size), one.accepts(size) && other.accepts(size), "{}", size);
                }
            }
            prop_assert_eq!(common_sizes(one, other).is_some(), common_sizes(other, one).is_some());
            prop_assert_eq!(common_sizes(one, one), Some(one));
        }
    }
}
