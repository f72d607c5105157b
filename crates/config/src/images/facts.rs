//! What the check of a plan needs to know about opened images.

use patchweave_geometry::ImageShape;

use super::by_role::ByRole;

/// What the check of a plan needs to know about an opened image.
///
/// ```
/// use patchweave_config::ImageFacts;
/// use patchweave_geometry::ImageShape;
///
/// let shape = ImageShape::from_slice(&[1, 2, 64, 64])?;
/// let facts = ImageFacts { source: "a.tiff".into(), shape, entry: 0 };
/// assert_eq!(facts.shape.n_channels, 2);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// The name of the image, for messages.
    pub source: String,
    /// Its shape, with all channels.
    pub shape: ImageShape,
    /// The index of its entry in the list of the configuration; an entry may stand for several images.
    pub entry: usize,
}

/// The images of a run in the order of the configuration; the lists of roles that the run lacks are empty.
///
/// Images of two roles are paired by their position. If an image could not be opened, leave the roles empty that are paired
/// with its role.
pub type OpenedImages = ByRole<Vec<ImageFacts>>;
