//! What every sink does around its format: check blocks, and refuse to finish a damaged image.

use std::path::{Path, PathBuf};

use ndarray::ArrayView4;

use crate::block::Block;
use crate::{ImageSink, ImageSpec, SinkError};

/// A format: stores checked blocks and publishes the result.
pub(crate) trait BlockWriter: Send + 'static {
    /// Stores a block that lies inside the image and has pixels.
    fn write(&mut self, block: &Block<'_>) -> Result<(), SinkError>;

    /// Gives the image its final name.
    fn publish(self) -> Result<(), SinkError>;
}

struct CheckedSink<W> {
    path: PathBuf,
    spec: ImageSpec,
    writer: W,
    is_damaged: bool,
}

/// Wraps a format into a sink.
pub(crate) fn boxed<W: BlockWriter>(path: &Path, writer: W, spec: ImageSpec) -> Box<dyn ImageSink> {
    Box::new(CheckedSink { path: path.to_path_buf(), spec, writer, is_damaged: false })
}

impl<W: BlockWriter> ImageSink for CheckedSink<W> {
    fn write_block(
        &mut self,
        sample_idx: usize,
        start: [usize; 3],
        block: ArrayView4<'_, f32>,
    ) -> Result<(), SinkError> {
        let block = Block::check(&self.path, &self.spec.layout, sample_idx, start, block)?;
        if block.is_empty() {
            return Ok(());
        }
        self.writer.write(&block).inspect_err(|_| self.is_damaged = true)
    }

    fn finish(self: Box<Self>) -> Result<PathBuf, SinkError> {
        if self.is_damaged {
            return Err(SinkError::Damaged { path: self.path });
        }
        self.writer.publish()?;
        Ok(self.path)
    }
}
