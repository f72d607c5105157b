//! Adding up quilts of different patches, and mending a quilt whose memory cannot be trusted.

use crate::journal::{Attributes, Journal};
use crate::names::ArrayName;
use crate::tiling::{ChunkKey, Tiling};
use crate::transaction::settle;
use crate::{LargeError, LargeQuilt};

impl LargeQuilt {
    /// Adds all patches of another quilt, which keeps them; both are saved first.
    ///
    /// Another quilt without patches changes nothing, whatever it is of. Otherwise both
    /// must be of the same images, windows, weights and channels, and no patch may be in both. Chunks are
    /// added one by one, on the threads of the pool, and take their places all together or not at all. Until
    /// then they need as much room on the disk as the other quilt.
    ///
    /// ```
    /// use ndarray::Array3;
    /// use patchweave_geometry::{Extent, PerAxis};
    /// use patchweave_large::{LargeOptions, LargeQuilt, LargeSpec, MeanOptions};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let spec = LargeSpec::new(1, Extent::new(&[6, 6])?, Extent::new(&[4, 4])?, PerAxis::new(&[2, 2])?)?;
    /// let patch = Array3::<f32>::from_elem((1, 4, 4), 7.0);
    /// let quilt = |name: &str, indices: &[usize]| -> Result<LargeQuilt, patchweave_large::LargeError> {
    ///     let mut quilt = LargeQuilt::create(folder.path().join(name), spec.clone(), LargeOptions::default())?;
    ///     indices.iter().try_for_each(|&index| quilt.stitch(patch.view(), index))?;
    ///     Ok(quilt)
    /// };
    /// let (mut first, mut second) = (quilt("first", &[0, 3])?, quilt("second", &[1, 2])?);
    /// first.merge(&mut second)?;
    /// assert!(first.is_complete());
    /// assert!(first.mean(&MeanOptions::default())?.iter().all(|mean| (mean - 7.0).abs() < 1e-12));
    ///
    /// let error = first.merge(&mut second).unwrap_err();
    /// assert!(error.to_string().starts_with("patch 1 is in both quilts"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LargeError::OtherGeometry`], [`LargeError::SharedPatch`], or the failure to read or save one of the two;
    /// this quilt is as it was then, unless only putting decided changes in place has failed: then its counts
    /// say that the patches are in, and the rest is done with its next use.
    pub fn merge(&mut self, other: &mut LargeQuilt) -> Result<(), LargeError> {
        other.checkpoint()?;
        let Some(theirs) = other.disk.as_ref().filter(|_| other.journal.n_added() > 0) else { return Ok(()) };
        self.checkpoint()?;
        let n_channels = self.n_channels().unwrap_or(theirs.tiling.n_channels);
        self.check_same(n_channels, other, theirs.tiling.n_channels)?;
        let journal = self.joined_journal(other)?;

        let ours = match self.disk.take() {
            Some(disk) => disk,
            None => self.begin(n_channels)?,
        };
        let ours = self.disk.insert(ours);
        let sum = |key: &ChunkKey| {
            let Some(mut sum) = theirs.read(key, &other.journal)? else { return Ok(None) };
            if let Some(own) = ours.read(key, &self.journal)? {
                sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
            }
            Ok(Some(sum))
        };
        let keys = all_chunks(&ours.tiling);
        let decided = ours.decide(&self.names, &self.faults, self.options.durability, &journal, &keys, sum);
        if decided.is_err() {
            self.forget_layout();
            return decided;
        }
        self.journal = journal;
        self.resident.clear();
        self.put_in_place()
    }

    fn check_same(&self, n_channels: usize, other: &LargeQuilt, got: usize) -> Result<(), LargeError> {
        let ours = Attributes::new(&self.spec, n_channels);
        let theirs = Attributes::new(&other.spec, got);
        match ours.difference(&theirs) {
            None => Ok(()),
            Some((what, expected, got)) => {
                Err(LargeError::OtherGeometry { path: other.names.base().into(), what, got, expected })
            }
        }
    }

    fn joined_journal(&self, other: &LargeQuilt) -> Result<Journal, LargeError> {
        let mut journal = self.journal.clone();
        for (index, &count) in other.journal.counts().iter().enumerate().filter(|(_, count)| **count > 0) {
            if self.journal.count(index) > 0 {
                return Err(LargeError::SharedPatch { index, path: other.names.base().into() });
            }
            journal.add(index, count);
        }
        Ok(journal)
    }

    /// Puts decided changes, of which memory knows already, in place; until that is done, nothing is read.
    pub(crate) fn put_in_place(&mut self) -> Result<(), LargeError> {
        self.is_torn = true;
        if let Some(disk) = &mut self.disk {
            disk.is_written = true;
        }
        self.journal.all_saved();
        self.n_unsaved = 0;
        settle(&self.names, &self.faults, self.options.durability)?;
        self.is_torn = false;
        Ok(())
    }

    /// Lets the next first patch tell the number of channels again, if none is in and nothing was saved.
    pub(crate) fn forget_layout(&mut self) {
        let is_written = self.disk.as_ref().is_some_and(|disk| disk.is_written);
        if !is_written && self.journal.n_added() == 0 {
            self.disk = None;
            self.resident.clear();
        }
    }

    /// Forgets what memory says and takes up what the disk says, if something has failed halfway.
    pub(crate) fn mend(&mut self) -> Result<(), LargeError> {
        if !self.is_torn {
            return Ok(());
        }
        settle(&self.names, &self.faults, self.options.durability)?;
        let mut journal = Journal::new(&self.spec)?;
        match &self.disk {
            Some(disk) if disk.is_written => journal.load(disk.journal())?,
            _ => self.disk = None,
        }
        self.journal = journal;
        self.resident.clear();
        self.n_unsaved = 0;
        self.is_torn = false;
        Ok(())
    }
}

fn all_chunks(tiling: &Tiling) -> Vec<ChunkKey> {
    let of_pixels = [ArrayName::MeanCache, ArrayName::StdCache].into_iter().flat_map(|array| {
        (0..tiling.n_images)
            .flat_map(move |image| tiling.places().map(move |at| ChunkKey::new(array, image, at)))
    });
    let of_weights = tiling.places().map(|at| ChunkKey::new(ArrayName::NormaCache, 0, at));
    of_pixels.chain(of_weights).collect()
}
