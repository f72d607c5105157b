//! The pixels of whole images, for models that want statistics of more than a tile.

use ndarray::ArrayView4;

use crate::Cause;

/// What pixels are all of.
///
/// ```
/// use patchweave_model::Whole;
///
/// assert_ne!(Whole::Image, Whole::Run);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whole {
    /// One image, at one index along `S` and `T` if it has several.
    Image,
    /// All images that are predicted.
    Run,
}

/// All pixels of an image or of a run, as a model gets them, tile by tile.
///
/// ```
/// use ndarray::{Array4, ArrayView4};
/// use patchweave_model::{Cause, WholePixels};
///
/// /// An image in memory.
/// struct InMemory(Array4<f32>);
///
/// impl WholePixels for InMemory {
///     fn n_channels(&self) -> usize {
///         self.0.dim().0
///     }
///
///     fn is_one_tile(&self) -> bool {
///         true
///     }
///
///     fn each_block(
///         &self,
///         look: &mut dyn FnMut(ArrayView4<'_, f32>) -> Result<(), Cause>,
///     ) -> Result<(), Cause> {
///         look(self.0.view())
///     }
/// }
///
/// let mut n_pixels = 0;
/// InMemory(Array4::zeros([2, 1, 3, 4])).each_block(&mut |block| {
///     n_pixels += block.len();
///     Ok(())
/// })?;
/// assert_eq!(n_pixels, 24);
/// # Ok::<(), Cause>(())
/// ```
pub trait WholePixels {
    /// How many channels every block has.
    fn n_channels(&self) -> usize;

    /// Whether a model sees all of it in one tile.
    fn is_one_tile(&self) -> bool;

    /// Shows blocks `CZYX` that together hold every pixel once, always in the same order; may be called several times.
    ///
    /// # Errors
    /// What stopped the reading, or the error of `look`.
    fn each_block(&self, look: &mut dyn FnMut(ArrayView4<'_, f32>) -> Result<(), Cause>)
    -> Result<(), Cause>;
}
