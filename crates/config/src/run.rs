//! The whole file: its sections, and what they have to agree on.

use std::path::{Path, PathBuf};

use crate::axes::Space;
use crate::data::DataPlan;
use crate::data_block::{self, ReadData, refuse_mode};
use crate::durability::{DURABILITY, Durability};
use crate::mode::Mode;
use crate::origin::{Complaint, Origin};
use crate::outside::{Outside, OwnAxes};
use crate::patching_block;
use crate::paths::path;
use crate::predict::{self, PredictPlan};
use crate::problem::{ConfigErrors, Problem};
use crate::reader::{Block, Reader, Value};
use crate::reading::{ReadingPlan, reading};
use crate::rules::Rules;
use crate::simulate::{SimulatePlan, simulate};
use crate::target_kind::check_labels;
use crate::train::{TrainPlan, train};
use crate::training_rules::{check_patch_filter, warn_of_unused};
use crate::warning::Warning;
use crate::yaml::{self, Kind};

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
    /// What of it is on the disk once it has its name.
    pub durability: Durability,
    /// Images to make first, if asked for.
    pub simulate: Option<SimulatePlan>,
    /// How images are read.
    pub reading: ReadingPlan,
    /// What the images are.
    pub data: DataPlan,
    /// The training, if asked for; there is this, `predict` or both.
    pub train: Option<TrainPlan>,
    /// The prediction, if asked for.
    pub predict: Option<PredictPlan>,
    /// What the file says without effect, in the order of its lines.
    pub warnings: Vec<Warning>,
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

    /// A warning about a key, at its place in the file or at the nearest parent that the file has.
    pub fn warning_at(&self, key_path: &str, message: impl Into<String>) -> Warning {
        self.origin.warning(self.origin.nearest(key_path), key_path, message.into())
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
    pub fn has_key(&self, key_path: &str) -> bool {
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
    parse_and_check(text, file, &Outside { env, ..Outside::default() })
}

/// Reads a text as [`parse`] does, with axes from the images where the text has none, and reports what the check of
/// `outside` finds together with the problems of the text.
///
/// # Errors
/// All problems of the file and of the check together.
pub fn parse_and_check(text: &str, file: &Path, outside: &Outside<'_>) -> Result<RunPlan, ConfigErrors> {
    let document = yaml::read(text);
    let origin = Origin::new(file, text, document.root.as_ref());
    let mut reader = Reader::new(&origin, outside.env);
    reader.report_refusals(document.refusals);
    let root = document.root.as_ref();
    let sections = root.and_then(|root| sections(&mut reader, &Value::root(root), outside));
    let (mut problems, warnings) = reader.into_findings();
    let plan = sections.map(|sections| RunPlan {
        output: sections.output,
        durability: sections.durability,
        simulate: sections.simulate,
        reading: sections.reading,
        data: sections.data,
        train: sections.train,
        predict: sections.predict,
        warnings,
        origin,
    });
    match plan {
        Some(mut plan) => {
            let found = (outside.check)(&plan);
            problems.extend(found.problems);
            plan.warnings.extend(found.warnings);
            plan.warnings.sort_by_key(|warning| (warning.line, warning.column));
            if problems.is_empty() { Ok(plan) } else { Err(ConfigErrors::new(file.to_owned(), problems)) }
        }
        None => Err(ConfigErrors::new(file.to_owned(), problems)),
    }
}

struct Sections {
    output: PathBuf,
    durability: Durability,
    simulate: Option<SimulatePlan>,
    reading: ReadingPlan,
    data: DataPlan,
    train: Option<TrainPlan>,
    predict: Option<PredictPlan>,
}

const KEYS: &[&str] = &["output", "durability", "simulate", "reading", "data_config", "train", "predict"];

fn sections(reader: &mut Reader<'_>, root: &Value<'_>, outside: &Outside<'_>) -> Option<Sections> {
    if *root.kind == Kind::Null {
        return reader.refuse_found(root, "the file is empty", format!("keys {}", KEYS.join(", ")));
    }
    let block = root.block(reader)?.only(reader, KEYS);
    let output = block.need(reader, "output", "a folder", path);
    let durability =
        block.or(reader, "durability", Durability::default(), |reader, value| DURABILITY.read(reader, value));
    let simulate = block.maybe(reader, "simulate", simulate);
    let reading = block.or(reader, "reading", ReadingPlan::default(), reading).unwrap_or_default();
    let data_block = block.get("data_config").and_then(|value| value.as_block());
    let mut data = block.need(reader, "data_config", "a block of keys", |reader, value| {
        let simulate = simulate.as_ref().and_then(Option::as_ref);
        let own_axes = OwnAxes::of(reader, &block, simulate, reading, *outside);
        data_block::data(reader, value, Rules::RUN, &own_axes)
    });
    let train = block.maybe(reader, "train", |reader, value| train(reader, value, data.as_ref())).flatten();
    if let (Some(data_block), Some(data), Some(train)) = (&data_block, &mut data, &train) {
        check_patch_filter(reader, data_block, data);
        warn_of_unused(reader, data_block, data, train.constructor);
        if train.target_kind.is_labels() {
            check_labels(reader, data_block, data);
        }
    }
    let known = data.as_ref().map(|data| data.plan.axes.clone());
    let axes = known.or_else(|| data_block.as_ref().and_then(data_block::axes_of));
    let channels = data.as_ref().and_then(|data| data.plan.channels.clone());
    let defaults = predict::Defaults {
        space: axes.as_ref().map(|axes| Space::new(axes, None)),
        batch_size: data.as_ref().and_then(|data| data.batch_size),
        patching: data.as_ref().and_then(|data| data.patching.as_ref()),
        is_tiling: data_block.as_ref().is_some_and(patching_block::is_tiling),
        // A training that mixes its input selects channels of the target.
        channels: channels.filter(|_| train.as_ref().is_none_or(|train| train.constructor.has_inputs())),
    };
    let predict = block.maybe(reader, "predict", |reader, value| predict::predict(reader, value, &defaults));
    check_sections(reader, &block, data_block.as_ref());
    let data = data?;
    let (train, predict) = (known_train(train, &data), predict.flatten());
    let predict = predict.filter(|_| data.has_channels || data.plan.lateral.is_none());
    Some(Sections {
        output: output.unwrap_or_default(),
        durability: durability.unwrap_or_default(),
        // Without it nobody knows which images are still to be made.
        simulate: simulate?,
        reading,
        data: data.plan,
        train,
        predict,
    })
}

/// A training without what cannot be opened or checked, because something of `data_config` was refused.
fn known_train(train: Option<TrainPlan>, data: &ReadData) -> Option<TrainPlan> {
    let train = train?;
    match (data.has_target_axes, data.has_channels) {
        // How many channels are mixed, or left for lateral context, is not known.
        (_, false) if train.constructor.is_lateral() => None,
        // Without their own axes targets cannot be opened.
        (false, _) if !train.constructor.has_inputs() => None,
        (false, _) => Some(TrainPlan { targets: Vec::new(), val_targets: Vec::new(), ..train }),
        (true, _) => Some(train),
    }
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
