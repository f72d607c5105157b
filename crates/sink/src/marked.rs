//! Units that are checked before they are written, and known to be written afterwards.

use patchweave_pixel::{TypedArray, TypedView};

use crate::{ImageSink, ImageSpec, SinkError, SinkFormat, SinkInfo, UnitStore, Work};

/// Marks in one folder.
const PER_FOLDER: usize = 1000;

/// The units of one level of a job: checks pixels, writes them, and leaves a mark for whoever asks.
pub(crate) struct Marked {
    info: SinkInfo,
    store: Box<dyn UnitStore>,
    work: Work,
    level: usize,
}

impl Marked {
    /// Opens a level of what a format has prepared.
    pub fn open(
        format: &dyn SinkFormat,
        work: &Work,
        spec: &ImageSpec,
        level: usize,
    ) -> Result<Self, SinkError> {
        let store = format.level(work, spec, level)?;
        let info = SinkInfo {
            target: work.target().into(),
            units: store.units().clone(),
            pixel_type: spec.pixel_type,
        };
        Ok(Marked { info, store, work: work.clone(), level })
    }

    /// How many units are not written, and the first of them.
    pub fn missing(&self) -> Result<Option<(usize, usize)>, SinkError> {
        let written = self.written()?;
        let n_missing = written.iter().filter(|is_written| !**is_written).count();
        Ok(written.iter().position(|is_written| !is_written).map(|first| (first, n_missing)))
    }

    /// The folder of the marks of a level.
    pub fn marks(level: usize) -> String {
        format!("done/{level}")
    }

    fn mark(&self, unit_idx: usize) -> String {
        format!("{}/{}/{unit_idx}", Self::marks(self.level), unit_idx / PER_FOLDER)
    }
}

impl ImageSink for Marked {
    fn info(&self) -> &SinkInfo {
        &self.info
    }

    fn write(&self, unit_idx: usize, pixels: TypedView<'_>) -> Result<(), SinkError> {
        let unit = self.info.check(unit_idx, &pixels)?;
        // What was started anew meanwhile must not get pixels of this.
        self.work.check_owned()?;
        self.store.write(unit_idx, &unit, &pixels)?;
        self.work.mark(&self.mark(unit_idx))
    }

    fn is_written(&self, unit_idx: usize) -> Result<bool, SinkError> {
        self.info.unit(unit_idx)?;
        self.work.has(&self.mark(unit_idx))
    }

    fn written(&self) -> Result<Vec<bool>, SinkError> {
        let done = self.work.names(&Self::marks(self.level))?;
        Ok((0..self.info.units.n_units()).map(|unit_idx| done.contains(&self.mark(unit_idx))).collect())
    }

    fn read(&self, unit_idx: usize) -> Result<Option<TypedArray>, SinkError> {
        let unit = self.info.unit(unit_idx)?;
        if self.is_written(unit_idx)? { self.store.read(unit_idx, &unit) } else { Ok(None) }
    }
}
