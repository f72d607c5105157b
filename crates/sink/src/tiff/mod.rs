//! The TIFF sink: directories first, then all pixels in one piece in C order, written in place.

mod describe;
mod directories;
mod pages;

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use patchweave_geometry::Axis;
use patchweave_pixel::PixelType;

use crate::block::Block;
use crate::checked::BlockWriter;
use crate::runs::Runs;
use crate::staging::{StagedFile, io_error};
use crate::{Durability, ImageSpec, SinkError};
use describe::Description;
use pages::Pages;

/// Writes blocks to their place in the file; what is never written reads as 0.
pub(crate) struct TiffWriter {
    path: PathBuf,
    axes: Vec<Axis>,
    shape: Vec<usize>,
    pixel_type: PixelType,
    pixels_start: u64,
    staged: StagedFile,
    durability: Durability,
}

impl TiffWriter {
    pub(crate) fn create(path: &Path, spec: &ImageSpec) -> Result<Self, SinkError> {
        let pages = Pages::new(path, spec)?;
        let description = Description::new(spec);
        let mut staged = StagedFile::create(path)?;
        let pixels_start = directories::write(staged.file_mut(), &pages, &description).map_err(|source| {
            SinkError::Encoder {
                action: "write the TIFF directories of",
                path: path.into(),
                source: source.into(),
            }
        })?;
        staged.file_mut().set_len(pixels_start + pages.n_bytes()).map_err(io_error("write", path))?;
        Ok(TiffWriter {
            path: path.into(),
            axes: spec.layout.axes().as_slice().to_vec(),
            shape: spec.layout.shape().to_vec(),
            pixel_type: spec.pixel_type,
            pixels_start,
            staged,
            durability: spec.durability,
        })
    }
}

impl BlockWriter for TiffWriter {
    fn write(&mut self, block: &Block<'_>) -> Result<(), SinkError> {
        let runs = Runs::longest(&self.shape, &block.start(&self.axes), &block.size(&self.axes));
        let bytes = block.bytes(&self.axes, self.pixel_type);
        let n_pixel_bytes = self.pixel_type.n_bytes();
        let pixels_start = self.pixels_start;
        write_runs(self.staged.file_mut(), pixels_start, &runs, &bytes, n_pixel_bytes)
            .map_err(io_error("write", &self.path))
    }

    fn publish(self) -> Result<(), SinkError> {
        self.staged.publish(self.durability)
    }
}

fn write_runs(
    file: &mut File,
    pixels_start: u64,
    runs: &Runs,
    bytes: &[u8],
    n_pixel_bytes: usize,
) -> io::Result<()> {
    for (offset, run) in runs.offsets().zip(bytes.chunks_exact(runs.n_pixels() * n_pixel_bytes)) {
        let at = pixels_start + offset as u64 * n_pixel_bytes as u64;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(run)?;
    }
    Ok(())
}
