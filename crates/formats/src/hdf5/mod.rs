//! HDF5 files: single datasets, and the layouts of ilastik, Imaris and BigDataViewer.
//!
//! Compressed chunks are decoded one by one, datasets without chunks are read in place or in blocks. The reader is a
//! Rust one; the C library is not used.

mod any_dataset;
mod attributes;
mod bdv;
mod bdv_sign;
mod damage;
mod dataset;
mod datatype;
mod error;
mod filters;
mod found;
mod grid;
mod header;
mod imaris;
mod imaris_info;
mod links;
mod listing;
mod located;
mod look_up;
mod numbered;
mod opener;
mod pixels;
mod search;
mod values;
mod virtual_dataset;

use hdf5_reader::group::Group;
use patchweave_files::check_path;
use patchweave_stack::StackError;

use self::error::hdf5_error;
use self::found::Found;
use self::located::Member;
use self::opener::Opener;
use crate::inside::split_file;
use crate::request::Pyramid;
use crate::{Format, OpenRequest};

/// HDF5 files. A path may go on inside of the file (`volume.h5/group/raw`).
pub(crate) struct Hdf5Format;

impl Format for Hdf5Format {
    fn name(&self) -> &str {
        crate::FileFormat::Hdf5.name()
    }

    fn extensions(&self) -> &[&str] {
        crate::FileFormat::Hdf5.extensions()
    }

    fn open(&self, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError> {
        check_path(request.path).map_err(StackError::Path)?;
        let (path, inside) = split_file(request.path);
        let opener = Opener::new(request, path)?;
        let images = opener.find(&inside)?;
        images.into_iter().map(|image| opener.pyramid(image)).collect()
    }
}

impl Opener<'_> {
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
            Member::Dataset(dataset) => Ok(vec![Found::single(self, *dataset, inside.to_owned())]),
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

    fn pyramid(&self, image: Found<'_>) -> Result<Pyramid, StackError> {
        let expected = self.request.n_levels.unwrap_or(image.n_levels);
        if expected > image.n_levels {
            let stack = self.name(&image.name);
            return Err(StackError::TooFewLevels { stack, got: image.n_levels, expected });
        }
        (0..expected).map(|level| (image.open)(level)?.stack(self)).collect()
    }
}
