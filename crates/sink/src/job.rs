//! An image that is being written: started, joined by others, committed once.

use std::path::Path;
use std::sync::Arc;

use crate::adaptors::pyramid;
use crate::journal_place::JournalPlace;
use crate::marked::Marked;
use crate::place::{Place, begin, begin_as};
use crate::{
    Durability, ImageSink, ImageSpec, JobToken, Location, OutputKind, SinkError, SinkFormat, SinkFormats,
    Work,
};

/// What a job is about, beside its units.
const TOKEN: &str = "job.json";
/// Set when nothing is missing but the name.
const COMPLETE: &str = "complete";
/// An image that is being written: started, joined by others, committed once.
///
/// Until [`commit`](Self::commit) it has a hidden temporary name beside its final one; in an object store, where there are no
/// other names, its pixels have no metadata until then. Who started it removes it by dropping the job; [`leave`](Self::leave) keeps it for [`resume`](Self::resume), and so does the end of the process.
///
/// The format `memory` has no names but the numbers in tokens: an image lives as long as one job of it, and other
/// processes cannot join.
///
/// ```
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::{PixelType, TypedArray};
/// use patchweave_sink::{ImageSpec, Job, Location, SinkFormats};
///
/// let layout = ArrayLayout::new("YX".parse()?, &[2, 2])?;
/// let spec = ImageSpec::new(layout, PixelType::U16);
/// let job = Job::start(&SinkFormats::default(), "result".as_ref(), Some("memory"), spec)?;
/// let ones = TypedArray::U16(ndarray::ArrayD::from_elem(vec![2, 2], 1));
/// job.sink().write(0, ones.view())?;
/// assert_eq!(job.commit()?, Location::Memory(vec![ones]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Job {
    format: Arc<dyn SinkFormat>,
    token: JobToken,
    work: Work,
    place: Place,
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
        let (format, spec) = formats.checked(target, format, spec)?;
        let place = Place::start(target, format.output(), formats.remote())?;
        Self::prepared(format, target, spec, place)
    }

    /// Goes on with an image that was begun before and left, or else starts it. Specification and format are the same
    /// then; what was begun otherwise is removed. Of what was made in memory nothing is left.
    ///
    /// # Errors
    /// As [`start`](Self::start), and [`SinkError::Busy`] if somebody works on it. In an object store nobody can tell: all who
    /// resume one image write it together.
    pub fn resume(
        formats: &SinkFormats,
        target: &Path,
        format: Option<&str>,
        spec: ImageSpec,
    ) -> Result<Self, SinkError> {
        let (format, spec) = formats.checked(target, format, spec)?;
        let of = (format.name(), &spec);
        let (place, work, is_begun) =
            Place::resume(target, format.output(), spec.durability, formats.remote(), &of)?;
        if !is_begun {
            return Self::prepared(format, target, spec, place);
        }
        let token = token_of(&place, format.as_ref(), target, &spec);
        Self::opened(format, token, work, place, true)
    }

    /// Joins an image that another process, or another part of this one, has started.
    ///
    /// # Errors
    /// [`SinkError`] if nobody works on it any more, or it cannot be opened; [`SinkError::OtherProcess`] if it is made in
    /// the memory of another process.
    pub fn join(formats: &SinkFormats, token: &JobToken) -> Result<Self, SinkError> {
        let format = Arc::clone(formats.find(&token.target, Some(&token.format))?);
        let place = Place::join(&token.target, &token.place, format.output(), formats.remote())?;
        let work = place.work(&token.target, token.spec.durability);
        Self::opened(format, token.clone(), work, place, false)
    }

    /// What is made for a journal: goes on with what was begun there, by whomever, or begins it; `None` for what
    /// has its name already. What stands there is replaced only if `replaces` says so.
    pub(crate) fn in_journal(
        formats: &SinkFormats,
        target: &Path,
        format: Option<&str>,
        spec: ImageSpec,
        (place, name, replaces): (JournalPlace, &Path, bool),
    ) -> Result<Option<Self>, SinkError> {
        let (format, spec) = formats.checked(target, format, spec)?;
        let place = Place::in_journal(target, format.output(), place, formats.remote())?;
        let work = place.work(target, spec.durability);
        let _making = place.making(target)?;
        if place.is_named(&work)? {
            return Ok(None);
        }
        // Runs that go on may bring other things to the disk.
        let of = ImageSpec { durability: Durability::default(), ..spec.clone() };
        let of = (format.name(), &of);
        let (place, is_begun) = place.find_begun(&work, &of, (name, replaces))?;
        if !is_begun {
            begin_as(&work, name)?;
            place.prepare(&work, format.output())?;
            format.prepare(&work, &spec)?;
            begin(&work, &of)?;
        }
        let token = token_of(&place, format.as_ref(), target, &spec);
        Self::opened(format, token, work, place, true).map(Some)
    }

    fn prepared(
        format: Arc<dyn SinkFormat>,
        target: &Path,
        spec: ImageSpec,
        place: Place,
    ) -> Result<Self, SinkError> {
        let work = place.work(target, spec.durability);
        place.prepare(&work, format.output())?;
        format.prepare(&work, &spec)?;
        let token = token_of(&place, format.as_ref(), target, &spec);
        // Last, so that what was not prepared is not gone on with. Names that are no text cannot be resumed.
        if let Ok(text) = serde_json::to_vec(&token) {
            work.put(TOKEN, &text)?;
        }
        begin(&work, &(&token.format, &token.spec))?;
        Self::opened(format, token, work, place, false)
    }

    fn opened(
        format: Arc<dyn SinkFormat>,
        token: JobToken,
        work: Work,
        place: Place,
        is_resumed: bool,
    ) -> Result<Self, SinkError> {
        let whole = Marked::open(format.as_ref(), &work, &token.spec, 0)?;
        let sink: Arc<dyn ImageSink> = match token.spec.levels {
            1 => Arc::new(whole),
            _ => Arc::new(pyramid::PyramidSink::new(whole, &work, &token.spec)?),
        };
        Ok(Job { format, token, work, place, sink, is_resumed })
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

    /// The name of the format.
    #[must_use]
    pub fn format_name(&self) -> &str {
        self.format.name()
    }

    /// Where the image is made.
    #[must_use]
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// Whether this goes on with what was begun before.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// Whether the image has all that it needs but its name; its units are not written any more then.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn is_complete(&self) -> Result<bool, SinkError> {
        self.work.has(COMPLETE)
    }

    /// Forgets what was made of the smaller levels, so that they are made of units that are written anew.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn forget_levels(&self) -> Result<(), SinkError> {
        for level in 1..self.token.spec.levels {
            for mark in self.work.names(&Marked::marks(level))? {
                self.work.remove(&mark)?;
            }
        }
        Ok(())
    }

    /// Makes the smaller levels, on the threads of the caller's rayon pool, and all else that the image needs but its name;
    /// what is done is not done again. Units that are written afterwards do not change what was made of them.
    ///
    /// # Errors
    /// [`SinkError::Incomplete`] if units are missing, and failures to write, after which it can be tried again.
    pub fn complete(&self) -> Result<(), SinkError> {
        self.complete_while(&|| true).map(drop)
    }

    /// As [`complete`](Self::complete), as long as `goes_on` says so, which is asked before every unit of a smaller level.
    /// Whether the image is complete.
    ///
    /// # Errors
    /// As [`complete`](Self::complete).
    pub fn complete_while(&self, goes_on: &(dyn Fn() -> bool + Sync)) -> Result<bool, SinkError> {
        // Two who put the output together at once would write into one file.
        let _alone = self.work.alone()?;
        if self.is_complete()? {
            return Ok(true);
        }
        let missing = |level: &Marked| match level.missing()? {
            None => Ok(()),
            Some((unit_idx, n_missing)) => {
                let n_units = level.info().units.n_units();
                let path = self.token.target.clone();
                Err(SinkError::Incomplete { path, unit_idx, n_missing, n_units })
            }
        };
        let level = |level| Marked::open(self.format.as_ref(), &self.work, &self.token.spec, level);
        let whole = level(0)?;
        missing(&whole)?;
        for above in 1..self.token.spec.levels {
            let above_sink = level(above)?;
            if !pyramid::write_level(&above_sink, &whole, &self.work, &self.token.spec, above, goes_on)? {
                return Ok(false);
            }
            missing(&above_sink)?;
        }
        self.format.assemble(&self.work, &self.token.spec)?;
        if self.format.output() == OutputKind::File {
            // The mark must not outlive what it says.
            self.work.sync_output()?;
        }
        self.work.mark(COMPLETE)?;
        Ok(true)
    }

    /// [Completes](Self::complete) the image and gives it its final name.
    ///
    /// An earlier output of that name is replaced: a file in one step; a Zarr store is moved aside, replaced and then
    /// deleted, and moved back if the replacement fails. In an object store it was removed at the start. An image in memory
    /// has no name and is handed over.
    ///
    /// # Errors
    /// As [`complete`](Self::complete); what must not be replaced, and failures to write. Then whoever started the image loses
    /// it, but for [`SinkError::Appeared`] and failures of an object store, after which it can be gone on with. An error that is
    /// about the folder, or about what was replaced, comes when the image has its name already.
    pub fn commit(self) -> Result<Location, SinkError> {
        if let Err(error) = self.complete() {
            return Err(self.place.fail(error));
        }
        self.place.publish(&self.work, self.format.output(), self.token.spec.durability)
    }

    /// Lets go of the image without its final name, so that it can be gone on with; in memory nothing stays of it.
    pub fn leave(self) {
        self.place.leave();
    }
}

fn token_of(place: &Place, format: &dyn SinkFormat, target: &Path, spec: &ImageSpec) -> JobToken {
    let (place, target) = place.token(target);
    JobToken { format: format.name().to_owned(), target, place, spec: spec.clone() }
}
