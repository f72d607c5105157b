//! What another process or thread needs to join a job.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::ImageSpec;

/// What another process needs to join a [`Job`](crate::Job); it can be sent there as text.
///
/// An image that is made in memory is joined by threads of the same process only.
///
/// ```
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::PixelType;
/// use patchweave_sink::{ImageSpec, Job, JobToken, SinkFormats};
///
/// let folder = tempfile::tempdir()?;
/// let layout = ArrayLayout::new("YX".parse()?, &[64, 64])?;
/// let spec = ImageSpec::new(layout, PixelType::U8);
/// let job = Job::start(&SinkFormats::default(), &folder.path().join("image.tif"), None, spec)?;
/// let text = serde_json::to_string(job.token())?;
///
/// let token: JobToken = serde_json::from_str(&text)?;
/// let other = Job::join(&SinkFormats::default(), &token)?;
/// assert_eq!(other.sink().info(), job.sink().info());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobToken {
    pub(crate) format: String,
    pub(crate) target: PathBuf,
    pub(crate) place: TokenPlace,
    pub(crate) spec: ImageSpec,
}

/// Where an image is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenPlace {
    /// In a folder under a temporary name.
    Folder(PathBuf),
    /// In the memory of a process.
    Memory {
        /// The number of the process among all.
        process: u64,
        /// The number of the image in that process.
        number: u64,
    },
    /// In an object store.
    Store {
        /// Which of all jobs at that place it is.
        owner: String,
    },
}

impl JobToken {
    /// Where the image will stand, or what it is called in memory.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }
}
