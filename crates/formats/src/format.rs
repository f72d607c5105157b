//! What a format has to do.

use patchweave_stack::StackError;

use crate::request::{OpenRequest, Pyramid};

/// A kind of file that images can be opened from.
///
/// To use a format of your own everywhere, from YAML as well, implement this trait and add it to [`Formats`](crate::Formats).
pub trait Format: Send + Sync {
    /// The name in a configuration, in lower case.
    fn name(&self) -> &str;

    /// What names of such files end in, in lower case and without the dot; several parts are possible (`nii.gz`).
    fn extensions(&self) -> &[&str];

    /// Opens what the request names, without reading pixels.
    ///
    /// # Errors
    /// [`StackError`] if there is nothing of this format, or not what the request asks for.
    fn open(&self, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError>;
}
