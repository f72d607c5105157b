//! Where results are written: names, the common base, automatic chunks, and the Zarr array that tiles go into.

use std::error::Error;
use std::path::Path;

use ndarray::{ArrayD, ArrayViewD, Axis as Dim, Slice, stack as stack_arrays};
use patchweave_formats::{FileFormat, OpenOptions, open};
use patchweave_geometry::{ArrayLayout, Region, TileSpec};
use patchweave_pipeline::{Origin, TileArray, TiledImage, automatic_chunks, common_base, named_after};
use patchweave_pixel::{PixelType, restore};
use patchweave_sink::{ImageSpec, create};
use patchweave_stack::ImageStackExt;
use serde_json::Value;

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
    let mut spec = ImageSpec::new(array.layout.clone(), PixelType::F32);
    spec.chunks = Some(array.chunks.clone());
    spec.shards.clone_from(&array.shards);
    spec.options.insert("array".to_owned(), array.name.clone().into());
    let mut sink = create(&store, "zarr_array", spec).map_err(failed)?;
    for (spec, tile) in specs.iter().zip(tiles.outer_iter()) {
        let mut kept = cropped(tile, spec)?;
        if kept.ndim() == 3 {
            kept.insert_axis_inplace(Dim(1));
        }
        let mut start = [0; 3];
        for (start, place) in start.iter_mut().zip(spec.stitch_coords.to_zyx(0)) {
            *start = usize::try_from(place).map_err(failed)?;
        }
        sink.write_block(spec.patch.sample_idx, start, kept.view().into_dimensionality()?).map_err(failed)?;
    }
    sink.finish().map_err(failed)?;
    outcomes(&array, &store)
}

/// What stands on the disk, as a reader finds it.
fn outcomes(array: &TileArray, store: &Path) -> Result<Outcomes, OperationError> {
    let found =
        open(&store.join(&array.name), FileFormat::Zarr, Some(array.layout.axes()), &OpenOptions::default())?;
    let [stack] = found.as_slice() else {
        return Err(OperationError::Law(format!("{} arrays under one name", found.len())));
    };
    let info = stack.info();
    let whole = Region::whole(info.shape().extent);
    let samples = (0..info.shape().n_samples).map(|sample| stack.read_patch(sample, None, &whole));
    let samples = samples.collect::<Result<Vec<_>, _>>()?;
    let samples: Vec<_> = samples.iter().map(|sample| sample.view()).collect();
    let canonical = stack_arrays(Dim(0), &samples)?.into_dyn();
    let canonical = canonical.to_shape(info.shape().to_vec())?.to_owned();
    let data = restore(canonical.view(), &info.layout, None)?;
    Ok(Outcomes::default()
        .with("store", array.store.display().to_string())
        .with("array", array.name.as_str())
        .with("shape", info.layout.shape().to_vec())
        .with("chunks", info.chunks.clone())
        .with("shards", info.shards.clone())
        .with("dtype", info.pixel_type.to_string())
        .with_array("data", data))
}

/// The part of a tile that is kept.
fn cropped(mut tile: ArrayViewD<'_, f32>, spec: &TileSpec) -> Result<ArrayD<f32>, OperationError> {
    for (axis, (start, size)) in spec.crop_coords.iter().zip(spec.crop_size.iter()).enumerate() {
        let start = usize::try_from(start).map_err(failed)?;
        tile.slice_axis_inplace(Dim(axis + 1), Slice::from(start..start + size));
    }
    Ok(tile.to_owned())
}

fn failed(error: impl Into<Box<dyn Error>>) -> OperationError {
    OperationError::Law(error.into().to_string())
}
