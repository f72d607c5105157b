//! How much memory a prediction takes, before it is run.

use patchweave_model::{Model, ModelError};

/// Batches that are made while one is predicted.
pub(crate) const BATCHES_AHEAD: usize = 4;

/// The most memory that a prediction takes for pixels, in bytes, as far as models know what they need. Memory of reading, such
/// as decoded chunks, is not counted.
///
/// ```
/// use patchweave_predict::MemoryForecast;
///
/// let forecast = MemoryForecast { batches: 100, models: 20, tiles: 30, units: 4 };
/// assert_eq!(forecast.total(), 154);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryForecast {
    /// Batches of tiles: the one that is predicted, those ahead, and what is kept of earlier ones.
    pub batches: usize,
    /// Outputs of models, what they hold, such as weights, and what they need for a call.
    pub models: usize,
    /// Predicted tiles that wait for others of their units.
    pub tiles: usize,
    /// Units that are put together and encoded.
    pub units: usize,
}

impl MemoryForecast {
    /// All together.
    #[must_use]
    pub fn total(&self) -> usize {
        let parts = [self.batches, self.models, self.tiles, self.units];
        parts.into_iter().fold(0, usize::saturating_add)
    }

    /// The larger of each part of two.
    #[must_use]
    pub(crate) fn max(self, other: Self) -> Self {
        MemoryForecast {
            batches: self.batches.max(other.batches),
            models: self.models.max(other.models),
            tiles: self.tiles.max(other.tiles),
            units: self.units.max(other.units),
        }
    }
}

/// Bytes of batches of inputs `BCZYX`: one at work, those ahead of it, and as many that are used again.
pub(crate) fn input_bytes(inputs: [usize; 5], prefetch_bytes: usize) -> usize {
    let batch = f32_bytes(inputs);
    let ahead = batch.saturating_mul(BATCHES_AHEAD).min(prefetch_bytes.max(batch));
    ahead.saturating_mul(2).saturating_add(batch)
}

/// Bytes that models need for a batch of inputs `BCZYX`: all outputs, what models hold, and what calls need that so many threads
/// make at the same time.
pub(crate) fn model_bytes(
    models: &[&dyn Model],
    inputs: [usize; 5],
    n_threads: usize,
) -> Result<usize, ModelError> {
    let mut bytes: usize = 0;
    for model in models {
        let info = model.info();
        let outputs = info.output_shapes(inputs).into_iter().map(f32_bytes).fold(0, usize::saturating_add);
        let is_split = info.is_parallel && info.input.batch.accepts(1);
        let [n, spatial @ ..] = inputs;
        let n_per_call = if is_split { 1 } else { info.input.batch.fit(n) };
        let n_calls = if is_split { n.min(n_threads) } else { 1 };
        let [c, z, y, x] = spatial;
        let working = model.working_bytes([n_per_call, c, z, y, x])?;
        let held = model.held_bytes([n_per_call, c, z, y, x])?;
        let at_work = working.saturating_mul(n_calls);
        bytes = [outputs, at_work, held].into_iter().fold(bytes, usize::saturating_add);
    }
    Ok(bytes)
}

/// Bytes that a batch of inputs `BCZYX` needs, with those that are made ahead and what models need, on any machine.
pub(crate) fn batch_bytes(models: &[&dyn Model], inputs: [usize; 5]) -> Result<usize, ModelError> {
    Ok(input_bytes(inputs, usize::MAX).saturating_add(model_bytes(models, inputs, usize::MAX)?))
}

fn f32_bytes(shape: [usize; 5]) -> usize {
    shape.into_iter().fold(size_of::<f32>(), usize::saturating_mul)
}
