//! Memory that grows to what the largest patch needed.

use crate::ConstructError;

/// Makes room for a block of a shape, whatever it holds.
pub(crate) fn resize(memory: &mut Vec<f32>, shape: [usize; 4]) -> Result<(), ConstructError> {
    let no_memory = || ConstructError::OutOfMemory { shape };
    let len = shape.iter().try_fold(1_usize, |len, &size| len.checked_mul(size)).ok_or_else(no_memory)?;
    if memory.len() < len {
        memory.try_reserve(len - memory.len()).map_err(|_| no_memory())?;
        memory.resize(len, 0.0);
    }
    Ok(())
}
