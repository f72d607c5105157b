//! Images that stay in memory: the arrays of all levels, whole from the beginning.

use std::path::Path;

use patchweave_pixel::{TypedArray, TypedView};

use crate::image_sink::zeros;
use crate::memory_work::{HeldLevel, locked};
use crate::refusals::{no_options, uncompressed};
use crate::unit_grid::leading_rows;
use crate::{ImageSpec, OutputKind, SinkError, SinkFormat, Unit, UnitGrid, UnitStore, Work};

/// The name of the format.
const NAME: &str = "memory";

/// Arrays in the memory of this process, one for each level, in the axes of the specification and all pixel types.
///
/// It has no files and no ending. Units are the chunks, if any are given, or else leading rows of about 4 MiB. Other
/// threads join the job through its token; other processes cannot. Nothing is left to be gone on with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory;

impl SinkFormat for Memory {
    fn name(&self) -> &str {
        NAME
    }

    fn endings(&self) -> &[&str] {
        &[]
    }

    fn output(&self) -> OutputKind {
        OutputKind::Memory
    }

    fn check(&self, target: &Path, spec: &ImageSpec) -> Result<(), SinkError> {
        uncompressed(target, spec)?;
        no_options(target, spec, NAME)
    }

    fn prepare(&self, work: &Work, spec: &ImageSpec) -> Result<(), SinkError> {
        let level = |level| {
            let layout = spec.level_layout(level).map_err(|source| layout_error(work, source))?;
            zeros(work.target(), spec.pixel_type, layout.shape())
        };
        let levels = (0..spec.levels).map(level).collect::<Result<Vec<_>, _>>()?;
        work.memory().ok_or_else(|| gone(work))?.set_levels(levels);
        Ok(())
    }

    fn level(&self, work: &Work, spec: &ImageSpec, level: usize) -> Result<Box<dyn UnitStore>, SinkError> {
        let layout = spec.level_layout(level).map_err(|source| layout_error(work, source))?;
        let size = match &spec.chunks {
            Some(chunks) => chunks.clone(),
            None => leading_rows(layout.shape(), spec.pixel_type),
        };
        let units = UnitGrid::new(layout, &size).map_err(|source| layout_error(work, source))?;
        let pixels = work.memory().and_then(|held| held.level(level)).ok_or_else(|| gone(work))?;
        Ok(Box::new(MemoryUnits { work: work.clone(), units, pixels }))
    }

    fn assemble(&self, _work: &Work, _spec: &ImageSpec) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Parts of an array in memory.
struct MemoryUnits {
    work: Work,
    units: UnitGrid,
    pixels: HeldLevel,
}

impl UnitStore for MemoryUnits {
    fn units(&self) -> &UnitGrid {
        &self.units
    }

    fn write(&self, _unit_idx: usize, unit: &Unit, pixels: &TypedView<'_>) -> Result<(), SinkError> {
        let mut held = locked(&self.pixels);
        let whole = held.as_mut().ok_or_else(|| gone(&self.work))?;
        let mut part = whole.view_mut().slice_box(&unit.start, &unit.size);
        part.assign(pixels).map_err(|source| SinkError::Encoder {
            action: "put a unit into",
            path: self.work.target().into(),
            source: source.into(),
        })
    }

    fn read(&self, _unit_idx: usize, unit: &Unit) -> Result<Option<TypedArray>, SinkError> {
        let held = locked(&self.pixels);
        let whole = held.as_ref().ok_or_else(|| gone(&self.work))?;
        let part = whole.view().slice_box(&unit.start, &unit.size).to_array();
        let none = || SinkError::OutOfMemory { path: self.work.target().into(), shape: unit.size.clone() };
        part.map(Some).ok_or_else(none)
    }
}

fn gone(work: &Work) -> SinkError {
    SinkError::Gone { path: work.target().into() }
}

fn layout_error(work: &Work, source: patchweave_geometry::GeometryError) -> SinkError {
    SinkError::Layout { path: work.target().into(), source }
}
