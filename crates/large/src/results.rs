//! The results on disk: `_mean.zarr` and `_std.zarr`, written under temporary names and renamed at the end.

use std::path::PathBuf;

use ndarray::ArrayD;
use patchweave_pixel::PixelType;
use patchweave_sink::{Durability, StagedFolder};
use serde_json::Map;

use crate::arrays::DiskArray;
use crate::faults::Faults;
use crate::names::{ArrayName, Names};
use crate::tiling::{ChunkKey, Tiling};
use crate::transaction::discard;
use crate::{LargeError, LargeQuilt, MeanOptions};

impl LargeQuilt {
    /// Saves the mean as `_mean.zarr` within the budget, and says where it stands.
    ///
    /// The array is one chunk if all results fit into half of the budget; otherwise its chunks are those of
    /// `_mean_cache.zarr`. A `_std.zarr` that was saved with an older mean is removed.
    ///
    /// # Errors
    /// As [`mean`](Self::mean).
    pub fn write_mean(&mut self, options: &MeanOptions) -> Result<PathBuf, LargeError> {
        self.write_results(options, false)?;
        Ok(self.names.array(ArrayName::Mean))
    }

    /// As [`write_mean`](Self::write_mean), with the standard deviation as `_std.zarr`.
    ///
    /// # Errors
    /// As [`mean`](Self::mean).
    pub fn write_mean_and_std(&mut self, options: &MeanOptions) -> Result<(PathBuf, PathBuf), LargeError> {
        self.write_results(options, true)?;
        Ok((self.names.array(ArrayName::Mean), self.names.array(ArrayName::Std)))
    }

    fn write_results(&mut self, options: &MeanOptions, with_std: bool) -> Result<(), LargeError> {
        let arrays = self.result_arrays(options, with_std)?;
        if !arrays.is_one_chunk() {
            self.reader(options, with_std)?.stream(&arrays)?;
            return arrays.publish();
        }
        // They fit into the budget once the chunks, which are all saved, have left it.
        self.resident.clear();
        let options = MeanOptions { save: false, ..*options };
        let (mean, std) = self.result(&options, with_std)?;
        arrays.write_whole(&mean, std.as_ref())?;
        arrays.publish()
    }

    /// Empty arrays for results, under temporary names.
    pub(crate) fn result_arrays(
        &mut self,
        options: &MeanOptions,
        with_std: bool,
    ) -> Result<ResultArrays, LargeError> {
        let tiling = self.reader(options, with_std)?.tiling();
        // A new quilt that is saved for the first time takes the results of an older one away.
        self.checkpoint()?;
        let (shape, chunk) = tiling.shapes(ArrayName::MeanCache);
        let n_arrays = if with_std { 2 } else { 1 };
        let n_bytes = shape.iter().product::<usize>().saturating_mul(n_arrays * size_of::<f64>());
        let is_one_chunk = n_bytes <= self.resident.budget() / 2;
        let chunk = if is_one_chunk { shape.clone() } else { chunk };
        let array = |name: ArrayName| ResultArray::create(self.names.array(name), &shape, &chunk);
        let names = self.names.clone();
        let durability = self.options.durability;
        let std = if with_std { Some(array(ArrayName::Std)?) } else { None };
        Ok(ResultArrays { tiling, is_one_chunk, mean: array(ArrayName::Mean)?, std, names, durability })
    }
}

/// Results that are being written.
#[derive(Debug)]
pub(crate) struct ResultArrays {
    tiling: Tiling,
    is_one_chunk: bool,
    mean: ResultArray,
    std: Option<ResultArray>,
    names: Names,
    durability: Durability,
}

impl ResultArrays {
    pub(crate) fn is_one_chunk(&self) -> bool {
        self.is_one_chunk
    }

    pub(crate) fn write_chunk(
        &self,
        image: usize,
        at: [usize; 3],
        mean: &[f64],
        std: Option<&[f64]>,
    ) -> Result<(), LargeError> {
        let idx = self.tiling.chunk_idx(&ChunkKey::new(ArrayName::MeanCache, image, at));
        self.mean.array.write(&idx, mean)?;
        match (&self.std, std) {
            (Some(array), Some(std)) => array.array.write(&idx, std),
            _ => Ok(()),
        }
    }

    /// Writes arrays `NC(Z)YX` that are one chunk.
    pub(crate) fn write_whole(
        &self,
        mean: &ArrayD<f64>,
        std: Option<&ArrayD<f64>>,
    ) -> Result<(), LargeError> {
        for (array, values) in [(Some(&self.mean), Some(mean)), (self.std.as_ref(), std)] {
            if let (Some(array), Some(values)) = (array, values) {
                let values = values.as_standard_layout();
                array.array.write(&vec![0; values.ndim()], values.as_slice().unwrap_or_default())?;
            }
        }
        Ok(())
    }

    /// Gives them their names.
    pub(crate) fn publish(self) -> Result<(), LargeError> {
        match self.std {
            Some(std) => std.publish(self.durability)?,
            // One of an older mean would be taken for that of this one.
            None => discard(&self.names, ArrayName::Std, &Faults::none())?,
        }
        self.mean.publish(self.durability)
    }
}

#[derive(Debug)]
struct ResultArray {
    staged: StagedFolder,
    array: DiskArray,
}

impl ResultArray {
    fn create(path: PathBuf, shape: &[usize], chunk: &[usize]) -> Result<Self, LargeError> {
        let staged = StagedFolder::create(&path)?;
        let array = DiskArray::new(&staged.folder(), shape, chunk, PixelType::F64, Map::new())?;
        array.write_metadata()?;
        Ok(ResultArray { staged, array })
    }

    fn publish(self, durability: Durability) -> Result<(), LargeError> {
        Ok(self.staged.publish(durability)?)
    }
}
