//! Networks that [ONNX Runtime](https://onnxruntime.ai) runs, whose library is loaded while the program runs.

mod library;
mod network;
mod resized;
mod values;

use std::path::{Path, PathBuf};

use patchweave_model::Cause;
use tract_onnx::pb;

use crate::checks::check_operators;
use crate::network::Network;
use crate::search::Found;
use crate::tract::Planner;
use crate::{FileAxes, LoadedRuntime, OnnxError, OnnxFile};
use network::OnnxRuntime;

/// Opens a network, and finds out with `search` what it takes and makes.
///
/// `resize` are the axes of the input where sizes are to be left open.
pub(crate) fn open(
    (file, mut content, folder): (&OnnxFile, pb::ModelProto, &Path),
    library: Option<&Path>,
    resize: Option<&FileAxes>,
    search: impl Fn(&dyn Network) -> Result<Found, OnnxError>,
) -> Result<(Box<dyn Network>, Found), OnnxError> {
    if let Some(axes) = resize {
        resized::leave_open(&mut content, axes);
    }
    let refused =
        |source: Cause| OnnxError::Runtime { path: file.path.clone(), runtime: "ONNX Runtime", source };
    let environment = library::environment(library).map_err(refused)?;
    network::check(&content).map_err(refused)?;
    // What tract plans need not be tried out.
    let planner = check_operators(file, &content).ok().and_then(|()| Planner::new(&content, folder).ok());
    let unloadable = |source: Cause| OnnxError::Unloadable { path: file.path.clone(), source };
    let network = OnnxRuntime::new(environment, &content, folder, planner).map_err(unloadable)?;
    if network.has_planner() {
        match search(&network) {
            // What tract does not plan may run all the same.
            Err(OnnxError::Unusable { .. }) => {}
            found => return found.map(|found| (Box::new(network) as Box<dyn Network>, found)),
        }
    }
    let network = network.without_planner();
    let found = search(&network)?;
    Ok((Box::new(network), found))
}

/// The library that [`Runtime::OnnxRuntime`](crate::Runtime::OnnxRuntime) loads where none is named, if there is one.
///
/// To find it, Python may be started; nothing is loaded.
#[must_use]
pub fn installed_runtime() -> Option<PathBuf> {
    library::found().ok().flatten()
}

/// The ONNX Runtime that this process has loaded, if it has.
#[must_use]
pub fn loaded_runtime() -> Option<LoadedRuntime> {
    library::loaded()
}
