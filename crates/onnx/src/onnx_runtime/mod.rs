//! Networks that [ONNX Runtime](https://onnxruntime.ai) runs, whose library is loaded while the program runs.

mod alive;
mod library;
mod network;
mod resized;
mod values;

use std::path::{Path, PathBuf};

use patchweave_files::read_file;
use patchweave_model::Cause;
use prost::Message;
use tract_onnx::pb;

use crate::checks::check_operators;
use crate::external_data::{embed_from, has_weights_beside};
use crate::file::MOST_BYTES;
use crate::network::Network;
use crate::origin::Origin;
use crate::search::Found;
use crate::tract::Planner;
use crate::{FileAxes, LoadedRuntime, OnnxError, OnnxFile};
use network::{OnnxRuntime, Source};

/// Pixels along `ZYX` that networks are tried with, if they take any number.
const TRIED: [usize; 3] = [8, 64, 64];

/// Opens a network, and finds out with `search` what it takes and makes.
///
/// `library` is the one to load, and `resizes` whether sizes of the input are left open.
pub(crate) fn open(
    origin: Origin<'_>,
    (file, mut content): (&OnnxFile, pb::ModelProto),
    axes: &FileAxes,
    (library, resizes): (Option<&Path>, bool),
    search: impl Fn(&dyn Network) -> Result<Found, OnnxError>,
) -> Result<(Box<dyn Network>, Found), OnnxError> {
    let unloadable = |source: Cause| OnnxError::Unloadable { path: file.path.clone(), source };
    let folder = origin.folder();
    let source = if resizes {
        resized::leave_open(&mut content, axes);
        embed_from(&mut content, folder).map_err(unloadable)?;
        Source::Bytes(content.encode_to_vec())
    } else {
        match origin {
            Origin::File(path) if has_weights_beside(&mut content) => {
                Source::File(std::path::absolute(path).map_err(|error| unloadable(error.into()))?)
            }
            // Sessions that are made later are of the same bytes.
            Origin::File(path) => {
                let bytes = read_file(path, MOST_BYTES);
                Source::Bytes(bytes.map_err(|error| unloadable(error.into()))?)
            }
            Origin::Bytes { is_changed: false, bytes } => Source::Bytes(bytes.to_vec()),
            Origin::Bytes { .. } => Source::Bytes(content.encode_to_vec()),
        }
    };
    let refused =
        |source: Cause| OnnxError::Runtime { path: file.path.clone(), runtime: "ONNX Runtime", source };
    let environment = library::environment(library).map_err(refused)?;
    network::check(&content).map_err(refused)?;
    // What tract plans need not be tried out.
    let planner = check_operators(file, &content).ok().and_then(|()| Planner::new(&content, folder).ok());
    let mut network = OnnxRuntime::new(environment, source, &content, planner).map_err(unloadable)?;
    let mut found = search(&network);
    if network.has_planner() && matches!(found, Err(OnnxError::Unusable { .. })) {
        // What tract does not plan may run all the same.
        network = network.without_planner();
        found = search(&network);
    }
    let found = found?;
    let [z, y, x] = std::array::from_fn(|axis| found.input.sizes[axis].fit(TRIED[axis]));
    let dims = axes.dims([found.input.batch.smallest(), found.input.n_channels.unwrap_or(1), z, y, x]);
    if !network.has_planner() {
        network.measure(&content, &dims);
    }
    network.check_repeats(&dims).map_err(refused)?;
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
