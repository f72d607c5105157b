//! Plates of wells in both versions of OME-Zarr.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use patchweave::geometry::{Acquisition, ArrayLayout, Plate, WellField};
use patchweave::pixel::PixelType;
use patchweave::sink::{ImageSpec, PlateJob, SinkFormats};
use serde_json::{Value, json};

use crate::write_blocks;

/// Row, column, field and acquisition.
const FIELDS: [(usize, usize, &str, Option<u64>); 5] = [
    (0, 1, "0", Some(1)),
    (0, 1, "1", Some(2)),
    (2, 0, "0", Some(1)),
    (2, 1, "0", Some(2)),
    (2, 1, "extra", None),
];

/// Writes all of them and says what they are.
pub fn write(folder: &Path) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut outputs = Vec::new();
    for (version, with_acquisitions) in [("0.4", true), ("0.5", true), ("0.5", false)] {
        let name = format!("plate_{version}_{with_acquisitions}.ome.zarr");
        let acquisition = |id| Acquisition { id, name: Some(format!("run {id}")), ..Acquisition::default() };
        let plate = Arc::new(Plate {
            name: Some("screen".to_owned()),
            rows: ["A", "B", "C"].map(str::to_owned).to_vec(),
            columns: ["01", "02"].map(str::to_owned).to_vec(),
            acquisitions: if with_acquisitions { vec![acquisition(1), acquisition(2)] } else { Vec::new() },
        });
        let mut images = Vec::new();
        for (row, column, field, acquisition) in FIELDS {
            let mut spec = ImageSpec::new(ArrayLayout::new("CYX".parse()?, &[2, 30, 40])?, PixelType::U16);
            spec.levels = 2;
            spec.options.insert("version".into(), json!(version));
            let acquisition = acquisition.filter(|_| with_acquisitions);
            let field =
                WellField { plate: Arc::clone(&plate), row, column, name: field.to_owned(), acquisition };
            images.push((field, spec));
        }
        let job = PlateJob::resume(&SinkFormats::default(), &folder.join(&name), &images)?;
        for (number, (_, spec)) in images.iter().enumerate() {
            let place = job.image(number).ok_or("the plate has no such image")?;
            write_blocks(&place, "ome_zarr", spec.clone())?;
            job.set_done(number)?;
        }
        job.commit()?;
        let fields: Vec<Value> = FIELDS.iter().map(|field| json!(field)).collect();
        outputs.push(json!({
            "path": name, "kind": "plate", "axes": "CYX", "shape": [2, 30, 40], "dtype": "uint16",
            "version": version, "fields": fields, "acquisitions": with_acquisitions,
        }));
    }
    Ok(outputs)
}
