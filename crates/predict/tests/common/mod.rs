//! Images, data sets and predictors that tests share.
#![allow(dead_code, reason = "not every test program needs all of it")]

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};
use patchweave_construct::{BasicPatchConstr, Dataset, PatchExtractor};
use patchweave_geometry::{ArrayLayout, ImageShape};
use patchweave_model::Model;
use patchweave_patching::{Patching, TiledPatching, WholePatching};
use patchweave_pixel::{PixelMap, PixelType};
use patchweave_predict::{
    Content, Finished, OutputImage, PredictError, PredictOptions, Predictor, Target, Tiling, cut_shape,
};
use patchweave_sink::{ImageSpec, Job, Location, SinkFormats};
use patchweave_stack::{ArrayStack, ImageStack};

/// An image whose pixels all differ, as long as they fit into `f32`.
pub fn ramp(shape: &[usize]) -> ArrayD<f32> {
    let mut value = 0.0;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        value += 1.0;
        value
    })
}

pub fn stack(image: ArrayD<f32>, axes: &str) -> Arc<dyn ImageStack> {
    Arc::new(ArrayStack::new(image, &axes.parse().unwrap()).unwrap())
}

/// Images cut as a tiling says, into patches of a patching of that kind.
pub fn patching(tiling: Tiling, shapes: &[ImageShape]) -> Arc<dyn Patching> {
    match tiling {
        Tiling::Whole => Arc::new(WholePatching::new(shapes).unwrap()),
        Tiling::Tiles { size, overlaps } => {
            Arc::new(TiledPatching::new(shapes, size, Some(overlaps)).unwrap())
        }
    }
}

/// A data set of images, cut for a model.
pub fn dataset(stacks: Vec<Arc<dyn ImageStack>>, tiling: Tiling, model: &dyn Model) -> Dataset {
    let images = PatchExtractor::new(stacks).unwrap();
    let shapes = images.shapes().iter().map(|shape| cut_shape(&tiling, [model.info()], *shape).unwrap());
    let patching = patching(tiling, &shapes.collect::<Vec<_>>());
    Dataset::new(Arc::new(BasicPatchConstr::new(patching, images, None, None).unwrap()), 0)
}

/// A layout of a result: `SCZYX` without the axes that the output does not have.
pub fn layout(shape: &ImageShape) -> ArrayLayout {
    let axes = if shape.extent.n_axes() == 3 { "SCZYX" } else { "SCYX" };
    ArrayLayout::new(axes.parse().unwrap(), &shape.to_vec()).unwrap()
}

/// Predicts into memory, one array for every output of every model and image.
pub fn predict(
    dataset: &Dataset,
    tiling: Tiling,
    models: Vec<&dyn Model>,
    options: PredictOptions,
    chunks: Option<usize>,
) -> Result<Vec<ArrayD<f32>>, PredictError> {
    predict_contents(dataset, tiling, models, options, chunks, &[Content::default()])
}

/// Predicts into memory, one array for every content of every output of every model and image.
pub fn predict_contents(
    dataset: &Dataset,
    tiling: Tiling,
    models: Vec<&dyn Model>,
    options: PredictOptions,
    chunks: Option<usize>,
    contents: &[Content],
) -> Result<Vec<ArrayD<f32>>, PredictError> {
    run(&Predictor::new(dataset, tiling, models, options), chunks, contents)
}

/// Runs a predictor into memory, as [`predict_contents`] does.
pub fn run(
    predictor: &Predictor<'_>,
    chunks: Option<usize>,
    contents: &[Content],
) -> Result<Vec<ArrayD<f32>>, PredictError> {
    let mut targets = |image: &OutputImage<'_>| {
        let target = |content: &Content| {
            let n_channels = content.n_channels(image.shape.n_channels);
            let shape = ImageShape { n_channels, ..image.shape };
            let mut spec = ImageSpec::new(layout(&shape), PixelType::F32);
            spec.chunks = chunks.map(|size| shape.to_vec().iter().map(|n| size.min(*n)).collect());
            let job = Job::start(&SinkFormats::default(), "result".as_ref(), Some("memory"), spec)?;
            Ok(Target::new(job, PixelMap::to(PixelType::F32)).with_content(content.clone()))
        };
        contents.iter().map(target).collect()
    };
    let finished = predictor.run(&mut targets, |_| true, |_| ())?;
    Ok(finished.into_iter().map(array).collect())
}

fn array(finished: Finished) -> ArrayD<f32> {
    let Location::Memory(levels) = finished.location else { panic!("not in memory") };
    let values: Vec<f32> = bytemuck::cast_slice(&levels[0].view().to_bytes()).to_vec();
    ArrayD::from_shape_vec(levels[0].shape().to_vec(), values).unwrap()
}
