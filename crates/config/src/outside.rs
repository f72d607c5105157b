//! What reading a configuration asks of the world around it: the environment, and the images where the text is silent.
//!
//! Nothing here opens an image; the caller answers.

use std::path::{Path, PathBuf};

use patchweave_geometry::{Axes, Axis};

use crate::axes::{Space, has_xy_side_by_side};
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
///
/// let text = "
/// output: out
/// data_config: {mode: predicting, data_type: tiff, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: a.ome.tiff, models: [identity]}
/// ";
/// let outside = Outside {
///     axes_of: &|question| {
///         assert_eq!(question.path, Path::new("a.ome.tiff"));
///         Some(Ok("ZYX".parse().unwrap()))
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
    /// The axes that an image names for itself, asked only where the configuration names none; `None` says that they
    /// have to be written.
    pub axes_of: &'a dyn Fn(&AxesQuestion<'_>) -> Option<Result<Axes, UnknownAxes>>,
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

    fn ask(&self, entry: Option<&Entry>, data_type: DataType) -> Option<Result<Axes, UnknownAxes>> {
        let (simulate, reading) = (self.simulate, self.reading);
        let question = AxesQuestion { path: &entry?.path, data_type, simulate, reading };
        (self.outside.axes_of)(&question)
    }

    /// The axes of `data_config` where it names none.
    pub fn axes(&self, reader: &mut Reader<'_>, block: &Block<'_>, data_type: DataType) -> Option<Axes> {
        let answer = self.ask(self.input.as_ref(), data_type);
        let (UnknownAxes { found, expected, is_readable }, entry) = match (answer, &self.input) {
            (Some(Ok(axes)), _) if has_xy_side_by_side(&axes) => return Some(axes),
            (Some(Ok(axes)), Some(entry)) => {
                let found = format!("{} has axes {axes}", entry.path.display());
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

    /// The axes of the targets where `data_config` names no axes at all; nothing where they are those of the inputs or
    /// where the first target does not tell.
    pub fn target_axes(
        &self,
        reader: &mut Reader<'_>,
        data_type: DataType,
        input: &Axes,
    ) -> Option<Option<Axes>> {
        let (Some(entry), Some(Ok(axes))) = (&self.target, self.ask(self.target.as_ref(), data_type)) else {
            return Some(None);
        };
        let form = |axes: &Axes| {
            let samples = [Axis::S, Axis::T].map(|axis| axes.contains(axis));
            (samples, Space::new(axes, Some(data_type)).n_spatial)
        };
        if form(&axes) == form(input) {
            return Some(Some(axes).filter(|axes| axes != input));
        }
        let found = format!("{} has axes {axes}", entry.path.display());
        let expected =
            format!("the same of S, T and Z as in axes {input} of the inputs, or axes in data_config");
        reader.report(entry.location, &entry.key_path, Complaint { found, expected, suggestion: None });
        None
    }
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
