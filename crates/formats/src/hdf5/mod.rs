//! HDF5 files: single datasets, and the layouts of ilastik, Imaris and BigDataViewer.
//!
//! Compressed chunks are decoded one by one, datasets without chunks are read in place or in blocks. The reader is a
//! Rust one; the C library is not used.

mod attributes;
mod bdv;
mod damage;
mod dataset;
mod datatype;
mod filters;
mod grid;
mod header;
mod imaris;
mod imaris_info;
mod links;
mod listing;
mod located;
mod search;
mod values;
mod virtual_dataset;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use hdf5_reader::Hdf5File;
use hdf5_reader::group::Group;
use patchweave_files::check_path;
use patchweave_stack::{ArrayPlace, FileId, StackError, StoredArray};

use self::grid::Level;
use self::links::Linked;
use self::listing::Listing;
use self::located::{Located, Member, Node};
use crate::inside::{name_inside, split_file};
use crate::request::Pyramid;
use crate::{Format, OpenRequest, PooledFile};

/// HDF5 files. A path may go on inside of the file (`volume.h5/group/raw`).
pub(crate) struct Hdf5Format;

impl Format for Hdf5Format {
    fn name(&self) -> &str {
        crate::DataType::Hdf5.name()
    }

    fn extensions(&self) -> &[&str] {
        crate::DataType::Hdf5.extensions()
    }

    fn open(&self, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError> {
        check_path(request.path).map_err(StackError::Path)?;
        let (path, inside) = split_file(request.path);
        let opener = Opener::new(request, path)?;
        let images = opener.find(&inside)?;
        images.into_iter().map(|image| opener.pyramid(image)).collect()
    }
}

/// An image that was found: its levels are opened as they are asked for.
struct Found<'a> {
    name: String,
    n_levels: usize,
    open: Box<dyn Fn(usize) -> Result<Level, StackError> + 'a>,
}

/// An open file and how its images are wanted.
struct Opener<'a> {
    request: &'a OpenRequest<'a>,
    path: PathBuf,
    file: Hdf5File,
    /// The file itself, for pixels that are read in place.
    in_place: Option<Arc<PooledFile>>,
    links: Arc<Linked>,
    /// The links of groups that were looked into, by the storage of their file and their address.
    listings: RefCell<HashMap<(usize, u64), Rc<Listing>>>,
    /// Which file it is, whatever its name.
    id: FileId,
}

impl<'a> Opener<'a> {
    fn new(request: &'a OpenRequest<'a>, path: PathBuf) -> Result<Self, StackError> {
        let links = Arc::new(Linked::new(&path, request.options));
        let (file, in_place) = links.open(&path).map_err(|source| match source {
            hdf5_reader::error::Error::Io(source) => {
                StackError::Io { stack: path.display().to_string(), action: "open the file", source }
            }
            source => hdf5_error(&path.display().to_string(), "the file")(source),
        })?;
        let id = FileId::of(&path).map_err(|source| StackError::Io {
            stack: path.display().to_string(),
            action: "find the file",
            source,
        })?;
        Ok(Opener { request, path, file, in_place, links, listings: RefCell::default(), id })
    }

    /// The header of an object, whatever links lead to it; nothing if its file is gone.
    fn object(&self, node: &Node) -> Option<StoredArray> {
        let file = match node.is_linked {
            true => FileId::of(&self.links.path_of(&node.file)?).ok()?,
            false => self.id.clone(),
        };
        Some(StoredArray { file, place: ArrayPlace::Dataset(node.address) })
    }

    /// How messages call an object of the file.
    fn name(&self, inside: &str) -> String {
        name_inside(&self.path, inside)
    }

    /// The images at a place of the file; an empty place is the whole file.
    fn find(&self, inside: &str) -> Result<Vec<Found<'_>>, StackError> {
        let failed = |place: &str| hdf5_error(&self.name(inside), place);
        let root = self.file.root_group().map_err(failed("the file"))?;
        if inside.is_empty() {
            if let Some(image) = imaris::find(self, &root)? {
                return Ok(vec![image]);
            }
            if let Some(images) = bdv::find(self, &root)? {
                return Ok(images);
            }
            return Ok(vec![search::only_dataset(self, &root, inside)?]);
        }
        let (above, last) = inside.rsplit_once('/').unwrap_or(("", inside));
        let parent = self.file.group(above).map_err(failed(above))?;
        match self.member(&parent, last) {
            Member::Group(group) => match imaris::find(self, &group)? {
                Some(image) => Ok(vec![image]),
                None => Ok(vec![search::only_dataset(self, &group, inside)?]),
            },
            Member::Dataset(dataset) => Ok(vec![self.single(*dataset, inside.to_owned())]),
            Member::Unreadable(error) => Err(failed(inside)(error)),
            Member::Other => Err(self.no_such(&parent, inside)),
        }
    }

    /// A place of the file that has no pixels, and what there is instead.
    fn no_such(&self, parent: &Group, inside: &str) -> StackError {
        let mut names = self.names(parent).unwrap_or_default();
        names.sort();
        let more = if names.len() > 10 { ", …" } else { "" };
        names.truncate(10);
        StackError::Unsupported {
            stack: self.name(inside),
            what: format!(
                "a place that is neither a group nor a dataset (beside it are {}{more})",
                names.join(", ")
            ),
            hint: "name a dataset in the path, as in volume.h5/group/raw",
        }
    }

    /// One dataset as an image.
    fn single(&self, dataset: Located, inside: String) -> Found<'_> {
        let open = move |_level| grid::single(self, &dataset, &inside);
        Found { name: String::new(), n_levels: 1, open: Box::new(open) }
    }

    fn pyramid(&self, image: Found<'_>) -> Result<Pyramid, StackError> {
        let expected = self.request.n_levels.unwrap_or(image.n_levels);
        if expected > image.n_levels {
            let stack = self.name(&image.name);
            return Err(StackError::TooFewLevels { stack, got: image.n_levels, expected });
        }
        (0..expected).map(|level| (image.open)(level)?.stack(self)).collect()
    }
}

/// The child groups that are called `prefix` and a number, which have to count from 0 on without a gap.
fn numbered(opener: &Opener<'_>, group: &Group, prefix: &str, inside: &str) -> Result<usize, StackError> {
    let stack = opener.name(inside);
    let names = opener.names(group).map_err(hdf5_error(&stack, inside_or_file(inside)))?;
    let number = |name: &String| name.strip_prefix(prefix)?.trim_start().parse::<usize>().ok();
    let mut numbers: Vec<usize> = names.iter().filter_map(number).collect();
    numbers.sort_unstable();
    match numbers.iter().enumerate().find(|(place, number)| place != *number) {
        None => Ok(numbers.len()),
        Some((place, _)) => Err(StackError::damaged(
            stack,
            inside_or_file(inside).to_owned(),
            format!("{} groups without {prefix}{place}", numbers.len()),
            format!("{prefix}0, {prefix}1 and so on"),
        )),
    }
}

fn inside_or_file(inside: &str) -> &str {
    if inside.is_empty() { "the file" } else { inside }
}

/// An error of the reader with the place it is about.
fn hdf5_error(stack: &str, place: &str) -> impl Fn(hdf5_reader::error::Error) -> StackError + use<> {
    let (stack, place) = (stack.to_owned(), inside_or_file(place).to_owned());
    move |source| StackError::Unreadable { stack: stack.clone(), place: place.clone(), source: source.into() }
}

/// The folder of a file.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
