//! How near results are to what they should be: results, inputs and targets side by side, block by block.

mod sums;

pub use sums::{ChannelQuality, InputQuality};

use ndarray::{Array4, ArrayView3, Axis};
use patchweave_geometry::{Extent, GeometryError, ImageShape, PerAxis, Region};
use patchweave_model::{OutputType, Scale};
use patchweave_predict::Values;
use patchweave_stack::{ImageStack, ImageStackExt};

use crate::written::{ResultPlace, Written};
use crate::{KeepGoing, PipelineError, Prediction, ResultLabel};
use sums::Sums;

/// Pixels along each axis that are compared at once, `ZYX`.
const BLOCK: [usize; 3] = [1, 256, 2048];

/// How near a result is to its targets.
#[derive(Debug, Clone, PartialEq)]
pub enum Quality {
    /// Channel by channel of the targets.
    Measured(Vec<ChannelQuality>),
    /// Why the result is not compared.
    LeftOut(String),
}

impl Prediction {
    /// How near a result of [`run`](Self::run) is to the targets of its images; `None` without targets.
    ///
    /// Results are read as they were written, block by block, as `f32` like all patches. A result or an input of a single channel
    /// is compared with every channel of the targets.
    ///
    /// # Errors
    /// [`PipelineError`] if something cannot be read, and [`PipelineError::Interrupted`].
    pub fn quality(
        &self,
        result: &ResultLabel,
        keep_going: KeepGoing<'_>,
    ) -> Result<Option<Quality>, PipelineError> {
        let left_out = |why: &str| Ok(Some(Quality::LeftOut(why.to_owned())));
        let mut channels: Vec<Sums> = Vec::new();
        for image in &self.images {
            let Some(target) = &image.target else { return Ok(None) };
            if self.is_scaled() {
                return left_out("its values are spread over the pixel type");
            }
            let Some(place) = self.read_again(image, result)? else {
                return left_out("no file of it can be read again");
            };
            if place.info.pixel_type == OutputType::Label || result.content.values == Values::Argmax {
                return left_out("labels have no distances");
            }
            if place.info.pixel_type == OutputType::Deviation || result.content.values != Values::Predicted {
                return left_out("it holds no intensities");
            }
            let wanted = target.info().shape();
            let own = place.layout.image_shape();
            if !is_comparable(&own, &wanted) {
                return left_out(&format!("it has {}, its target {}", shown(&own), shown(&wanted)));
            }
            channels.resize_with(wanted.n_channels, Sums::default);
            let compared = Compared { target: target.as_ref(), place: &place, shape: wanted };
            let input = image.stack.as_ref();
            let n_input = self.channels().map_or(input.info().shape().n_channels, <[usize]>::len);
            let is_input_comparable = place.info.scale == [Scale::Same; 3]
                && is_comparable(&ImageShape { n_channels: n_input, ..own }, &wanted);
            let input = is_input_comparable.then_some((input, self.channels(), n_input));
            compared.add(input, &mut channels, keep_going)?;
        }
        Ok(Some(Quality::Measured(channels.iter().map(Sums::quality).collect())))
    }
}

/// Whether a result can be compared with a target: the same samples and sizes, and one channel or as many.
pub(crate) fn is_comparable(result: &ImageShape, target: &ImageShape) -> bool {
    (result.n_samples, result.extent) == (target.n_samples, target.extent)
        && (result.n_channels == 1 || result.n_channels == target.n_channels)
}

/// `3 channels of size 64 × 64`, with the number of samples where there are several.
pub(crate) fn shown(shape: &ImageShape) -> String {
    let channels = match shape.n_channels {
        1 => "1 channel".to_owned(),
        n => format!("{n} channels"),
    };
    let samples = match shape.n_samples {
        1 => String::new(),
        n => format!(" in {n} samples"),
    };
    format!("{channels} of size {}{samples}", shape.extent)
}

/// A result beside its target.
struct Compared<'a> {
    target: &'a dyn ImageStack,
    place: &'a ResultPlace<'a>,
    shape: ImageShape,
}

impl Compared<'_> {
    /// Adds all pixels of the image.
    fn add(
        &self,
        input: Option<(&dyn ImageStack, Option<&[usize]>, usize)>,
        channels: &mut [Sums],
        keep_going: KeepGoing<'_>,
    ) -> Result<(), PipelineError> {
        let place = self.place;
        let Some(written) = Written::open(&place.path, place.output, &place.layout)? else { return Ok(()) };
        let n_result = self.place.layout.image_shape().n_channels;
        for sample_idx in 0..self.shape.n_samples {
            for region in blocks(&self.shape.extent) {
                if !keep_going() {
                    return Err(PipelineError::Interrupted);
                }
                let region = region?;
                let block = |n_channels: usize| {
                    let [z, y, x] = region.size.to_zyx();
                    Array4::<f32>::zeros([n_channels, z, y, x])
                };
                let mut target = block(self.shape.n_channels);
                self.target.read_into(sample_idx, None, &region, target.view_mut())?;
                let mut result = block(n_result);
                written.read_into(sample_idx, &region, result.view_mut())?;
                let input = match input {
                    Some((stack, read, n_channels)) => {
                        let mut input = block(n_channels);
                        stack.read_into(sample_idx, read, &region, input.view_mut())?;
                        Some(input)
                    }
                    None => None,
                };
                for (channel_idx, sums) in channels.iter_mut().enumerate() {
                    let input = input.as_ref().map(|input| channel(input, channel_idx));
                    sums.add(channel(&target, channel_idx), channel(&result, channel_idx), input);
                }
            }
        }
        Ok(())
    }
}

/// A channel, or the only one.
fn channel(block: &Array4<f32>, channel_idx: usize) -> ArrayView3<'_, f32> {
    block.index_axis(Axis(0), channel_idx.min(block.dim().0.saturating_sub(1)))
}

/// The regions that an image is read in.
fn blocks(extent: &Extent) -> impl Iterator<Item = Result<Region, GeometryError>> {
    let [depth, height, width] = extent.to_zyx();
    let n_axes = extent.n_axes();
    let [of_z, of_y, of_x] = BLOCK;
    let starts = move |z: usize| {
        let row = move |y: usize| (0..width).step_by(of_x).map(move |x| [z, y, x]);
        (0..height).step_by(of_y).flat_map(row)
    };
    (0..depth).step_by(of_z).flat_map(starts).map(move |[z, y, x]| {
        let size = [of_z.min(depth - z), of_y.min(height - y), of_x.min(width - x)];
        let start = [z, y, x].map(|place| i64::try_from(place).unwrap_or(i64::MAX));
        Region::new(PerAxis::new(&start[3 - n_axes..])?, Extent::new(&size[3 - n_axes..])?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_every_pixel_once() {
        for size in [vec![1, 1], vec![256, 2048], vec![257, 2049], vec![600, 5000], vec![3, 300, 2100]] {
            let extent = Extent::new(&size).unwrap();
            let mut seen = ndarray::ArrayD::<u8>::zeros(size.clone());
            for region in blocks(&extent) {
                let region = region.unwrap();
                let sizes = region.size.as_slice();
                let starts = region.start.as_slice();
                let mut slice = seen.slice_each_axis_mut(|axis| {
                    let start = usize::try_from(starts[axis.axis.index()]).unwrap();
                    (start..start + sizes[axis.axis.index()]).into()
                });
                slice += 1;
            }
            assert!(seen.iter().all(|&n| n == 1), "{size:?}");
        }
    }
}
