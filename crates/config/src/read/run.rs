//! The whole file: its sections, and the rules that concern several of them.

use std::path::{Path, PathBuf};

use super::data::axes::axes_of;
use super::data::own_axes::OwnAxes;
use super::data::patching::is_tiling;
use super::data::read_data::ReadData;
use super::data::section::{data, refuse_mode};
use super::outside::Outside;
use super::predict::{Defaults, predict};
use super::reading::reading;
use super::rules::Rules;
use super::simulate::simulate;
use super::train::needs::{check_patch_filter, warn_of_unused};
use super::train::section::train;
use super::train::target_kind::check_labels;
use super::values::{Block, Names, Reader, Value, output_folder, truth};
use crate::plan::{
    DataPlan, Durability, Mode, PredictPlan, ReadingPlan, RunPlan, SimulatePlan, Space, TrainPlan,
};
use crate::text::{ConfigErrors, Kind, Origin, yaml};

/// Parses the text of a configuration file.
///
/// `file` is its path; it is not opened, but paths in the text are relative to its folder. `env` gives the environment
/// variables that the text refers to with `${NAME}`. A key with the value `null` counts as absent.
///
/// # Errors
/// All problems of the text.
pub fn parse(text: &str, file: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<RunPlan, ConfigErrors> {
    parse_and_check(text, file, &Outside { env, ..Outside::default() })
}

/// Parses a text as [`parse`] does, and asks `outside` about images: for the axes that the text does not give, and for a
/// check of the plan.
///
/// # Errors
/// All problems of the text and of the check.
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
        overwrite: sections.overwrite,
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

/// The sections of a file.
struct Sections {
    output: PathBuf,
    overwrite: bool,
    durability: Durability,
    simulate: Option<SimulatePlan>,
    reading: ReadingPlan,
    data: DataPlan,
    train: Option<TrainPlan>,
    predict: Option<PredictPlan>,
}

const KEYS: &[&str] =
    &["output", "overwrite", "durability", "simulate", "reading", "data_config", "train", "predict"];

const DURABILITY: Names<'_, Durability> = Names {
    known: &[("full", Durability::Full), ("files", Durability::Files), ("none", Durability::None)],
    refused: &[],
};

fn sections(reader: &mut Reader<'_>, root: &Value<'_>, outside: &Outside<'_>) -> Option<Sections> {
    if *root.kind == Kind::Null {
        return reader.refuse_found(root, "the file is empty", format!("keys {}", KEYS.join(", ")));
    }
    let block = root.block(reader)?.only(reader, KEYS);
    let output = block.need(reader, "output", "a folder", output_folder);
    let overwrite = block.or(reader, "overwrite", false, truth);
    let durability =
        block.or(reader, "durability", Durability::default(), |reader, value| DURABILITY.read(reader, value));
    let simulate = block.maybe(reader, "simulate", simulate);
    let reading = block.or(reader, "reading", ReadingPlan::default(), reading).unwrap_or_default();
    let data_block = block.get("data_config").and_then(|value| value.as_block());
    let mut data = block.need(reader, "data_config", "a block of keys", |reader, value| {
        let simulate = simulate.as_ref().and_then(Option::as_ref);
        let own_axes = OwnAxes::of(reader, &block, simulate, reading, outside.axes_of);
        data(reader, value, Rules::RUN, &own_axes)
    });
    let train = block.maybe(reader, "train", |reader, value| train(reader, value, data.as_ref())).flatten();
    if let Some(data_block) = &data_block
        && let Some(data) = &mut data
        && let Some(train) = &train
    {
        check_training(reader, data_block, data, train);
    }
    let predict = read_predict(reader, &block, data_block.as_ref(), data.as_ref(), train.as_ref());
    check_sections(reader, &block, data_block.as_ref());
    let data = data?;
    Some(Sections {
        output: output.unwrap_or_default(),
        overwrite: overwrite.unwrap_or_default(),
        durability: durability.unwrap_or_default(),
        // Without it, it is unknown which images are simulated rather than opened.
        simulate: simulate?,
        reading,
        train: known_train(train, &data),
        predict: known_predict(predict, &data),
        data: data.plan,
    })
}

/// Checks what a training needs of `data_config`.
fn check_training(reader: &mut Reader<'_>, block: &Block<'_>, data: &mut ReadData, train: &TrainPlan) {
    check_patch_filter(reader, block, data);
    warn_of_unused(reader, block, data, train.constructor);
    if train.target_kind.is_labels() {
        check_labels(reader, block, data);
    }
}

/// The section `predict`, whose defaults `data_config` gives.
fn read_predict(
    reader: &mut Reader<'_>,
    root: &Block<'_>,
    data_block: Option<&Block<'_>>,
    data: Option<&ReadData>,
    train: Option<&TrainPlan>,
) -> Option<PredictPlan> {
    let accepted = data.map(|data| data.plan.axes.clone());
    let axes = accepted.or_else(|| data_block.and_then(axes_of));
    // Where a training mixes its input, `channels` selects those of the target.
    let has_inputs = train.is_none_or(|train| train.constructor.has_inputs());
    let channels = data.and_then(|data| data.plan.channels.clone());
    let defaults = Defaults {
        space: axes.as_ref().map(|axes| Space::new(axes, None)),
        batch_size: data.and_then(|data| data.batch_size),
        patching: data.and_then(|data| data.patching.as_ref()),
        is_tiling: data_block.is_some_and(is_tiling),
        channels: channels.filter(|_| has_inputs),
    };
    root.maybe(reader, "predict", |reader, value| predict(reader, value, &defaults)).flatten()
}

/// The training without images that cannot be opened or checked because a key of `data_config` was refused.
fn known_train(train: Option<TrainPlan>, data: &ReadData) -> Option<TrainPlan> {
    let train = train?;
    match (data.has_target_axes, data.has_channels) {
        // The number of channels is unknown.
        (_, false) if train.constructor.is_lateral() => None,
        // The axes of the targets are unknown.
        (false, _) if !train.constructor.has_inputs() => None,
        (false, _) => Some(TrainPlan { targets: Vec::new(), val_targets: Vec::new(), ..train }),
        (true, _) => Some(train),
    }
}

/// The prediction without images that cannot be opened or checked because a key of `data_config` was refused.
fn known_predict(predict: Option<PredictPlan>, data: &ReadData) -> Option<PredictPlan> {
    let predict = predict.filter(|_| data.has_channels || data.plan.lateral.is_none())?;
    let targets = if data.has_target_axes { predict.targets } else { Vec::new() };
    Some(PredictPlan { targets, ..predict })
}

/// Checks that there is a section to run, and that the mode of the data set fits it.
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
