//! Images in files: patches of TIFFs, and which files are kept open.

use std::fs;
use std::io;

use patchweave_formats::{FileFormat, FilePool, OpenOptions, open};
use patchweave_geometry::Region;
use patchweave_stack::ImageStackExt;
use serde_json::json;

use crate::golden::{CaseError, OperationError, Outcomes, Request};

pub(super) fn extract_patch_tiff(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let axes = request.required_axes("axes")?;
    let folder = tempfile::tempdir().map_err(failed)?;
    let name = request.text("file")?.unwrap_or("image.tiff");
    let path = folder.path().join(name);
    fs::write(&path, request.file(name)?).map_err(failed)?;
    let stacks = open(&path, FileFormat::Tiff, Some(&axes), &OpenOptions::default())?;
    let stack = stacks.first().ok_or_else(|| OperationError::refused("the file holds no image"))?;
    let channels = request.optional_naturals("channels")?;
    let region = Region::new(request.coords("coords")?, request.extent("patch_size")?)?;
    let patch = stack.read_patch(request.natural("sample_idx")?, channels.as_deref(), &region)?;
    let shape: Vec<usize> = std::iter::once(patch.shape()[0]).chain(region.size.iter()).collect();
    Ok(Outcomes::default().with_reshaped("patch", &patch, &shape)?)
}

/// Which files a pool opens and closes, told by what it holds before and after every access.
pub(super) fn file_cache(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let folder = tempfile::tempdir().map_err(failed)?;
    let path = |file: usize| folder.path().join(file.to_string());
    for file in 0..request.natural("n_files")? {
        fs::write(path(file), []).map_err(failed)?;
    }
    let pool = FilePool::new(request.natural("capacity")?);
    let number = |path: &std::path::PathBuf| path.file_name()?.to_str()?.parse::<usize>().ok();
    let files: Vec<_> = (0..request.natural("n_files")?).map(|file| pool.file(&path(file))).collect();
    let mut events = Vec::new();
    for file in request.naturals("accesses")? {
        let before = pool.held();
        let known =
            files.get(file).ok_or_else(|| OperationError::refused(format!("there is no file {file}")))?;
        known.open().map_err(failed)?;
        let after = pool.held();
        let closed = before.iter().filter(|path| !after.contains(path)).filter_map(number);
        events.extend(closed.map(|file| json!(["close", file])));
        let opened = after.iter().filter(|path| !before.contains(path)).filter_map(number);
        events.extend(opened.map(|file| json!(["load", file])));
    }
    Ok(Outcomes::default().with("events", events))
}

fn failed(source: io::Error) -> OperationError {
    CaseError::Io { path: std::env::temp_dir(), source }.into()
}
