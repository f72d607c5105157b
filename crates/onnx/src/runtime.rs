//! Who runs a network.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Who runs a network.
///
/// ```
/// use patchweave_onnx::Runtime;
///
/// let runtime: Runtime = "onnxruntime=/opt/lib/libonnxruntime.so".parse()?;
/// assert_eq!(runtime, Runtime::OnnxRuntime { library: Some("/opt/lib/libonnxruntime.so".into()) });
/// assert_eq!("tract".parse(), Ok(Runtime::Tract));
/// # Ok::<(), patchweave_onnx::UnknownRuntime>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Runtime {
    /// [tract](https://docs.rs/tract-onnx), which is part of this library.
    #[default]
    Tract,
    /// [ONNX Runtime](https://onnxruntime.ai), 1.17 or later, whose library is loaded when the first network is opened; built with
    /// the feature `ort`.
    ///
    /// It is several times as quick as tract. A process loads one library and keeps it.
    OnnxRuntime {
        /// The library; by default that which the variable `ORT_DYLIB_PATH` of the environment names, or that of the Python package
        /// `onnxruntime` which `python3` finds.
        library: Option<PathBuf>,
    },
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Runtime::Tract => f.write_str("tract"),
            Runtime::OnnxRuntime { library: None } => f.write_str("onnxruntime"),
            Runtime::OnnxRuntime { library: Some(path) } => write!(f, "onnxruntime={}", path.display()),
        }
    }
}

/// Text that names no runtime.
///
/// ```
/// use patchweave_onnx::Runtime;
///
/// let error = "torch".parse::<Runtime>().unwrap_err();
/// assert_eq!(error.to_string(), "got runtime torch, expected tract, onnxruntime or onnxruntime=LIBRARY");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("got runtime {0}, expected tract, onnxruntime or onnxruntime=LIBRARY")]
pub struct UnknownRuntime(String);

impl FromStr for Runtime {
    type Err = UnknownRuntime;

    fn from_str(text: &str) -> Result<Self, UnknownRuntime> {
        match text.split_once('=') {
            None if text == "tract" => Ok(Runtime::Tract),
            None if text == "onnxruntime" => Ok(Runtime::OnnxRuntime { library: None }),
            Some(("onnxruntime", library)) if !library.is_empty() => {
                Ok(Runtime::OnnxRuntime { library: Some(library.into()) })
            }
            _ => Err(UnknownRuntime(text.to_owned())),
        }
    }
}
