//! Which block of a sample is meant.

/// The two blocks of a sample.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::{PatchExtractor, PatchRole, RoleSources, Sources};
/// use patchweave_stack::ArrayStack;
///
/// let image = |n_channels: usize| {
///     let image = Array::<u16, _>::zeros((n_channels, 8, 8)).into_dyn();
///     PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"CYX".parse().unwrap())?)])
/// };
/// let sources = Sources::new(RoleSources::new(&image(2)?)).with_target(RoleSources::new(&image(3)?));
/// let n_channels = |role| sources.of(role).map(|images| images.shapes()[0].n_channels);
/// assert_eq!([PatchRole::Input, PatchRole::Target].map(n_channels), [Some(2), Some(3)]);
/// # Ok::<(), patchweave_construct::ConstructError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchRole {
    /// What a model sees.
    Input,
    /// What it should give.
    Target,
}
