//! Sums into means and standard deviations, chunk by chunk on the threads of the pool.

use std::borrow::Cow;

use ndarray::{Array5, ArrayD, ArrayViewMut5, Axis, s};
use patchweave_geometry::try_lazy_zeros;
use rayon::prelude::*;

use crate::disk::Disk;
use crate::journal::Journal;
use crate::names::ArrayName;
use crate::resident::Resident;
use crate::results::ResultArrays;
use crate::tiling::{ChunkKey, Tiling};
use crate::{LargeError, LargeQuilt, MeanOptions};

/// Mean and, where it is asked for, standard deviation.
pub(crate) type MeanAndStd<T> = (T, Option<T>);

impl LargeQuilt {
    /// The weighted mean of all patches at every pixel, `NC(Z)YX`; 0 where there is none.
    ///
    /// A sum of weighted patches over `max(weights, eps)`. It is saved as `_mean.zarr` as well, unless the
    /// options say otherwise.
    ///
    /// # Errors
    /// [`LargeError::NothingStitched`] before the first patch, [`LargeError::Eps`], [`LargeError::OutOfMemory`],
    /// or the failure to read or write chunks.
    pub fn mean(&mut self, options: &MeanOptions) -> Result<ArrayD<f64>, LargeError> {
        Ok(self.result(options, false)?.0)
    }

    /// As [`mean`](Self::mean), with the standard deviation: the root of the weighted mean of the variances,
    /// 0 where there were none. It is saved as `_std.zarr`.
    ///
    /// ```
    /// use ndarray::Array3;
    /// use patchweave_geometry::{Extent, PerAxis};
    /// use patchweave_large::{LargeOptions, LargeQuilt, LargeSpec, MeanOptions};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let spec = LargeSpec::new(1, Extent::new(&[4, 6])?, Extent::new(&[4, 4])?, PerAxis::new(&[2, 2])?)?;
    /// let mut quilt = LargeQuilt::create(folder.path().join("sums"), spec, LargeOptions::default())?;
    /// let (patch, variance) = (Array3::<f32>::from_elem((2, 4, 4), 3.0), Array3::<f32>::from_elem((1, 4, 4), 4.0));
    /// for index in 0..quilt.n_patches() {
    ///     quilt.stitch_with_variance(patch.view(), variance.view(), index)?;
    /// }
    /// let (mean, std) = quilt.mean_and_std(&MeanOptions { normalize: true, ..MeanOptions::default() })?;
    /// assert_eq!(mean.shape(), [1, 2, 4, 6]);
    /// assert!(mean.iter().all(|mean| (mean - 0.5).abs() < 1e-12));
    /// assert!(std.iter().all(|std| (std - 2.0 / 6.0).abs() < 1e-12));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`mean`](Self::mean).
    pub fn mean_and_std(&mut self, options: &MeanOptions) -> Result<(ArrayD<f64>, ArrayD<f64>), LargeError> {
        let (mean, std) = self.result(options, true)?;
        Ok((mean, std.unwrap_or_default()))
    }

    /// What the windows of image 0 weigh together so far at every pixel, `(Z)YX`.
    ///
    /// # Errors
    /// As [`mean`](Self::mean).
    pub fn weights(&mut self) -> Result<ArrayD<f64>, LargeError> {
        let sums = self.sums(ArrayName::NormaCache)?;
        Ok(sums.index_axis_move(Axis(0), 0).index_axis_move(Axis(0), 0))
    }

    /// The sum of weighted patches at every pixel, `NC(Z)YX`, as `_mean_cache.zarr` holds it.
    ///
    /// # Errors
    /// As [`mean`](Self::mean).
    pub fn mean_sums(&mut self) -> Result<ArrayD<f64>, LargeError> {
        self.sums(ArrayName::MeanCache)
    }

    /// The sum of weighted variances at every pixel, `NC(Z)YX`, as `_std_cache.zarr` holds it.
    ///
    /// # Errors
    /// As [`mean`](Self::mean).
    pub fn variance_sums(&mut self) -> Result<ArrayD<f64>, LargeError> {
        self.sums(ArrayName::StdCache)
    }

    pub(crate) fn result(
        &mut self,
        options: &MeanOptions,
        with_std: bool,
    ) -> Result<MeanAndStd<ArrayD<f64>>, LargeError> {
        let mut arrays = if options.save { Some(self.result_arrays(options, with_std)?) } else { None };
        let (mean, std) = {
            let reader = self.reader(options, with_std)?;
            let streamed = arrays.as_ref().filter(|arrays| !arrays.is_one_chunk());
            reader.read_all(streamed)?
        };
        if let Some(arrays) = arrays.take() {
            if arrays.is_one_chunk() {
                arrays.write_whole(&mean, std.as_ref())?;
            }
            arrays.publish()?;
        }
        Ok((mean, std))
    }

    fn sums(&mut self, array: ArrayName) -> Result<ArrayD<f64>, LargeError> {
        let reader = self.reader(&MeanOptions::default(), false)?;
        let tiling = reader.tiling;
        let (n_images, n_channels) =
            if array == ArrayName::NormaCache { (1, 1) } else { (tiling.n_images, tiling.n_channels) };
        let mut sums = zeros(&tiling, n_images, n_channels)?;
        let rows = rows(&tiling, Some(sums.view_mut()), None);
        rows.into_par_iter().try_for_each(|mut row| {
            for (image, at) in row.chunks(&tiling, n_images) {
                if let Some(values) = reader.chunk(&ChunkKey::new(array, image, at))? {
                    place(&tiling, &mut row.mean, image, at, &values);
                }
            }
            Ok::<_, LargeError>(())
        })?;
        Ok(own_axes(&tiling, sums))
    }

    /// What is read together: chunks in memory first, then those on disk.
    pub(crate) fn reader(&mut self, options: &MeanOptions, with_std: bool) -> Result<Reader<'_>, LargeError> {
        self.mend()?;
        if options.eps.is_nan() || options.eps < 0.0 {
            return Err(LargeError::Eps { got: options.eps });
        }
        let nothing = || LargeError::NothingStitched { path: self.names.base().into() };
        let disk = self.disk.as_ref().filter(|_| self.journal.n_added() > 0).ok_or_else(nothing)?;
        let eps = options.eps;
        let normalize = options.normalize;
        let resident = &self.resident;
        let journal = &self.journal;
        Ok(Reader { resident, journal, disk, tiling: disk.tiling, eps, normalize, with_std })
    }
}

/// Everything that turns chunks of sums into chunks of results.
pub(crate) struct Reader<'a> {
    resident: &'a Resident,
    journal: &'a Journal,
    disk: &'a Disk,
    tiling: Tiling,
    eps: f64,
    normalize: bool,
    with_std: bool,
}

impl Reader<'_> {
    pub(crate) fn tiling(&self) -> Tiling {
        self.tiling
    }

    /// All chunks of all images, into new arrays, and into those on disk as well.
    fn read_all(&self, arrays: Option<&ResultArrays>) -> Result<MeanAndStd<ArrayD<f64>>, LargeError> {
        let n_images = self.tiling.n_images;
        let n_channels = self.tiling.n_channels;
        let mut mean = zeros(&self.tiling, n_images, n_channels)?;
        let mut std = if self.with_std { Some(zeros(&self.tiling, n_images, n_channels)?) } else { None };
        let rows = rows(&self.tiling, Some(mean.view_mut()), std.as_mut().map(|std| std.view_mut()));
        rows.into_par_iter().try_for_each(|row| self.read_row(row, arrays))?;
        Ok((own_axes(&self.tiling, mean), std.map(|std| own_axes(&self.tiling, std))))
    }

    /// All chunks of all images, into arrays on disk alone.
    pub(crate) fn stream(&self, arrays: &ResultArrays) -> Result<(), LargeError> {
        let rows = rows(&self.tiling, None, None);
        rows.into_par_iter().try_for_each(|row| self.read_row(row, Some(arrays)))
    }

    fn read_row(&self, mut row: Row<'_>, arrays: Option<&ResultArrays>) -> Result<(), LargeError> {
        let mut weights: Option<([usize; 3], Vec<f64>)> = None;
        for (image, at) in row.chunks(&self.tiling, self.tiling.n_images) {
            let weights = match &mut weights {
                Some((place, weights)) if *place == at => weights,
                other => &mut other.insert((at, self.weights(at)?)).1,
            };
            let Some(mean) = self.chunk(&ChunkKey::new(ArrayName::MeanCache, image, at))? else { continue };
            let std = if self.with_std {
                self.chunk(&ChunkKey::new(ArrayName::StdCache, image, at))?
            } else {
                None
            };
            let (mean, std) = self.finish(mean.into_owned(), std.map(Cow::into_owned), weights);
            place(&self.tiling, &mut row.mean, image, at, &mean);
            if let Some(std) = &std {
                place(&self.tiling, &mut row.std, image, at, std);
            }
            if let Some(arrays) = arrays {
                arrays.write_chunk(image, at, &mean, std.as_deref())?;
            }
        }
        Ok(())
    }

    /// What is divided by at every pixel of a chunk.
    fn weights(&self, at: [usize; 3]) -> Result<Vec<f64>, LargeError> {
        let weights = self.chunk(&ChunkKey::new(ArrayName::NormaCache, 0, at))?;
        let weights =
            weights.unwrap_or_else(|| vec![0.0; self.tiling.n_values(ArrayName::NormaCache)].into());
        Ok(weights.iter().map(|weight| weight.max(self.eps)).collect())
    }

    fn chunk(&self, key: &ChunkKey) -> Result<Option<Cow<'_, [f64]>>, LargeError> {
        match self.resident.get(key) {
            Some(values) => Ok(Some(Cow::Borrowed(values))),
            None => Ok(self.disk.read(key, self.journal)?.map(Cow::Owned)),
        }
    }

    fn finish(&self, mut mean: Vec<f64>, mut std: Option<Vec<f64>>, weights: &[f64]) -> MeanAndStd<Vec<f64>> {
        let n_pixels = weights.len();
        for mean in mean.chunks_exact_mut(n_pixels) {
            mean.iter_mut().zip(weights).for_each(|(mean, weight)| *mean = ratio(*mean, *weight));
        }
        for std in std.iter_mut().flat_map(|std| std.chunks_exact_mut(n_pixels)) {
            std.iter_mut().zip(weights).for_each(|(std, weight)| *std = ratio(*std, *weight).abs().sqrt());
        }
        if self.normalize {
            let mut sums = vec![0.0; n_pixels];
            for mean in mean.chunks_exact(n_pixels) {
                sums.iter_mut().zip(mean).for_each(|(sum, mean)| *sum += mean);
            }
            for values in [Some(&mut mean), std.as_mut()].into_iter().flatten() {
                for values in values.chunks_exact_mut(n_pixels) {
                    values.iter_mut().zip(&sums).for_each(|(value, sum)| *value = ratio(*value, *sum));
                }
            }
        }
        (mean, std)
    }
}

/// Division in which `0 / 0` is 0.
fn ratio(value: f64, by: f64) -> f64 {
    if value == 0.0 && by == 0.0 { 0.0 } else { value / by }
}

/// A row of chunks along X, of all images, and where its pixels go.
struct Row<'a> {
    z: usize,
    y: usize,
    mean: Option<ArrayViewMut5<'a, f64>>,
    std: Option<ArrayViewMut5<'a, f64>>,
}

impl Row<'_> {
    /// Its chunks, place by place, so that those of all images at one place follow each other.
    fn chunks(&self, tiling: &Tiling, n_images: usize) -> impl Iterator<Item = (usize, [usize; 3])> + use<> {
        let z = self.z;
        let y = self.y;
        let [_, _, n_x] = tiling.n_chunks();
        (0..n_x).flat_map(move |x| (0..n_images).map(move |image| (image, [z, y, x])))
    }
}

/// All rows of chunks, with their parts of arrays `NCZYX`.
fn rows<'a>(
    tiling: &Tiling,
    mean: Option<ArrayViewMut5<'a, f64>>,
    std: Option<ArrayViewMut5<'a, f64>>,
) -> Vec<Row<'a>> {
    let [n_z, n_y, _] = tiling.n_chunks();
    let mut parts = [mean, std].map(|array| split(tiling, array).into_iter());
    let places = (0..n_z).flat_map(|z| (0..n_y).map(move |y| (z, y)));
    places
        .map(|(z, y)| {
            let [mean, std] = parts.each_mut().map(Iterator::next);
            Row { z, y, mean, std }
        })
        .collect()
}

fn split<'a>(tiling: &Tiling, array: Option<ArrayViewMut5<'a, f64>>) -> Vec<ArrayViewMut5<'a, f64>> {
    let slabs = array.into_iter().flat_map(|array| split_along(array, Axis(2), tiling.chunk[0]));
    slabs.flat_map(|slab| split_along(slab, Axis(3), tiling.chunk[1])).collect()
}

fn split_along(mut array: ArrayViewMut5<'_, f64>, axis: Axis, side: usize) -> Vec<ArrayViewMut5<'_, f64>> {
    let mut parts = Vec::new();
    while array.len_of(axis) > side {
        let (part, rest) = array.split_at(axis, side);
        parts.push(part);
        array = rest;
    }
    parts.push(array);
    parts
}

/// Copies what of a chunk lies inside the image into its row.
fn place(
    tiling: &Tiling,
    row: &mut Option<ArrayViewMut5<'_, f64>>,
    image: usize,
    at: [usize; 3],
    values: &[f64],
) {
    let Some(row) = row else { return };
    let [_, side_y, side_x] = tiling.chunk;
    let [_, _, along_x] = tiling.pixels(at);
    let n_pixels: usize = tiling.chunk.iter().product();
    let mut place = row.slice_mut(s![image, .., .., .., along_x]);
    for (channel, mut planes) in place.outer_iter_mut().enumerate() {
        for (z, mut plane) in planes.outer_iter_mut().enumerate() {
            for (y, mut line) in plane.outer_iter_mut().enumerate() {
                let first = channel * n_pixels + (z * side_y + y) * side_x;
                line.iter_mut().zip(&values[first..]).for_each(|(to, from)| *to = *from);
            }
        }
    }
}

/// An array `NCZYX`, unless the machine has no memory for it.
fn zeros(tiling: &Tiling, n_images: usize, n_channels: usize) -> Result<Array5<f64>, LargeError> {
    let [z, y, x] = tiling.image;
    let shape = [n_images, n_channels, z, y, x];
    let no_memory = || LargeError::OutOfMemory { shape: shape.to_vec() };
    let values = try_lazy_zeros(&shape).ok_or_else(no_memory)?;
    Array5::from_shape_vec(shape, values).map_err(|_| no_memory())
}

/// `NC(Z)YX` of `NCZYX`.
fn own_axes(tiling: &Tiling, array: Array5<f64>) -> ArrayD<f64> {
    if tiling.is_3d { array.into_dyn() } else { array.index_axis_move(Axis(2), 0).into_dyn() }
}
