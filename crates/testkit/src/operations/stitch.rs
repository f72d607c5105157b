//! Tiles back to images, in canonical form or in the axes of the source.

use std::collections::BTreeMap;

use ndarray::{Axis, Ix4};
use patchweave_geometry::{ArrayLayout, ImageShape, TileSpec};
use patchweave_pixel::restore;
use patchweave_quilt::Stitcher;

use super::axes::with_depth;
use super::specs::read_specs;
use crate::golden::{CaseError, OperationError, Outcomes, Request};

pub(super) fn stitch(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let tiles =
        with_depth(request.required_input("tiles")?.to_f32(), 1).into_dimensionality::<ndarray::Ix5>()?;
    let n_channels = tiles.len_of(Axis(1));
    let shapes = request.natural_lists("data_shapes")?;
    let mut images: BTreeMap<usize, Stitcher> = BTreeMap::new();
    for (spec, tile) in read_specs(request, "specs")?.iter().zip(tiles.outer_iter()) {
        let spec: &TileSpec = spec.tile().ok_or_else(|| OperationError::refused("a spec is no tile"))?;
        let data_idx = spec.patch.data_idx;
        let stitcher = match images.entry(data_idx) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let shape = ImageShape::from_slice(at(&shapes, data_idx, "data_shapes")?)?;
                entry.insert(Stitcher::new(ImageShape { n_channels, ..shape })?)
            }
        };
        stitcher.place(tile.into_dimensionality::<Ix4>()?, spec)?;
    }
    let mut outcomes = Outcomes::default().with("sources", vec!["array"; images.len()]);
    for (data_idx, stitcher) in images {
        let name = format!("image_{data_idx}");
        let shape = ImageShape::from_slice(at(&shapes, data_idx, "data_shapes")?)?;
        let canonical = ImageShape { n_channels, ..shape }.to_vec();
        let image = stitcher.into_image().into_shape_with_order(canonical)?;
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
