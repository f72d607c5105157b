//! Where results are written: names, the common base, automatic chunks, and the Zarr array that tiles go into.

use std::error::Error;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, Axis as Dim, Slice};
use patchweave_formats::{FileFormat, OpenOptions, open};
use patchweave_geometry::{ArrayLayout, AxisIndex, TileSpec};
use patchweave_pipeline::{Origin, TileArray, TiledImage, automatic_chunks, common_base, named_after};
use patchweave_pixel::restore_tile;
use serde_json::Value;
use zarrs::array::{Array, ArrayBuilder, ArraySubset, data_type};
use zarrs::filesystem::FilesystemStore;

use super::specs::read_specs;
use crate::golden::{CaseError, OperationError, Outcomes, Request};

pub(super) fn paths(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    if request.value("auto_chunks_for").is_some() {
        let layout =
            ArrayLayout::new(request.required_axes("auto_chunks_for")?, &request.naturals("shape")?)?;
        return Ok(Outcomes::default().with("chunks", automatic_chunks(&layout)));
    }
    if let Some(sources) = request.value("sources") {
        let texts: Option<Vec<&str>> =
            sources.as_array().and_then(|sources| sources.iter().map(Value::as_str).collect());
        let texts = texts.ok_or_else(|| CaseError::Entry {
            name: "sources".to_owned(),
            got: sources.to_string(),
            expected: "a list of texts",
        })?;
        let origins: Vec<Origin<'_>> = texts.into_iter().map(Origin::of).collect();
        return Ok(
            Outcomes::default().with("base", common_base(&origins).map(|base| base.display().to_string()))
        );
    }
    let text = |name: &str| request.text(name).map(Option::unwrap_or_default);
    let source = Path::new(text("source")?);
    // The reference drops the last ending only; runs drop every ending that formats have.
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    let named = named_after(source, request.text("base")?.map(Path::new), &stem);
    let path = Path::new(text("dir")?).join(named).display().to_string();
    Ok(Outcomes::default().with("path", format!("{path}{}{}", text("postfix")?, text("extension")?)))
}

pub(super) fn tiles(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let source = ArrayLayout::new(request.required_axes("axes")?, &request.naturals("original_shape")?)?;
    let target = request.required_axes("target_axes")?;
    let specs = read_specs(request, "specs")?;
    let specs: Option<Vec<&TileSpec>> = specs.iter().map(|spec| spec.tile()).collect();
    let specs = specs.ok_or_else(|| OperationError::refused("a spec is no tile"))?;
    let tiles = request.required_input("tiles")?.to_f32();
    let [chunks, shards] = [request.optional_naturals("chunks")?, request.optional_naturals("shards")?];
    let image = TiledImage {
        origin: Origin::of(request.text("source")?.unwrap_or_default()),
        data_idx: specs.first().map_or(0, |spec| spec.patch.data_idx),
        layout: &source,
        chunks: chunks.as_deref(),
        shards: shards.as_deref(),
    };
    let array = TileArray::new(&image, None, &target, tiles.len_of(Dim(1)))?;
    let folder = tempfile::tempdir().map_err(failed)?;
    let store = folder.path().join(&array.store);
    let zarr = create(&store, &array).map_err(failed)?;
    for (spec, tile) in specs.iter().zip(tiles.outer_iter()) {
        let kept = restore_tile(cropped(tile, spec)?.view(), &source, Some(&target))?;
        let index = array.layout.index(spec.patch.sample_idx, None, &spec.kept())?;
        write(&zarr, &array.layout, &index, &kept).map_err(failed)?;
    }
    outcomes(&array, &store, &zarr)
}

/// What stands on the disk, as a reader finds it.
fn outcomes(
    array: &TileArray,
    store: &Path,
    zarr: &Array<FilesystemStore>,
) -> Result<Outcomes, OperationError> {
    let found =
        open(&store.join(&array.name), FileFormat::Zarr, Some(array.layout.axes()), &OpenOptions::default())?;
    let [stack] = found.as_slice() else {
        return Err(OperationError::Law(format!("{} arrays under one name", found.len())));
    };
    let info = stack.info();
    let pixels: Vec<f32> = zarr.retrieve_array_subset(&zarr.subset_all()).map_err(failed)?;
    let data = ArrayD::from_shape_vec(info.layout.shape(), pixels)?;
    Ok(Outcomes::default()
        .with("store", array.store.display().to_string())
        .with("array", array.name.as_str())
        .with("shape", info.layout.shape().to_vec())
        .with("chunks", info.chunks.clone())
        .with("shards", info.shards.clone())
        .with("dtype", info.pixel_type.to_string())
        .with_array("data", data))
}

fn create(store: &Path, array: &TileArray) -> Result<Array<FilesystemStore>, Box<dyn Error>> {
    let sizes = |sizes: &[usize]| sizes.iter().map(|&size| size as u64).collect::<Vec<u64>>();
    let grid = array.shards.as_ref().unwrap_or(&array.chunks);
    let mut builder =
        ArrayBuilder::new(sizes(array.layout.shape()), sizes(grid), data_type::float32(), 0.0_f32);
    if array.shards.is_some() {
        builder.subchunk_shape(Some(sizes(&array.chunks)));
    }
    let zarr = builder.build(Arc::new(FilesystemStore::new(store)?), &format!("/{}", array.name))?;
    zarr.store_metadata()?;
    Ok(zarr)
}

/// The part of a tile that is kept.
fn cropped(mut tile: ArrayViewD<'_, f32>, spec: &TileSpec) -> Result<ArrayD<f32>, OperationError> {
    for (axis, (start, size)) in spec.crop_coords.iter().zip(spec.crop_size.iter()).enumerate() {
        let start = usize::try_from(start).map_err(failed)?;
        tile.slice_axis_inplace(Dim(axis + 1), Slice::from(start..start + size));
    }
    Ok(tile.to_owned())
}

/// Writes a restored tile to its place; where the index is a single number the tile lacks the axis.
fn write(
    zarr: &Array<FilesystemStore>,
    layout: &ArrayLayout,
    index: &[AxisIndex],
    tile: &ArrayD<f32>,
) -> Result<(), Box<dyn Error>> {
    let range = |(entry, &size): (&AxisIndex, &usize)| -> Result<Range<u64>, Box<dyn Error>> {
        Ok(match *entry {
            AxisIndex::At(place) => place as u64..place as u64 + 1,
            AxisIndex::Range(start, end) => u64::try_from(start)?..u64::try_from(end)?,
            _ => 0..size as u64,
        })
    };
    let ranges: Vec<Range<u64>> = index.iter().zip(layout.shape()).map(range).collect::<Result<_, _>>()?;
    let pixels: Vec<f32> = tile.iter().copied().collect();
    Ok(zarr.store_array_subset(&ArraySubset::new_with_ranges(&ranges), pixels)?)
}

fn failed(error: impl Into<Box<dyn Error>>) -> OperationError {
    OperationError::Law(error.into().to_string())
}
