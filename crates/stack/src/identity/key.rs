//! What is equal for images that are the same, so that a list can hold each of them once.

use std::hash::{Hash, Hasher};

use patchweave_geometry::{Axis, ImageShape};

use super::{Identity, Sureness};
use crate::StackInfo;

/// Equal for two images exactly if they have the same pixels at the same places of the canonical form.
///
/// ```
/// use std::collections::HashSet;
///
/// use ndarray::Array2;
/// use patchweave_stack::{ArrayStack, ImageKey, ImageStack};
///
/// let stack = ArrayStack::new(Array2::<u8>::zeros((4, 4)).into_dyn(), &"YX".parse()?)?;
/// let mut seen = HashSet::new();
/// assert!(seen.insert(ImageKey::of(stack.info()).unwrap()));
/// assert!(!seen.insert(ImageKey::of(stack.clone().info()).unwrap()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ImageKey {
    identity: Identity,
    shape: ImageShape,
    /// The dimensions of more than one pixel.
    dimensions: Vec<(Axis, usize)>,
}

impl ImageKey {
    /// The key of an image; `None` if nobody knows which others have the same pixels.
    #[must_use]
    pub fn of(info: &StackInfo) -> Option<Self> {
        info.identity.known().filter(|known| known.sureness != Sureness::Made)?;
        let dimensions =
            info.layout.axes().as_slice().iter().copied().zip(info.layout.shape().iter().copied());
        Some(ImageKey {
            identity: info.identity.clone(),
            shape: info.shape(),
            dimensions: dimensions.filter(|(_, size)| *size != 1).collect(),
        })
    }
}

impl PartialEq for ImageKey {
    fn eq(&self, other: &Self) -> bool {
        (self.shape, &self.dimensions) == (other.shape, &other.dimensions) && self.identity == other.identity
    }
}

/// A key is only made of what is known, which equals itself.
impl Eq for ImageKey {}

impl Hash for ImageKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.dimensions.hash(state);
        // The first of many arrays tells nearly all images apart.
        let objects = self.identity.known().map(|known| &known.objects);
        objects.map(|objects| (objects.len(), objects.first())).hash(state);
    }
}
