//! How likely each patch is, for patches whose places stay: the mean weight of its pixels.

use patchweave_geometry::{PatchSpec, coordinate};
use rayon::prelude::*;

use crate::{ConstructError, Dataset, PatchExtractor};

/// The mean weight of the pixels of every patch, from channel 0 of maps of weights, one for each image that patches are
/// drawn from.
///
/// `weight` turns a pixel of a map into its weight, as in [`weight_maps`](crate::weight_maps). The region of every
/// patch is read once, on the caller's rayon pool; `keep_going` may end the work by `false`.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::{BasicPatchConstr, Dataset, PatchExtractor, patch_weights};
/// use patchweave_geometry::Extent;
/// use patchweave_patching::SequentialPatching;
/// use patchweave_stack::ArrayStack;
///
/// let image = |pixels: ndarray::Array2<u8>| -> Result<PatchExtractor, Box<dyn std::error::Error>> {
///     let stack = ArrayStack::new(pixels.into_dyn(), &"YX".parse()?)?;
///     Ok(PatchExtractor::new(vec![Arc::new(stack)])?)
/// };
/// let input = image(Array::zeros((8, 16)))?;
/// let patching = SequentialPatching::new(input.shapes(), Extent::new(&[8, 8])?, None)?;
/// let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, input, None, None)?), 42);
/// // The first two columns of the image weigh 3 each.
/// let maps = image(Array::from_shape_fn((8, 16), |(_, x)| if x < 2 { 3 } else { 0 }))?;
/// assert_eq!(patch_weights(&dataset, &maps, f64::from, &|| true)?, [0.75, 0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ConstructError::NoFixedPlace`] for a patch that is cut elsewhere in another epoch, or at several places,
/// [`ConstructError::Weight`] for a weight that is negative, infinite or no number, [`ConstructError::Interrupted`],
/// [`ConstructError::Stack`] if a map cannot be read.
pub fn patch_weights(
    dataset: &Dataset,
    maps: &PatchExtractor,
    weight: impl Fn(f32) -> f64 + Sync,
    keep_going: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<f64>, ConstructError> {
    let of_patch = |index: usize| {
        if !keep_going() {
            return Err(ConstructError::Interrupted);
        }
        let place = fixed_place(dataset, index)?;
        let pixels = maps.extract(&place, Some(&[0]))?;
        let mut sum = 0.0;
        for ((_, z, y, x), &pixel) in pixels.indexed_iter() {
            let weight = weight(pixel);
            if !(weight >= 0.0 && weight.is_finite()) {
                let source_name =
                    maps.info(place.data_idx).map_or_else(String::new, |info| info.source.clone());
                let start = place.coords.to_zyx(0);
                let zyx = [z, y, x].map(coordinate);
                let zyx = std::array::from_fn(|axis| start[axis].saturating_add(zyx[axis]));
                return Err(ConstructError::Weight {
                    source_name,
                    sample_idx: place.sample_idx,
                    zyx,
                    weight,
                });
            }
            sum += weight;
        }
        #[expect(clippy::cast_precision_loss, reason = "patches have far less than 2^53 pixels")]
        let n_pixels = pixels.len() as f64;
        Ok(sum / n_pixels)
    };
    (0..dataset.n_patches()).into_par_iter().map(of_patch).collect()
}

/// Where a patch is cut in the first epoch and in the second.
fn fixed_place(dataset: &Dataset, index: usize) -> Result<PatchSpec, ConstructError> {
    let first = dataset.locate(index, 0)?;
    let second = dataset.locate(index, 1)?;
    let place = first.filter(|first| Some(first) == second.as_ref());
    place.and_then(|spec| spec.patch().copied()).ok_or(ConstructError::NoFixedPlace { index })
}
