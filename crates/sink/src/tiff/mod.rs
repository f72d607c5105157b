//! The TIFF format: directories first, then all pixels in one piece in C order, written in place.

mod describe;
mod directories;
mod pages;
mod units;

use std::fs::File;
use std::path::Path;

use crate::{Codec, ImageSpec, OutputKind, SinkError, SinkFormat, UnitStore, Work};
use describe::Description;
use pages::Pages;
use units::Rows;

/// One uncompressed TIFF file with the array in its own axes, stored in C order, in the byte order of the machine.
///
/// Pages are the last two axes, or, if the last axis is `C`, the last three with the channels as samples
/// of a pixel: RGB for three channels of uint8 or uint16, otherwise gray with extra samples. Truth values
/// are stored as uint8. Files beyond 4 GiB become BigTIFF. `T`, `Z` and `C` in this order before `YX`,
/// none of size 1, make an ImageJ hyperstack if the pixel type is one that ImageJ has (uint8, uint16,
/// float32); all other files carry their axes and shape as JSON, in the form that tifffile calls shaped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tiff;

impl SinkFormat for Tiff {
    fn name(&self) -> &str {
        "tiff"
    }

    fn endings(&self) -> &[&str] {
        &["tiff", "tif"]
    }

    fn output(&self) -> OutputKind {
        OutputKind::File
    }

    fn check(&self, target: &Path, spec: &ImageSpec) -> Result<(), SinkError> {
        let unfit = |got: String, expected: &str| {
            Err(SinkError::Unfit { path: target.into(), got, expected: expected.into() })
        };
        if spec.levels > 1 {
            return unfit(format!("{} levels", spec.levels), "1");
        }
        if !matches!(spec.compression.codec, Codec::Auto | Codec::None) {
            return unfit(format!("compression {}", spec.compression.codec.name()), "none");
        }
        Pages::new(target, spec).map(drop)
    }

    fn prepare(&self, work: &Work, spec: &ImageSpec) -> Result<(), SinkError> {
        let pages = Pages::new(work.target(), spec)?;
        let description = Description::new(spec);
        let mut file = File::create(work.output()).map_err(|source| work.failed("create", source))?;
        let pixels_start =
            directories::write(&mut file, &pages, &description).map_err(|source| SinkError::Encoder {
                action: "write the TIFF directories of",
                path: work.target().into(),
                source: source.into(),
            })?;
        file.set_len(pixels_start + pages.n_bytes()).map_err(|source| work.failed("write", source))?;
        work.put(units::PIXELS_START, &pixels_start.to_le_bytes())
    }

    fn level(&self, work: &Work, spec: &ImageSpec, _level: usize) -> Result<Box<dyn UnitStore>, SinkError> {
        Ok(Box::new(Rows::open(work, spec)?))
    }

    fn assemble(&self, _work: &Work, _spec: &ImageSpec) -> Result<(), SinkError> {
        Ok(())
    }
}
