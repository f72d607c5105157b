//! The axes that images name for themselves, for a configuration that does not name them.
//!
//! Nothing here opens an image; the caller answers.

use std::path::{Path, PathBuf};

use patchweave_geometry::{ArrayLayout, Axes, Axis};

use super::axes::{EXAMPLE, NEIGHBOURS, has_xy_side_by_side};
use crate::plan::{DataType, ReadingPlan, SimulatePlan};
use crate::read::values::{Block, Reader, Value, path};
use crate::text::{Complaint, Location, key_path};

/// The question which axes an image has.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AxesQuestion<'a> {
    /// The first path that names images in the configuration: a file, a folder or a pattern.
    pub path: &'a Path,
    /// The kind of source.
    pub data_type: DataType,
    /// The images that are simulated first.
    pub simulate: Option<&'a SimulatePlan>,
    /// How images are read.
    pub reading: ReadingPlan,
}

/// Why the axes of an image are unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownAxes {
    /// What was found.
    pub found: String,
    /// What would be accepted instead.
    pub expected: String,
    /// Whether the image could be opened, so that the configuration only has to give its axes.
    pub is_readable: bool,
}

/// How the caller answers the question; `None` if the configuration has to give the axes.
pub(crate) type AskAxes<'a> = &'a dyn Fn(&AxesQuestion<'_>) -> Option<Result<ArrayLayout, UnknownAxes>>;

/// An entry that names images, and where it stands.
struct Entry {
    path: PathBuf,
    key_path: String,
    location: Location,
}

/// The axes of the first images of a run.
pub(crate) struct OwnAxes<'a> {
    input: Option<Entry>,
    /// The first target, if there is an input as well.
    target: Option<Entry>,
    simulate: Option<&'a SimulatePlan>,
    reading: ReadingPlan,
    ask: AskAxes<'a>,
}

impl<'a> OwnAxes<'a> {
    /// For a text that names no images.
    pub fn unknown() -> Self {
        OwnAxes { input: None, target: None, simulate: None, reading: ReadingPlan::default(), ask: &|_| None }
    }

    /// For a file with the sections `root`.
    pub fn of(
        reader: &mut Reader<'_>,
        root: &Block<'_>,
        simulate: Option<&'a SimulatePlan>,
        reading: ReadingPlan,
        ask: AskAxes<'a>,
    ) -> Self {
        let mut first =
            |section: &str, key: &str| first_entry(reader, &root.given(section)?.as_block()?.given(key)?);
        let [input, target] = ["input", "target"].map(|key| first("train", key));
        let [predicted, compared] = ["input", "target"].map(|key| first("predict", key));
        let (input, target) = match (input, target) {
            (Some(input), target) => (Some(input), target.or(compared)),
            (None, Some(mixed)) => (Some(mixed), None),
            (None, None) => (predicted, compared),
        };
        OwnAxes { input, target, simulate, reading, ask }
    }

    fn ask(&self, entry: Option<&Entry>, data_type: DataType) -> Option<Result<ArrayLayout, UnknownAxes>> {
        let path = &entry?.path;
        (self.ask)(&AxesQuestion { path, data_type, simulate: self.simulate, reading: self.reading })
    }

    /// The axes of the first input, for a `data_config` that gives none.
    pub fn axes(
        &self,
        reader: &mut Reader<'_>,
        block: &Block<'_>,
        data_type: DataType,
    ) -> Option<ArrayLayout> {
        let Some(entry) = &self.input else { return block.missing(reader, "axes", EXAMPLE) };
        let Some(answer) = self.ask(Some(entry), data_type) else {
            return block.missing(reader, "axes", EXAMPLE);
        };
        let unknown = match answer {
            Ok(layout) if has_xy_side_by_side(layout.axes()) => return Some(layout),
            Ok(layout) => UnknownAxes {
                found: format!("{} has axes {}", entry.path.display(), layout.axes()),
                expected: NEIGHBOURS.to_owned(),
                is_readable: false,
            },
            Err(unknown) => unknown,
        };
        let complaint = Complaint::new(unknown.found, unknown.expected);
        match unknown.is_readable {
            true => reader.report(block.location, &key_path(&block.path, "axes"), complaint),
            false => reader.report(entry.location, &entry.key_path, complaint),
        }
        None
    }

    /// The axes of the first input, if it names any.
    pub fn axes_if_named(&self, data_type: DataType) -> Option<ArrayLayout> {
        let layout = self.ask(self.input.as_ref(), data_type)?.ok()?;
        has_xy_side_by_side(layout.axes()).then_some(layout)
    }

    /// Whether the first target names its axes.
    pub fn targets_are_named(&self, data_type: DataType) -> bool {
        matches!(self.ask(self.target.as_ref(), data_type), Some(Ok(_)))
    }

    /// The axes of the targets, as the first target names them; the inner `None` if it names none, or those of the input.
    ///
    /// `found` are the axes and sizes of the first input.
    pub fn target_axes(
        &self,
        reader: &mut Reader<'_>,
        data_type: DataType,
        input: &Axes,
        found: Option<&ArrayLayout>,
    ) -> Option<Option<Axes>> {
        let Some(entry) = &self.target else { return Some(None) };
        let Some(Ok(target)) = self.ask(Some(entry), data_type) else { return Some(None) };
        if let Some(axes) = beside(&target, input, found) {
            return Some(Some(axes).filter(|axes| axes != input));
        }
        let found = format!("{} has axes {}", entry.path.display(), target.axes());
        let expected = format!("S, T and Z as in axes {input} of the inputs, or axes written in data_config");
        reader.report(entry.location, &entry.key_path, Complaint::new(found, expected));
        None
    }
}

/// The axes of a target with `S`, `T` and `Z` as in the input, if the axes that are added or dropped have size 1.
fn beside(target: &ArrayLayout, input: &Axes, found: Option<&ArrayLayout>) -> Option<Axes> {
    let shared = [Axis::S, Axis::T, Axis::Z];
    let is_extra = |axis: Axis| shared.contains(&axis) && !input.contains(axis);
    let missing = || shared.into_iter().filter(|&axis| input.contains(axis) && !target.axes().contains(axis));
    let size = |layout: &ArrayLayout, axis| layout.size_of(axis).unwrap_or(1);
    let own = target.axes().as_slice().iter().copied();
    if own.clone().any(|axis| is_extra(axis) && size(target, axis) > 1)
        || missing().any(|axis| found.is_some_and(|found| size(found, axis) > 1))
    {
        return None;
    }
    let axes = missing().chain(own.filter(|&axis| !is_extra(axis)));
    axes.map(Axis::letter).collect::<String>().parse().ok()
}

/// The first path of a list, which may contain lists.
fn first_entry(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Entry> {
    match value.entries() {
        Some(entries) => first_entry(reader, entries.first()?),
        None => {
            Some(Entry { path: path(reader, value)?, key_path: value.path.clone(), location: value.location })
        }
    }
}
