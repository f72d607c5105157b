//! What of an output a target gets: its values, some of its channels, labels, a mask, or what is known of its tiles.

use std::ops::Range;

use ndarray::{Array4, ArrayViewMut4, Axis, Slice, Zip};
use patchweave_model::OutputInfo;
use patchweave_pixel::PixelType;

use crate::blend::Joining;
use crate::held::HeldTile;
use crate::{Blend, PredictError};

/// What of an output a target gets.
///
/// It is made unit by unit of joined tiles, while tiles come in: labels of many classes need no image of all classes.
///
/// ```
/// use patchweave_predict::{Content, Values};
///
/// let labels = Content::of(Values::Argmax);
/// assert_eq!((labels.n_channels(20), labels.label_type(20)), (1, Some(patchweave_pixel::PixelType::U8)));
/// let masks = Content { channels: Some(vec![0, 2]), ..Content::of(Values::Threshold(0.5)) };
/// assert_eq!(masks.n_channels(20), 2);
/// assert_eq!(Content::default().n_channels(20), 20);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Content {
    /// The channels that count, in this order; all of them where nothing is said.
    pub channels: Option<Vec<usize>>,
    /// What is made of them.
    pub values: Values,
}

/// What is made of the channels of an output.
///
/// ```
/// assert_eq!(patchweave_predict::Values::default(), patchweave_predict::Values::Predicted);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Values {
    /// The values as they are.
    #[default]
    Predicted,
    /// For every pixel the number of the channel with the largest value: the number that it has in the output, of equal ones
    /// the first. What is not a number is never the largest; of pixels that have nothing else it is the first channel.
    Argmax,
    /// 1 where a value is above this one, else 0; channel by channel.
    Threshold(f64),
    /// The sum of the weights of all tiles of a pixel, in one channel; of means only.
    Weights,
    /// How much tiles differ where they overlap: the weighted standard deviation of a pixel; of means only. It is 0 where there
    /// is one tile.
    Deviation,
}

impl Content {
    /// This of all channels.
    #[must_use]
    pub fn of(values: Values) -> Self {
        Content { channels: None, values }
    }

    /// How many channels the target has, for so many of the output.
    #[must_use]
    pub fn n_channels(&self, n_channels: usize) -> usize {
        match self.values {
            Values::Argmax | Values::Weights => 1,
            _ => self.channels.as_ref().map_or(n_channels, Vec::len),
        }
    }

    /// The smallest type for what has whole numbers of its own: labels and masks. `n_channels` are those of the output.
    #[must_use]
    pub fn label_type(&self, n_channels: usize) -> Option<PixelType> {
        let largest = match (self.values, &self.channels) {
            (Values::Threshold(_), _) => 1,
            (Values::Argmax, Some(channels)) => channels.iter().max().copied().unwrap_or(0),
            (Values::Argmax, None) => n_channels.saturating_sub(1),
            _ => return None,
        };
        Some(match largest {
            0..=0xff => PixelType::U8,
            0x100..=0xffff => PixelType::U16,
            _ => PixelType::U32,
        })
    }

    /// Whether an output of so many channels, whose tiles are blended this way, has it.
    ///
    /// # Errors
    /// [`PredictError::Content`].
    pub fn check(&self, info: &OutputInfo, n_channels: usize, blend: &Blend) -> Result<(), PredictError> {
        let refused = |got: String, expected: &'static str| {
            Err(PredictError::Content { output: info.name.clone(), got, expected })
        };
        let chosen = self.channels.as_deref().unwrap_or_default();
        if let Some(channel) = chosen.iter().find(|channel| **channel >= n_channels) {
            return refused(
                format!("channel {channel} of {n_channels}"),
                "channels that the output has, from 0 on",
            );
        }
        if self.channels.as_ref().is_some_and(Vec::is_empty) {
            return refused("no channels".to_owned(), "at least one");
        }
        match (self.values, blend.of_output(info)) {
            (Values::Argmax, _) if self.channels.as_ref().map_or(n_channels, Vec::len) < 2 => {
                refused("the largest of one channel".to_owned(), "several channels")
            }
            (Values::Weights | Values::Deviation, Blend::Crop) => refused(
                "tiles that are cropped".to_owned(),
                "a mean over tiles, for weights and deviations of them",
            ),
            _ => Ok(()),
        }
    }

    /// Fills the block of channels of a target that starts at `start`, of tiles that have a say in it.
    pub(crate) fn fill(
        &self,
        joining: &Joining,
        tiles: &[&HeldTile],
        channels: Range<usize>,
        start: [usize; 3],
        mut block: ArrayViewMut4<'_, f32>,
    ) {
        match self.values {
            Values::Predicted => self.join(joining, tiles, channels, start, block),
            Values::Threshold(limit) => {
                self.join(joining, tiles, channels, start, block.view_mut());
                block.map_inplace(|value| *value = f32::from(u8::from(f64::from(*value) > limit)));
            }
            Values::Argmax => self.argmax(joining, tiles, start, block),
            Values::Weights => joining.weights(start, block),
            Values::Deviation => {
                for (place, channel) in self.numbers(channels).enumerate() {
                    joining.deviations(tiles, channel, start, one_channel(&mut block, place));
                }
            }
        }
    }

    /// The channels of the output that channels of the target are made of.
    fn numbers(&self, channels: Range<usize>) -> impl Iterator<Item = usize> + '_ {
        channels.map(|place| match &self.channels {
            Some(chosen) => chosen.get(place).copied().unwrap_or(0),
            None => place,
        })
    }

    fn join(
        &self,
        joining: &Joining,
        tiles: &[&HeldTile],
        channels: Range<usize>,
        start: [usize; 3],
        mut block: ArrayViewMut4<'_, f32>,
    ) {
        if self.channels.is_none() {
            return joining.join(tiles, channels, start, block);
        }
        for (place, channel) in self.numbers(channels).enumerate() {
            joining.join(tiles, channel..channel + 1, start, one_channel(&mut block, place));
        }
    }

    /// Two channels are in memory at any time: the largest values so far, and the next ones.
    fn argmax(
        &self,
        joining: &Joining,
        tiles: &[&HeldTile],
        start: [usize; 3],
        mut labels: ArrayViewMut4<'_, f32>,
    ) {
        let n_channels = tiles.first().map_or(0, |tile| tile.n_channels());
        let all = 0..self.channels.as_ref().map_or(n_channels, Vec::len);
        let mut largest = Array4::from_elem(labels.dim(), f32::NAN);
        let mut next = Array4::zeros(labels.dim());
        for (place, channel) in self.numbers(all).enumerate() {
            joining.join(tiles, channel..channel + 1, start, next.view_mut());
            #[expect(clippy::cast_precision_loss, reason = "below 2²⁴, the channels that fit into memory")]
            let number = channel as f32;
            Zip::from(&mut labels).and(&mut largest).and(&next).for_each(|label, largest, next| {
                if place == 0 || *next > *largest || (largest.is_nan() && !next.is_nan()) {
                    *largest = *next;
                    *label = number;
                }
            });
        }
    }
}

fn one_channel<'b>(block: &'b mut ArrayViewMut4<'_, f32>, place: usize) -> ArrayViewMut4<'b, f32> {
    block.slice_axis_mut(Axis(0), Slice::from(place..place + 1))
}
