//! The quilt on disk: making, opening, saving and closing it.

use std::path::Path;

use ndarray::ArrayD;
use patchweave_geometry::PerAxis;

use crate::disk::Disk;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::names::Names;
use crate::resident::Resident;
use crate::{LargeError, LargeOptions, LargeSpec};

/// Puts patches together in Zarr arrays on disk, one patch at a time and in any order.
///
/// Patches are added in memory, within a budget. Now and then everything that changed is saved as a whole
/// ([`checkpoint`](Self::checkpoint)): whenever the process ends, the arrays hold exactly the patches that the
/// journal counts, and [`open`](Self::open) goes on from there. Patches in the order of their numbers give
/// the same result, bit for bit, for any budget and any number of interruptions; other orders differ in the
/// rounding of sums only.
///
/// ```
/// use ndarray::{Array4, s};
/// use patchweave_geometry::{Extent, PerAxis};
/// use patchweave_large::{LargeOptions, LargeQuilt, LargeSpec, MeanOptions};
///
/// let folder = tempfile::tempdir()?;
/// let base = folder.path().join("denoised");
/// let images = Array4::from_shape_fn((2, 3, 20, 24), |(n, c, y, x)| (n * 1000 + c * 100 + y * 24 + x) as f32);
/// let spec = LargeSpec::new(2, Extent::new(&[20, 24])?, Extent::new(&[8, 8])?, PerAxis::new(&[4, 4])?)?
///     .with_border(2, 0.1)?;
///
/// let mut quilt = LargeQuilt::create(&base, spec, LargeOptions::default())?;
/// for index in 0..25 {
///     let patch = quilt.unstitch(images.view(), index)?.to_owned();
///     quilt.stitch(patch.view(), index)?;
/// }
/// quilt.close()?;
///
/// let mut quilt = LargeQuilt::open(&base, LargeOptions::default())?;
/// let missing: Vec<usize> = quilt.missing().collect();
/// assert_eq!(missing, (25..40).collect::<Vec<_>>());
/// for index in missing {
///     let patch = quilt.unstitch(images.view(), index)?.to_owned();
///     quilt.stitch(patch.view(), index)?;
/// }
/// assert!(quilt.is_complete());
/// let mean = quilt.mean(&MeanOptions::default())?;
/// assert!((&mean - &images.mapv(f64::from).into_dyn()).iter().all(|error| error.abs() < 1e-9));
/// assert!(folder.path().join("denoised_mean.zarr").is_dir());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Dropping it saves what is not saved and tells nobody if that fails; [`close`](Self::close) does. Dropping
/// alone never replaces an older quilt: what was added to a new one that was not saved once is lost then.
#[derive(Debug)]
pub struct LargeQuilt {
    pub(crate) spec: LargeSpec,
    pub(crate) options: LargeOptions,
    pub(crate) names: Names,
    pub(crate) faults: Faults,
    /// What every pixel of a window weighs.
    pub(crate) weights: Vec<f64>,
    pub(crate) journal: Journal,
    pub(crate) resident: Resident,
    /// Nothing before the first patch, which tells the number of channels.
    pub(crate) disk: Option<Disk>,
    /// Patches that were added since the last time of saving.
    pub(crate) n_unsaved: usize,
    /// Whether chunks in memory may hold half a patch, or the disk something else than memory says.
    pub(crate) is_torn: bool,
    /// The next patch to be handed out.
    pub(crate) next: usize,
}

impl LargeQuilt {
    /// A new quilt at a base name; the first [`stitch`](Self::stitch) decides to replace what stands there,
    /// the first time of saving does it.
    ///
    /// Until then an older quilt of that name stays whole. Whatever saves replaces it:
    /// [`checkpoint`](Self::checkpoint), [`close`](Self::close), [`merge`](Self::merge), results that are saved,
    /// a full budget and [`LargeOptions::checkpoint_every`]; but not dropping this one.
    ///
    /// # Errors
    /// [`LargeError::NoFileName`], [`LargeError::OutOfMemory`] if there is no room to count the patches.
    pub fn create(
        base: impl AsRef<Path>,
        spec: LargeSpec,
        options: LargeOptions,
    ) -> Result<Self, LargeError> {
        let names = Names::new(base.as_ref())?;
        let journal = Journal::new(&spec)?;
        Ok(Self::assemble(names, Faults::none(), spec, journal, None, options))
    }

    /// Opens a quilt that was saved, in order to go on with it or to read it.
    ///
    /// What an earlier process had decided to save, but not put in place, is put in place.
    ///
    /// # Errors
    /// [`LargeError::NoQuilt`] if there is none, [`LargeError::InUse`] if somebody else has it open,
    /// [`LargeError::Foreign`] or [`LargeError::Zarr`] if the arrays are damaged or somebody else's.
    pub fn open(base: impl AsRef<Path>, options: LargeOptions) -> Result<Self, LargeError> {
        Self::open_with(base.as_ref(), options, Faults::none())
    }

    pub(crate) fn open_with(base: &Path, options: LargeOptions, faults: Faults) -> Result<Self, LargeError> {
        let names = Names::new(base)?;
        let (disk, spec, journal) = Disk::open(&names, &faults, options.durability)?;
        Ok(Self::assemble(names, faults, spec, journal, Some(disk), options))
    }

    fn assemble(
        names: Names,
        faults: Faults,
        spec: LargeSpec,
        journal: Journal,
        disk: Option<Disk>,
        options: LargeOptions,
    ) -> Self {
        let weights = spec.weights().into_iter().collect();
        let resident = Resident::new(options.budget_bytes);
        LargeQuilt {
            spec,
            options,
            names,
            faults,
            weights,
            journal,
            resident,
            disk,
            n_unsaved: 0,
            is_torn: false,
            next: 0,
        }
    }

    /// Lays out the arrays, of which nothing is written yet.
    pub(crate) fn begin(&self, n_channels: usize) -> Result<Disk, LargeError> {
        Disk::begin(&self.names, &self.faults, self.options.durability, &self.spec, n_channels, &self.journal)
    }

    /// Images, windows and weights.
    #[must_use]
    pub fn spec(&self) -> &LargeSpec {
        &self.spec
    }

    /// Number of patches of all images.
    #[must_use]
    pub fn n_patches(&self) -> usize {
        self.spec.n_patches()
    }

    /// Number of windows along every axis.
    #[must_use]
    pub fn times(&self) -> PerAxis<usize> {
        self.spec.quilt().times()
    }

    /// 1 for pixels inside, 0 for those of the border, `(Z)YX`; all ones without a border.
    #[must_use]
    pub fn border_tensor(&self) -> ArrayD<f64> {
        self.spec.border_tensor()
    }

    /// Channels of the patches; `None` before the first one.
    #[must_use]
    pub fn n_channels(&self) -> Option<usize> {
        self.disk.as_ref().map(|disk| disk.tiling.n_channels)
    }

    /// How often every patch was added, `N(Z)YX` over the grid of windows.
    #[must_use]
    pub fn counts(&self) -> &ArrayD<u32> {
        self.journal.counts()
    }

    /// The patches that were not added yet, in order.
    pub fn missing(&self) -> impl Iterator<Item = usize> + '_ {
        self.counts().iter().enumerate().filter(|(_, count)| **count == 0).map(|(index, _)| index)
    }

    /// Whether every patch was added.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing().next().is_none()
    }

    /// Bytes of decoded chunks in memory; more than the budget only if one patch touches more.
    #[must_use]
    pub fn n_bytes_in_memory(&self) -> usize {
        self.resident.n_bytes()
    }

    /// Saves everything that was added so far, as a whole.
    ///
    /// # Errors
    /// [`LargeError::Io`], [`LargeError::Zarr`], or [`LargeError::Sink`] if what stands at one of the names must
    /// not be replaced. Nothing is lost then, and it can be tried again.
    pub fn checkpoint(&mut self) -> Result<(), LargeError> {
        self.mend()?;
        let Some(disk) = &self.disk else { return Ok(()) };
        if self.n_unsaved == 0 {
            return Ok(());
        }
        let keys = self.resident.changed();
        let resident = &self.resident;
        disk.decide(&self.names, &self.faults, self.options.durability, &self.journal, &keys, |key| {
            Ok(resident.get(key))
        })?;
        self.resident.all_saved();
        self.put_in_place()
    }

    /// Saves everything and lets go of the files.
    ///
    /// # Errors
    /// As [`checkpoint`](Self::checkpoint), but what was not saved is lost then; to be able to try again, call
    /// that first.
    pub fn close(mut self) -> Result<(), LargeError> {
        let result = self.checkpoint();
        // Dropping would try once more.
        self.n_unsaved = 0;
        result
    }
}

impl Drop for LargeQuilt {
    fn drop(&mut self) {
        // Whoever stops with the first error must not lose an older quilt that was complete.
        let replaces = self.disk.as_ref().is_some_and(|disk| disk.replaces && !disk.is_written);
        if !self.is_torn && !replaces {
            self.checkpoint().unwrap_or_default();
        }
    }
}
