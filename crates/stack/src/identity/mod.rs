//! Which image an image is: the real files its pixels come from and the places in them, all links resolved.
//!
//! * `file_id` tells files apart, this file the places in them.
//! * `key` is for lists that hold an image once.
//! * `planes` says which plane of an image lies where, `shared` which planes of two images are the same, `pieces` which files
//!   an image in a folder has.

mod file_id;
mod key;
mod pieces;
mod planes;
mod shared;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use self::file_id::FileId;
pub use self::key::ImageKey;
pub use self::pieces::Pieces;
pub use self::shared::{Doubt, SampleLink, SharedPlanes, SharedWith};

/// One stored array of pixels.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_stack::{ArrayPlace, FileId, Identity, StoredArray};
///
/// let file = FileId::of(Path::new("."))?;
/// let page = |directory| StoredArray { file: file.clone(), place: ArrayPlace::Page(directory) };
/// assert_eq!(Identity::of_object(page(8)), Identity::of_object(page(8)));
/// assert_ne!(Identity::of_object(page(8)), Identity::of_object(page(1024)));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoredArray {
    /// The file, or the folder of a Zarr.
    pub file: FileId,
    /// Which array of it.
    pub place: ArrayPlace,
}

/// Where in its file an array is stored. Places of one kind are the same or do not overlap, except for `Values`.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_stack::{ArrayPlace, FileId, Identity, StoredArray};
///
/// let file = FileId::of(Path::new("."))?;
/// let at = |place| Identity::of_object(StoredArray { file: file.clone(), place });
/// assert_eq!(at(ArrayPlace::Named("image".into())), Identity::of_file(Path::new("./."), "image")?);
/// assert_ne!(at(ArrayPlace::Page(8)), at(ArrayPlace::Member(8)));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ArrayPlace {
    /// It is all that there is.
    Whole,
    /// The page of a TIFF whose directory stands at this byte.
    Page(u64),
    /// The dataset of an HDF5 file whose header stands at this byte.
    Dataset(u64),
    /// The member of an NPZ that starts at this byte.
    Member(u64),
    /// Values without any structure.
    Values {
        /// The first byte of them in the file.
        start: u64,
        /// How many bytes there are.
        n_bytes: u64,
    },
    /// Called by a name in it, all links in names resolved.
    Named(Arc<str>),
    /// The first of several files that may have other names too; the number stands for all of them.
    Linked(u64),
    /// One of the images that a path gave, which is all that is known.
    Opened(usize),
}

/// Which pixels an image has: the same identity means the same pixels, whatever path led to them.
///
/// Readers of files say from which real files pixels come (the number of the file in its file system, or the canonical
/// URL) and which array in them, after all links were followed: names of files, hard links, links inside of HDF5, other
/// files of an OME-TIFF. Every array in memory is its own; clones of it are the same. Sources that say nothing are
/// unknown, and whoever compares them is told so.
///
/// [`SharedPlanes`] finds the planes that images have in common.
///
/// ```
/// use ndarray::Array2;
/// use patchweave_stack::{ArrayStack, Identity, ImageStack};
///
/// let stack = |pixels: Array2<u8>| ArrayStack::new(pixels.into_dyn(), &"YX".parse().unwrap());
/// let (a, b) = (stack(Array2::zeros((4, 4)))?, stack(Array2::zeros((4, 4)))?);
/// assert_ne!(a.info().identity, b.info().identity, "equal values are not the same pixels");
/// assert_eq!(a.info().identity, a.clone().info().identity);
/// assert!(a.info().identity.is_known() && !Identity::unknown().is_known());
/// assert_ne!(Identity::unknown(), Identity::unknown());
/// # Ok::<(), patchweave_stack::StackError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Identity(Option<Arc<Known>>);

#[derive(Debug)]
struct Known {
    /// Equal parts of the image along its first dimensions, in their order; `None` for one that is stored nowhere.
    objects: Vec<Option<StoredArray>>,
    /// The sizes that the dimensions have where they are stored, if the image is only a part of that.
    stored: Option<Vec<usize>>,
    /// Files that are read beside those of the objects.
    companions: Vec<FileId>,
    /// The files that the image is in, if it is in a folder of them.
    pieces: Option<Pieces>,
    sureness: Sureness,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sureness {
    /// Every plane is known.
    Planes,
    /// The image is made of pixels of the objects in a way that is not known.
    Made,
    /// The objects are only names; other names may mean the same.
    Guess,
}

impl Identity {
    /// That of a source that cannot tell which pixels it has.
    #[must_use]
    pub fn unknown() -> Self {
        Identity(None)
    }

    /// That of an array in memory, another one with every call; clones of the array share it.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::of_object(StoredArray { file: FileId::in_memory(), place: ArrayPlace::Whole })
    }

    /// That of an image in a file, for formats of your own: `name` tells it from other images of the file and is empty
    /// where there is only one.
    ///
    /// # Errors
    /// What the operating system says, [`io::ErrorKind::NotFound`] if there is no file.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use patchweave_stack::Identity;
    ///
    /// let (a, b) = (Identity::of_file(Path::new("."), "first")?, Identity::of_file(Path::new("./."), "first")?);
    /// assert_eq!(a, b);
    /// assert_ne!(a, Identity::of_file(Path::new("."), "second")?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn of_file(path: &Path, name: &str) -> io::Result<Self> {
        let place = if name.is_empty() { ArrayPlace::Whole } else { ArrayPlace::Named(name.into()) };
        Ok(Self::of_object(StoredArray { file: FileId::of(path)?, place }))
    }

    /// What can be said of an image whose source says nothing: that it is one of those that a path gave.
    ///
    /// It equals the image with the same number of the same file. Whether it shares pixels with any other stays unknown.
    #[must_use]
    pub fn opened_from(path: &Path, number: usize) -> Self {
        let file = FileId::of(path).unwrap_or_else(|_| FileId::of_text(path));
        let object = StoredArray { file, place: ArrayPlace::Opened(number) };
        Self::new(vec![Some(object)], Sureness::Guess)
    }

    /// That of an image that is computed from another one, whose planes are no planes of it.
    #[must_use]
    pub fn made_of(source: &Identity) -> Self {
        let Some(known) = &source.0 else { return Identity::unknown() };
        let sureness = if known.sureness == Sureness::Guess { Sureness::Guess } else { Sureness::Made };
        Identity(Some(Arc::new(Known {
            objects: known.objects.clone(),
            stored: None,
            companions: known.companions.clone(),
            pieces: known.pieces.clone(),
            sureness,
        })))
    }

    /// That of a single stored array.
    #[must_use]
    pub fn of_object(object: StoredArray) -> Self {
        Self::of_objects(vec![Some(object)])
    }

    /// That of equal arrays along the first dimensions of the image, in their order; `None` stands for pixels that are
    /// stored nowhere.
    #[must_use]
    pub fn of_objects(objects: Vec<Option<StoredArray>>) -> Self {
        Self::new(objects, Sureness::Planes)
    }

    fn new(objects: Vec<Option<StoredArray>>, sureness: Sureness) -> Self {
        Identity(Some(Arc::new(Known {
            objects,
            stored: None,
            companions: Vec::new(),
            pieces: None,
            sureness,
        })))
    }

    /// With the sizes of the dimensions where they are stored, of which the image shows the first pixels.
    #[must_use]
    pub fn cut_from(self, stored: Vec<usize>) -> Self {
        self.with(|known| known.stored = Some(stored))
    }

    /// With files that are read as well, such as metadata that stands by itself.
    #[must_use]
    pub fn beside(self, companions: impl IntoIterator<Item = FileId>) -> Self {
        self.with(|known| known.companions.extend(companions))
    }

    /// With the files that it is in, of which other images may have some.
    #[must_use]
    pub fn in_pieces(self, pieces: Pieces) -> Self {
        self.with(|known| known.pieces = Some(pieces))
    }

    fn with(self, change: impl FnOnce(&mut Known)) -> Self {
        let Some(known) = self.0 else { return Identity(None) };
        let mut known = Arc::try_unwrap(known).unwrap_or_else(|shared| Known {
            objects: shared.objects.clone(),
            stored: shared.stored.clone(),
            companions: shared.companions.clone(),
            pieces: shared.pieces.clone(),
            sureness: shared.sureness,
        });
        change(&mut known);
        Identity(Some(Arc::new(known)))
    }

    /// Whether the source tells which pixels it has.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.0.as_ref().is_some_and(|known| known.sureness != Sureness::Guess)
    }

    /// Every real file or folder that is read for the image, each once.
    #[must_use]
    pub fn files(&self) -> BTreeSet<&FileId> {
        let Some(known) = &self.0 else { return BTreeSet::new() };
        let pieces = known.pieces.iter().flat_map(Pieces::listed_files);
        let objects = known.objects.iter().flatten().map(|object| &object.file);
        objects.chain(&known.companions).chain(pieces).collect()
    }

    fn known(&self) -> Option<&Known> {
        self.0.as_deref()
    }
}

/// An unknown identity equals nothing, not even itself; one that is [made of](Identity::made_of) another equals its clones.
impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        let (Some(own), Some(other)) = (&self.0, &other.0) else { return false };
        let is_told = own.sureness != Sureness::Made && own.sureness == other.sureness;
        Arc::ptr_eq(own, other) || (is_told && (&own.objects, &own.stored) == (&other.objects, &other.stored))
    }
}
