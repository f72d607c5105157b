//! patchweave's part in the comparison of loaders: delivers batches, or fits statistics, and prints how fast.
//!
//! `loaders.py` beside this file writes the task, calls this program and its peers in turn, and compares.
#![allow(clippy::print_stdout, reason = "what it prints is its result")]

use std::env::args;
use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use ndarray::{ArrayD, Axis, IxDyn};
use npyz::NpyFile;
use patchweave::construct::{
    AugmentationStep, BasicPatchConstr, Dataset, FitOptions, LateralContext, MixOptions,
    MultiChannelTargetMsPatchConstr, PatchConstr, PatchExtractor, Statistic, fit_images,
};
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::{Context, ContextPadding, Coords, Extent, PatchSpec, RegionSpec};
use patchweave::loader::{ChunkAware, Loader, LoaderOptions, Order};
use patchweave::patching::{FixedPatching, Patching, RandomPatching, SequentialPatching};
use patchweave::stack::{ArrayStack, ImageStack};
use patchweave::transform::{Augmentation, Normalizer, Scaling, TargetScaling, XyFlip, XyRandomRotate90};
use serde::Deserialize;
use serde_json::json;

type Failure = Box<dyn Error + Send + Sync>;

const SEED: u64 = 42;
const WARM_UP_S: f64 = 0.5;

/// What all contestants are told.
#[derive(Deserialize)]
struct Task {
    /// Statistics of the whole image instead of batches.
    is_statistics: bool,
    /// A NumPy file of `u16`, which is read into memory, or else a Zarr, which stays on disk.
    image: PathBuf,
    axes: String,
    patch: Vec<usize>,
    batch_size: usize,
    places: Places,
    /// Scales of lateral context: all channels are mixed into the input and are the target. 0 is a plain patch.
    n_scales: usize,
    /// Normalises, flips and turns; without it pixels stay as they are.
    means_stds: Option<MeansStds>,
    cache_mib: u64,
}

/// Where patches are cut.
#[derive(Deserialize, Clone)]
#[serde(rename_all = "lowercase")]
enum Places {
    Random,
    Sequential,
    Listed(Vec<Vec<i64>>),
}

/// Of the input, then of every channel of the target.
#[derive(Deserialize)]
struct MeansStds {
    input: (f64, f64),
    target: Vec<(f64, f64)>,
}

/// An image before anything is timed.
enum Image {
    InMemory(ArrayD<u16>),
    OnDisk(PathBuf, OpenOptions),
}

impl Image {
    fn read(task: &Task) -> Result<Self, Failure> {
        if task.image.extension().is_none_or(|ending| ending != "npy") {
            let options = OpenOptions::with_cache_bytes(task.cache_mib << 20);
            return Ok(Image::OnDisk(task.image.clone(), options));
        }
        let file = NpyFile::new(BufReader::with_capacity(1 << 20, File::open(&task.image)?))?;
        let shape: Result<Vec<usize>, _> = file.shape().iter().map(|&n| usize::try_from(n)).collect();
        Ok(Image::InMemory(ArrayD::from_shape_vec(IxDyn(&shape?), file.into_vec()?)?))
    }

    fn stacks(self, axes: &str) -> Result<Vec<Arc<dyn ImageStack>>, Failure> {
        let axes = axes.parse()?;
        match self {
            Image::InMemory(pixels) => Ok(vec![Arc::new(ArrayStack::new(pixels, &axes)?)]),
            Image::OnDisk(path, options) => Ok(open(&path, FileFormat::Zarr, Some(&axes), &options)?),
        }
    }
}

impl Task {
    fn patching(&self, images: &PatchExtractor) -> Result<Box<dyn Patching>, Failure> {
        let shapes = images.shapes();
        let patch_size = Extent::new(&self.patch)?;
        let spec = |start: &Vec<i64>| -> Result<RegionSpec, Failure> {
            let coords = Coords::new(start)?;
            Ok(PatchSpec { data_idx: 0, sample_idx: 0, coords, patch_size }.into())
        };
        Ok(match &self.places {
            Places::Random => Box::new(RandomPatching::new(shapes, patch_size)?),
            Places::Sequential => Box::new(SequentialPatching::new(shapes, patch_size, None)?),
            Places::Listed(starts) => {
                Box::new(FixedPatching::new(starts.iter().map(spec).collect::<Result<_, _>>()?))
            }
        })
    }

    fn dataset(&self, image: Image) -> Result<Dataset, Failure> {
        let images = PatchExtractor::new(image.stacks(&self.axes)?)?;
        let patching = self.patching(&images)?;
        let constr: Arc<dyn PatchConstr> = if self.n_scales == 0 {
            Arc::new(BasicPatchConstr::new(patching, images, None, None)?)
        } else {
            let context = LateralContext::new(Context::new(self.n_scales, ContextPadding::Reflect)?);
            Arc::new(MultiChannelTargetMsPatchConstr::new(patching, images, context, MixOptions::default())?)
        };
        let dataset = Dataset::new(constr, SEED);
        let Some(MeansStds { input, target }) = &self.means_stds else { return Ok(dataset) };
        let (means, stds): (Vec<f64>, Vec<f64>) = target.iter().copied().unzip();
        let targets = if means.is_empty() {
            TargetScaling::Missing
        } else {
            TargetScaling::Given(Scaling::mean_std(&means, &stds)?)
        };
        let step = |augmentation| AugmentationStep { augmentation, seed: None };
        let augmentations = vec![
            step(Augmentation::XyFlip(XyFlip::new(true, true, 0.5)?)),
            step(Augmentation::XyRandomRotate90(XyRandomRotate90::new(0.5)?)),
        ];
        let normalizer = Normalizer::new(Scaling::mean_std(&[input.0], &[input.1])?, targets);
        Ok(dataset.with_normalizer(normalizer).with_augmentations(augmentations)?)
    }

    fn deliver(&self, options: LoaderOptions, effort: &Effort) -> Result<serde_json::Value, Failure> {
        let image = Image::read(self)?;
        let cache = if let Image::OnDisk(_, options) = &image { Some(options.cache.clone()) } else { None };
        let began = Instant::now();
        let loader = Loader::new(self.dataset(image)?, options)?;
        black_box(loader.epoch(0)?.next().ok_or("an epoch without batches")??);
        let first_batch_s = began.elapsed().as_secs_f64();
        let mut told = json!({
            "first_batch_s": first_batch_s,
            "n_processes": n_children()?,
            "rates": effort.rates(&loader)?,
            "peak_bytes": peak_bytes(),
        });
        if let Some(stats) = cache.map(|cache| cache.stats()) {
            let n_requests = stats.n_hits + stats.n_misses;
            told["hit_rate"] = json!(stats.n_hits as f64 / n_requests as f64);
        }
        if let Some(folder) = given("check") {
            told["shapes"] = check(&loader, Path::new(&folder), needed("check-batches")?.parse()?)?;
        }
        Ok(told)
    }

    fn fit(&self, effort: &Effort) -> Result<serde_json::Value, Failure> {
        let images = PatchExtractor::new(Image::read(self)?.stacks(&self.axes)?)?;
        let options = FitOptions {
            statistic: Statistic::MeanStd,
            per_channel: true,
            with_input: true,
            with_target: false,
            seed: SEED,
            tolerance: None,
            max_bytes: 1 << 30,
        };
        let mut rates = Vec::new();
        let mut found = None;
        // The first also starts the threads.
        for _ in 0..=effort.n_windows {
            let began = Instant::now();
            found = fit_images(images.clone(), None, None, &options, &|| true)?.input;
            rates.push(began.elapsed().as_secs_f64().recip());
        }
        let (means, stds) = found.map(|found| (found.first, found.second)).unwrap_or_default();
        Ok(json!({ "rates": rates[1..], "means": means, "stds": stds }))
    }
}

/// How much is measured.
struct Effort {
    seconds: f64,
    n_windows: usize,
}

impl Effort {
    /// Patches per second in one window of time after the other, across the ends of epochs.
    fn rates(&self, loader: &Loader) -> Result<Vec<f64>, Failure> {
        let mut rates = Vec::new();
        let mut n_patches = 0;
        let mut is_warm = false;
        let mut began = Instant::now();
        for epoch in 1.. {
            for batch in loader.epoch(epoch)? {
                n_patches += black_box(batch?).len();
                let elapsed = began.elapsed().as_secs_f64();
                if elapsed < if is_warm { self.seconds } else { WARM_UP_S } {
                    continue;
                }
                if is_warm {
                    rates.push(n_patches as f64 / elapsed);
                }
                if rates.len() == self.n_windows {
                    return Ok(rates);
                }
                (is_warm, n_patches, began) = (true, 0, Instant::now());
            }
        }
        Ok(rates)
    }
}

/// Writes the first batches of an epoch as plain `f32`, and returns their shapes.
fn check(loader: &Loader, folder: &Path, n_batches: usize) -> Result<serde_json::Value, Failure> {
    let mut shapes = json!({});
    for role in ["input", "target"] {
        let mut file = BufWriter::new(File::create(folder.join(role))?);
        let mut n = 0;
        for batch in loader.epoch(0)?.take(n_batches) {
            let batch = batch?;
            let values = if role == "input" { Some(batch.inputs()) } else { batch.targets() };
            let Some(values) = values else { break };
            values.iter().try_for_each(|value| file.write_all(&value.to_le_bytes()))?;
            n += values.len_of(Axis(0));
            shapes[role] = json!([&[n], &values.shape()[1..]].concat());
        }
        file.flush()?;
    }
    Ok(shapes)
}

/// Processes that were started by this one, where the system tells.
fn n_children() -> Result<usize, Failure> {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return Ok(0) };
    let mut n = 0;
    for thread in threads {
        // A thread may have ended meanwhile.
        let children = fs::read_to_string(thread?.path().join("children")).unwrap_or_default();
        n += children.split_whitespace().count();
    }
    Ok(n)
}

/// The most memory that this process had at a time, where the system tells.
fn peak_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib << 10)
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
    let effort = Effort { seconds: needed("seconds")?.parse()?, n_windows: needed("windows")?.parse()? };
    let told = if task.is_statistics {
        task.fit(&effort)?
    } else {
        let order = match given("order").as_deref() {
            None | Some("shuffled") => Order::Shuffled,
            Some("sequential") => Order::Sequential,
            Some("chunk_aware") => {
                let window = given("window").map_or(Ok(ChunkAware::default().window), |n| n.parse())?;
                let cache_bytes = task.cache_mib << 20;
                Order::ChunkAware(ChunkAware { window, cache_bytes, ..ChunkAware::default() })
            }
            Some(other) => {
                let expected = "shuffled, sequential or chunk_aware";
                return Err(format!("--order: got {other}, expected {expected}").into());
            }
        };
        let mut options = LoaderOptions {
            batch_size: task.batch_size,
            order,
            n_workers: needed("workers")?.parse()?,
            ..LoaderOptions::default()
        };
        if let Some(n_batches) = given("prefetch") {
            options.prefetch_batches = n_batches.parse()?;
        }
        task.deliver(options, &effort)?
    };
    println!("{told}");
    Ok(())
}
