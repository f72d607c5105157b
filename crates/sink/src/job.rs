//! An image that is being written: started, joined by others, committed once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::adaptors::pyramid;
use crate::marked::Marked;
use crate::staging::{StagedOutput, Started};
use crate::{ImageSink, ImageSpec, Location, OutputKind, SinkError, SinkFormat, SinkFormats, Syncing, Work};

/// What a job is about, beside its units.
const TOKEN: &str = "job.json";
/// Set when the output is about to get its name: what is found so may be without it.
const LAST_STEP: &str = "publishing";

/// What another process needs to join a [`Job`]; it can be sent there as text.
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
    format: String,
    target: PathBuf,
    folder: PathBuf,
    spec: ImageSpec,
}

/// An image that is being written: started, joined by others, committed once.
///
/// Until [`commit`](Self::commit) it has a hidden temporary name beside its final one. Who started it removes it by
/// dropping the job; [`leave`](Self::leave) keeps it for [`resume`](Self::resume), and so does the end of the process.
pub struct Job {
    format: Arc<dyn SinkFormat>,
    token: JobToken,
    work: Work,
    staged: StagedOutput,
    sink: Arc<dyn ImageSink>,
    is_resumed: bool,
}

impl Job {
    /// Starts an image that will stand at `target`, in the format of that name or else of the ending of `target`; creates
    /// the parent folders.
    ///
    /// # Errors
    /// [`SinkError`] for a specification that the format cannot hold or something at `target` that must not be replaced;
    /// nothing is left behind then but parent folders.
    pub fn start(
        formats: &SinkFormats,
        target: &Path,
        format: Option<&str>,
        spec: ImageSpec,
    ) -> Result<Self, SinkError> {
        let (format, spec) = checked(formats, target, format, spec)?;
        let staged = StagedOutput::create(target, format.output())?;
        Self::prepared(format, target, spec, staged)
    }

    /// Goes on with an image that was begun before and left, or else starts it. Specification and format are the same
    /// then; what was begun otherwise is removed.
    ///
    /// # Errors
    /// As [`start`](Self::start), and [`SinkError::Busy`] if somebody works on it.
    pub fn resume(
        formats: &SinkFormats,
        target: &Path,
        format: Option<&str>,
        spec: ImageSpec,
    ) -> Result<Self, SinkError> {
        let (format, spec) = checked(formats, target, format, spec)?;
        let staged = match StagedOutput::claim(target, format.output())? {
            Started::New(staged) => staged,
            Started::Left(staged) => {
                let work = Work::new(target, staged.folder(), spec.durability);
                let token = token(format.as_ref(), target, staged.folder(), &spec);
                let left: Option<JobToken> =
                    work.get(TOKEN)?.and_then(|text| serde_json::from_slice(&text).ok());
                if left.as_ref() == Some(&token) && !work.has(LAST_STEP)? {
                    return Self::opened(format, token, work, staged, true);
                }
                // Begun with other settings: dropped, it removes itself.
                drop(staged);
                return Self::resume(formats, target, Some(format.name()), spec);
            }
        };
        Self::prepared(format, target, spec, staged)
    }

    /// Joins an image that another process, or another part of this one, has started.
    ///
    /// # Errors
    /// [`SinkError`] if nobody works on it any more, or it cannot be opened.
    pub fn join(formats: &SinkFormats, token: &JobToken) -> Result<Self, SinkError> {
        let format = Arc::clone(formats.find(&token.target, Some(&token.format))?);
        let staged = StagedOutput::join(&token.target, format.output(), &token.folder)?;
        let work = Work::new(&token.target, &token.folder, token.spec.durability);
        Self::opened(format, token.clone(), work, staged, false)
    }

    fn prepared(
        format: Arc<dyn SinkFormat>,
        target: &Path,
        spec: ImageSpec,
        staged: StagedOutput,
    ) -> Result<Self, SinkError> {
        let work = Work::new(target, staged.folder(), spec.durability);
        if format.output() == OutputKind::Store {
            std::fs::create_dir(work.output()).map_err(|source| work.failed("create", source))?;
        }
        format.prepare(&work, &spec)?;
        let token = token(format.as_ref(), target, staged.folder(), &spec);
        // Last, so that what was not prepared is not gone on with. Names that are no text cannot be resumed.
        if let Ok(text) = serde_json::to_vec(&token) {
            work.put(TOKEN, &text)?;
        }
        Self::opened(format, token, work, staged, false)
    }

    fn opened(
        format: Arc<dyn SinkFormat>,
        token: JobToken,
        work: Work,
        staged: StagedOutput,
        is_resumed: bool,
    ) -> Result<Self, SinkError> {
        let whole = Marked::open(format.as_ref(), &work, &token.spec, 0)?;
        let sink: Arc<dyn ImageSink> = match token.spec.levels {
            1 => Arc::new(whole),
            _ => Arc::new(pyramid::PyramidSink::new(whole, &work, &token.spec)?),
        };
        Ok(Job { format, token, work, staged, sink, is_resumed })
    }

    /// What another process needs to join.
    #[must_use]
    pub fn token(&self) -> &JobToken {
        &self.token
    }

    /// What is written.
    #[must_use]
    pub fn spec(&self) -> &ImageSpec {
        &self.token.spec
    }

    /// Where units are written; smaller levels are made of them.
    #[must_use]
    pub fn sink(&self) -> Arc<dyn ImageSink> {
        Arc::clone(&self.sink)
    }

    /// Whether this goes on with what was begun before.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// Makes the smaller levels, on the threads of the caller's rayon pool, and gives the image its final name.
    ///
    /// An earlier output of that name is replaced: a file in one step; a Zarr store is moved aside, replaced and then
    /// deleted, and moved back if the replacement fails.
    ///
    /// # Errors
    /// [`SinkError::Incomplete`] if units are missing; what must not be replaced, and failures to write. Then the image
    /// does not get its name; whoever started it loses it, unless units were missing and it is [left](Self::leave) first.
    pub fn commit(self) -> Result<Location, SinkError> {
        let missing = |level: &Marked| match level.missing()? {
            None => Ok(()),
            Some((unit_idx, n_missing)) => {
                let n_units = level.info().units.n_units();
                let path = self.token.target.clone();
                Err(SinkError::Incomplete { path, unit_idx, n_missing, n_units })
            }
        };
        let level = |level| Marked::open(self.format.as_ref(), &self.work, &self.token.spec, level);
        missing(&level(0)?)?;
        for above in 1..self.token.spec.levels {
            let above_sink = level(above)?;
            pyramid::write_level(&above_sink, &level(0)?, &self.work, &self.token.spec, above)?;
            missing(&above_sink)?;
        }
        self.format.assemble(&self.work, &self.token.spec)?;
        self.work.mark(LAST_STEP)?;
        self.staged.publish_with(&Syncing::new(self.token.spec.durability))?;
        Ok(Location::Path(self.token.target))
    }

    /// Lets go of the image without its final name, so that it can be gone on with.
    pub fn leave(self) {
        self.staged.leave();
    }
}

fn checked(
    formats: &SinkFormats,
    target: &Path,
    format: Option<&str>,
    spec: ImageSpec,
) -> Result<(Arc<dyn SinkFormat>, ImageSpec), SinkError> {
    let format = formats.find(target, format)?;
    spec.check(target)?;
    let spec = format.settle(spec);
    format.check(target, &spec)?;
    Ok((Arc::clone(format), spec))
}

fn token(format: &dyn SinkFormat, target: &Path, folder: &Path, spec: &ImageSpec) -> JobToken {
    JobToken {
        format: format.name().to_owned(),
        target: target.into(),
        folder: folder.into(),
        spec: spec.clone(),
    }
}
