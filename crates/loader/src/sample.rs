//! The name of a sample in the stream.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use patchweave_construct::{Dataset, PatchRole};
use patchweave_geometry::PatchSpec;
use patchweave_patching::Round;

use crate::panics::panic_message;

/// One sample of the stream: which patch of which data set, and in which round it is made.
///
/// ```
/// use patchweave_loader::SampleId;
/// use patchweave_patching::Round;
///
/// let sample = SampleId { dataset: 0, index: 37, round: Round::from(2) };
/// assert_eq!(sample.to_string(), "patch 37 of epoch 2");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SampleId {
    /// Which of the data sets of a loader.
    pub dataset: usize,
    /// Which patch of it.
    pub index: usize,
    /// When: the epoch, and which of the times the patch is made in it.
    pub round: Round,
}

impl fmt::Display for SampleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "patch {}", self.index)?;
        if self.dataset > 0 {
            write!(f, " of data set {}", self.dataset)?;
        }
        write!(f, " of epoch {}", self.round.epoch)
    }
}

/// A sample that could not be made, and where it would have been cut.
///
/// ```
/// use patchweave_loader::{FailedSample, SampleId};
/// use patchweave_patching::Round;
///
/// let id = SampleId { dataset: 0, index: 37, round: Round::from(2) };
/// assert_eq!(FailedSample { id, place: None }.to_string(), "patch 37 of epoch 2");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FailedSample {
    /// Which sample.
    pub id: SampleId,
    /// The image, and the region of it; nothing where only making the sample tells.
    pub place: Option<(String, PatchSpec)>,
}

impl FailedSample {
    /// Looks up where a sample would have been cut; user code that panics does not know.
    pub(crate) fn caught(dataset: &Dataset, id: SampleId) -> Self {
        catch_unwind(AssertUnwindSafe(|| FailedSample::locate(dataset, id))).unwrap_or_else(|panic| {
            drop(panic_message(panic));
            FailedSample { id, place: None }
        })
    }

    fn locate(dataset: &Dataset, id: SampleId) -> Self {
        let place = || {
            let spec = dataset.locate(id.index, id.round).ok()??;
            let metadata = dataset.metadata(PatchRole::Input, &spec)?;
            Some((metadata.source.clone(), *spec.patch()?))
        };
        FailedSample { id, place: place() }
    }
}

impl fmt::Display for FailedSample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        match &self.place {
            None => Ok(()),
            Some((source, PatchSpec { sample_idx, coords, patch_size, .. })) => {
                write!(f, " ({source}, sample {sample_idx}, start {coords:?}, size {patch_size})")
            }
        }
    }
}
