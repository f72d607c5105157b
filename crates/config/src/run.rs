//! The whole file: its sections, and what they have to agree on.

use std::path::{Path, PathBuf};

use crate::data::{self, DataPlan, Mode, refuse_mode};
use crate::normalization::Targets;
use crate::origin::{Complaint, Origin, key_path, printable};
use crate::patching;
use crate::paths::path;
use crate::predict::{self, PredictPlan};
use crate::problem::{ConfigErrors, Problem};
use crate::reader::{Block, Reader, Value};
use crate::simulate::{SimulatePlan, simulate};
use crate::train::{TrainPlan, train};
use crate::yaml::{self, Kind, Reason, Refusal};

/// A checked configuration.
///
/// Every value is in its range and fits the others; what depends on the images themselves is left to
/// [`check_images`](crate::check_images). The plan remembers where its keys stand in the file, so that
/// problems found later are printed like those found at once.
///
/// ```
/// use std::path::Path;
///
/// let text = "
/// output: ../out
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict:
///   input: a.tiff
///   models: [identity]
/// ";
/// let plan = patchweave_config::parse(text, Path::new("configs/a.yaml"), &|_| None)?;
/// assert_eq!(plan.output, Path::new("configs/../out"));
///
/// let problem = plan.problem_at("predict.input", "the file is damaged", "a readable TIFF file");
/// let expected = "\
/// configs/a.yaml:6:10: predict.input: the file is damaged, expected a readable TIFF file
///   |
/// 6 |   input: a.tiff
///   |          ^^^^^^
///
/// 1 problem in configs/a.yaml";
/// assert_eq!(plan.errors(vec![problem]).to_string(), expected);
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RunPlan {
    /// The folder for everything that is written.
    pub output: PathBuf,
    /// Images to make first, if asked for.
    pub simulate: Option<SimulatePlan>,
    /// What the images are.
    pub data: DataPlan,
    /// The training, if asked for; there is this, `predict` or both.
    pub train: Option<TrainPlan>,
    /// The prediction, if asked for.
    pub predict: Option<PredictPlan>,
    origin: Origin,
}

impl RunPlan {
    /// A problem of a key, at its place in the file or at the nearest parent that the file has.
    ///
    /// `found` says what is there, `expected` what would be accepted.
    pub fn problem_at(
        &self,
        key_path: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Problem {
        let complaint = Complaint { found: found.into(), expected: expected.into(), suggestion: None };
        self.origin.problem(self.origin.nearest(key_path), key_path, complaint)
    }

    /// Problems of this file, in the form that [`parse`] reports them.
    pub fn errors(&self, problems: Vec<Problem>) -> ConfigErrors {
        ConfigErrors::new(self.origin.file().to_owned(), problems)
    }

    /// The configuration file itself.
    pub fn file(&self) -> &Path {
        self.origin.file()
    }

    /// Whether the file itself has a key.
    pub(crate) fn has_key(&self, key_path: &str) -> bool {
        self.origin.has(key_path)
    }
}

/// Reads the text of the configuration file `file`.
///
/// Paths in it are relative to the folder of `file` (which is not opened), and `${NAME}` in them stands
/// for what `env` knows. A key with the value `null` counts as left out.
///
/// # Errors
/// All problems of the file together.
pub fn parse(text: &str, file: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<RunPlan, ConfigErrors> {
    parse_and_check(text, file, env, &|_| Vec::new())
}

/// Reads a text as [`parse`] does and reports what `check` finds together with the problems of the text.
///
/// `check` sees the plan also where values were refused, with stand-ins in their place that fit any image, so
/// that a person learns of everything at once. It is not called if the text does not even say which images
/// there are and what they are.
///
/// # Errors
/// All problems of the file and of `check` together.
pub fn parse_and_check(
    text: &str,
    file: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    check: &dyn Fn(&RunPlan) -> Vec<Problem>,
) -> Result<RunPlan, ConfigErrors> {
    let document = yaml::read(text);
    let origin = Origin::new(file, text, document.root.as_ref());
    let mut reader = Reader::new(&origin, env);
    for refusal in document.refusals {
        report_refusal(&mut reader, refusal);
    }
    let sections = document.root.as_ref().and_then(|root| sections(&mut reader, &Value::root(root)));
    let mut problems = reader.into_problems();
    let plan = sections.map(|sections| RunPlan {
        output: sections.output,
        simulate: sections.simulate,
        data: sections.data,
        train: sections.train,
        predict: sections.predict,
        origin,
    });
    match plan {
        Some(plan) => {
            problems.extend(check(&plan));
            if problems.is_empty() { Ok(plan) } else { Err(ConfigErrors::new(file.to_owned(), problems)) }
        }
        None => Err(ConfigErrors::new(file.to_owned(), problems)),
    }
}

fn report_refusal(reader: &mut Reader<'_>, refusal: Refusal) {
    let (path, found, expected) = match refusal.reason {
        Reason::DuplicateKey { key, parent } => {
            (key_path(&parent, &key), "stands here a second time".into(), "each key once")
        }
        Reason::SecondDocument => {
            (String::new(), "a second document starts here".into(), "one document per file")
        }
        Reason::Syntax(message) => {
            (String::new(), format!("not readable as YAML: {}", printable(&message)), "valid YAML")
        }
    };
    reader.report(refusal.location, &path, Complaint { found, expected: expected.into(), suggestion: None });
}

struct Sections {
    output: PathBuf,
    simulate: Option<SimulatePlan>,
    data: DataPlan,
    train: Option<TrainPlan>,
    predict: Option<PredictPlan>,
}

const KEYS: &[&str] = &["output", "simulate", "data_config", "train", "predict"];

fn sections(reader: &mut Reader<'_>, root: &Value<'_>) -> Option<Sections> {
    if *root.kind == Kind::Null {
        return reader.refuse_found(root, "the file is empty", format!("keys {}", KEYS.join(", ")));
    }
    let block = root.block(reader)?.only(reader, KEYS);
    let output = block.need(reader, "output", "a folder", path);
    let simulate = block.maybe(reader, "simulate", simulate);
    let data_block = block.get("data_config").and_then(|value| value.as_block());
    let data = block.need(reader, "data_config", "a block of keys", |reader, value| {
        data::data(reader, value, targets(&block))
    });
    let train = block.maybe(reader, "train", train).flatten();
    let axes = data_block.as_ref().and_then(data::axes_of);
    let defaults = predict::Defaults {
        axes: axes.as_ref(),
        batch_size: data.as_ref().and_then(|data| data.batch_size),
        patching: data.as_ref().and_then(|data| data.patching.as_ref()),
        is_tiling: data_block.as_ref().is_some_and(patching::is_tiling),
    };
    let predict = block.maybe(reader, "predict", |reader, value| predict::predict(reader, value, &defaults));
    check_sections(reader, &block, data_block.as_ref());
    let data = data?;
    // Without their own axes targets cannot be opened.
    let train = train.map(|train| match data.has_target_axes {
        true => train,
        false => TrainPlan { targets: Vec::new(), ..train },
    });
    Some(Sections {
        output: output.unwrap_or_default(),
        // Without it nobody knows which images are still to be made.
        simulate: simulate?,
        data: data.plan,
        train,
        predict: predict.flatten(),
    })
}

/// There has to be something to do, and the data set has to be for it.
fn check_sections(reader: &mut Reader<'_>, block: &Block<'_>, data: Option<&Block<'_>>) {
    let has_train = block.given("train").is_some();
    let has_predict = block.given("predict").is_some();
    if !has_train && !has_predict {
        block.missing::<()>(reader, "train", "`train`, `predict` or both");
    }
    let Some(data) = data else { return };
    let mode = match data.get("mode").map(|value| value.kind) {
        Some(Kind::Text(mode)) => mode.as_str(),
        _ => return,
    };
    let unfit_for_training = [Mode::Validating.name(), Mode::Predicting.name()].contains(&mode);
    if has_train && unfit_for_training {
        refuse_mode(reader, data, "training, because there is a `train` section");
    } else if has_predict && mode == Mode::Validating.name() {
        refuse_mode(reader, data, "predicting or training, because there is a `predict` section");
    }
}

/// Whether the file names targets, whatever else is wrong with its `train` section.
fn targets(block: &Block<'_>) -> Targets {
    let given =
        block.given("train").and_then(|train| train.as_block()).and_then(|train| train.given("target"));
    if given.is_some() { Targets::Given } else { Targets::Absent }
}
