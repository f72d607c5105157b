//! Mean and deviation of numbers that come one after the other.

use ndarray::{Array5, ArrayView5, ArrayViewMut5, azip};

/// Mean and deviation of blocks that come one after the other, pixel by pixel.
///
/// Sums are kept relative to the mean so far (Welford), so that equal numbers deviate by exactly 0 and have their own value as
/// their mean.
pub(super) struct Moments {
    n: u32,
    mean: Array5<f64>,
    /// Sums of squared distances from the mean, where the deviation is wanted.
    squares: Option<Array5<f64>>,
}

impl Moments {
    pub fn new(shape: [usize; 5], has_deviation: bool) -> Self {
        let squares = has_deviation.then(|| Array5::zeros(shape));
        Moments { n: 0, mean: Array5::zeros(shape), squares }
    }

    pub fn add(&mut self, block: ArrayView5<'_, f32>) {
        self.n += 1;
        let n = f64::from(self.n);
        match &mut self.squares {
            None => azip!((mean in &mut self.mean, value in &block) {
                *mean += (f64::from(*value) - *mean) / n;
            }),
            Some(squares) => azip!((mean in &mut self.mean, squares in squares, value in &block) {
                let distance = f64::from(*value) - *mean;
                *mean += distance / n;
                *squares += distance * (f64::from(*value) - *mean);
            }),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "predictions are f32")]
    pub fn write_mean(&self, mut out: ArrayViewMut5<'_, f32>) {
        azip!((out in &mut out, mean in &self.mean) *out = *mean as f32);
    }

    /// The deviation of all there could be, as estimated from those that came.
    #[expect(clippy::cast_possible_truncation, reason = "predictions are f32")]
    pub fn write_deviation(&self, mut out: ArrayViewMut5<'_, f32>) {
        let Some(squares) = &self.squares else { return };
        let n = f64::from(self.n.saturating_sub(1).max(1));
        azip!((out in &mut out, squares in squares) *out = (squares / n).sqrt() as f32);
    }
}
