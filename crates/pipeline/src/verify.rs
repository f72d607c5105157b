//! Whether what was written equals what was read.

use std::path::Path;

use ndarray::Array4;
use patchweave_geometry::{ArrayLayout, Extent, GeometryError, PerAxis, Region};
use patchweave_pixel::{Pixel, with_pixel};
use patchweave_stack::{ImageStack, ImageStackExt};

use crate::written::Written;
use crate::{KeepGoing, Output, PipelineError};

/// Rows that are compared at once.
const BAND: usize = 256;

/// What comparing an image with a written result has found.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Comparison {
    /// Pixels of all samples and channels.
    pub n_pixels: u64,
    /// Pixels that differ in the input's own type.
    pub n_different: u64,
    /// The largest difference of two pixels.
    pub largest_difference: f32,
    /// The largest absolute value of the input that is finite.
    pub largest_value: f32,
}

impl Comparison {
    /// Whether every pixel is the same.
    pub fn is_equal(&self) -> bool {
        self.n_different == 0
    }

    /// Whether no difference exceeds what normalising in `f32` and back may round, when offsets up to
    /// `largest_offset` are taken away and added again.
    pub fn is_within_rounding(&self, largest_offset: f64) -> bool {
        let scale = f64::from(self.largest_value) + largest_offset;
        self.largest_difference.is_finite()
            && f64::from(self.largest_difference) <= 4.0 * f64::from(f32::EPSILON) * scale
    }
}

/// Compares an image with what was written for it, pixel by pixel, in the image's own type.
///
/// `channels` are those that were predicted. Both are read band by band, and as `f32` like all patches: what
/// a type has beyond that cannot be compared. `None` if the format of the output [cannot be read](Output::is_readable).
///
/// # Errors
/// [`PipelineError`] if one of them cannot be read or they differ in shape.
pub fn compare(
    stack: &dyn ImageStack,
    channels: Option<&[usize]>,
    path: &Path,
    output: &Output,
    keep_going: KeepGoing<'_>,
) -> Result<Option<Comparison>, PipelineError> {
    let info = stack.info();
    let shape = info.shape();
    let n_channels = channels.map_or(shape.n_channels, <[usize]>::len);
    let layout: ArrayLayout = info.layout.restored(info.layout.axes(), n_channels)?;
    let Some(written) = Written::open(path, output, &layout)? else { return Ok(None) };
    let [depth, height, width] = shape.extent.to_zyx();
    let mut comparison = Comparison::default();
    for sample_idx in 0..shape.n_samples {
        for z in 0..depth {
            for y in (0..height).step_by(BAND) {
                if !keep_going() {
                    return Err(PipelineError::Interrupted);
                }
                let rows = BAND.min(height - y);
                let region = band(z, y, [1, rows, width], shape.extent.n_axes())?;
                let mut pixels = [(); 2].map(|()| Array4::zeros([n_channels, 1, rows, width]));
                let [input, output] = &mut pixels;
                stack.read_into(sample_idx, channels, &region, input.view_mut())?;
                written.read_into(sample_idx, &region, output.view_mut())?;
                with_pixel!(info.pixel_type, T => comparison.add::<T>(input, output));
            }
        }
    }
    Ok(Some(comparison))
}

fn band(z: usize, y: usize, size: [usize; 3], n_axes: usize) -> Result<Region, GeometryError> {
    let at = |place: usize| i64::try_from(place).unwrap_or(i64::MAX);
    let start = PerAxis::new(&[at(z), at(y), 0][3 - n_axes..])?;
    Region::new(start, Extent::new(&size[3 - n_axes..])?)
}

impl Comparison {
    fn add<T: Pixel>(&mut self, input: &Array4<f32>, output: &Array4<f32>) {
        self.n_pixels += input.len() as u64;
        for (&input, &output) in input.iter().zip(output) {
            let same = T::from_f32(input) == T::from_f32(output) || (input.is_nan() && output.is_nan());
            self.n_different += u64::from(!same);
            let difference = (input - output).abs();
            if !same && (difference > self.largest_difference || difference.is_nan()) {
                self.largest_difference = if difference.is_nan() { f32::INFINITY } else { difference };
            }
            if input.is_finite() {
                self.largest_value = self.largest_value.max(input.abs());
            }
        }
    }
}
