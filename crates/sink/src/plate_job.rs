//! A plate of wells that is being written: its images one by one, and the groups that hold them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use patchweave_geometry::WellField;
use patchweave_remote::{inside, is_url};

use crate::leftovers::remove_leftovers;
use crate::ome_zarr::{OmeZarrOptions, PlateGroups};
use crate::place::{Place, begin};
use crate::{ImageSpec, Location, OutputKind, SinkError, SinkFormats, Work};

/// A plate of wells that is being written as an OME-Zarr.
///
/// Its images are written one by one, each by a [`Job`](crate::Job) of its own that is started where
/// [`image`](Self::image) says, by whoever knows that place. Until [`commit`](Self::commit) there is no plate. As with a
/// job, who started it removes it by dropping it; [`leave`](Self::leave) keeps it.
///
/// ```
/// use std::sync::Arc;
///
/// use patchweave_geometry::{ArrayLayout, Plate, WellField};
/// use patchweave_pixel::{PixelType, TypedArray};
/// use patchweave_sink::{ImageSpec, Job, PlateJob, SinkFormats};
///
/// let plate = Plate { rows: vec!["A".into()], columns: vec!["1".into()], ..Plate::default() };
/// let field = WellField { plate: Arc::new(plate), row: 0, column: 0, name: "0".into(), acquisition: None };
/// let spec = ImageSpec::new(ArrayLayout::new("YX".parse()?, &[8, 8])?, PixelType::U16);
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("screen.ome.zarr");
/// let formats = SinkFormats::default();
///
/// let plate = PlateJob::resume(&formats, &path, &[(field, spec.clone())])?;
/// let job = Job::resume(&formats, &plate.image(0).unwrap(), Some("ome_zarr"), spec)?;
/// job.sink().write(0, TypedArray::zeros(PixelType::U16, &[8, 8]).unwrap().view())?;
/// job.commit()?;
/// plate.set_done(0)?;
/// plate.commit()?;
/// assert!(path.join("A/1/0/zarr.json").exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PlateJob {
    work: Work,
    place: Place,
    groups: PlateGroups,
    paths: Vec<String>,
    durability: crate::Durability,
}

impl PlateJob {
    /// Starts a plate of these images that will stand at `target`, or goes on with one of the same images that was begun
    /// and left; what was begun otherwise is removed.
    ///
    /// # Errors
    /// [`SinkError::Unfit`] for no images, two of one name, or names that OME-Zarr does not allow; otherwise as
    /// [`Job::resume`](crate::Job::resume).
    pub fn resume(
        formats: &SinkFormats,
        target: &Path,
        images: &[(WellField, ImageSpec)],
    ) -> Result<Self, SinkError> {
        let unfit = |got: String, expected: &str| SinkError::Unfit {
            path: target.into(),
            got,
            expected: expected.to_owned(),
        };
        let Some((first, spec)) = images.first() else {
            return Err(unfit("a plate without images".to_owned(), "one at least"));
        };
        let mut seen = BTreeSet::new();
        let mut paths = Vec::with_capacity(images.len());
        for (field, _) in images {
            if field.plate != first.plate {
                return Err(unfit("images of several plates".to_owned(), "those of one"));
            }
            let path = field.path().filter(|_| field.has_plain_names());
            let got = || format!("row {}, column {}, field {:?}", field.row, field.column, field.name);
            let path = path.ok_or_else(|| unfit(got(), "names of letters and digits that the plate has"))?;
            if !seen.insert(path.to_lowercase()) {
                return Err(unfit(format!("two images {path}"), "every field once"));
            }
            paths.push(path);
        }
        let options: OmeZarrOptions = spec.format_options(target, crate::ome_zarr::NAME)?;
        for (_, other) in images {
            let of_other: OmeZarrOptions = other.format_options(target, crate::ome_zarr::NAME)?;
            if of_other.version != options.version {
                return Err(unfit("images of several versions of OME-Zarr".to_owned(), "one version"));
            }
        }
        let fields: Vec<&WellField> = images.iter().map(|(field, _)| field).collect();
        let groups = PlateGroups::new(&fields, options.version);
        let specs: Vec<&ImageSpec> = images.iter().map(|(_, spec)| spec).collect();
        let of = (groups.json(), specs);
        let (place, work, is_begun) =
            Place::resume(target, OutputKind::Store, spec.durability, formats.remote(), &of)?;
        if !is_begun {
            place.prepare(&work, OutputKind::Store)?;
            begin(&work, &of)?;
        }
        Ok(PlateJob { work, place, groups, paths, durability: spec.durability })
    }

    /// Where an image of the plate is written, by its number among all; `None` if there is none.
    #[must_use]
    pub fn image(&self, number: usize) -> Option<PathBuf> {
        Some(inside(&self.work.output(), Path::new(self.paths.get(number)?)))
    }

    /// Whether an image was written, by this process or another.
    ///
    /// # Errors
    /// The failure to look, and [`SinkError::TakenOver`] if the plate is that of another job by now.
    pub fn is_done(&self, number: usize) -> Result<bool, SinkError> {
        self.work.check_owned()?;
        self.work.has(&done(number))
    }

    /// Says that an image was written and its job committed.
    ///
    /// # Errors
    /// As [`is_done`](Self::is_done).
    pub fn set_done(&self, number: usize) -> Result<(), SinkError> {
        self.work.mark(&done(number))
    }

    /// Writes the groups and gives the plate its name. If that fails, the plate stays to be gone on with.
    ///
    /// # Errors
    /// [`SinkError::Incomplete`] for images that are not [done](Self::set_done), what must not be replaced, and failures to
    /// write.
    pub fn commit(self) -> Result<Location, SinkError> {
        match self.finish() {
            Ok(()) => self.place.publish(&self.work, OutputKind::Store, self.durability),
            Err(error) => {
                self.place.leave();
                Err(error)
            }
        }
    }

    fn finish(&self) -> Result<(), SinkError> {
        let written = self.work.names("done")?;
        let mut missing = (0..self.paths.len()).filter(|number| !written.contains(&done(*number)));
        if let Some(unit_idx) = missing.next() {
            let (n_missing, n_units) = (1 + missing.count(), self.paths.len());
            return Err(SinkError::Incomplete {
                path: self.work.target().into(),
                unit_idx,
                n_missing,
                n_units,
            });
        }
        self.groups.write(&self.work)?;
        let output = self.work.output();
        if is_url(&output) {
            return Ok(());
        }
        // Of jobs that were killed when their images had their names.
        let wells: BTreeSet<PathBuf> =
            self.paths.iter().filter_map(|path| output.join(path).parent().map(Path::to_owned)).collect();
        let looked = wells.iter().try_for_each(|well| remove_leftovers(well).map(drop));
        looked.map_err(|source| self.work.failed("look through", source))
    }

    /// Lets go of the plate without its final name, so that it can be gone on with.
    pub fn leave(self) {
        self.place.leave();
    }
}

/// The mark of an image that was written.
fn done(number: usize) -> String {
    format!("done/{number}")
}
