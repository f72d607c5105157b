//! patchweave's part in the comparison of predictors that work in memory: predicts an image, or calls a network with no more
//! around it, and prints how long it took.
//!
//! `predict.py` beside this file writes the task, calls this program and its peers in turn, and compares.
#![allow(clippy::print_stdout, reason = "what it prints is its result")]

use std::env::args;
use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use ndarray::{Array5, ArrayD, Axis, IxDyn};
use npyz::NpyFile;
use patchweave::construct::{BasicPatchConstr, Dataset, PatchExtractor};
use patchweave::geometry::{ArrayLayout, Axes, Extent, PerAxis};
use patchweave::loader::{Loader, LoaderOptions};
use patchweave::model::{Identity, Likeness, Model};
use patchweave::onnx::{OnnxModel, OnnxOptions, Runtime};
use patchweave::patching::TiledPatching;
use patchweave::pixel::{PixelMap, PixelType, TypedArray};
use patchweave::predict::{Blend, OutputImage, PredictOptions, Predictor, Target, Tiling};
use patchweave::sink::{ImageSpec, Job, Location, SinkFormats};
use patchweave::stack::ArrayStack;
use patchweave::transform::{Normalizer, Scaling, TargetScaling};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::json;

type Failure = Box<dyn Error + Send + Sync>;

/// What all contestants are told.
#[derive(Deserialize)]
struct Task {
    /// A NumPy file of `f32`, which is read into memory.
    image: PathBuf,
    axes: String,
    window: Vec<usize>,
    overlap: Vec<usize>,
    /// `crop`, `constant`, `hann` or `gaussian`.
    blend: String,
    batch_size: usize,
    /// An ONNX file; without it the model changes nothing.
    network: Option<PathBuf>,
    /// The library of ONNX Runtime that runs it; tract without one.
    runtime: Option<PathBuf>,
    /// Mean and standard deviation of the image.
    mean_std: Option<(f64, f64)>,
}

impl Task {
    fn tiling(&self) -> Result<Tiling, Failure> {
        Ok(Tiling::Tiles { size: Extent::new(&self.window)?, overlaps: PerAxis::new(&self.overlap)? })
    }

    fn dataset(&self, image: ArrayD<f32>, axes: &Axes) -> Result<Dataset, Failure> {
        let images = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, axes)?)])?;
        let overlaps = PerAxis::new(&self.overlap)?;
        let patching = TiledPatching::new(images.shapes(), Extent::new(&self.window)?, Some(overlaps))?;
        let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, images, None, None)?), 0);
        let Some((mean, std)) = self.mean_std else { return Ok(dataset) };
        let input = Scaling::mean_std(&[mean], &[std])?;
        Ok(dataset.with_normalizer(Normalizer::new(input, TargetScaling::Missing)))
    }

    fn model(&self) -> Result<Box<dyn Model>, Failure> {
        let Some(path) = &self.network else { return Ok(Box::new(Identity::new())) };
        let mut options = OnnxOptions::default();
        options.likeness = Likeness::Own;
        if let Some(library) = &self.runtime {
            options.runtime = Runtime::OnnxRuntime { library: Some(library.clone()) };
        }
        let model = OnnxModel::open(path, &options)?;
        // The first call would plan, which a run does once.
        let shape = [1, 1, 1, self.window[0], self.window[1]];
        model.prepare(shape)?;
        Ok(Box::new(model))
    }

    fn options(&self, n_threads: usize) -> Result<PredictOptions, Failure> {
        let blend = match self.blend.as_str() {
            "crop" => Blend::Crop,
            "constant" => Blend::Constant,
            "hann" => Blend::Hann,
            "gaussian" => Blend::Gaussian { width: 0.125 },
            other => return Err(format!("blend: got {other}").into()),
        };
        let batch_size = self.batch_size;
        // Networks are called on all threads already.
        let n_workers = if self.network.is_some() { 1 } else { n_threads };
        Ok(PredictOptions { batch_size, n_workers, n_writers: n_workers, blend, ..PredictOptions::default() })
    }
}

/// Predicts all of the image into memory.
fn predict(
    predictor: &Predictor<'_>,
    layout: &ArrayLayout,
    chunks: Option<Vec<usize>>,
) -> Result<TypedArray, Failure> {
    let mut targets = |_: &OutputImage<'_>| {
        let mut spec = ImageSpec::new(layout.clone(), PixelType::F32);
        spec.chunks.clone_from(&chunks);
        let job = Job::start(&SinkFormats::default(), "result".as_ref(), Some("memory"), spec)?;
        Ok(vec![Target::new(job, PixelMap::to(PixelType::F32))])
    };
    let finished = predictor.run(&mut targets, |_| true, |_| ())?;
    match finished.into_iter().next().map(|one| one.location) {
        Some(Location::Memory(levels)) => Ok(levels.into_iter().next().ok_or("there is one level")?),
        _ => Err("the image is not in memory".into()),
    }
}

/// The tiles of the image in batches, as a predictor gets them.
fn batches(dataset: &Dataset, batch_size: usize) -> Result<Vec<Array5<f32>>, Failure> {
    let loader = Loader::new(dataset.clone(), LoaderOptions { batch_size, ..LoaderOptions::default() })?;
    loader.epoch(0)?.map(|batch| Ok(batch?.inputs().to_owned())).collect()
}

/// Calls a model for batches whose tiles are shared out among threads, and drops what it made.
fn bare(model: &dyn Model, batches: &[Array5<f32>], outputs: &mut Array5<f32>) -> Result<(), Failure> {
    for batch in batches {
        let tiles = batch.axis_chunks_iter(Axis(0), 1);
        let calls: Vec<_> = tiles.zip(outputs.axis_chunks_iter_mut(Axis(0), 1)).collect();
        calls.into_par_iter().try_for_each(|(tile, output)| model.predict(tile, &mut [output]))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<ArrayD<f32>, Failure> {
    let file = NpyFile::new(BufReader::with_capacity(1 << 20, File::open(path)?))?;
    let shape: Result<Vec<usize>, _> = file.shape().iter().map(|&n| usize::try_from(n)).collect();
    Ok(ArrayD::from_shape_vec(IxDyn(&shape?), file.into_vec()?)?)
}

fn seconds<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<(f64, T), Failure> {
    let began = Instant::now();
    let result = black_box(work()?);
    Ok((began.elapsed().as_secs_f64(), result))
}

/// What the process holds, in bytes, where the system tells it.
fn held_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) << 10
}

/// The value behind `--name`.
fn given(name: &str) -> Option<String> {
    let arguments: Vec<String> = args().collect();
    let place = arguments.iter().position(|argument| argument == &format!("--{name}"))?;
    arguments.get(place + 1).cloned()
}

fn needed(name: &str) -> Result<String, Failure> {
    given(name).ok_or_else(|| format!("--{name} is missing").into())
}

fn main() -> Result<(), Failure> {
    let task: Task = serde_json::from_str(&fs::read_to_string(needed("task")?)?)?;
    let n_threads = needed("threads")?.parse()?;
    let n_turns: usize = needed("turns")?.parse()?;
    let pool = ThreadPoolBuilder::new().num_threads(n_threads).build()?;
    let told = pool.install(|| measure(&task, n_threads, n_turns))?;
    println!("{told}");
    Ok(())
}

fn measure(task: &Task, n_threads: usize, n_turns: usize) -> Result<serde_json::Value, Failure> {
    let image = read(&task.image)?;
    let axes: Axes = task.axes.parse()?;
    let layout = ArrayLayout::new(axes.clone(), image.shape())?;
    let before_bytes = held_bytes();
    let dataset = task.dataset(image, &axes)?;
    let model = task.model()?;
    let predictor = Predictor::new(&dataset, task.tiling()?, vec![model.as_ref()], task.options(n_threads)?);
    let chunks = given("chunks").map(|sizes| sizes.split(',').map(str::parse).collect()).transpose()?;
    let run = || predict(&predictor, &layout, chunks.clone());
    let (mut predicted, mut called) = (Vec::new(), Vec::new());
    if task.network.is_none() {
        // Memory is touched for the first time.
        run()?;
        for _ in 0..n_turns {
            predicted.push(seconds(run)?.0);
        }
    } else {
        let batches = batches(&dataset, task.batch_size)?;
        let mut outputs = batches.first().ok_or("the image has no tiles")?.clone();
        for _ in 0..n_turns {
            called.push(seconds(|| bare(model.as_ref(), &batches, &mut outputs))?.0);
            predicted.push(seconds(run)?.0);
        }
    }
    if let Some(folder) = given("check") {
        let TypedArray::F32(result) = run()? else { return Err("the result has other pixels".into()) };
        let bytes: Vec<u8> = result.iter().flat_map(|value| value.to_le_bytes()).collect();
        fs::write(Path::new(&folder).join("result"), bytes)?;
    }
    Ok(json!({ "seconds": predicted, "bare_seconds": called, "before_bytes": before_bytes }))
}
