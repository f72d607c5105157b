//! A model and the memory of its outputs, for batches of any size.

use ndarray::{Array5, ArrayView4, ArrayView5, ArrayViewMut5, Axis, Slice};
use patchweave_model::{Model, ModelError, ModelInfo, seeds_of};
use rayon::prelude::*;

/// A model and the memory of its outputs.
pub(crate) struct BatchModel<'m> {
    model: &'m dyn Model,
    outputs: Vec<Array5<f32>>,
}

/// Some samples that a model predicts at once.
struct Call<'c> {
    model: &'c dyn Model,
    inputs: ArrayView5<'c, f32>,
    outputs: Vec<ArrayViewMut5<'c, f32>>,
}

impl<'m> BatchModel<'m> {
    pub fn new(model: &'m dyn Model) -> Self {
        BatchModel { model, outputs: Vec::new() }
    }

    pub fn info(&self) -> &ModelInfo {
        self.model.info()
    }

    /// Makes ready for batches of this shape.
    pub fn prepare(&self, [n, channels, z, y, x]: [usize; 5]) -> Result<(), ModelError> {
        self.model.prepare([self.n_per_call(n), channels, z, y, x])
    }

    /// How many samples of a batch of `n` are given to the model at once.
    fn n_per_call(&self, n: usize) -> usize {
        let info = self.info();
        // Samples are shared out among threads.
        if info.is_parallel && info.input.batch.accepts(1) { 1 } else { info.input.batch.fit(n) }
    }

    /// Predicts a batch; `of_samples` are models that know what a sample is a part of, in the place of this one.
    ///
    /// Such a model is called for one sample after the other.
    pub fn predict(
        &mut self,
        inputs: ArrayView5<'_, f32>,
        of_samples: &[Option<&dyn Model>],
    ) -> Result<(), ModelError> {
        let shape: [usize; 5] = inputs.dim().into();
        let n_taken = self.n_per_call(shape[0]);
        let n_per_call = if of_samples.iter().any(Option::is_some) { 1 } else { n_taken };
        let shapes = self.info().output_shapes(shape);
        let fits = |(output, shape): (&Array5<f32>, &[usize; 5])| <[usize; 5]>::from(output.dim()) == *shape;
        if self.outputs.len() != shapes.len() || !self.outputs.iter().zip(&shapes).all(fits) {
            self.outputs = shapes.into_iter().map(Array5::zeros).collect();
        }
        let model = self.model;
        let is_parallel = self.info().is_parallel;
        let mut parts: Vec<_> =
            self.outputs.iter_mut().map(|output| output.axis_chunks_iter_mut(Axis(0), n_per_call)).collect();
        let calls: Vec<_> = inputs
            .axis_chunks_iter(Axis(0), n_per_call)
            .enumerate()
            .map(|(idx, inputs)| {
                let own = of_samples.get(idx * n_per_call).copied().flatten();
                let outputs = parts.iter_mut().filter_map(Iterator::next).collect();
                Call { model: own.unwrap_or(model), inputs, outputs }
            })
            .collect();
        let call = |Call { model, inputs, mut outputs }: Call<'_>| {
            if inputs.len_of(Axis(0)) == n_taken || model.info().input.batch.accepts(inputs.len_of(Axis(0))) {
                called(model, inputs, &mut outputs)
            } else {
                filled_up(model, n_taken, inputs, &mut outputs)
            }
        };
        match is_parallel {
            true => calls.into_par_iter().try_for_each(call),
            false => calls.into_iter().try_for_each(call),
        }
    }

    /// What was predicted of a sample, output by output, `CZYX`.
    pub fn sample(&self, place: usize) -> impl Iterator<Item = ArrayView4<'_, f32>> {
        self.outputs.iter().map(move |output| output.index_axis(Axis(0), place))
    }
}

/// Calls a model, with seeds made of the pixels of samples if it draws random numbers.
fn called(
    model: &dyn Model,
    inputs: ArrayView5<'_, f32>,
    outputs: &mut [ArrayViewMut5<'_, f32>],
) -> Result<(), ModelError> {
    match model.info().is_random {
        true => model.predict_seeded(inputs, &seeds_of(inputs, 0), outputs),
        false => model.predict(inputs, outputs),
    }
}

/// Calls a model that takes a fixed number of samples with fewer: the others are 0.
fn filled_up(
    model: &dyn Model,
    n_per_call: usize,
    inputs: ArrayView5<'_, f32>,
    outputs: &mut [ArrayViewMut5<'_, f32>],
) -> Result<(), ModelError> {
    let mut shape: [usize; 5] = inputs.dim().into();
    let there = Slice::from(..shape[0]);
    shape[0] = n_per_call;
    let mut all = Array5::zeros(shape);
    all.slice_axis_mut(Axis(0), there).assign(&inputs);
    let mut made: Vec<Array5<f32>> =
        model.info().output_shapes(shape).into_iter().map(Array5::zeros).collect();
    let mut views: Vec<_> = made.iter_mut().map(|output| output.view_mut()).collect();
    called(model, all.view(), &mut views)?;
    for (output, made) in outputs.iter_mut().zip(&made) {
        output.assign(&made.slice_axis(Axis(0), there));
    }
    Ok(())
}
