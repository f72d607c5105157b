//! The fields of a plate, converted one by one into another plate.

use std::path::Path;

use patchweave_convert::Source;
use patchweave_sink::{ImageSpec, PlateJob};

use super::one::{Conversion, Done};
use crate::console::{counted, shown};
use crate::{Failure, interrupt};

/// Converts images that are the fields of one plate. What was done of it stays if it stops.
pub(crate) fn convert_plate(plate: &Path, images: &[Conversion<'_>]) -> Result<(), Failure> {
    let Some(Conversion { sinks, console, options, .. }) = images.first() else { return Ok(()) };
    let mut fields = Vec::with_capacity(images.len());
    let mut sources = Vec::with_capacity(images.len());
    for image in images {
        let source = image.source()?;
        if let Some(field) = &source.stack().info().well_field {
            fields.push((field.clone(), image.spec(&source)?));
        }
        sources.push(source);
    }
    let job = PlateJob::resume(sinks, plate, &fields)?;
    let mut all = Vec::with_capacity(images.len());
    for (number, ((image, source), (_, spec))) in images.iter().zip(&sources).zip(&fields).enumerate() {
        match write_field(&job, number, image, source, spec) {
            Ok(written) => all.push(written),
            Err(error) => {
                job.leave();
                return Err(error);
            }
        }
    }
    job.commit()?;
    let n_fields = counted(images.len(), "field", "fields");
    console.say(format!("{}: a plate of {n_fields}", shown(plate)))?;
    for ((image, source), done) in images.iter().zip(&sources).zip(&all) {
        if let Some(done) = done {
            image.tell_losses(source, &done.written)?;
        }
        if options.check {
            let units = done.as_ref().map_or_else(|| image.planes(source), |done| Ok(done.units.clone()))?;
            image.check(source, &units)?;
        }
    }
    Ok(())
}

/// Writes a field of the plate, unless a run that was stopped has done so.
fn write_field(
    plate: &PlateJob,
    number: usize,
    image: &Conversion<'_>,
    source: &Source,
    spec: &ImageSpec,
) -> Result<Option<Done>, Failure> {
    interrupt::check()?;
    let Some(place) = plate.image(number) else { return Ok(None) };
    if plate.is_done(number)? {
        return Ok(None);
    }
    let done = image.write_at(&place, source, spec.clone())?;
    plate.set_done(number)?;
    Ok(Some(done))
}
