//! Smaller levels, made while the image is written: every unit leaves its part of each level, of which the levels are put
//! together at the end.
//!
//! Units are so large that a pixel of the smallest level never needs two of them. So they come in any order, from any
//! process, and nothing is read back from what was compressed.

use std::collections::BTreeSet;

use patchweave_geometry::Axis;
use patchweave_pixel::{ByteOrder, TypedArray, TypedView};
use rayon::prelude::*;

use super::inner;
use crate::marked::Marked;
use crate::reduce::{Reduction, reduce};
use crate::unit_grid::times_to_multiple;
use crate::{ImageSink, ImageSpec, SinkError, SinkInfo, UnitGrid, Work};

/// Where the parts are.
const FOLDER: &str = "levels";
/// Parts in one folder.
const PER_FOLDER: usize = 1000;

/// A sink that leaves, with every unit, its part of the smaller levels.
pub(crate) struct PyramidSink {
    info: SinkInfo,
    whole: Marked,
    parts: Parts,
}

impl PyramidSink {
    pub fn new(whole: Marked, work: &Work, spec: &ImageSpec) -> Result<Self, SinkError> {
        let parts = Parts::of(whole.info(), work, spec)?;
        let info = SinkInfo { units: parts.units.clone(), ..whole.info().clone() };
        Ok(PyramidSink { info, whole, parts })
    }
}

impl ImageSink for PyramidSink {
    fn info(&self) -> &SinkInfo {
        &self.info
    }

    fn write(&self, unit_idx: usize, pixels: TypedView<'_>) -> Result<(), SinkError> {
        let unit = self.info.check(unit_idx, &pixels)?;
        // First, so that what is known to be written has its parts.
        self.parts.put(unit_idx, &pixels)?;
        inner::write(&self.whole, &unit, &pixels)
    }

    fn is_written(&self, unit_idx: usize) -> Result<bool, SinkError> {
        let unit = self.info.unit(unit_idx)?;
        Ok(self.parts.has(unit_idx)? && inner::is_written(&self.whole, &unit)?)
    }

    fn written(&self) -> Result<Vec<bool>, SinkError> {
        let (parts, written) = (self.parts.names()?, self.whole.written()?);
        let is_written = |unit_idx: usize| {
            let unit = self.info.unit(unit_idx)?;
            let mut of_unit = self.whole.info().units.touching(&unit.start, &unit.size);
            let is_whole = of_unit.all(|unit_idx| written.get(unit_idx).copied().unwrap_or(false));
            Ok(is_whole && parts.contains(&Parts::name(unit_idx)))
        };
        (0..self.info.units.n_units()).map(is_written).collect()
    }

    fn read(&self, unit_idx: usize) -> Result<Option<TypedArray>, SinkError> {
        inner::read(&self.whole, &self.info.unit(unit_idx)?)
    }
}

/// The parts of smaller levels that the units of level 0 have left.
struct Parts {
    work: Work,
    units: UnitGrid,
    reduction: Reduction,
    n_pixel_bytes: usize,
}

impl Parts {
    fn of(whole: &SinkInfo, work: &Work, spec: &ImageSpec) -> Result<Self, SinkError> {
        let axes = whole.units.layout().axes().as_slice();
        let factors: Vec<usize> = axes.iter().map(|axis| spec.level_factor(spec.levels - 1, *axis)).collect();
        let sizes = whole.units.unit_size().iter().zip(&factors);
        let factors: Vec<usize> = sizes.map(|(size, factor)| times_to_multiple(*size, *factor)).collect();
        let units = whole.units.joined(&factors).map_err(|source| whole.layout_error(source))?;
        let is_halved = |axis: &Axis| spec.is_halved(*axis);
        let reduction = Reduction {
            halved: axes.iter().map(is_halved).collect(),
            n_levels: spec.levels - 1,
            is_labels: spec.is_labels,
        };
        Ok(Parts { work: work.clone(), units, reduction, n_pixel_bytes: spec.pixel_type.n_bytes() })
    }

    fn name(unit_idx: usize) -> String {
        format!("{FOLDER}/{}/{unit_idx}", unit_idx / PER_FOLDER)
    }

    /// The parts of all units that have left theirs.
    fn names(&self) -> Result<BTreeSet<String>, SinkError> {
        self.work.names(FOLDER)
    }

    fn has(&self, unit_idx: usize) -> Result<bool, SinkError> {
        self.work.has(&Self::name(unit_idx))
    }

    /// Leaves the parts of all levels in one file, the largest first.
    fn put(&self, unit_idx: usize, pixels: &TypedView<'_>) -> Result<(), SinkError> {
        let parts = reduce(pixels, &self.reduction);
        let parts = parts.ok_or_else(|| SinkError::OutOfMemory {
            path: self.work.target().into(),
            shape: pixels.shape().to_vec(),
        })?;
        let mut bytes = Vec::new();
        parts.iter().for_each(|part| bytes.extend_from_slice(&part.view().to_le_bytes()));
        self.work.put(&Self::name(unit_idx), &bytes)
    }

    /// The part that a unit has left of a level.
    fn get(&self, unit_idx: usize, level: usize, info: &SinkInfo) -> Result<TypedArray, SinkError> {
        let unit = info_unit(&self.units, unit_idx, info)?;
        let mut offset = 0;
        let mut shape = unit.size;
        for _ in 0..level {
            shape = self.reduction.halve(&shape);
            offset += shape.iter().product::<usize>() * self.n_pixel_bytes;
        }
        let mut bytes = vec![0; shape.iter().product::<usize>() * self.n_pixel_bytes];
        let start = offset - bytes.len();
        let read = self.work.place().read_part(&Self::name(unit_idx), start as u64, &mut bytes);
        read.map_err(|source| self.work.failed("read a level of", source))?;
        TypedArray::from_bytes(info.pixel_type, &shape, &bytes, ByteOrder::Little)
            .ok_or_else(|| SinkError::OutOfMemory { path: info.target.clone(), shape })
    }
}

fn info_unit(units: &UnitGrid, unit_idx: usize, info: &SinkInfo) -> Result<crate::Unit, SinkError> {
    let n_units = units.n_units();
    units.unit(unit_idx).ok_or_else(|| SinkError::NoUnit { path: info.target.clone(), unit_idx, n_units })
}

/// Writes a smaller level out of what the units of level 0 have left, as long as `goes_on` says so; whether it is whole.
pub(crate) fn write_level(
    sink: &Marked,
    whole: &Marked,
    work: &Work,
    spec: &ImageSpec,
    level: usize,
    goes_on: &(dyn Fn() -> bool + Sync),
) -> Result<bool, SinkError> {
    let parts = Parts::of(whole.info(), work, spec)?;
    let info = sink.info();
    let axes = info.units.layout().axes().as_slice();
    let factors: Vec<usize> = axes.iter().map(|axis| spec.level_factor(level, *axis)).collect();
    let write_unit = |unit_idx: usize| {
        if sink.is_written(unit_idx)? {
            return Ok(());
        }
        let unit = info.unit(unit_idx)?;
        let mut pixels = info.zeros(&unit)?;
        let scaled = |places: &[usize]| -> Vec<usize> {
            places.iter().zip(&factors).map(|(place, factor)| place.saturating_mul(*factor)).collect()
        };
        for part_idx in parts.units.touching(&scaled(&unit.start), &scaled(&unit.size)) {
            let part = parts.get(part_idx, level, info)?;
            let large = info_unit(&parts.units, part_idx, info)?;
            let start: Vec<usize> =
                large.start.iter().zip(&factors).map(|(place, factor)| place / factor).collect();
            let overlap = unit.overlap(&start, part.shape());
            let to = pixels.view_mut().slice_box(&overlap.in_unit, &overlap.size);
            let from = part.view().slice_box(&overlap.in_box, &overlap.size);
            { to }.assign(&from).map_err(|source| info.unexpected(source.into()))?;
        }
        sink.write(unit_idx, pixels.view())
    };
    let written = (0..info.units.n_units())
        .into_par_iter()
        .try_for_each(|unit_idx| if goes_on() { write_unit(unit_idx).map_err(Some) } else { Err(None) });
    match written {
        Ok(()) => Ok(true),
        Err(None) => Ok(false),
        Err(Some(error)) => Err(error),
    }
}
