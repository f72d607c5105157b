//! The outputs of a prediction: formats that were found, and how each is written. Nothing here writes.

use patchweave_config::{
    AxisSizes, CompressionPlan, ConfigValue, LevelAxesPlan, LevelCount, OutputPlan, Problem, RunPlan,
};
use patchweave_formats::{RemoteOptions, is_url};
use patchweave_sink::{Codec, Compression, ImageSpec, LevelAxes, OutputKind, SinkError, SinkFormats};
use serde_json::Value;

use crate::read_back::ReadBack;

/// What YAML calls OME-Zarr where images are read, and people write for results.
const READ_NAME: &str = "zarr";

/// One output of a prediction: a format that was found, and how it is written.
///
/// [`Prediction::outputs`](crate::Prediction::outputs) gives them.
#[derive(Debug, Clone)]
pub struct Output {
    name: String,
    ending: String,
    /// In an order in which each fits those before it.
    pub(crate) settings: Vec<Setting>,
    pub(crate) back: Option<ReadBack>,
    /// How what was written is reached behind a URL.
    pub(crate) remote: RemoteOptions,
}

impl Output {
    /// The name of the format.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its files end in, without the first dot.
    #[must_use]
    pub fn ending(&self) -> &str {
        &self.ending
    }

    /// Whether [`compare`](crate::compare) and [`Prediction::picture`](crate::Prediction::picture) can read what is written.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.back.is_some()
    }

    /// The specification of an image in this format.
    pub(crate) fn spec(&self, mut spec: ImageSpec) -> ImageSpec {
        self.settings.iter().for_each(|setting| setting.apply(&mut spec));
        spec
    }
}

/// One thing that a configuration says of how an output is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Setting {
    Compression(Compression),
    Chunks(AxisSizes),
    /// A setting of the format, and whether it is a number in the configuration.
    Own {
        key: String,
        value: Value,
        is_number: bool,
    },
    Shards(AxisSizes),
    Axes(LevelAxes),
    Levels(LevelCount),
}

impl Setting {
    /// The key in the block of the output.
    pub fn key(&self) -> &str {
        match self {
            Setting::Compression(_) => "compression",
            Setting::Chunks(_) => "chunks",
            Setting::Own { key, .. } => key,
            Setting::Shards(_) => "shards",
            Setting::Axes(_) => "level_axes",
            Setting::Levels(_) => "levels",
        }
    }

    pub fn apply(&self, spec: &mut ImageSpec) {
        let axes = spec.layout.axes().as_slice();
        match self {
            Setting::Compression(compression) => spec.compression = *compression,
            Setting::Chunks(sizes) => {
                spec.chunks = Some(axes.iter().map(|axis| sizes.along(*axis).unwrap_or(1)).collect());
            }
            Setting::Own { key, value, .. } => drop(spec.options.insert(key.clone(), value.clone())),
            Setting::Shards(sizes) => {
                // Along axes that are not named, shards are one chunk.
                let chunk = |at: usize| spec.chunks.as_ref().and_then(|chunks| chunks.get(at)).copied();
                let size = |(at, axis): (usize, &patchweave_geometry::Axis)| {
                    sizes.along(*axis).or_else(|| chunk(at)).unwrap_or(1)
                };
                spec.shards = Some(axes.iter().enumerate().map(size).collect());
            }
            Setting::Axes(axes) => spec.level_axes = *axes,
            Setting::Levels(LevelCount::Auto) => spec.levels = spec.enough_levels(),
            Setting::Levels(LevelCount::Given(n)) => spec.levels = *n,
        }
    }
}

/// The key of an output, or of something in its block where the file has that.
pub(crate) fn output_key(plan: &RunPlan, place: usize, key: &str) -> String {
    let entry = format!("predict.formats[{place}]");
    let entry = if plan.has_key(&entry) { entry } else { "predict.formats".to_owned() };
    let inside = format!("{entry}.{key}");
    if plan.has_key(&inside) { inside } else { entry }
}

/// The outputs of a plan in its order, each with its place in the plan, and what is not known of them.
pub(crate) fn outputs_of(plan: &RunPlan, sinks: &SinkFormats) -> (Vec<(usize, Output)>, Vec<Problem>) {
    let mut outputs: Vec<(usize, Output)> = Vec::new();
    let mut problems = Vec::new();
    let formats = plan.predict.iter().flat_map(|predict| &predict.formats);
    for (place, output) in formats.enumerate() {
        let ending = match found(plan, place, &output.format, sinks) {
            Ok(ending) => ending,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        if let Some((_, other)) = outputs.iter().find(|(_, other)| other.ending == ending) {
            let got =
                format!("got {:?}, whose files end in .{ending} like those of {}", output.format, other.name);
            let key = output_key(plan, place, "name");
            problems.push(plan.problem_at(&key, got, "formats with endings of their own"));
        }
        let settings = settings(plan, place, output, &mut problems);
        let back = ReadBack::of(output);
        let (name, remote) = (output.format.clone(), sinks.remote().clone());
        outputs.push((place, Output { name, ending, settings, back, remote }));
    }
    (outputs, problems)
}

/// What the files of a format end in, if it is known, makes files and can be written where results belong.
fn found(plan: &RunPlan, place: usize, name: &str, sinks: &SinkFormats) -> Result<String, Problem> {
    let is_stored = is_url(&plan.output);
    let is_written = |kind| kind == OutputKind::Store || !is_stored && kind != OutputKind::Memory;
    let files = || sinks.all().iter().filter(|format| is_written(format.output()));
    let names: Vec<&str> = files().map(|format| format.name()).collect();
    let key = output_key(plan, place, "name");
    match sinks.find(name.as_ref(), Some(name)) {
        Ok(format) if is_stored && format.output() == OutputKind::File => {
            let got = format!("got {name:?}, which is not written behind a URL");
            let expected = format!("{}, or a folder as `output`", alternatives(&names));
            Err(plan.problem_at(&key, got, expected))
        }
        Ok(format) if is_written(format.output()) => {
            Ok(format.endings().first().map_or(name, |ending| *ending).to_owned())
        }
        Err(SinkError::NotBuilt { format, feature, .. }) => {
            let got = format!("{format} cannot be written");
            Err(plan.problem_at(&key, got, format!("patchweave built with the feature {feature}")))
        }
        _ => {
            let hint = if name == READ_NAME { " (zarr is called ome_zarr here)" } else { "" };
            let expected = format!("{}{hint}", alternatives(&names));
            Err(plan.problem_at(&key, format!("got {name:?}"), expected).suggesting(name, names))
        }
    }
}

/// What a plan says of an output, without what cannot be meant.
fn settings(plan: &RunPlan, place: usize, output: &OutputPlan, problems: &mut Vec<Problem>) -> Vec<Setting> {
    let mut settings = Vec::new();
    if let Some(CompressionPlan { codec: name, level }) = &output.compression {
        match Codec::from_name(name) {
            Some(codec) => settings.push(Setting::Compression(Compression { codec, level: *level })),
            None => {
                let names: Vec<&str> = Codec::names().collect();
                let key = output_key(plan, place, "compression");
                let problem = plan.problem_at(&key, format!("got {name:?}"), alternatives(&names));
                problems.push(problem.suggesting(name, names));
            }
        }
    }
    settings.extend(output.chunks.clone().map(Setting::Chunks));
    for (key, value) in &output.settings {
        let is_number = matches!(value, ConfigValue::Int(_) | ConfigValue::Float(_));
        match serde_json::to_value(value) {
            Ok(value) => settings.push(Setting::Own { key: key.clone(), value, is_number }),
            Err(error) => {
                let key = output_key(plan, place, key);
                problems.push(plan.problem_at(&key, error.to_string(), "numbers of at most 64 bits"));
            }
        }
    }
    settings.extend(output.shards.clone().map(Setting::Shards));
    match output.level_axes {
        LevelAxesPlan::Auto => {}
        LevelAxesPlan::Yx => settings.push(Setting::Axes(LevelAxes::Yx)),
        LevelAxesPlan::Zyx => settings.push(Setting::Axes(LevelAxes::Zyx)),
    }
    if output.levels != LevelCount::Given(1) {
        settings.push(Setting::Levels(output.levels));
    }
    settings
}

/// Names as in `a, b or c`.
fn alternatives(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}
