//! Volumes in files of every kind, opened by the library and indexed or made 2.5-D.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use hdf5_writer::{ByteOrder, DatasetBuilder, Hdf5Builder, WriteOptions};
use ndarray::ArrayD;
use patchweave_formats::{FileFormat, OpenOptions, RawArray, open, open_raw};
use patchweave_geometry::Axes;
use patchweave_pixel::PixelType;
use patchweave_slices::{Index, IndexedStack, MissingAxes};
use patchweave_stack::ImageStack;
use serde_json::Value;
use tempfile::TempDir;
use zarrs::array::{ArrayBuilder, data_type};
use zarrs::filesystem::FilesystemStore;

use super::extract::array_stack;
use super::slices::{slice_stack, span};
use crate::golden::{CaseError, NumericArray, OperationError, Outcomes, Request};

/// One key of a case: what is found there, and the sizes along all five axes.
pub(super) fn index(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let stored = Stored::new(request)?;
    let stack = stored.indexed(request)?;
    let keys = request.required("key")?;
    let keys = keys.as_array().ok_or_else(|| entry("key", keys.to_string(), "a list of indices"))?;
    let key: Vec<Index> = keys.iter().map(read_index).collect::<Result<_, _>>()?;
    let item = stack.get(&key)?;
    Ok(Outcomes::default().with_array("item", item).with("shape", stack.shape().to_vec()))
}

pub(super) fn convert(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let stored = Stored::new(request)?;
    let slices = slice_stack(request, Arc::clone(&stored.stack))?;
    Ok(Outcomes::default().with_array("converted", slices.convert()?))
}

pub(super) fn z_slices(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let stored = Stored::new(request)?;
    let n = request.natural("n")?;
    let c = request.natural("c")?;
    let slices = stored.indexed(request)?.z_slices(n, c, &request.naturals("z_indices")?);
    Ok(Outcomes::default().with_array("slices", slices?.into_dyn()))
}

/// The input array in a container of the case's kind, and the folder that it lives in.
struct Stored {
    stack: Arc<dyn ImageStack>,
    _folder: TempDir,
}

impl Stored {
    fn new(request: &Request<'_>) -> Result<Self, OperationError> {
        let folder = tempfile::tempdir().map_err(failed)?;
        let data = request.required_input("data")?;
        let NumericArray::F32(array) = &data else {
            return Err(entry("data", data.pixel_type().to_string(), "float32").into());
        };
        let axes = axes_of(array)?;
        let path = folder.path().join("volume");
        let stack = match backend(request)? {
            "memory" => array_stack(data, &axes)?,
            "memmap" => {
                let bytes: Vec<u8> = array.iter().flat_map(|value| value.to_ne_bytes()).collect();
                fs::write(&path, bytes).map_err(failed)?;
                let raw = RawArray::new(PixelType::F32, axes, array.shape());
                open_raw(&path, &raw, &OpenOptions::default())?
            }
            "zarr" => {
                write_zarr(&path, array)?;
                only(&path, FileFormat::Zarr, &axes)?
            }
            "hdf5" => {
                write_hdf5(&path, array)?;
                only(&path, FileFormat::Hdf5, &axes)?
            }
            other => return Err(entry("backend", other.to_owned(), "a known container").into()),
        };
        Ok(Stored { stack, _folder: folder })
    }

    /// Results of Zarrs are padded, those of others are not.
    fn indexed(&self, request: &Request<'_>) -> Result<IndexedStack<Arc<dyn ImageStack>>, CaseError> {
        let missing = match backend(request)? {
            "zarr" => MissingAxes::Padded,
            _ => MissingAxes::LeftOut,
        };
        Ok(IndexedStack::new(Arc::clone(&self.stack), missing))
    }
}

fn backend<'a>(request: &Request<'a>) -> Result<&'a str, CaseError> {
    Ok(request.text("backend")?.unwrap_or("memory"))
}

fn axes_of(array: &ArrayD<f32>) -> Result<Axes, OperationError> {
    let axes = match array.ndim() {
        3 => "ZYX",
        4 => "CZYX",
        _ => "SCZYX",
    };
    Ok(axes.parse()?)
}

fn only(path: &Path, data_type: FileFormat, axes: &Axes) -> Result<Arc<dyn ImageStack>, OperationError> {
    let stacks = open(path, data_type, Some(axes), &OpenOptions::default())?;
    let count = stacks.len();
    match <[_; 1]>::try_from(stacks) {
        Ok([stack]) => Ok(stack),
        Err(_) => Err(OperationError::Law(format!("{count} arrays in one container"))),
    }
}

/// Chunks that the slices and windows of a case cut through.
fn write_zarr(path: &Path, array: &ArrayD<f32>) -> Result<(), OperationError> {
    let broken = |error: Box<dyn std::error::Error>| OperationError::Law(error.to_string());
    let store = Arc::new(FilesystemStore::new(path).map_err(|error| broken(error.into()))?);
    let chunks: Vec<u64> = array.shape().iter().map(|size| size.div_ceil(2) as u64).collect();
    let builder = ArrayBuilder::new(sizes(array), chunks, data_type::float32(), 0.0_f32);
    let zarr = builder.build(store, "/").map_err(|error| broken(error.into()))?;
    zarr.store_metadata().map_err(|error| broken(error.into()))?;
    let values: Vec<f32> = array.iter().copied().collect();
    zarr.store_array_subset(&zarr.subset_all(), values).map_err(|error| broken(error.into()))
}

fn write_hdf5(path: &Path, array: &ArrayD<f32>) -> Result<(), OperationError> {
    let broken = |error: hdf5_writer::Error| OperationError::Law(error.to_string());
    let values: Vec<f32> = array.iter().copied().collect();
    let order = ByteOrder::LittleEndian;
    let dataset = DatasetBuilder::typed_with_order::<f32>("data", sizes(array), order).data(&values);
    let options = WriteOptions { byte_order: order, ..WriteOptions::default() };
    let plan = Hdf5Builder::new().dataset(dataset.map_err(broken)?).into_plan().map_err(broken)?;
    fs::write(path, plan.encode(options).map_err(broken)?).map_err(failed)
}

fn sizes(array: &ArrayD<f32>) -> Vec<u64> {
    array.shape().iter().map(|&size| size as u64).collect()
}

fn read_index(value: &Value) -> Result<Index, CaseError> {
    match value.as_i64() {
        Some(index) => Ok(Index::At(index)),
        None => Ok(Index::Span(span("key", value)?)),
    }
}

fn entry(name: &str, got: String, expected: &'static str) -> CaseError {
    CaseError::Entry { name: name.to_owned(), got, expected }
}

fn failed(source: std::io::Error) -> OperationError {
    CaseError::Io { path: std::env::temp_dir(), source }.into()
}
