//! The models of a prediction.

use std::path::PathBuf;

/// A model that is built in, or a network in a file.
///
/// ```
/// assert_eq!(patchweave_config::ModelPlan::Gaussian { sigma: 2.0 }.name(), "gaussian");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum ModelPlan {
    /// Returns its input.
    Identity,
    /// The mean of the channels of its input.
    ChannelMean,
    /// Gaussian blur.
    Gaussian {
        /// Standard deviation in pixels, above 0 and at most 100.
        sigma: f64,
    },
    /// A network.
    Onnx(OnnxPlan),
    /// A package of the BioImage Model Zoo.
    Bioimage(BioimagePlan),
}

impl ModelPlan {
    /// The name in a configuration; of a network or package the one that it was given, or that of its file.
    pub fn name(&self) -> &str {
        match self {
            ModelPlan::Identity => "identity",
            ModelPlan::ChannelMean => "channel_mean",
            ModelPlan::Gaussian { .. } => "gaussian",
            ModelPlan::Onnx(network) => &network.name,
            ModelPlan::Bioimage(package) => &package.name,
        }
    }
}

/// A network in an ONNX file.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{IntensitiesPlan, ModelPlan};
///
/// let text = "
/// output: out
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: a.tiff, models: {onnx: nets/nuclei.onnx, halo: 32, intensities: own}}
/// ";
/// let predict = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?.predict.unwrap();
/// let ModelPlan::Onnx(network) = &predict.models[0].model else { unreachable!() };
/// assert_eq!((network.name.as_str(), network.halo), ("nuclei", Some(32)));
/// assert_eq!(network.intensities, IntensitiesPlan::Own);
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnnxPlan {
    /// The file.
    pub path: PathBuf,
    /// What results are called after (`name`); by default the name of the file.
    pub name: String,
    /// The axes of its input, such as `NCYX`; by default found out.
    pub axes: Option<String>,
    /// How many pixels around a pixel its outputs depend on.
    pub halo: Option<usize>,
    /// Whether tiles of another size than the file says are tried.
    pub resize: bool,
    /// What its outputs are.
    pub intensities: IntensitiesPlan,
    /// Who runs it.
    pub runtime: RuntimePlan,
}

/// A package of the BioImage Model Zoo, which prepares its input itself.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::ModelPlan;
///
/// let text = "
/// output: out
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: a.tiff, models: {bioimage: nets/nuclei.zip}}
/// ";
/// let predict = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?.predict.unwrap();
/// let ModelPlan::Bioimage(package) = &predict.models[0].model else { unreachable!() };
/// assert_eq!(package.name, "nuclei");
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BioimagePlan {
    /// A folder, an archive, or the file that describes a package.
    pub path: PathBuf,
    /// What results are called after (`name`); by default the name of the folder or archive.
    pub name: String,
    /// Who runs its network.
    pub runtime: RuntimePlan,
}

/// Who runs a network.
///
/// ```
/// assert_eq!(patchweave_config::RuntimePlan::default(), patchweave_config::RuntimePlan::Tract);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RuntimePlan {
    /// tract, which is part of the program.
    #[default]
    Tract,
    /// ONNX Runtime.
    OnnxRuntime {
        /// Its library; by default that of the environment or of Python.
        library: Option<PathBuf>,
    },
}

/// Whose intensities the outputs of a model have, and so how they are brought back to raw ones.
///
/// ```
/// assert_eq!(patchweave_config::IntensitiesPlan::default(), patchweave_config::IntensitiesPlan::Target);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IntensitiesPlan {
    /// Those of the input.
    Input,
    /// Those of the target of the training.
    #[default]
    Target,
    /// Nobody's, such as a probability: they stay as they are.
    Own,
}
