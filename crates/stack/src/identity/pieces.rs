//! The files of an image that is in a folder of them.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};

use super::FileId;

/// The files that an image is in, of which other images may have some. They are listed when somebody compares them.
#[derive(Clone)]
///
/// ```
/// use std::path::Path;
///
/// use patchweave_stack::{FileId, Identity, Pieces};
///
/// let here = Path::new(".");
/// let chunks = Pieces::listed_by(|| Ok(vec![FileId::of(Path::new("Cargo.toml"))?]));
/// let identity = Identity::of_file(here, "")?.in_pieces(chunks.clone());
/// assert_eq!(identity.files().len(), 1, "nobody asked for the files yet");
/// assert_eq!(chunks.files().map(<[FileId]>::len), Some(1));
/// assert_eq!(identity.files().len(), 2);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Pieces(Arc<List>);

struct List {
    list: Box<dyn Fn() -> io::Result<Vec<FileId>> + Send + Sync>,
    /// `None` if they cannot be listed.
    files: OnceLock<Option<Vec<FileId>>>,
}

impl Pieces {
    /// Those that `list` finds; it is called at most once.
    #[must_use]
    pub fn listed_by(list: impl Fn() -> io::Result<Vec<FileId>> + Send + Sync + 'static) -> Self {
        Pieces(Arc::new(List { list: Box::new(list), files: OnceLock::new() }))
    }

    /// Those that are known already.
    #[must_use]
    pub fn known(files: Vec<FileId>) -> Self {
        let list = || Err(io::Error::other("they were listed before"));
        Pieces(Arc::new(List { list: Box::new(list), files: OnceLock::from(Some(files)) }))
    }

    /// All of them, listed now if they are not yet; `None` if they cannot be listed.
    #[must_use]
    pub fn files(&self) -> Option<&[FileId]> {
        self.0.files.get_or_init(|| (self.0.list)().ok()).as_deref()
    }

    /// Those that are listed by now.
    #[must_use]
    pub fn listed_files(&self) -> &[FileId] {
        self.0.files.get().and_then(Option::as_deref).unwrap_or_default()
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pieces").field(&self.listed_files().len()).finish()
    }
}
