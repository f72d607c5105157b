//! How a model is used: how often it is asked for a tile, and what is written of its outputs.

use super::model::ModelPlan;

/// A model of a prediction, and how it is used.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{AugmentPlan, ResultPlan, ValuesPlan};
///
/// let text = "
/// output: out
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict:
///   input: a.tiff
///   models: {onnx: nets/cells.onnx, augment: flips, outputs: {classes: {argmax: true}, border: {threshold: 0.5}}}
/// ";
/// let predict = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?.predict.unwrap();
/// let network = &predict.models[0];
/// assert_eq!((network.model.name(), network.repeats.augment), ("cells", AugmentPlan::Flips));
/// let border = ResultPlan { channels: None, values: ValuesPlan::Threshold(0.5) };
/// assert_eq!(network.results.of_output("border"), Some(&border));
/// assert_eq!(network.results.of_output("others"), None);
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ModelEntry {
    /// The model.
    pub model: ModelPlan,
    /// How often it is asked for a tile.
    pub repeats: RepeatsPlan,
    /// What is written of its outputs.
    pub results: ResultsPlan,
}

/// How often a model is asked for a tile.
///
/// ```
/// assert_eq!(patchweave_config::RepeatsPlan::default().samples, 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepeatsPlan {
    /// The flips and turns that it is asked for.
    pub augment: AugmentPlan,
    /// How often for each of them, 1 to 65 536.
    pub samples: usize,
    /// Whether the deviation of all of these predictions is written; there are at least two of them then.
    pub deviation: bool,
}

impl Default for RepeatsPlan {
    /// Once, as it is.
    fn default() -> Self {
        RepeatsPlan { augment: AugmentPlan::None, samples: 1, deviation: false }
    }
}

/// The flips and turns of the YX plane that a model is asked for.
///
/// ```
/// assert_eq!(patchweave_config::AugmentPlan::default(), patchweave_config::AugmentPlan::None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AugmentPlan {
    /// The tile as it is.
    #[default]
    None,
    /// Four: the tile, flipped along Y, along X and along both.
    Flips,
    /// Eight: these, and the same a quarter turn further.
    All,
}

/// What is written of the outputs of a model.
///
/// ```
/// use patchweave_config::{ResultPlan, ResultsPlan};
///
/// let all = ResultsPlan::default();
/// assert_eq!(all.of_output("any"), Some(&ResultPlan::default()));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResultsPlan {
    /// What is written of every output.
    pub of_all: ResultPlan,
    /// The outputs that are written, each once, where only some are.
    pub named: Option<Vec<(String, ResultPlan)>>,
}

impl ResultsPlan {
    /// What is written of an output; nothing where only others are.
    pub fn of_output(&self, name: &str) -> Option<&ResultPlan> {
        match &self.named {
            Some(named) => named.iter().find(|(own, _)| own == name).map(|(_, result)| result),
            None => Some(&self.of_all),
        }
    }
}

/// What is written of an output.
///
/// ```
/// assert_eq!(patchweave_config::ResultPlan::default().channels, None);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResultPlan {
    /// The channels that count, at least one, each once; `None` for all of them.
    pub channels: Option<Vec<usize>>,
    /// What is made of them.
    pub values: ValuesPlan,
}

/// What is made of the channels of an output.
///
/// ```
/// assert_eq!(patchweave_config::ValuesPlan::default(), patchweave_config::ValuesPlan::Predicted);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum ValuesPlan {
    /// The values as they are.
    #[default]
    Predicted,
    /// For every pixel the number of the channel with the largest value.
    Argmax,
    /// 1 where a value is above this one, else 0.
    Threshold(f64),
}
