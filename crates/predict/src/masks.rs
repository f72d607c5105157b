//! Where there is something to predict, image by image.

use std::sync::Arc;

use patchweave_geometry::ImageShape;
use patchweave_stack::ImageStack;
use rayon::prelude::*;

use crate::PredictError;
use crate::open_image::OpenImage;
use crate::skip::is_masked;

/// Where there is something to predict, image by image.
#[derive(Default)]
pub(crate) struct Masks(pub Vec<Option<Arc<dyn ImageStack>>>);

impl Masks {
    fn of(&self, data_idx: usize) -> Option<&dyn ImageStack> {
        self.0.get(data_idx).and_then(Option::as_ref).map(AsRef::as_ref)
    }

    pub fn has(&self, data_idx: usize) -> bool {
        self.of(data_idx).is_some()
    }

    /// Which of these tiles the mask of an image leaves out, as far as it can be read.
    pub fn leave_out(
        &self,
        data_idx: usize,
        image: &OpenImage,
        tiles: &[usize],
    ) -> Vec<Result<bool, PredictError>> {
        let Some(mask) = self.of(data_idx) else { return tiles.iter().map(|_| Ok(false)).collect() };
        let of_tile = |tile_idx: &usize| match image.tile(*tile_idx) {
            Some((_, image, tile)) => is_masked(mask, &tile).map_err(|source| PredictError::Mask {
                mask: mask.info().source.clone(),
                data_idx,
                image: image.to_owned(),
                source,
            }),
            None => Ok(false),
        };
        tiles.par_iter().map(of_tile).collect()
    }

    /// Whether masks belong to their images.
    pub fn check(&self, shapes: &[ImageShape]) -> Result<(), PredictError> {
        for (data_idx, shape) in shapes.iter().enumerate() {
            let Some(mask) = self.of(data_idx) else { continue };
            let (got, expected) = (mask.info().shape(), ImageShape { n_channels: 1, ..*shape });
            if got != expected {
                let (mask, got, expected) = (mask.info().source.clone(), got.to_vec(), expected.to_vec());
                return Err(PredictError::MaskShape { data_idx, mask, got, expected });
            }
        }
        Ok(())
    }
}
