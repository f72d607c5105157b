//! Who runs networks, on the command line.

use patchweave_onnx::{Runtime, installed_runtime, loaded_runtime};

use crate::Failure;

/// Reads `--runtime`.
pub(crate) fn runtime(text: &str) -> Result<Runtime, Failure> {
    text.parse().map_err(|error| Failure::Arguments(format!("--runtime: {error}")))
}

/// Who runs the network that was opened, and who could.
pub(crate) fn told(runtime: &Runtime) -> String {
    match (runtime, loaded_runtime()) {
        (Runtime::OnnxRuntime { .. }, Some(loaded)) => format!("run by {loaded}"),
        _ => match installed_runtime() {
            Some(library) => format!(
                "run by tract, which is part of this program; `runtime: onnxruntime` runs it several times as quick by {}",
                library.display()
            ),
            None => "run by tract, which is part of this program".to_owned(),
        },
    }
}
