//! What the images are: mode, data type, axes, channels, and whether they are held in memory.

use patchweave_geometry::{Axes, Axis};

use super::axes::{EXAMPLE, axes, axes_source, target_axes};
use super::data_type::{data_type, in_memory};
use super::own_axes::OwnAxes;
use crate::plan::{AxesSource, DataType, Mode, Space};
use crate::read::rules::Rules;
use crate::read::values::{Block, Names, Reader, Value, channel};

/// What the images are; an outer `None` says that the key was refused.
pub(super) struct Images {
    pub mode: Option<Mode>,
    pub data_type: Option<DataType>,
    pub axes: Option<Axes>,
    pub target_axes: Option<Option<Axes>>,
    pub axes_source: AxesSource,
    pub channels: Option<Option<Vec<usize>>>,
    pub in_memory: Option<bool>,
}

impl Images {
    pub fn read(reader: &mut Reader<'_>, block: &Block<'_>, rules: Rules, own_axes: &OwnAxes<'_>) -> Images {
        let mode = block.need(reader, "mode", &MODES.expected(), |reader, value| MODES.read(reader, value));
        let data_type = data_type(reader, block, rules);
        let axes_source = axes_source(reader, block, rules);
        let has_axes = block.given("axes").is_some();
        let asks_images = rules.for_run && (!has_axes || axes_source == AxesSource::File);
        let asked = data_type.filter(|_| asks_images);
        let found = asked.and_then(|data_type| match has_axes {
            true => own_axes.axes_if_named(data_type),
            false => own_axes.axes(reader, block, data_type),
        });
        let axes = match &found {
            Some(layout) => Some(layout.axes().clone()),
            None if asked.is_some() && !has_axes => None,
            None => block.need(reader, "axes", EXAMPLE, |reader, value| axes(reader, value, data_type)),
        };
        let target_axes = match (asked, &axes) {
            (Some(data_type), Some(axes))
                if block.given("target_axes").is_none() || own_axes.targets_are_named(data_type) =>
            {
                own_axes.target_axes(reader, data_type, axes, found.as_ref())
            }
            _ => block.maybe(reader, "target_axes", |reader, value| {
                let space = axes.as_ref().map(|axes| Space::new(axes, data_type));
                target_axes(reader, value, data_type, space)
            }),
        };
        let channels =
            block.maybe(reader, "channels", |reader, value| channels(reader, value, axes.as_ref()));
        let in_memory = in_memory(reader, block, data_type);
        Images { mode, data_type, axes, target_axes, axes_source, channels, in_memory }
    }

    pub fn space(&self) -> Option<Space<'_>> {
        self.axes.as_ref().map(|axes| Space::new(axes, self.data_type))
    }
}

const MODES: Names<'_, Mode> = Names {
    known: &[
        ("training", Mode::Training),
        ("validating", Mode::Validating),
        ("predicting", Mode::Predicting),
    ],
    refused: &[],
};

/// Reads a channel or a list of channels without repeats; an empty list means all.
fn channels(reader: &mut Reader<'_>, value: &Value<'_>, axes: Option<&Axes>) -> Option<Vec<usize>> {
    let entries = value.entries().unwrap_or_else(|| vec![value.clone()]);
    let read: Vec<_> = entries.iter().map(|entry| channel(reader, entry)).collect();
    for (idx, entry) in entries.iter().enumerate() {
        if read[idx].is_some() && read[..idx].contains(&read[idx]) {
            let found = format!("{} twice", entry.got());
            reader.refuse_found::<()>(entry, found, "each channel once");
        }
    }
    if let Some(axes) = axes
        && !entries.is_empty()
        && !axes.contains(Axis::C)
    {
        let expected = format!("C in axes {axes}, or no channels");
        reader.refuse_found::<()>(value, "channels are selected", expected);
    }
    read.into_iter().collect()
}
