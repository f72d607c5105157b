//! What is known of one output of a model.

use crate::{Scale, Sides};

/// How many channels an output has.
///
/// ```
/// use patchweave_model::ChannelRule;
///
/// assert_eq!([ChannelRule::SameAsInput, ChannelRule::Fixed(2)].map(|rule| rule.of(5)), [5, 2]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ChannelRule {
    /// As many as the input.
    #[default]
    SameAsInput,
    /// So many.
    Fixed(usize),
}

impl ChannelRule {
    /// How many channels an output has for `n` channels of the input.
    #[must_use]
    pub fn of(self, n: usize) -> usize {
        match self {
            ChannelRule::SameAsInput => n,
            ChannelRule::Fixed(n_channels) => n_channels,
        }
    }
}

/// Whose intensities an output has, and so which statistics bring it back to them.
///
/// ```
/// use patchweave_model::{Identity, Likeness, Model};
///
/// assert_eq!(Identity::new().info().outputs[0].likeness, Likeness::Input);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Likeness {
    /// Those of the input: a filtered input.
    Input,
    /// Those of the target a model was trained with; of the input where there are none.
    #[default]
    Target,
    /// Its own, such as a probability: nothing is to be inverted.
    Own,
}

/// What the values of an output are.
///
/// ```
/// use patchweave_model::{OutputInfo, OutputType};
///
/// let cells = OutputInfo::new("cells").with_pixel_type(OutputType::Label);
/// assert_eq!(cells.pixel_type, OutputType::Label);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OutputType {
    /// Numbers that may be averaged where tiles overlap.
    #[default]
    Float,
    /// Names of objects or classes, whole numbers: one of them holds where tiles overlap.
    Label,
    /// How far numbers lie apart, such as a standard deviation: on the way back to raw intensities they are stretched, not
    /// moved.
    Deviation,
}

/// What is known of one output of a model.
///
/// ```
/// use patchweave_model::{ChannelRule, OutputInfo, Scale, Sides};
///
/// let upscaled = OutputInfo::new("upscaled")
///     .with_channels(ChannelRule::Fixed(1))
///     .with_scale([Scale::Same, Scale::Times(2), Scale::Times(2)])
///     .with_halo([Sides::both(0), Sides::both(3), Sides::both(3)]);
/// assert_eq!(upscaled.shape([1, 2, 1, 32, 48]), [1, 1, 1, 64, 96]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutputInfo {
    /// What the output is called.
    pub name: String,
    /// How many channels it has.
    pub channels: ChannelRule,
    /// How large it is along `ZYX`, against the input.
    pub scale: [Scale; 3],
    /// How far a pixel of the output sees along `ZYX` beyond its own place, in pixels of the input.
    ///
    /// Along an axis of size 1 nothing lies beyond.
    pub halo: [Sides; 3],
    /// Whose intensities it has.
    pub likeness: Likeness,
    /// What its values are.
    pub pixel_type: OutputType,
}

impl OutputInfo {
    /// An output of the size and with the channels of the input, each of whose pixels sees its own place alone.
    pub fn new(name: impl Into<String>) -> Self {
        OutputInfo {
            name: name.into(),
            channels: ChannelRule::default(),
            scale: [Scale::Same; 3],
            halo: [Sides::default(); 3],
            likeness: Likeness::default(),
            pixel_type: OutputType::default(),
        }
    }

    /// With another number of channels.
    #[must_use]
    pub fn with_channels(mut self, channels: ChannelRule) -> Self {
        self.channels = channels;
        self
    }

    /// With another size along `ZYX`.
    #[must_use]
    pub fn with_scale(mut self, scale: [Scale; 3]) -> Self {
        self.scale = scale;
        self
    }

    /// With another halo along `ZYX`.
    #[must_use]
    pub fn with_halo(mut self, halo: [Sides; 3]) -> Self {
        self.halo = halo;
        self
    }

    /// With other intensities.
    #[must_use]
    pub fn with_likeness(mut self, likeness: Likeness) -> Self {
        self.likeness = likeness;
        self
    }

    /// With other values.
    #[must_use]
    pub fn with_pixel_type(mut self, pixel_type: OutputType) -> Self {
        self.pixel_type = pixel_type;
        self
    }

    /// The shape `BCZYX` of the output for inputs of this shape.
    #[must_use]
    pub fn shape(&self, inputs: [usize; 5]) -> [usize; 5] {
        let [batch, channels, z, y, x] = inputs;
        let [of_z, of_y, of_x] = self.scale;
        [batch, self.channels.of(channels), of_z.of(z), of_y.of(y), of_x.of(x)]
    }
}
