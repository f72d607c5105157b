//! From tiles to finished images.

use std::path::PathBuf;

use ndarray::{ArrayView4, ArrayViewMut4, Axis};
use patchweave_construct::PatchRole;
use patchweave_geometry::{ImageShape, RegionSpec};
use patchweave_loader::{Batch, Loader};
use patchweave_sink::ImageSink;

use crate::band::Band;
use crate::{Likeness, Model, PredictError};

/// What a prediction has done so far; see [`Predictor::run`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Tiles predicted.
    pub n_tiles: usize,
    /// Tiles of all images.
    pub n_total: usize,
}

/// Runs a model over the tiles of a loader and writes the results image by image.
///
/// Give it a loader over tiled or whole patching in sequential order. Results depend on the data, the
/// configuration and the model, not on the number of threads. Memory is that of the batches in flight and
/// of one row of tiles.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::{BasicPatchConstr, Dataset, PatchExtractor};
/// use patchweave_geometry::{Extent, PerAxis};
/// use patchweave_loader::{Loader, LoaderOptions};
/// use patchweave_patching::TiledPatching;
/// use patchweave_pixel::PixelType;
/// use patchweave_predict::{Identity, Predictor};
/// use patchweave_sink::{Format, ImageSpec, create};
/// use patchweave_stack::ArrayStack;
///
/// let image = Array::from_shape_fn((40, 50), |(y, x)| (y * x) as u16).into_dyn();
/// let input = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse()?)?)])?;
/// let layout = input.info(0).unwrap().layout.clone();
/// let overlaps = PerAxis::new(&[4, 4])?;
/// let patching = TiledPatching::new(input.shapes(), Extent::new(&[16, 16])?, Some(overlaps))?;
/// let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, input, None, None)?), 0);
/// let loader = Loader::new(dataset, LoaderOptions { batch_size: 4, ..Default::default() })?;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("result.tiff");
/// let sinks = |_data_idx, _n_channels| {
///     Ok(vec![create(&path, Format::Tiff, ImageSpec::new(layout.clone(), PixelType::U16))?])
/// };
/// let written = Predictor::new(&loader, &Identity).run(sinks, |_| true)?;
/// assert_eq!(written, [path.clone()]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Predictor<'a> {
    loader: &'a Loader,
    model: &'a dyn Model,
}

/// The image that is being written.
struct OpenImage {
    data_idx: usize,
    sinks: Vec<Box<dyn ImageSink>>,
}

struct Writer<F> {
    make_sinks: F,
    open: Option<OpenImage>,
    band: Option<Band>,
    written: Vec<PathBuf>,
}

impl<'a> Predictor<'a> {
    /// Joins a loader and a model.
    pub fn new(loader: &'a Loader, model: &'a dyn Model) -> Self {
        Predictor { loader, model }
    }

    /// Predicts everything and returns the paths that were written, image by image.
    ///
    /// `sinks` makes the sinks of an image from its number and the number of predicted channels; all of
    /// them get the same blocks. `keep_going` is called after every batch and may end the run by `false`.
    ///
    /// # Errors
    /// [`PredictError`]; sinks that are not finished by then leave nothing behind.
    pub fn run(
        &self,
        sinks: impl FnMut(usize, usize) -> Result<Vec<Box<dyn ImageSink>>, PredictError>,
        mut keep_going: impl FnMut(Progress) -> bool,
    ) -> Result<Vec<PathBuf>, PredictError> {
        let mut writer = Writer { make_sinks: sinks, open: None, band: None, written: Vec::new() };
        let constr = self.loader.dataset().constr();
        let shapes = constr.shapes(PatchRole::Input).unwrap_or(&[]);
        let mut progress = Progress { n_tiles: 0, n_total: constr.n_patches() };
        for batch in self.loader.epoch(0)? {
            let batch = batch?;
            self.predict(&batch, shapes, &mut writer)?;
            progress.n_tiles += batch.len();
            if !keep_going(progress) {
                return Err(PredictError::Interrupted);
            }
        }
        writer.finish_image()?;
        Ok(writer.written)
    }

    fn predict<F>(
        &self,
        batch: &Batch,
        shapes: &[ImageShape],
        writer: &mut Writer<F>,
    ) -> Result<(), PredictError>
    where
        F: FnMut(usize, usize) -> Result<Vec<Box<dyn ImageSink>>, PredictError>,
    {
        let inputs = batch.inputs();
        let mut outputs = self.model.predict(inputs)?;
        let same = |axis: &usize| outputs.shape()[*axis] == inputs.shape()[*axis];
        if ![0, 2, 3, 4].iter().all(same) || outputs.shape()[1] == 0 {
            return Err(PredictError::Shape {
                model: self.model.name().to_owned(),
                got: outputs.shape().to_vec(),
                inputs: inputs.shape().to_vec(),
            });
        }
        for ((index, spec), mut output) in
            batch.indices().zip(batch.specs()).zip(outputs.axis_iter_mut(Axis(0)))
        {
            let patch = match spec {
                RegionSpec::Patch(patch) => patch,
                RegionSpec::Tile(tile) => &tile.patch,
                RegionSpec::Uncorrelated(_) => return Err(PredictError::Uncorrelated { index }),
            };
            let data_idx = patch.data_idx;
            self.invert(data_idx, output.view_mut())?;
            let width = shapes.get(data_idx).map_or(0, |shape| shape.extent.to_zyx()[2]);
            writer.write(index, spec, output.view(), data_idx, width)?;
        }
        Ok(())
    }

    fn invert(&self, data_idx: usize, output: ArrayViewMut4<'_, f32>) -> Result<(), PredictError> {
        let normalizer = self.loader.dataset().normalizer();
        let inverted = match self.model.likeness() {
            Likeness::Input => normalizer.invert_input(output),
            Likeness::Target => normalizer.invert(output),
        };
        inverted.map_err(|source| PredictError::Normalize { data_idx, source })
    }
}

impl<F> Writer<F>
where
    F: FnMut(usize, usize) -> Result<Vec<Box<dyn ImageSink>>, PredictError>,
{
    fn write(
        &mut self,
        index: usize,
        spec: &RegionSpec,
        output: ArrayView4<'_, f32>,
        data_idx: usize,
        width: usize,
    ) -> Result<(), PredictError> {
        let n_channels = output.len_of(Axis(0));
        self.open_image(index, data_idx, n_channels)?;
        match spec {
            RegionSpec::Tile(tile) => {
                if !self.band.as_ref().is_some_and(|band| band.holds(tile)) {
                    self.write_band()?;
                    self.band = Some(Band::of(tile, n_channels, width));
                }
                if let Some(band) = &mut self.band {
                    band.place(output, tile).map_err(|source| PredictError::Stitch { data_idx, source })?;
                }
                Ok(())
            }
            RegionSpec::Patch(patch) => self.write_block(patch.sample_idx, [0; 3], output),
            RegionSpec::Uncorrelated(_) => Err(PredictError::Uncorrelated { index }),
        }
    }

    /// Makes sure that the sinks are those of image `data_idx`; images come in ascending order.
    fn open_image(&mut self, index: usize, data_idx: usize, n_channels: usize) -> Result<(), PredictError> {
        match &self.open {
            Some(open) if open.data_idx == data_idx => return Ok(()),
            Some(open) if open.data_idx > data_idx => {
                return Err(PredictError::ImageOrder { index, data_idx });
            }
            Some(_) => self.finish_image()?,
            None => {}
        }
        self.open = Some(OpenImage { data_idx, sinks: (self.make_sinks)(data_idx, n_channels)? });
        Ok(())
    }

    fn write_band(&mut self) -> Result<(), PredictError> {
        match self.band.take() {
            Some(band) => self.write_block(band.sample_idx, band.start, band.pixels.view()),
            None => Ok(()),
        }
    }

    fn write_block(
        &mut self,
        sample_idx: usize,
        start: [usize; 3],
        block: ArrayView4<'_, f32>,
    ) -> Result<(), PredictError> {
        for sink in self.open.iter_mut().flat_map(|open| &mut open.sinks) {
            sink.write_block(sample_idx, start, block)?;
        }
        Ok(())
    }

    fn finish_image(&mut self) -> Result<(), PredictError> {
        self.write_band()?;
        for sink in self.open.take().into_iter().flat_map(|open| open.sinks) {
            self.written.push(sink.finish()?);
        }
        Ok(())
    }
}
