//! Large blocks: pages of the system, huge ones where it has them.
//!
//! The first touch of a page costs more than writing all of it; a huge page is touched once instead of 512 times.

use memmap2::{MmapMut, MmapOptions};

use crate::{Block, MemoryError};

/// Whole pages.
#[derive(Debug)]
pub(crate) struct Pages(MmapMut);

impl Pages {
    /// At least `n_bytes` bytes, all 0.
    ///
    /// # Errors
    /// [`MemoryError::Exhausted`].
    pub fn new(n_bytes: usize) -> Result<Self, MemoryError> {
        let exhausted = |_| MemoryError::Exhausted { n_bytes };
        let pages = MmapOptions::new().len(n_bytes).map_anon().map_err(exhausted)?;
        // Without huge pages it is slower and nothing else.
        #[cfg(target_os = "linux")]
        pages.advise(memmap2::Advice::HugePage).ok();
        Ok(Pages(pages))
    }
}

impl Block for Pages {
    fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}
