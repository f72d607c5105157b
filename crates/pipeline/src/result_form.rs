//! What the results of a prediction are: axes, pixel type, and what is known of the images they are made from.

use patchweave_config::{DataType, PixelTypeChoice, PredictPlan, RunPlan};
use patchweave_geometry::{ArrayLayout, Axes, Axis, Extent, GeometryError, ImageShape};
use patchweave_model::{OutputInfo, OutputType, Scale};
use patchweave_pixel::{PixelMap, PixelType};
use patchweave_predict::{Content, Values};
use patchweave_sink::{Durability, ImageSpec};
use patchweave_stack::StackInfo;

use crate::durability::durability_of;

/// What the results of all images have in common, whatever their format.
pub(crate) struct ResultForm {
    durability: Durability,
    pixel_type: PixelTypeChoice,
    scale: Option<(f64, f64)>,
    keeps_chunks: bool,
    is_lateral: bool,
    /// The input channels that are predicted; `None` means all.
    pub channels: Option<Vec<usize>>,
}

impl ResultForm {
    pub fn of(plan: &RunPlan, predict: &PredictPlan) -> Self {
        ResultForm {
            durability: durability_of(plan.durability),
            pixel_type: predict.pixel_type,
            scale: predict.scale,
            keeps_chunks: plan.data.data_type == DataType::Zarr,
            is_lateral: plan.data.lateral.is_some(),
            channels: predict.channels.clone(),
        }
    }

    /// The type of the pixels that are written for an image.
    pub fn pixel_type(&self, info: &StackInfo) -> PixelType {
        match self.pixel_type {
            PixelTypeChoice::Input => info.pixel_type,
            PixelTypeChoice::Given(pixel_type) => pixel_type,
        }
    }

    /// Whether values are spread over the type.
    pub fn is_scaled(&self) -> bool {
        self.scale.is_some()
    }

    /// How predicted values become pixels.
    fn map(&self, info: &StackInfo) -> PixelMap {
        let map = PixelMap::to(self.pixel_type(info));
        self.scale.map_or(map, |(low, high)| map.with_scale(low, high))
    }

    /// How many channels models are shown of an image.
    pub fn n_channels(&self, info: &StackInfo) -> usize {
        match &self.channels {
            // Of several scales the first.
            _ if self.is_lateral => 1,
            Some(channels) => channels.len(),
            None => info.shape().n_channels,
        }
    }

    /// The specification of what is written of an output of this shape for an image, without what is said of a format, and how
    /// its values become pixels.
    pub fn result(
        &self,
        info: &StackInfo,
        name: &str,
        output: &OutputInfo,
        shape: ImageShape,
        content: &Content,
    ) -> Result<(ImageSpec, PixelMap), GeometryError> {
        let spec = self.spec(info, name, content.n_channels(shape.n_channels))?;
        let mut spec = scaled(spec, output.scale, shape.extent)?;
        let label_type = content.label_type(shape.n_channels);
        let is_deviation = output.pixel_type == OutputType::Deviation;
        let map = match (content.values, label_type) {
            (_, Some(label_type)) => PixelMap::to(label_type),
            (Values::Weights | Values::Deviation, _) => PixelMap::to(PixelType::F32),
            _ if is_deviation => PixelMap::to(PixelType::F32),
            _ if output.pixel_type == OutputType::Label => PixelMap::to(self.pixel_type(info)),
            _ => self.map(info),
        };
        spec.pixel_type = map.pixel_type();
        spec.is_labels =
            (label_type.is_some() || output.pixel_type == OutputType::Label) && map.pixel_type().is_integer();
        if content.channels.is_some() || matches!(content.values, Values::Argmax | Values::Weights) {
            (spec.channel_names, spec.channel_colors) = (None, None);
        }
        Ok((spec, map))
    }

    /// The specification of an image of so many channels.
    fn spec(&self, info: &StackInfo, name: &str, n_channels: usize) -> Result<ImageSpec, GeometryError> {
        let axes = result_axes(info.layout.axes(), n_channels)?;
        let mut spec = ImageSpec::new(info.layout.restored(&axes, n_channels)?, self.pixel_type(info));
        spec.name = name.rsplit('/').next().unwrap_or(name).to_owned();
        spec.pixel_size = info.pixel_size;
        spec.translation = info.translation;
        spec.time_step = info.time_step;
        if self.channels.is_none() && n_channels == info.shape().n_channels {
            spec.channel_names.clone_from(&info.channel_names);
            spec.channel_colors.clone_from(&info.channel_colors);
        }
        spec.durability = self.durability;
        let chunks = info.chunks.as_ref().filter(|_| self.keeps_chunks);
        spec.chunks = chunks.map(|chunks| info.layout.reorder_chunks(chunks, &axes));
        Ok(spec)
    }
}

/// The specification for an output that may be larger or smaller than its input: the centre of the image stays where it is.
fn scaled(mut spec: ImageSpec, scale: [Scale; 3], extent: Extent) -> Result<ImageSpec, GeometryError> {
    if scale == [Scale::Same; 3] {
        return Ok(spec);
    }
    let sizes = extent.to_zyx();
    let axes = spec.layout.axes().clone();
    let size = |(axis, size): (&Axis, &usize)| match axis {
        Axis::S | Axis::T | Axis::C => *size,
        Axis::Z => sizes[0],
        Axis::Y => sizes[1],
        Axis::X => sizes[2],
    };
    let shape: Vec<usize> = axes.as_slice().iter().zip(spec.layout.shape()).map(size).collect();
    spec.layout = ArrayLayout::new(axes, &shape)?;
    if let Some(pixel) = spec.pixel_size {
        #[expect(clippy::cast_precision_loss, reason = "a ratio is small")]
        let ratio = pixel.of_zyx(scale).map(|scale| scale.over() as f64 / scale.times() as f64);
        let place = spec.translation.unwrap_or(pixel.map(|_| 0.0));
        spec.pixel_size = Some(pixel.map_indexed(|axis, size| size * ratio[axis]));
        // The centre of the first pixel is that of the pixels of the input under it.
        spec.translation =
            Some(place.map_indexed(|axis, place| place + pixel[axis] * (ratio[axis] - 1.0) / 2.0));
    }
    Ok(spec)
}

/// The axes of a result: those of the input, with `C` before the spatial axes where several channels need it.
fn result_axes(input: &Axes, n_channels: usize) -> Result<Axes, GeometryError> {
    if n_channels == 1 || input.contains(Axis::C) {
        return Ok(input.clone());
    }
    let first_spatial = input.as_slice().iter().position(|axis| axis.is_spatial()).unwrap_or(0);
    let mut letters: Vec<char> = input.as_slice().iter().map(|axis| axis.letter()).collect();
    letters.insert(first_spatial, Axis::C.letter());
    letters.into_iter().collect::<String>().parse()
}
