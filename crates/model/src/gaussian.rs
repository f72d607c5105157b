//! Gaussian smoothing as a model: the simplest one whose effect can be seen.

use ndarray::{ArrayView5, ArrayViewMut1, ArrayViewMut4, ArrayViewMut5, Axis};
use rayon::prelude::*;

use crate::{InputInfo, Likeness, Model, ModelError, ModelInfo, OutputInfo, Sides};

/// Smooths along all spatial axes with a normalised Gaussian, cut off at four standard deviations.
///
/// Beyond the border of a tile pixels mirror without repeating the edge. NaN spreads as far as the kernel
/// reaches.
///
/// ```
/// use ndarray::Array5;
/// use patchweave_model::{Gaussian, ModelExt};
///
/// let mut spot = Array5::zeros([1, 1, 1, 17, 17]);
/// spot[[0, 0, 0, 8, 8]] = 1.0;
/// let smooth = &Gaussian::new(1.0)?.predict_alone(spot.view())?[0];
/// assert!((smooth.sum() - 1.0).abs() < 1e-5);
/// assert!(smooth[[0, 0, 0, 8, 8]] < 0.2);
/// # Ok::<(), patchweave_model::ModelError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussian {
    info: ModelInfo,
    /// Weights from the centre outwards.
    weights: Vec<f32>,
}

impl Gaussian {
    /// Smoothing with a standard deviation of `sigma` pixels.
    ///
    /// # Errors
    /// [`ModelError::Setting`] unless `sigma` is above 0 and at most 100.
    pub fn new(sigma: f64) -> Result<Self, ModelError> {
        if !(sigma > 0.0 && sigma <= 100.0) {
            return Err(ModelError::Setting {
                model: "gaussian".into(),
                got: format!("standard deviation {sigma}"),
                expected: "a number above 0 and at most 100 pixels".into(),
            });
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 400")]
        let radius = (4.0 * sigma + 0.5) as u32;
        let weight = |distance: u32| (-0.5 * (f64::from(distance) / sigma).powi(2)).exp();
        let total = 1.0 + 2.0 * (1..=radius).map(weight).sum::<f64>();
        #[expect(clippy::cast_possible_truncation, reason = "weights are used in f32")]
        let weights: Vec<f32> = (0..=radius).map(|distance| (weight(distance) / total) as f32).collect();
        let output = OutputInfo::new("gaussian")
            .with_likeness(Likeness::Input)
            .with_halo([Sides::both(weights.len() - 1); 3]);
        Ok(Gaussian { info: ModelInfo::new("gaussian", InputInfo::any(), vec![output]).parallel(), weights })
    }

    fn smooth(&self, mut sample: ArrayViewMut4<'_, f32>) {
        let mut line = Vec::new();
        for axis in 1..4 {
            if sample.len_of(Axis(axis)) > 1 {
                for lane in sample.lanes_mut(Axis(axis)) {
                    self.smooth_lane(lane, &mut line);
                }
            }
        }
    }

    /// Smooths one line; `line` is memory for its extension beyond both ends.
    fn smooth_lane(&self, mut lane: ArrayViewMut1<'_, f32>, line: &mut Vec<f32>) {
        let n = lane.len();
        let radius = self.weights.len() - 1;
        line.clear();
        line.extend((0..n + 2 * radius).map(|place| lane[mirror(place, radius, n)]));
        for (place, pixel) in lane.iter_mut().enumerate() {
            let centre = place + radius;
            let pairs = self.weights.iter().enumerate().skip(1);
            *pixel = pairs.fold(self.weights[0] * line[centre], |sum, (distance, weight)| {
                sum + weight * (line[centre - distance] + line[centre + distance])
            });
        }
    }
}

/// The position of `place − radius` in a line of `n` pixels that mirrors at its ends.
fn mirror(place: usize, radius: usize, n: usize) -> usize {
    if n == 1 {
        return 0;
    }
    let period = 2 * (n - 1);
    let position = (place + period * radius.div_ceil(period) - radius) % period;
    if position < n { position } else { period - position }
}

impl Model for Gaussian {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn predict(
        &self,
        inputs: ArrayView5<'_, f32>,
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        self.info.check_call(inputs.dim().into(), outputs)?;
        for output in outputs {
            output.assign(&inputs);
            let samples: Vec<ArrayViewMut4<'_, f32>> = output.axis_iter_mut(Axis(0)).collect();
            samples.into_par_iter().for_each(|sample| self.smooth(sample));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array5;

    use super::*;
    use crate::ModelExt;

    #[test]
    fn lines_mirror_without_repeating_the_edge() {
        let mirrored: Vec<usize> = (0..11).map(|place| mirror(place, 4, 3)).collect();
        assert_eq!(mirrored, [0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2]);
        assert!((0..9).all(|place| mirror(place, 4, 1) == 0));
    }

    #[test]
    fn constants_stay() {
        let constant = Array5::from_elem([2, 2, 3, 4, 5], 7.0);
        let smooth = Gaussian::new(2.5).unwrap().predict_alone(constant.view()).unwrap();
        assert!(smooth[0].iter().all(|pixel| (pixel - 7.0).abs() < 1e-5));
    }

    #[test]
    fn sigma_is_checked() {
        for sigma in [0.0, -1.0, f64::NAN, 101.0] {
            let error = Gaussian::new(sigma).unwrap_err();
            assert!(
                error.to_string().contains("expected a number above 0 and at most 100 pixels"),
                "{error}"
            );
        }
    }
}
