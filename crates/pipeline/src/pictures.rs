//! What a run shows: a montage of training patches, and predictions beside their input.

use std::path::{Path, PathBuf};

use ndarray::{Array4, Array5, ArrayView4, ArrayView5, Axis};
use patchweave_geometry::{ArrayLayout, Extent, GeometryError, PerAxis, Region};
use patchweave_loader::Batch;
use patchweave_model::Scale;
use patchweave_stack::{ImageStack, ImageStackExt};
use patchweave_view::{Contrast, MontageOptions, SideBySideOptions, montage, render, side_by_side};

use crate::outputs::MONTAGE;
use crate::written::Written;
use crate::{Output, OutputFolder, PipelineError};

/// Most pixels along each axis that a picture of a prediction shows, `ZYX`, around the centre.
const PICTURED: [usize; 3] = [32, 512, 512];

/// Bytes of patches that a montage collects at most.
const MAX_MONTAGE_BYTES: usize = 256 << 20;

/// Collects the first patches of a run.
#[derive(Debug, Default)]
pub struct Montage {
    n_patches: usize,
    inputs: Vec<Array4<f32>>,
    targets: Vec<Array4<f32>>,
}

impl Montage {
    /// Collects up to `n_patches` patches of equal shape.
    pub fn new(n_patches: usize) -> Self {
        Montage { n_patches, ..Montage::default() }
    }

    /// Takes what is still needed from a batch.
    pub fn add(&mut self, batch: &Batch) {
        let at_most = self.n_patches.min(MAX_MONTAGE_BYTES / batch.layout().n_bytes().max(1));
        let missing = at_most.saturating_sub(self.inputs.len());
        let fits =
            |patch: &ArrayView4<'_, f32>| self.inputs.first().is_none_or(|first| first.dim() == patch.dim());
        let n_new = batch.inputs().axis_iter(Axis(0)).take(missing).take_while(fits).count();
        let copies = |block: ArrayView5<'_, f32>| -> Vec<Array4<f32>> {
            block.axis_iter(Axis(0)).take(n_new).map(|patch| patch.to_owned()).collect()
        };
        self.inputs.extend(copies(batch.inputs()));
        self.targets.extend(batch.targets().map(copies).unwrap_or_default());
    }

    /// Writes the montage as `training_patches.png`, inputs beside targets; nothing if there are no patches.
    ///
    /// # Errors
    /// [`PipelineError`] if it cannot be drawn or written.
    pub fn write(&self, output: &OutputFolder) -> Result<Option<PathBuf>, PipelineError> {
        let Some(inputs) = joined(&self.inputs)? else { return Ok(None) };
        let targets = joined(&self.targets)?;
        let options = MontageOptions { max_pairs: self.n_patches, ..MontageOptions::default() };
        let picture = montage(inputs.view(), targets.as_ref().map(|targets| targets.view()), &options)?;
        output.write(MONTAGE, &picture.encode_png()?).map(Some)
    }
}

fn joined(patches: &[Array4<f32>]) -> Result<Option<Array5<f32>>, GeometryError> {
    let Some(first) = patches.first() else { return Ok(None) };
    let views: Vec<_> = patches.iter().map(|patch| patch.view()).collect();
    let stacked = ndarray::stack(Axis(0), &views);
    stacked.map(Some).map_err(|_| GeometryError::BadSize { shape: first.shape().to_vec() })
}

/// Writes a picture of an image and of what was predicted for it, side by side: the central part of the
/// first sample; volumes as maximum projections. `false` if the format of the output
/// [cannot be read](Output::is_readable), which makes no picture.
///
/// # Errors
/// [`PipelineError`] if something cannot be read, drawn or written.
pub(crate) fn prediction_picture(
    stack: &dyn ImageStack,
    channels: Option<&[usize]>,
    result: &PicturedResult<'_>,
    (path, folder): (&Path, &OutputFolder),
) -> Result<bool, PipelineError> {
    let PicturedResult { path: result, output, layout, scale } = *result;
    let info = stack.info();
    let region = centre(&info.shape().extent)?;
    let input = stack.read_patch(0, channels, &region)?;
    let own = scaled_region(&region, scale, &layout.image_shape().extent)?;
    let [n_z, n_y, n_x] = own.size.to_zyx();
    let n_channels = layout.image_shape().n_channels;
    let mut pixels = Array4::zeros([n_channels, n_z, n_y, n_x]);
    let Some(written) = Written::open(result, output, layout)? else { return Ok(false) };
    written.read_into(0, &own, pixels.view_mut())?;
    // Beside its input in the same size.
    let (_, z, y, x) = input.dim();
    let place = |at: usize, axis: usize, n: usize| (at * scale[axis].times() / scale[axis].over()).min(n - 1);
    let predicted = Array4::from_shape_fn([n_channels, z, y, x], |(c, z, y, x)| {
        pixels[[c, place(z, 0, n_z), place(y, 1, n_y), place(x, 2, n_x)]]
    });
    let pictures =
        [render(input.view(), Contrast::default())?, render(predicted.view(), Contrast::default())?];
    let picture = side_by_side(&pictures, &SideBySideOptions::default())?;
    folder.write_at(path, &picture.encode_png()?)?;
    Ok(true)
}

/// A result of which a picture is made.
#[derive(Clone, Copy)]
pub(crate) struct PicturedResult<'a> {
    pub path: &'a Path,
    pub output: &'a Output,
    pub layout: &'a ArrayLayout,
    /// Its size against that of the input.
    pub scale: [Scale; 3],
}

/// The pixels of a result that are made of a region of its input.
fn scaled_region(region: &Region, scale: [Scale; 3], image: &Extent) -> Result<Region, GeometryError> {
    let scale = region.size.per_axis().of_zyx(scale);
    let scaled = |axis: usize, n: usize| n * scale[axis].times() / scale[axis].over();
    let start = region.start.map_indexed(|axis, start| scaled(axis, usize::try_from(start).unwrap_or(0)));
    let size = region.size.per_axis().map_indexed(|axis, size| {
        scaled(axis, size).clamp(1, image.as_slice()[axis] - start[axis].min(image.as_slice()[axis] - 1))
    });
    Region::new(start.to_coords(), Extent::new(size.as_slice())?)
}

fn centre(image: &Extent) -> Result<Region, GeometryError> {
    let limit = |axis: usize, n: usize| n.min(PICTURED[axis + 3 - image.n_axes()]);
    let size: Vec<usize> = image.iter().enumerate().map(|(axis, n)| limit(axis, n)).collect();
    let start: Vec<i64> =
        image.iter().zip(&size).map(|(n, size)| i64::try_from((n - size) / 2).unwrap_or(0)).collect();
    Region::new(PerAxis::new(&start)?, Extent::new(&size)?)
}
