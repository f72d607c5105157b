//! patchweave's part in the comparison of quilts: cuts patches or blends them, and prints how fast.
//! What it does with quilts on disk is in `peer_large.rs`.
//!
//! `quilts.py` beside this file writes the task, calls this program and its peers in turn, and compares.
#![allow(clippy::print_stdout, reason = "what it prints is its result")]

mod peer_large;

use std::collections::BTreeMap;
use std::env::args;
use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ndarray::{ArrayD, Axis, IxDyn};
use npyz::NpyFile;
use patchweave::geometry::{Extent, PerAxis};
use patchweave::quilt::Quilt;
use peer_large::Large;
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

type Failure = Box<dyn Error + Send + Sync>;

/// Each way is taken so often at least.
const N_TURNS: usize = 3;

/// What all contestants are told.
#[derive(Deserialize)]
struct Task {
    /// A NumPy file of `f32`, `NC(Z)YX`.
    images: PathBuf,
    window: Vec<usize>,
    step: Vec<usize>,
    border: Vec<i64>,
    border_weight: f64,
}

impl Task {
    fn quilt(&self, shape: &[usize]) -> Result<Quilt, Failure> {
        let image = shape.get(2..).ok_or("images have no channels")?;
        let step = PerAxis::new(&self.step)?;
        let quilt = Quilt::new(Extent::new(image)?, Extent::new(&self.window)?, step)?;
        Ok(quilt.with_border(self.border.clone(), self.border_weight)?)
    }

    fn unstitch(&self, effort: &Effort) -> Result<Value, Failure> {
        let images = read(&self.images)?;
        let quilt = self.quilt(images.shape())?;
        let mut out = quilt.unstitch(images.view())?;
        let patches = out.clone();
        let mut copy = patches.clone();
        let mut rates = Rates::new(patches.len());
        for _ in effort.turns() {
            rates.time("existing", || quilt.unstitch_into(images.view(), out.view_mut()))?;
            rates.time("copy existing", || copy_halves(&patches, &mut copy))?;
            rates.time("fresh", || quilt.unstitch(images.view()))?;
            rates.time("copy fresh", || copied(&patches))?;
        }
        let mut told = rates.told();
        if given("check").is_some() {
            let digest = Sha256::digest(bytes(&out));
            told["digest"] = json!(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        }
        Ok(told)
    }

    fn stitch(&self, effort: &Effort) -> Result<Value, Failure> {
        let images = read(&self.images)?;
        let quilt = self.quilt(images.shape())?;
        let mut patches = quilt.unstitch(images.view())?;
        for (index, mut patch) in patches.axis_iter_mut(Axis(0)).enumerate() {
            patch *= factor(index);
        }
        let mut out = images;
        let mut copy = patches.clone();
        let mut rates = Rates::new(patches.len());
        for _ in effort.turns() {
            rates.time("existing", || quilt.stitch_into(patches.view(), out.view_mut()))?;
            rates.time("copy existing", || copy_halves(&patches, &mut copy))?;
            rates.time("fresh", || quilt.stitch(patches.view()))?;
            rates.time("copy fresh", || copied(&patches))?;
        }
        if let Some(folder) = given("check") {
            fs::write(Path::new(&folder).join("result"), bytes(&out))?;
        }
        Ok(rates.told())
    }
}

/// Patches are multiplied by this before they are blended, so that it matters who weighs how much.
fn factor(index: usize) -> f32 {
    1.0 + (index % 7) as f32 / 8.0
}

fn read(path: &Path) -> Result<ArrayD<f32>, Failure> {
    let file = NpyFile::new(BufReader::with_capacity(1 << 20, File::open(path)?))?;
    let shape: Result<Vec<usize>, _> = file.shape().iter().map(|&n| usize::try_from(n)).collect();
    Ok(ArrayD::from_shape_vec(IxDyn(&shape?), file.into_vec()?)?)
}

fn bytes(values: &ArrayD<f32>) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The plain copy: every thread copies one stretch.
fn copy_halves(from: &ArrayD<f32>, to: &mut ArrayD<f32>) -> Result<(), Failure> {
    let (Some(from), Some(to)) = (from.as_slice(), to.as_slice_mut()) else {
        return Err("arrays that were just made are in order".into());
    };
    let stretch = from.len().div_ceil(rayon::current_num_threads());
    to.par_chunks_mut(stretch).zip(from.par_chunks(stretch)).for_each(|(to, from)| to.copy_from_slice(from));
    Ok(())
}

fn copied(from: &ArrayD<f32>) -> Result<ArrayD<f32>, Failure> {
    let mut to = ArrayD::zeros(from.shape());
    copy_halves(from, &mut to)?;
    Ok(to)
}

/// How much is measured.
struct Effort {
    seconds: f64,
}

impl Effort {
    /// As many turns as there is time for.
    fn turns(&self) -> impl Iterator<Item = usize> {
        let began = Instant::now();
        let seconds = self.seconds;
        (0..).take_while(move |&turn| turn < N_TURNS || began.elapsed().as_secs_f64() < seconds)
    }
}

/// Bytes of patches per second, by the way they were reached.
struct Rates {
    n_bytes: usize,
    of: BTreeMap<&'static str, Vec<f64>>,
}

impl Rates {
    fn new(n_values: usize) -> Self {
        Rates { n_bytes: n_values * size_of::<f32>(), of: BTreeMap::new() }
    }

    /// Times one call; what it returns is dropped afterwards.
    fn time<T, E: Into<Failure>>(
        &mut self,
        way: &'static str,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<(), Failure> {
        let began = Instant::now();
        let result = black_box(work().map_err(E::into)?);
        let elapsed = began.elapsed().as_secs_f64();
        drop(result);
        self.of.entry(way).or_default().push(self.n_bytes as f64 / elapsed);
        Ok(())
    }

    fn told(&self) -> Value {
        json!({ "rates": self.of })
    }
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
    let written = fs::read_to_string(needed("task")?)?;
    let task = || serde_json::from_str::<Task>(&written);
    let effort = Effort { seconds: needed("seconds")?.parse()? };
    let pool = ThreadPoolBuilder::new().num_threads(needed("threads")?.parse()?).build()?;
    let told = pool.install(|| match needed("operation")?.as_str() {
        "unstitch" => task()?.unstitch(&effort),
        "stitch" => task()?.stitch(&effort),
        "large" => {
            serde_json::from_str::<Large>(&written)?.measure(given("check").map(PathBuf::from).as_deref())
        }
        other => Err(format!("--operation: got {other}, expected unstitch, stitch or large").into()),
    })?;
    println!("{told}");
    Ok(())
}
