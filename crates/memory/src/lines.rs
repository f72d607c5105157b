//! Small blocks: lines of the cache from the allocator of the program.

use bytemuck::{Pod, Zeroable};

use crate::{ALIGNMENT, Block, MemoryError};

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; ALIGNMENT]);

/// Whole lines.
#[derive(Debug, Default)]
pub(crate) struct Lines(Vec<Line>);

impl Lines {
    /// At least `n_bytes` bytes, all 0.
    ///
    /// # Errors
    /// [`MemoryError::Exhausted`].
    pub fn new(n_bytes: usize) -> Result<Self, MemoryError> {
        let n_lines = n_bytes.div_ceil(ALIGNMENT);
        let mut lines = Vec::new();
        lines.try_reserve_exact(n_lines).map_err(|_| MemoryError::Exhausted { n_bytes })?;
        lines.resize(n_lines, Line::zeroed());
        Ok(Lines(lines))
    }
}

impl Block for Lines {
    fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.0)
    }
}
