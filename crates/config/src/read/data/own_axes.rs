//! The axes that images name for themselves, for a configuration that does not name them.
//!
//! Nothing here opens an image; the caller answers.

use std::path::{Path, PathBuf};

use patchweave_geometry::{ArrayLayout, Axes, Axis};

use super::axes::{EXAMPLE, NEIGHBOURS, has_xy_side_by_side};
use crate::plan::{DataType, ReadingPlan, SimulatePlan};
use crate::read::values::{Block, Reader, Value, path};
use crate::text::{Complaint, Location, key_path};

/// Which image is asked for its axes.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AxesQuestion<'a> {
    /// The first entry that names images, as the configuration has it: a file, a folder or a pattern.
    pub path: &'a Path,
    /// What the images are.
    pub data_type: DataType,
    /// What a simulation will make first.
    pub simulate: Option<&'a SimulatePlan>,
    /// How images are read.
    pub reading: ReadingPlan,
}

/// Why an image does not tell its axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownAxes {
    /// What is there.
    pub found: String,
    /// What would be accepted.
    pub expected: String,
    /// Whether the image could be opened, so that only its axes have to be written.
    pub is_readable: bool,
}

/// How the caller answers a question; `None` says that the axes have to be written.
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
    /// Those of a text that names no images.
    pub fn unknown() -> Self {
        OwnAxes { input: None, target: None, simulate: None, reading: ReadingPlan::default(), ask: &|_| None }
    }

    /// Those of a file whose sections are `root`.
    pub fn of(
        reader: &mut Reader<'_>,
        root: &Block<'_>,
        simulate: Option<&'a SimulatePlan>,
        reading: ReadingPlan,
        ask: AskAxes<'a>,
    ) -> Self {
        let mut first =
            |section: &str, key: &str| first_entry(reader, &root.given(section)?.as_block()?.given(key)?);
        let input = first("train", "input");
        let target = first("train", "target");
        if input.is_some() {
            return OwnAxes { input, target, simulate, reading, ask };
        }
        let input = target.or_else(|| first("predict", "input"));
        OwnAxes { input, target: None, simulate, reading, ask }
    }

    fn ask(&self, entry: Option<&Entry>, data_type: DataType) -> Option<Result<ArrayLayout, UnknownAxes>> {
        let path = &entry?.path;
        (self.ask)(&AxesQuestion { path, data_type, simulate: self.simulate, reading: self.reading })
    }

    /// The axes of `data_config`, which names none.
    pub fn axes(
        &self,
        reader: &mut Reader<'_>,
        block: &Block<'_>,
        data_type: DataType,
    ) -> Option<ArrayLayout> {
        let (Some(entry), Some(answer)) = (&self.input, self.ask(self.input.as_ref(), data_type)) else {
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
        let complaint = Complaint { found: unknown.found, expected: unknown.expected, suggestion: None };
        match unknown.is_readable {
            true => reader.report(block.location, &key_path(&block.path, "axes"), complaint),
            false => reader.report(entry.location, &entry.key_path, complaint),
        }
        None
    }

    /// The axes of the first input where it names them; what is written stands in for them.
    pub fn axes_if_named(&self, data_type: DataType) -> Option<ArrayLayout> {
        let layout = self.ask(self.input.as_ref(), data_type)?.ok()?;
        has_xy_side_by_side(layout.axes()).then_some(layout)
    }

    /// Whether the first target beside an input names its axes.
    pub fn targets_are_named(&self, data_type: DataType) -> bool {
        matches!(self.ask(self.target.as_ref(), data_type), Some(Ok(_)))
    }

    /// The axes of the targets where those of the files count; nothing where they are those of the inputs or where the
    /// first target does not tell. `found` is what the first input says.
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
        let expected =
            format!("the same of S, T and Z as in axes {input} of the inputs, or axes in data_config");
        reader.report(entry.location, &entry.key_path, Complaint { found, expected, suggestion: None });
        None
    }
}

/// The axes of a target with `S`, `T` and `Z` as the input has them, if those that differ have size 1.
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

/// The first path of a list that may hold further lists.
fn first_entry(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Entry> {
    match value.entries() {
        Some(entries) => first_entry(reader, entries.first()?),
        None => {
            Some(Entry { path: path(reader, value)?, key_path: value.path.clone(), location: value.location })
        }
    }
}
