//! Adding one patch: its weighted values onto the chunks that its window touches.

use ndarray::{ArrayView, Dimension};
use patchweave_pixel::Pixel;
use rayon::prelude::*;

use crate::names::ArrayName;
use crate::resident::Resident;
use crate::tiling::{ChunkKey, Tiling};
use crate::{LargeError, LargeQuilt};

/// Patches of at least so many values are added by several threads.
const PARALLEL_VALUES: usize = 1 << 18;

/// Values of a window times their weights, `C(Z)YX`.
struct Weighted {
    n_channels: usize,
    values: Vec<f64>,
}

impl LargeQuilt {
    /// Adds a patch, `C(Z)YX` or `1C(Z)YX`; the first one tells the number of channels.
    ///
    /// Any order is allowed. A patch that comes again is added again. What the windows weigh together is taken
    /// from the patches of image 0 alone, so results are wrong for all images as long as image 0 is not
    /// complete.
    ///
    /// ```
    /// use ndarray::Array3;
    /// use patchweave_geometry::{Extent, PerAxis};
    /// use patchweave_large::{LargeOptions, LargeQuilt, LargeSpec};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let spec = LargeSpec::new(1, Extent::new(&[6, 6])?, Extent::new(&[4, 4])?, PerAxis::new(&[2, 2])?)?;
    /// let mut quilt = LargeQuilt::create(folder.path().join("sums"), spec, LargeOptions::default())?;
    /// quilt.stitch(Array3::<u8>::ones((3, 4, 4)).view(), 2)?;
    /// let error = quilt.stitch(Array3::<u8>::ones((2, 4, 4)).view(), 1).unwrap_err();
    /// assert_eq!(error.to_string(), "the patch has 2 channels, expected 3");
    /// let error = quilt.stitch(Array3::<u8>::ones((3, 4, 4)).view(), 4).unwrap_err();
    /// assert_eq!(error.to_string(), "there is no patch 4, there are 4");
    /// assert_eq!(quilt.missing().collect::<Vec<_>>(), [0, 1, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LargeError::PatchShape`], [`LargeError::Channels`], [`LargeError::TooOften`] or [`LargeError::Quilt`] for
    /// a patch that does not fit or does not exist, with the first patch [`LargeError::InUse`] and
    /// [`LargeError::Sink`] if the quilt may not be written there, or the failure to read or save chunks; the
    /// patch was not added then. [`LargeError::NotSaved`] if it was, but the time of saving that was due after
    /// it failed.
    pub fn stitch<T: Pixel, D: Dimension>(
        &mut self,
        patch: ArrayView<'_, T, D>,
        index: usize,
    ) -> Result<(), LargeError> {
        let mean = self.weigh("the patch", &patch)?;
        self.add(index, &mean, None)
    }

    /// As [`stitch`](Self::stitch), with the variance of every value, or of every pixel if it has one channel.
    ///
    /// # Errors
    /// As [`stitch`](Self::stitch).
    pub fn stitch_with_variance<T: Pixel, V: Pixel, D: Dimension, E: Dimension>(
        &mut self,
        patch: ArrayView<'_, T, D>,
        variance: ArrayView<'_, V, E>,
        index: usize,
    ) -> Result<(), LargeError> {
        let mean = self.weigh("the patch", &patch)?;
        let variance = self.weigh("the variance", &variance)?;
        if variance.n_channels != 1 && variance.n_channels != mean.n_channels {
            let got = variance.n_channels;
            let expected = mean.n_channels;
            return Err(LargeError::Channels { what: "the variance", got, expected });
        }
        self.add(index, &mean, Some(&variance))
    }

    fn weigh<T: Pixel, D: Dimension>(
        &self,
        what: &'static str,
        patch: &ArrayView<'_, T, D>,
    ) -> Result<Weighted, LargeError> {
        let window = self.spec.quilt().grid().window();
        let n_channels = match patch.shape().strip_suffix(window.as_slice()) {
            Some(&[n_channels] | &[1, n_channels]) if n_channels > 0 => n_channels,
            _ => {
                let got = patch.shape().to_vec();
                let window = window.as_slice().to_vec();
                return Err(LargeError::PatchShape { what, got, window });
            }
        };
        let mut values = Vec::with_capacity(patch.len());
        if let Some(patch) = patch.as_slice() {
            for channel in patch.chunks_exact(self.weights.len()) {
                values
                    .extend(channel.iter().zip(&self.weights).map(|(value, weight)| value.to_f64() * weight));
            }
        } else {
            let weights = self.weights.iter().cycle();
            values.extend(patch.iter().zip(weights).map(|(value, weight)| value.to_f64() * weight));
        }
        Ok(Weighted { n_channels, values })
    }

    fn add(&mut self, index: usize, mean: &Weighted, variance: Option<&Weighted>) -> Result<(), LargeError> {
        let (image, start) = self.spec.position(index)?;
        // Before anything that memory says is believed.
        self.mend()?;
        let got = self.journal.count(index);
        if got == u32::MAX {
            return Err(LargeError::TooOften { index, got });
        }
        let tiling = self.tiling(mean.n_channels)?;
        let start = start.to_zyx(0);
        let arrays = [
            Some(ArrayName::MeanCache),
            variance.map(|_| ArrayName::StdCache),
            (image == 0).then_some(ArrayName::NormaCache),
        ];
        let keys: Vec<ChunkKey> = arrays
            .into_iter()
            .flatten()
            .flat_map(|array| tiling.touched(start).map(move |at| ChunkKey::new(array, image, at)))
            .collect();
        if let Err(error) = self.hold(&tiling, &keys) {
            self.forget_layout();
            return Err(error);
        }

        let source = |key: &ChunkKey| match (key.array, variance) {
            (ArrayName::NormaCache, _) => (1, self.weights.as_slice()),
            (ArrayName::StdCache, Some(variance)) => (variance.n_channels, variance.values.as_slice()),
            _ => (mean.n_channels, mean.values.as_slice()),
        };
        let add = |(key, chunk): &mut (ChunkKey, Vec<f64>)| {
            let (n_channels, values) = source(key);
            add_window(&tiling, chunk, key.at, start, values, n_channels);
        };
        self.is_torn = true;
        let mut chunks: Vec<(ChunkKey, Vec<f64>)> =
            keys.into_iter().map(|key| (key, self.resident.take(&key))).collect();
        if mean.values.len() >= PARALLEL_VALUES {
            chunks.par_iter_mut().for_each(add);
        } else {
            chunks.iter_mut().for_each(add);
        }
        for (key, values) in chunks {
            self.resident.put(&key, values);
        }
        self.journal.add(index, 1);
        self.n_unsaved += 1;
        self.is_torn = false;

        if self.options.checkpoint_every.is_some_and(|every| self.n_unsaved >= every.get()) {
            self.checkpoint().map_err(|source| LargeError::NotSaved { index, source: Box::new(source) })?;
        }
        Ok(())
    }

    /// The chunks of the arrays; the first patch lays them out.
    fn tiling(&mut self, n_channels: usize) -> Result<Tiling, LargeError> {
        let disk = match self.disk.take() {
            Some(disk) => disk,
            None => self.begin(n_channels)?,
        };
        let disk = self.disk.insert(disk);
        let expected = disk.tiling.n_channels;
        if n_channels != expected {
            return Err(LargeError::Channels { what: "the patch", got: n_channels, expected });
        }
        Ok(disk.tiling)
    }

    /// Brings chunks into memory; saves if that is the only way to make room.
    fn hold(&mut self, tiling: &Tiling, keys: &[ChunkKey]) -> Result<(), LargeError> {
        let since = self.resident.now();
        let missing: Vec<ChunkKey> = keys.iter().copied().filter(|key| !self.resident.touch(key)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let n_bytes = missing.iter().map(|key| Resident::cost(tiling.n_values(key.array))).sum();
        if !self.resident.make_room(n_bytes, since) {
            self.checkpoint()?;
            // What is still too much is what this patch touches.
            self.resident.make_room(n_bytes, since);
        }
        let Some(disk) = &self.disk else { return Ok(()) };
        let read = |key: &ChunkKey| {
            let stored = disk.read(key, &self.journal)?;
            Ok::<_, LargeError>((*key, stored.unwrap_or_else(|| vec![0.0; tiling.n_values(key.array)])))
        };
        let read: Vec<_> = if disk.is_written {
            missing.par_iter().map(read).collect::<Result<_, _>>()?
        } else {
            missing.iter().map(read).collect::<Result<_, _>>()?
        };
        for (key, values) in read {
            self.resident.insert(key, values);
        }
        Ok(())
    }
}

/// Adds the part of a window that lies in one chunk; one channel of values serves all of the chunk.
fn add_window(
    tiling: &Tiling,
    chunk: &mut [f64],
    at: [usize; 3],
    start: [usize; 3],
    values: &[f64],
    n_channels: usize,
) {
    let [_, side_y, side_x] = tiling.chunk;
    let n_pixels: usize = tiling.chunk.iter().product();
    let first: [usize; 3] = std::array::from_fn(|axis| at[axis] * tiling.chunk[axis]);
    // Window and chunk have the same sides: what they share starts where the later one does.
    let from: [usize; 3] = std::array::from_fn(|axis| first[axis].saturating_sub(start[axis]));
    let to: [usize; 3] = std::array::from_fn(|axis| start[axis].saturating_sub(first[axis]));
    let size: [usize; 3] =
        std::array::from_fn(|axis| tiling.chunk[axis].saturating_sub(from[axis].max(to[axis])));
    for (channel, chunk) in chunk.chunks_exact_mut(n_pixels).enumerate() {
        let values = &values[if n_channels == 1 { 0 } else { channel * n_pixels }..][..n_pixels];
        for z in 0..size[0] {
            for y in 0..size[1] {
                let source = ((from[0] + z) * side_y + from[1] + y) * side_x + from[2];
                let target = ((to[0] + z) * side_y + to[1] + y) * side_x + to[2];
                let sums = &mut chunk[target..target + size[2]];
                for (sum, value) in sums.iter_mut().zip(&values[source..source + size[2]]) {
                    *sum += value;
                }
            }
        }
    }
}
