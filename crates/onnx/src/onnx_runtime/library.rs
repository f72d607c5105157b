//! Finds the library of ONNX Runtime and loads it once.

use std::env;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;
use patchweave_model::Cause;

use crate::LoadedRuntime;

/// Names the library where the caller does not; the name that other programs of this binding use.
const VARIABLE: &str = "ORT_DYLIB_PATH";

/// Programs that may know where the Python package is.
const PYTHONS: [&str; 2] = ["python3", "python"];

/// Prints the folder of the package without importing it, and looks for it where Python installs, not in the working folder.
const SCRIPT: &str = "import sys
sys.path[:] = [place for place in sys.path if place]
import importlib.util
found = importlib.util.find_spec('onnxruntime')
print(found.submodule_search_locations[0] if found and found.submodule_search_locations else '')";

/// What to do where there is no library.
const ADVICE: &str = "install ONNX Runtime 1.17 or later with `pip install onnxruntime`, or name its library: in YAML \
                      `runtime: {onnxruntime: PATH}`, with `--runtime onnxruntime=PATH`, or in ORT_DYLIB_PATH";

/// Why there is no ONNX Runtime.
#[derive(Debug, thiserror::Error)]
enum NoLibrary {
    #[error(
        "found no library of ONNX Runtime: {VARIABLE} is not set, and {} tells of no package onnxruntime; {ADVICE}",
        PYTHONS.join(" or ")
    )]
    Nowhere,
    #[error("{}{} does not exist; {ADVICE}", told.map_or_else(String::new, |told| format!("{told} names ")), path.display())]
    Missing { path: PathBuf, told: Option<&'static str> },
    #[error("got the library {}, expected {}, which this process has loaded already", got.display(), loaded.display())]
    Another { got: PathBuf, loaded: PathBuf },
    #[error("{} cannot be used as ONNX Runtime; {ADVICE}", path.display())]
    Unusable { path: PathBuf, source: Cause },
}

/// The library that this process has loaded, which stays.
struct Loaded {
    path: PathBuf,
    environment: Environment,
}

static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

/// Loads the library, or takes what is loaded.
pub(super) fn environment(named: Option<&Path>) -> Result<Environment, Cause> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = &*loaded {
        return match named.map(|path| existing(path, None)).transpose()? {
            Some(path) if path != loaded.path => {
                Err(NoLibrary::Another { got: path, loaded: loaded.path.clone() }.into())
            }
            _ => Ok(loaded.environment.clone()),
        };
    }
    let path = match named {
        Some(path) => existing(path, None)?,
        None => found()?.ok_or(NoLibrary::Nowhere)?,
    };
    let unusable = |source: Cause| NoLibrary::Unusable { path: path.clone(), source };
    let builder = ort::init_from(&path).map_err(|error| unusable(error.into()))?;
    // What it would write to the terminal is told by errors, or of no use there.
    let silent = builder.with_telemetry(false).with_logger(Arc::new(|_, _, _, _, _| ()));
    let environment = silent.build().map_err(|error| unusable(error.into()))?;
    *loaded = Some(Loaded { path, environment: environment.clone() });
    Ok(environment)
}

/// The library that is taken where none is named.
pub(super) fn found() -> Result<Option<PathBuf>, Cause> {
    match env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        Some(path) => Ok(Some(existing(Path::new(&path), Some(VARIABLE))?)),
        None => Ok(PYTHONS.into_iter().find_map(of_package)),
    }
}

/// What is loaded.
pub(super) fn loaded() -> Option<LoadedRuntime> {
    let loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let loaded = loaded.as_ref()?;
    // Behind the version it tells how it was compiled.
    let build = ort::info().split(", build type").next().unwrap_or_default();
    let build = build.trim_start_matches("ORT Build Info: ").to_owned();
    Some(LoadedRuntime { library: loaded.path.clone(), build })
}

/// A library by its real path; `told` is who names it, unless the caller does.
fn existing(path: &Path, told: Option<&'static str>) -> Result<PathBuf, NoLibrary> {
    path.canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => NoLibrary::Missing { path: path.to_owned(), told },
        _ => NoLibrary::Unusable { path: path.to_owned(), source: error.into() },
    })
}

/// The library in the package that this Python finds.
fn of_package(python: &str) -> Option<PathBuf> {
    let told =
        Command::new(python).args(["-c", SCRIPT]).output().ok().filter(|told| told.status.success())?;
    let folder = String::from_utf8(told.stdout).ok()?;
    let folder = Path::new(folder.trim());
    if folder == Path::new("") {
        return None;
    }
    library_in(&folder.join("capi"))
}

/// The library itself, of a folder that also holds those of its providers.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let entries = folder.read_dir().ok()?.filter_map(Result::ok);
    let is_library = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name == "onnxruntime.dll" || name.starts_with("libonnxruntime.")
    };
    entries.map(|entry| entry.path()).filter(is_library).max()?.canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_of_a_package_is_told_from_those_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(library_in(folder.path()), None);
        assert_eq!(library_in(&folder.path().join("capi")), None);
        for beside in ["libonnxruntime_providers_shared.so", "onnxruntime_pybind11_state.so", "__init__.py"] {
            std::fs::write(folder.path().join(beside), "").unwrap();
        }
        assert_eq!(library_in(folder.path()), None);
        for name in ["onnxruntime.dll", "libonnxruntime.1.32.0.dylib", "libonnxruntime.so.1.32.0"] {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            assert_eq!(library_in(folder.path()), Some(path.canonicalize().unwrap()));
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn programs_that_are_not_there_know_no_package() {
        assert_eq!(of_package("no-such-python"), None);
    }
}
