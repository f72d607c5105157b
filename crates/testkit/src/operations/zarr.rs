//! Zarr stores: what a path or URI names, and patches out of arrays.

use std::path::Path;

use patchweave_formats::{FileFormat, OpenOptions, ZarrUri, open};
use patchweave_stack::StackInfo;
use serde_json::Value;

use super::extract::{patch_of, shape_lists};
use crate::golden::{OperationError, Outcomes, Request};

pub(super) fn extract_patch(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let path = request.path("store")?.join(request.text("array")?.unwrap_or_default());
    let axes = request.required_axes("axes")?;
    let options = OpenOptions::default();
    let stacks = open(&path, FileFormat::Zarr, Some(&axes), &options)?;
    let [stack] = stacks.as_slice() else {
        return Err(OperationError::Law(format!("{} arrays under one name", stacks.len())));
    };
    check_info(request, stack.info())?;
    patch_of(request, &**stack)
}

/// Compares what is known of the array with the parameters that tell it.
fn check_info(request: &Request<'_>, info: &StackInfo) -> Result<(), OperationError> {
    let differs = |name: &str, got: &dyn std::fmt::Debug| {
        OperationError::Law(format!("{name}: got {got:?}, expected {:?}", request.value(name)))
    };
    let same = |name: &str, got: Option<&[usize]>| {
        let expected = request.optional_naturals(name)?;
        if got == expected.as_deref() { Ok(()) } else { Err(differs(name, &got)) }
    };
    same("data_shape", Some(&info.shape().to_vec()))?;
    same("original_shape", Some(info.layout.shape()))?;
    same("chunks", info.chunks.as_deref())?;
    same("shards", info.shards.as_deref())?;
    let pixel_type = info.pixel_type.to_string();
    if request.text("dtype")? == Some(pixel_type.as_str()) {
        Ok(())
    } else {
        Err(differs("dtype", &pixel_type))
    }
}

pub(super) fn source(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let mut path = request.path("source")?;
    if request.flag("as_uri", false)? {
        path = format!("file://{}", path.display()).into();
    }
    let axes = request.required_axes("axes")?;
    let options = OpenOptions::default();
    let stacks = open(&path, FileFormat::Zarr, Some(&axes), &options)?;
    let name = |info: &StackInfo| {
        let name = Path::new(&info.source).file_name().unwrap_or_default();
        Value::from(name.to_string_lossy().into_owned())
    };
    let shapes: Vec<_> = stacks.iter().map(|stack| stack.info().shape()).collect();
    Ok(Outcomes::default()
        .with("names", stacks.iter().map(|stack| name(stack.info())).collect::<Vec<_>>())
        .with("shapes", shape_lists(&shapes)))
}

pub(super) fn uri(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let uri: ZarrUri = request.text("uri")?.unwrap_or_default().parse()?;
    Ok(Outcomes::default()
        .with("store", uri.store.display().to_string())
        .with("parent", uri.parent)
        .with("name", uri.name))
}
