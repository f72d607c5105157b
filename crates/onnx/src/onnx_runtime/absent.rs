//! What stands in the place of [ONNX Runtime](https://onnxruntime.ai) where it was left out.

use std::path::{Path, PathBuf};

use tract_onnx::pb;

use crate::network::Network;
use crate::origin::Origin;
use crate::search::Found;
use crate::{FileAxes, LoadedRuntime, OnnxError, OnnxFile};

/// Refuses to open a network.
pub(crate) fn open(
    _origin: Origin<'_>,
    (file, _): (&OnnxFile, pb::ModelProto),
    _axes: &FileAxes,
    _options: (Option<&Path>, bool),
    _search: impl Fn(&dyn Network) -> Result<Found, OnnxError>,
) -> Result<(Box<dyn Network>, Found), OnnxError> {
    let source =
        "this program was built without the feature ort, expected runtime: tract, or a build with it".into();
    Err(OnnxError::Runtime { path: file.path.clone(), runtime: "ONNX Runtime", source })
}

/// The library that [`Runtime::OnnxRuntime`](crate::Runtime::OnnxRuntime) loads where none is named, if there is one.
///
/// Nothing, since this library was built without the feature `ort`.
#[must_use]
pub fn installed_runtime() -> Option<PathBuf> {
    None
}

/// The ONNX Runtime that this process has loaded, if it has.
#[must_use]
pub fn loaded_runtime() -> Option<LoadedRuntime> {
    None
}
