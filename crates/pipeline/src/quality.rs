//! How near results are to what they should be: peak signal-to-noise ratios against the targets of a prediction.

use ndarray::{Array4, ArrayView3, Axis};
use patchweave_geometry::{Extent, GeometryError, ImageShape, PerAxis, Region};
use patchweave_model::{OutputType, Scale};
use patchweave_stack::{ImageStack, ImageStackExt};

use crate::written::{ResultPlace, Written};
use crate::{KeepGoing, PipelineError, Prediction, ResultLabel};

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

/// How near one channel of all results of a run is to that channel of their targets, in decibels.
///
/// A peak signal-to-noise ratio is `10 · log10((max − min)² / mse)`, where the smallest and the largest value are those of the
/// targets, and `mse` is the mean squared difference to them over the pixels of all images. It is infinite where there is no
/// difference, and no number if the targets have a single value or no pixel is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChannelQuality {
    /// The result, as it was written.
    pub result: f64,
    /// What the result was made from; `None` if it cannot be compared with the targets.
    pub input: Option<InputQuality>,
    /// Pixels that are left out because one of the values is infinite or no number.
    pub n_left_out: u64,
}

/// How near the input of a result is to the targets, in decibels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputQuality {
    /// As it is.
    pub as_it_is: f64,
    /// The best affine of it: the `a · input + b` with the least mean squared difference.
    pub best_affine: f64,
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
            if place.info.pixel_type == OutputType::Label {
                return left_out("labels have no distances");
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
        let written = Written::open(&self.place.path, self.place.back, &self.place.layout)?;
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

/// What is summed up of a channel.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n_left_out: u64,
    /// The smallest and the largest value of the targets.
    range: Option<(f64, f64)>,
    squared_error: f64,
    input_squared_error: f64,
    has_input: bool,
    pairs: Comoments,
}

impl Sums {
    /// Adds the same block of all images.
    fn add(
        &mut self,
        target: ArrayView3<'_, f32>,
        result: ArrayView3<'_, f32>,
        input: Option<ArrayView3<'_, f32>>,
    ) {
        self.has_input = input.is_some();
        // Without an input its values do not matter.
        let input = input.unwrap_or(target);
        let triples = || {
            let all = target.iter().zip(&result).zip(&input);
            all.map(|((&target, &result), &input)| [target, result, input])
                .filter(|values| values.iter().all(|value| value.is_finite()))
                .map(|values| values.map(f64::from))
        };
        for [target, result, input] in triples() {
            let (low, high) = self.range.unwrap_or((target, target));
            self.range = Some((low.min(target), high.max(target)));
            self.squared_error += (result - target).powi(2);
            self.input_squared_error += (input - target).powi(2);
        }
        let pairs = Comoments::of(|| triples().map(|[target, _, input]| (input, target)));
        self.n_left_out += target.len() as u64 - pairs.n;
        self.pairs = self.pairs.merged(pairs);
    }

    fn quality(&self) -> ChannelQuality {
        let (low, high) = self.range.unwrap_or((0.0, 0.0));
        let n = self.pairs.count();
        let decibels = |squared_error: f64| 10.0 * ((high - low).powi(2) / (squared_error / n)).log10();
        let psnr = |squared_error: f64| if high > low { decibels(squared_error) } else { f64::NAN };
        let input = || InputQuality {
            as_it_is: psnr(self.input_squared_error),
            best_affine: psnr(self.pairs.residual()),
        };
        ChannelQuality {
            result: psnr(self.squared_error),
            input: self.has_input.then(input),
            n_left_out: self.n_left_out,
        }
    }
}

/// How pairs of values vary together: means, and sums of products of distances to them.
#[derive(Debug, Clone, Copy, Default)]
struct Comoments {
    n: u64,
    mean: (f64, f64),
    xx: f64,
    xy: f64,
    yy: f64,
}

impl Comoments {
    /// Those of some pairs, which are gone through twice.
    fn of<I: Iterator<Item = (f64, f64)>>(pairs: impl Fn() -> I) -> Self {
        let mut sums = Comoments::default();
        for (x, y) in pairs() {
            sums.n += 1;
            sums.mean.0 += x;
            sums.mean.1 += y;
        }
        let n = sums.count().max(1.0);
        sums.mean = (sums.mean.0 / n, sums.mean.1 / n);
        for (x, y) in pairs() {
            let (dx, dy) = (x - sums.mean.0, y - sums.mean.1);
            sums.xx += dx * dx;
            sums.xy += dx * dy;
            sums.yy += dy * dy;
        }
        sums
    }

    /// Those of two sets of pairs together (Chan, Golub and LeVeque, 1979).
    fn merged(self, other: Self) -> Self {
        if self.n == 0 || other.n == 0 {
            return if self.n == 0 { other } else { self };
        }
        let n = self.count() + other.count();
        let (dx, dy) = (other.mean.0 - self.mean.0, other.mean.1 - self.mean.1);
        let between = self.count() * other.count() / n;
        let share = other.count() / n;
        Comoments {
            n: self.n + other.n,
            mean: (self.mean.0 + share * dx, self.mean.1 + share * dy),
            xx: self.xx + other.xx + between * dx * dx,
            xy: self.xy + other.xy + between * dx * dy,
            yy: self.yy + other.yy + between * dy * dy,
        }
    }

    /// The sum of squares that the best line through the pairs leaves of `y`.
    fn residual(&self) -> f64 {
        let explained = if self.xx > 0.0 { self.xy * self.xy / self.xx } else { 0.0 };
        (self.yy - explained).max(0.0)
    }

    #[expect(clippy::cast_precision_loss, reason = "no image has 2⁵³ pixels")]
    fn count(&self) -> f64 {
        self.n as f64
    }
}

