//! Boxes of an image that are made of whole units of a sink.

use patchweave_pixel::{TypedArray, TypedView};

use crate::{ImageSink, SinkError, Unit};

/// Writes every unit that a box is made of.
pub(crate) fn write(sink: &dyn ImageSink, whole: &Unit, pixels: &TypedView<'_>) -> Result<(), SinkError> {
    for unit_idx in sink.info().units.touching(&whole.start, &whole.size) {
        let overlap = sink.info().unit(unit_idx)?.overlap(&whole.start, &whole.size);
        sink.write(unit_idx, pixels.view().slice_box(&overlap.in_box, &overlap.size))?;
    }
    Ok(())
}

/// Whether every unit that a box is made of was written.
pub(crate) fn is_written(sink: &dyn ImageSink, whole: &Unit) -> Result<bool, SinkError> {
    for unit_idx in sink.info().units.touching(&whole.start, &whole.size) {
        if !sink.is_written(unit_idx)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The pixels of a box; `None` if one of its units was not written.
pub(crate) fn read(sink: &dyn ImageSink, whole: &Unit) -> Result<Option<TypedArray>, SinkError> {
    let info = sink.info();
    let mut pixels = info.zeros(whole)?;
    for unit_idx in info.units.touching(&whole.start, &whole.size) {
        let overlap = info.unit(unit_idx)?.overlap(&whole.start, &whole.size);
        let Some(read) = sink.read(unit_idx)? else { return Ok(None) };
        let mut part = pixels.view_mut().slice_box(&overlap.in_box, &overlap.size);
        // The box is made of whole units, so that sizes are the same.
        part.assign(&read.view()).map_err(|source| info.unexpected(source.into()))?;
    }
    Ok(Some(pixels))
}
