//! The units of one target, put together of tiles and written, by any thread.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::Array4;
use patchweave_geometry::{Region, TileGrid, try_zeros};
use patchweave_pixel::{Lost, PixelMap};
use patchweave_sink::{ImageSink, Job};

use crate::blend::Joining;
use crate::held::HeldTile;
use crate::unit_box::UnitBox;
use crate::{Content, Finished, PredictError, Target};

/// What becomes of a target in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It is committed when its last unit is written; otherwise nothing stays of it.
    CommittedOrRemoved,
    /// It is committed when its last unit is written; otherwise it stays to be gone on with.
    CommittedOrLeft,
    /// It stays: others write the rest of it.
    Left,
}

/// Writes the units of one target.
pub(crate) struct UnitWriter {
    /// The numbers of image, model, output and target.
    place: [usize; 4],
    sink: Arc<dyn ImageSink>,
    map: PixelMap,
    content: Content,
    joining: Arc<Joining>,
    n_left: AtomicUsize,
    lost: Mutex<Lost>,
    job: Mutex<Option<Job>>,
    ending: Ending,
}

impl UnitWriter {
    /// A writer for so many units of a target; `place` are the numbers of image, model, output and target.
    pub fn new(
        place: [usize; 4],
        target: Target,
        joining: Arc<Joining>,
        n_left: usize,
        ending: Ending,
    ) -> Self {
        UnitWriter {
            place,
            sink: target.job.sink(),
            map: target.map,
            content: target.content,
            joining,
            n_left: AtomicUsize::new(n_left),
            lost: Mutex::default(),
            job: Mutex::new(Some(target.job)),
            ending,
        }
    }

    pub fn sink(&self) -> &dyn ImageSink {
        self.sink.as_ref()
    }

    /// Where a unit lies in the image.
    pub fn unit_box(&self, unit_idx: usize) -> Result<UnitBox, PredictError> {
        let info = self.sink.info();
        Ok(UnitBox::of(info.units.layout(), &info.unit(unit_idx)?))
    }

    /// The tiles that a unit is made of, sample by sample, each with its number.
    pub fn tiles_of(&self, unit_idx: usize, grid: &TileGrid) -> Result<Vec<Vec<usize>>, PredictError> {
        let unit = self.unit_box(unit_idx)?;
        let data_idx = self.place[0];
        let failed = |source| PredictError::Layout { data_idx, source };
        let region: Region = unit.region().map_err(failed)?;
        unit.samples()
            .map(|(sample_idx, _)| self.joining.tiles_of(grid, sample_idx, &region).map_err(failed))
            .collect()
    }

    /// Writes a unit of these tiles, sample by sample; the last unit finishes the image.
    pub fn write(
        &self,
        unit_idx: usize,
        tiles: &[Vec<Arc<HeldTile>>],
    ) -> Result<Option<Finished>, PredictError> {
        let info = self.sink.info();
        let unit = info.unit(unit_idx)?;
        let own = UnitBox::of(info.units.layout(), &unit);
        let mut pixels = info.zeros(&unit)?;
        let size = own.zyx.clone().map(|range| range.len());
        let start = own.zyx.clone().map(|range| range.start);
        let shape = [own.channels.len(), size[0], size[1], size[2]];
        let data_idx = self.place[0];
        for ((_, place), tiles) in own.samples().zip(tiles) {
            let block = try_zeros(&shape).and_then(|zeros| Array4::from_shape_vec(shape, zeros).ok());
            let mut block = block.ok_or(PredictError::OutOfMemory { data_idx, shape })?;
            let tiles: Vec<&HeldTile> = tiles.iter().map(Arc::as_ref).collect();
            self.content.fill(&self.joining, &tiles, own.channels.clone(), start, block.view_mut());
            let lost = own.put(place, block, info.units.layout(), self.map, &mut pixels);
            let lost = lost.map_err(|source| PredictError::Axes { data_idx, source })?;
            *self.lost.lock().unwrap_or_else(PoisonError::into_inner) += lost;
        }
        self.sink.write(unit_idx, pixels.view())?;
        drop(pixels);
        if self.n_left.fetch_sub(1, Ordering::AcqRel) == 1 { self.finish() } else { Ok(None) }
    }

    /// Commits an image of which all units are written, once; or leaves it, if others write the rest.
    pub fn finish(&self) -> Result<Option<Finished>, PredictError> {
        let job = self.job.lock().unwrap_or_else(PoisonError::into_inner).take();
        let [data_idx, model_idx, output_idx, target_idx] = self.place;
        let Some(job) = job else { return Ok(None) };
        if self.ending == Ending::Left {
            job.leave();
            return Ok(None);
        }
        let location = job.commit()?;
        let lost = *self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(Finished { data_idx, model_idx, output_idx, target_idx, location, lost }))
    }
}

impl Drop for UnitWriter {
    fn drop(&mut self) {
        let job = self.job.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(job) = job.filter(|_| self.ending != Ending::CommittedOrRemoved) {
            job.leave();
        }
    }
}

/// A unit whose tiles are all there.
pub(crate) struct UnitTask {
    pub writer: Arc<UnitWriter>,
    pub unit_idx: usize,
    /// Its tiles in the order of their numbers, sample by sample.
    pub tiles: Vec<Vec<Arc<HeldTile>>>,
}

impl UnitTask {
    pub fn run(self) -> Result<Option<Finished>, PredictError> {
        self.writer.write(self.unit_idx, &self.tiles)
    }
}
