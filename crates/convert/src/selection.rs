//! Which pixels of an image are converted.

use std::collections::BTreeMap;
use std::ops::Range;

use patchweave_geometry::{ArrayLayout, Axis};
use patchweave_stack::StackInfo;

use crate::ConvertError;

/// Which pixels of an image are converted: a range along each axis, and a list of channels.
///
/// ```
/// use patchweave_convert::Selection;
/// use patchweave_geometry::{ArrayLayout, Axis};
/// use patchweave_pixel::PixelType;
/// use patchweave_stack::StackInfo;
///
/// let layout = ArrayLayout::new("TCYX".parse()?, &[9, 3, 64, 64])?;
/// let info = StackInfo::new("cells.tif", PixelType::U16, layout);
/// let some = Selection::whole().with_range(Axis::T, 2..5).with_channels(vec![2, 0]);
/// assert_eq!(some.layout(&info)?.shape(), [3, 2, 64, 64]);
/// let error = Selection::whole().with_range(Axis::T, 5..10).layout(&info).unwrap_err();
/// assert!(error.to_string().contains("got 5 to 10 along T, expected a part of 0 to 9"), "{error}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    ranges: BTreeMap<usize, Range<usize>>,
    channels: Option<Vec<usize>>,
}

/// The number of an axis in `STCZYX`.
fn number(axis: Axis) -> usize {
    Axis::ALL.iter().position(|other| *other == axis).unwrap_or(0)
}

impl Selection {
    /// All pixels.
    #[must_use]
    pub fn whole() -> Self {
        Selection::default()
    }

    /// Only these positions along an axis, which is not `C`.
    #[must_use]
    pub fn with_range(mut self, axis: Axis, range: Range<usize>) -> Self {
        self.ranges.insert(number(axis), range);
        self
    }

    /// Only these channels, in this order.
    #[must_use]
    pub fn with_channels(mut self, channels: Vec<usize>) -> Self {
        self.channels = Some(channels);
        self
    }

    /// The channels, if some are chosen.
    #[must_use]
    pub fn channels(&self) -> Option<&[usize]> {
        self.channels.as_deref()
    }

    /// Axes and shape of what is selected of an image.
    ///
    /// # Errors
    /// [`ConvertError::Range`], [`ConvertError::NoAxis`] or [`ConvertError::Geometry`] for what the image does not have.
    pub fn layout(&self, info: &StackInfo) -> Result<ArrayLayout, ConvertError> {
        let axes = info.layout.axes();
        let geometry = |source| ConvertError::Geometry { stack: info.source.clone(), source };
        let named = self.ranges.keys().filter_map(|number| Axis::ALL.get(*number)).copied();
        if let Some(axis) = named.into_iter().find(|axis| !axes.contains(*axis)) {
            return Err(ConvertError::NoAxis { stack: info.source.clone(), axis, axes: axes.to_string() });
        }
        if let Some(channels) = &self.channels {
            info.shape().check_channels(channels).map_err(geometry)?;
            let is_lacking = !axes.contains(Axis::C) && channels.len() > 1;
            if is_lacking {
                let axis = Axis::C;
                return Err(ConvertError::NoAxis {
                    stack: info.source.clone(),
                    axis,
                    axes: axes.to_string(),
                });
            }
        }
        let sizes = axes.as_slice().iter().map(|axis| match (axis, &self.channels) {
            (Axis::C, Some(channels)) => Ok(channels.len()),
            _ => Ok(self.range(info, *axis)?.len()),
        });
        let sizes = sizes.collect::<Result<Vec<_>, ConvertError>>()?;
        ArrayLayout::new(axes.clone(), &sizes).map_err(geometry)
    }

    /// The positions along an axis.
    pub(crate) fn range(&self, info: &StackInfo, axis: Axis) -> Result<Range<usize>, ConvertError> {
        let size = info.layout.size_of(axis).unwrap_or(1);
        let Some(range) = self.ranges.get(&number(axis)) else { return Ok(0..size) };
        if range.start < range.end && range.end <= size {
            return Ok(range.clone());
        }
        let Range { start, end } = *range;
        Err(ConvertError::Range { stack: info.source.clone(), axis, start, end, size })
    }
}
