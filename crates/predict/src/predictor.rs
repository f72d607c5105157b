//! From tiles to finished images.

use ndarray::{ArrayViewMut4, Axis};
use patchweave_construct::PatchConstrExt;
use patchweave_geometry::{ImageShape, RegionSpec};
use patchweave_loader::{Batch, Loader};
use patchweave_sink::{BlockSink, Location};

use crate::writer::{Image, Writer};
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
/// Give it a loader over tiled or whole patching in sequential order that keeps the last batch. Every image of the data
/// set needs patches, and is finished only if they cover it; for some of the images make a data set of these. Results
/// depend on the data, the configuration and the model, not on the number of threads. Memory is that of the batches in
/// flight and of one row of tiles, and a few bytes for every row of tiles of the image.
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
/// use patchweave_sink::{ImageSpec, create};
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
///     Ok(vec![create(&path, "tiff", ImageSpec::new(layout.clone(), PixelType::U16))?])
/// };
/// let written = Predictor::new(&loader, &Identity).run(sinks, |_| true)?;
/// assert_eq!(written[0].path(), Some(path.as_path()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Predictor<'a> {
    loader: &'a Loader,
    model: &'a dyn Model,
}

impl<'a> Predictor<'a> {
    /// Joins a loader and a model.
    pub fn new(loader: &'a Loader, model: &'a dyn Model) -> Self {
        Predictor { loader, model }
    }

    /// Predicts everything and returns where images were written, image by image.
    ///
    /// `sinks` makes the sinks of an image from its number and the number of predicted channels; all of
    /// them get the same blocks. `keep_going` is called after every batch and may end the run by `false`.
    ///
    /// # Errors
    /// [`PredictError`]; sinks that are not finished by then leave nothing behind.
    pub fn run(
        &self,
        sinks: impl FnMut(usize, usize) -> Result<Vec<Box<dyn BlockSink>>, PredictError>,
        keep_going: impl FnMut(Progress) -> bool,
    ) -> Result<Vec<Location>, PredictError> {
        self.run_watched(sinks, keep_going, |_| ())
    }

    /// As [`run`](Self::run), and shows every batch to `watch` before it is predicted.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_watched(
        &self,
        sinks: impl FnMut(usize, usize) -> Result<Vec<Box<dyn BlockSink>>, PredictError>,
        mut keep_going: impl FnMut(Progress) -> bool,
        mut watch: impl FnMut(&Batch),
    ) -> Result<Vec<Location>, PredictError> {
        let constr = self.loader.dataset().constr();
        let shapes = constr.input_shapes();
        let mut writer = Writer::new(shapes.len(), sinks);
        let mut progress = Progress { n_tiles: 0, n_total: constr.n_patches() };
        for batch in self.loader.epoch(0)? {
            let batch = batch?;
            for (got, expected) in batch.indices().zip(progress.n_tiles..) {
                if got != expected {
                    return Err(PredictError::PatchOrder { got, expected });
                }
            }
            watch(&batch);
            self.predict(&batch, shapes, &mut writer)?;
            progress.n_tiles += batch.len();
            if !keep_going(progress) {
                return Err(PredictError::Interrupted);
            }
        }
        if progress.n_tiles != progress.n_total {
            return Err(PredictError::MissingPatches { got: progress.n_tiles, expected: progress.n_total });
        }
        writer.finish()
    }

    fn predict<F>(
        &self,
        batch: &Batch,
        shapes: &[ImageShape],
        writer: &mut Writer<F>,
    ) -> Result<(), PredictError>
    where
        F: FnMut(usize, usize) -> Result<Vec<Box<dyn BlockSink>>, PredictError>,
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
        let samples = batch.indices().zip(batch.specs()).zip(batch.input_metadata());
        for (((index, spec), metadata), mut pixels) in samples.zip(outputs.axis_iter_mut(Axis(0))) {
            let data_idx = match spec {
                RegionSpec::Patch(patch) => patch.data_idx,
                RegionSpec::Tile(tile) => tile.patch.data_idx,
                RegionSpec::Uncorrelated(_) => return Err(PredictError::Uncorrelated { index }),
            };
            let n_images = shapes.len();
            let no_image = PredictError::NoSuchImage { index, data_idx, n_images };
            let shape = shapes.get(data_idx).ok_or(no_image)?;
            let name = metadata.as_ref().map_or("unnamed", |metadata| metadata.source.as_str());
            let image = Image { data_idx, name, shape };
            self.invert(pixels.view_mut(), &image)?;
            writer.write(index, spec, pixels.view(), image)?;
        }
        Ok(())
    }

    fn invert(&self, output: ArrayViewMut4<'_, f32>, image: &Image<'_>) -> Result<(), PredictError> {
        let normalizer = self.loader.dataset().normalizer();
        let inverted = match self.model.likeness() {
            Likeness::Input => normalizer.invert_input(output),
            Likeness::Target => normalizer.invert(output),
        };
        let data_idx = image.data_idx;
        let name = image.name;
        inverted.map_err(|source| PredictError::Normalize { data_idx, image: name.to_owned(), source })
    }
}
