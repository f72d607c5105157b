//! Adding up quilts of different patches, and mending a quilt whose memory cannot be trusted.

use crate::disk::Disk;
use crate::journal::{Attributes, Journal};
use crate::names::ArrayName;
use crate::tiling::{ChunkKey, Tiling};
use crate::transaction::settle;
use crate::{LargeError, LargeQuilt};

impl LargeQuilt {
    /// Adds all patches of another quilt, which keeps them; both are saved first.
    ///
    /// Both must be of the same images, windows, weights and channels, and no patch may be in both. Chunks are
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
    /// this quilt is as it was then, unless only putting decided changes in place has failed, which is done
    /// with its next use.
    pub fn merge(&mut self, other: &mut LargeQuilt) -> Result<(), LargeError> {
        other.checkpoint()?;
        self.checkpoint()?;
        let Some(theirs) = &other.disk else { return Ok(()) };
        let n_channels = self.n_channels().unwrap_or(theirs.tiling.n_channels);
        self.check_same(n_channels, other, theirs.tiling.n_channels)?;
        let journal = self.joined_journal(other)?;

        let ours = match self.disk.take() {
            Some(disk) => disk,
            None => Disk::begin(&self.names, &self.faults, &self.spec, n_channels, &self.journal)?,
        };
        let ours = self.disk.insert(ours);
        let sum = |key: &ChunkKey| {
            let Some(mut sum) = theirs.read(key)? else { return Ok(None) };
            if let Some(own) = ours.read(key)? {
                sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
            }
            Ok(Some(sum))
        };
        self.is_torn = true;
        let keys = all_chunks(&ours.tiling);
        ours.save(&self.names, &self.faults, self.options.sync, &journal, &keys, sum)?;
        ours.is_written = true;
        self.journal = journal;
        self.journal.all_saved();
        self.resident.clear();
        self.is_torn = false;
        Ok(())
    }

    fn check_same(&self, n_channels: usize, other: &LargeQuilt, got: usize) -> Result<(), LargeError> {
        let (ours, theirs) = (Attributes::new(&self.spec, n_channels), Attributes::new(&other.spec, got));
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

    /// Forgets what memory says and takes up what the disk says, if something has failed halfway.
    pub(crate) fn mend(&mut self) -> Result<(), LargeError> {
        if !self.is_torn {
            return Ok(());
        }
        settle(&self.names, &self.faults)?;
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
