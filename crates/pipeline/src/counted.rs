//! An image that is written in blocks, and what is lost of its pixels.

use std::sync::{Arc, Mutex, PoisonError};

use ndarray::ArrayView4;
use patchweave_pixel::Lost;
use patchweave_sink::{BlockSink, Blocks, Location, SinkError};

/// What was lost of each image, for those who count and for the one who tells.
#[derive(Debug, Clone)]
pub(crate) struct LostPixels(Arc<Mutex<Vec<Lost>>>);

impl LostPixels {
    /// Nothing lost of so many images.
    pub fn of_images(n_images: usize) -> Self {
        LostPixels(Arc::new(Mutex::new(vec![Lost::default(); n_images])))
    }

    /// What was lost so far.
    pub fn all(&self) -> Vec<Lost> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, data_idx: usize, lost: Lost) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = all.get_mut(data_idx) {
            *image = lost;
        }
    }
}

/// Blocks of an image that notes what was lost when it is finished.
pub(crate) struct Counted {
    pub blocks: Blocks,
    pub data_idx: usize,
    pub lost: LostPixels,
}

impl BlockSink for Counted {
    fn write_block(
        &mut self,
        sample_idx: usize,
        start: [usize; 3],
        block: ArrayView4<'_, f32>,
    ) -> Result<(), SinkError> {
        self.blocks.write_block(sample_idx, start, block)
    }

    fn finish(self: Box<Self>) -> Result<Location, SinkError> {
        let Counted { blocks, data_idx, lost } = *self;
        lost.note(data_idx, blocks.lost());
        Box::new(blocks).finish()
    }
}
