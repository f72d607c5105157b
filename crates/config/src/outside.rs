//! What reading a configuration asks of the world around it: the environment, and the images where the text is silent.
//!
//! Nothing here opens an image; the caller answers.

use std::path::{Path, PathBuf};

use patchweave_geometry::{ArrayLayout, Axes, Axis};

use crate::axes::has_xy_side_by_side;
use crate::data_type::DataType;
use crate::location::Location;
use crate::origin::{Complaint, key_path};
use crate::paths::path;
use crate::problem::Problem;
use crate::reader::{Block, Reader, Value};
use crate::reading::ReadingPlan;
use crate::run::RunPlan;
use crate::simulate::SimulatePlan;
use crate::warning::Warning;

/// What reading a configuration asks of the world around it.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{Outside, parse_and_check};
/// use patchweave_geometry::ArrayLayout;
///
/// let text = "
/// output: out
/// data_config: {mode: predicting, data_type: tiff, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: a.ome.tiff, models: [identity]}
/// ";
/// let outside = Outside {
///     axes_of: &|question| {
///         assert_eq!(question.path, Path::new("a.ome.tiff"));
///         Some(Ok(ArrayLayout::new("ZYX".parse().unwrap(), &[8, 64, 64]).unwrap()))
///     },
///     ..Outside::default()
/// };
/// let plan = parse_and_check(text, Path::new("a.yaml"), &outside)?;
/// assert_eq!(plan.data.axes.to_string(), "ZYX");
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// The value of an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The axes that an image names for itself and their sizes, asked only where the configuration names none or says
    /// that those of the file count; `None` says that they have to be written.
    pub axes_of: &'a dyn Fn(&AxesQuestion<'_>) -> Option<Result<ArrayLayout, UnknownAxes>>,
    /// What does not fit the images of a plan, and what is to be known about them.
    ///
    /// It sees the plan also where values were refused, with stand-ins in their place that fit any image, so that a
    /// person learns of everything at once. It is not asked if the text does not even say which images there are and
    /// what they are.
    pub check: &'a dyn Fn(&RunPlan) -> Findings,
}

impl Default for Outside<'_> {
    /// No variables, no images.
    fn default() -> Self {
        Outside { env: &|_| None, axes_of: &|_| None, check: &|_| Findings::default() }
    }
}

/// What a check of a plan against its images found.
///
/// ```
/// assert!(patchweave_config::Findings::default().problems.is_empty());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What does not fit; any of them means that there is no plan.
    pub problems: Vec<Problem>,
    /// What is accepted and has to be told; these become warnings of the plan.
    pub warnings: Vec<Warning>,
}

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

/// An entry that names images, and where it stands.
struct Entry {
    path: PathBuf,
    key_path: String,
    location: Location,
}

/// The axes of the first images of a run, for those that are not written.
pub(crate) struct OwnAxes<'a> {
    input: Option<Entry>,
    /// The first target beside an input.
    target: Option<Entry>,
    simulate: Option<&'a SimulatePlan>,
    reading: ReadingPlan,
    outside: Outside<'a>,
}

impl<'a> OwnAxes<'a> {
    /// Where there are no images.
    pub fn unknown() -> Self {
        OwnAxes {
            input: None,
            target: None,
            simulate: None,
            reading: ReadingPlan::default(),
            outside: Outside::default(),
        }
    }

    /// Those of a file whose sections are `root`.
    pub fn of(
        reader: &mut Reader<'_>,
        root: &Block<'_>,
        simulate: Option<&'a SimulatePlan>,
        reading: ReadingPlan,
        outside: Outside<'a>,
    ) -> Self {
        let mut first =
            |section: &str, key: &str| first_entry(reader, &root.given(section)?.as_block()?.given(key)?);
        let (input, target) = (first("train", "input"), first("train", "target"));
        let (input, target) = match (input, target) {
            (None, target) => (target.or_else(|| first("predict", "input")), None),
            both => both,
        };
        OwnAxes { input, target, simulate, reading, outside }
    }

    fn ask(&self, entry: Option<&Entry>, data_type: DataType) -> Option<Result<ArrayLayout, UnknownAxes>> {
        let (simulate, reading) = (self.simulate, self.reading);
        let question = AxesQuestion { path: &entry?.path, data_type, simulate, reading };
        (self.outside.axes_of)(&question)
    }

    /// The axes of `data_config` where it names none.
    pub fn axes(
        &self,
        reader: &mut Reader<'_>,
        block: &Block<'_>,
        data_type: DataType,
    ) -> Option<ArrayLayout> {
        let answer = self.ask(self.input.as_ref(), data_type);
        let (UnknownAxes { found, expected, is_readable }, entry) = match (answer, &self.input) {
            (Some(Ok(layout)), _) if has_xy_side_by_side(layout.axes()) => return Some(layout),
            (Some(Ok(layout)), Some(entry)) => {
                let found = format!("{} has axes {}", entry.path.display(), layout.axes());
                let expected = "X and Y next to each other".to_owned();
                (UnknownAxes { found, expected, is_readable: false }, entry)
            }
            (Some(Err(unknown)), Some(entry)) => (unknown, entry),
            _ => return block.missing(reader, "axes", "letters of STCZYX, as in YX"),
        };
        let complaint = Complaint { found, expected, suggestion: None };
        match is_readable {
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
        let (Some(entry), Some(Ok(target))) = (&self.target, self.ask(self.target.as_ref(), data_type))
        else {
            return Some(None);
        };
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
