//! Tiles and whole samples back to images, in canonical form or in the axes of the source.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use ndarray::{Axis, Ix4};
use patchweave_geometry::{ArrayLayout, ImageShape, RegionSpec, TileSpec};
use patchweave_pixel::restore;
use patchweave_quilt::Stitcher;

use super::axes::with_depth;
use super::specs::read_specs;
use crate::golden::{CaseError, OperationError, Outcomes, Request};

pub(super) fn stitch(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let tiles =
        with_depth(request.required_input("tiles")?.to_f32(), 1).into_dimensionality::<ndarray::Ix5>()?;
    let n_channels = tiles.len_of(Axis(1));
    let mut images: BTreeMap<usize, Stitcher> = BTreeMap::new();
    for (spec, tile) in read_specs(request, "specs")?.iter().zip(tiles.outer_iter()) {
        let spec: &TileSpec = spec.tile().ok_or_else(|| OperationError::refused("a spec is no tile"))?;
        let stitcher = stitcher(request, &mut images, spec.patch.data_idx, n_channels)?;
        stitcher.place(tile.into_dimensionality::<Ix4>()?, spec)?;
    }
    restored(request, images)
}

/// Predictions of whole samples, in any order.
pub(super) fn combine_samples(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let specs = read_specs(request, "specs")?;
    let mut images: BTreeMap<usize, Stitcher> = BTreeMap::new();
    for place in request.naturals("given_order")? {
        let prediction = request.required_input(&format!("prediction_{place}"))?.to_f32();
        let sample = with_depth(prediction, 0).into_dimensionality::<Ix4>()?;
        let spec = specs.get(place).and_then(RegionSpec::patch);
        let spec = spec.ok_or_else(|| OperationError::refused(format!("there is no spec {place}")))?;
        let stitcher = stitcher(request, &mut images, spec.data_idx, sample.len_of(Axis(0)))?;
        stitcher.place_sample(sample.view(), spec.sample_idx)?;
    }
    restored(request, images)
}

/// The image of a stack, made when it is first asked for.
fn stitcher<'a>(
    request: &Request<'_>,
    images: &'a mut BTreeMap<usize, Stitcher>,
    data_idx: usize,
    n_channels: usize,
) -> Result<&'a mut Stitcher, OperationError> {
    Ok(match images.entry(data_idx) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => {
            let shapes = request.natural_lists("data_shapes")?;
            let shape = ImageShape::from_slice(at(&shapes, data_idx, "data_shapes")?)?;
            entry.insert(Stitcher::new(ImageShape { n_channels, ..shape })?)
        }
    })
}

/// All images, in the axes that the case asks for.
fn restored(request: &Request<'_>, images: BTreeMap<usize, Stitcher>) -> Result<Outcomes, OperationError> {
    let shapes = request.natural_lists("data_shapes")?;
    let mut outcomes = Outcomes::default().with("sources", vec!["array"; images.len()]);
    for (data_idx, stitcher) in images {
        let name = format!("image_{data_idx}");
        let shape = ImageShape::from_slice(at(&shapes, data_idx, "data_shapes")?)?;
        let image = stitcher.into_image();
        let canonical = ImageShape { n_channels: image.len_of(Axis(1)), ..shape }.to_vec();
        let image = image.into_shape_with_order(canonical)?;
        outcomes = if request.flag("restore_shape", false)? {
            let originals = request.natural_lists("original_shapes")?;
            let original = at(&originals, data_idx, "original_shapes")?;
            let layout = ArrayLayout::new(request.required_axes("axes")?, original)?;
            let target = request.axes("target_axes")?;
            outcomes.with_array(&name, restore(image.view(), &layout, target.as_ref())?)
        } else {
            outcomes.with_array(&name, image)
        };
    }
    Ok(outcomes)
}

fn at<'a>(shapes: &'a [Vec<usize>], data_idx: usize, name: &str) -> Result<&'a [usize], CaseError> {
    shapes.get(data_idx).map(Vec::as_slice).ok_or_else(|| CaseError::Entry {
        name: name.to_owned(),
        got: format!("{} shapes", shapes.len()),
        expected: "one for every data index",
    })
}
