//! patchweave's part in the comparison of readers: reads listed patches and prints how fast, as one line of JSON.
//!
//! `stacks.py` beside this file makes the data, calls this program and its peers in turn, and compares.
#![allow(clippy::print_stdout, reason = "what it prints is its result")]

use std::env::args;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use ndarray::Array4;
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::{Axes, Extent, PerAxis, Region};
use patchweave::stack::{ImageStack, ImageStackExt, StackError};
use serde_json::{Value, json};

type Failure = Box<dyn Error + Send + Sync>;

struct Task {
    store: PathBuf,
    data_type: FileFormat,
    axes: Axes,
    regions: Vec<Region>,
    n_threads: usize,
    cache_bytes: u64,
}

impl Task {
    /// Opens the store with an empty cache.
    fn open(&self) -> Result<(Arc<dyn ImageStack>, OpenOptions), StackError> {
        let options = OpenOptions::with_cache_bytes(self.cache_bytes);
        let stacks = open(&self.store, self.data_type, Some(&self.axes), &options)?;
        let Some(stack) = stacks.into_iter().next() else { unreachable!("a path that opens holds an image") };
        Ok((stack, options))
    }

    fn patch(&self) -> Array4<f32> {
        let [z, y, x] = self.regions[0].size.to_zyx();
        Array4::zeros([1, z, y, x])
    }

    /// Reads every patch into memory of its thread; patches per second.
    fn measure(&self) -> Result<(f64, u64), Failure> {
        let (stack, options) = self.open()?;
        let next = AtomicUsize::new(0);
        let start = Instant::now();
        let read_all = || -> Result<(), StackError> {
            let mut patch = self.patch();
            while let Some(region) = self.regions.get(next.fetch_add(1, Ordering::Relaxed)) {
                stack.read_into(0, None, region, patch.view_mut())?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..self.n_threads).map(|_| scope.spawn(read_all)).collect();
            threads.into_iter().try_for_each(|thread| match thread.join() {
                Ok(read) => read.map_err(Failure::from),
                Err(_) => Err("a thread panicked".into()),
            })
        })?;
        let n_patches = self.regions.len();
        let rate = n_patches as f64 / start.elapsed().as_secs_f64();
        Ok((rate, options.cache.stats().n_decodes))
    }

    fn first_patch(&self) -> Result<f64, Failure> {
        let start = Instant::now();
        let (stack, _) = self.open()?;
        stack.read_into(0, None, &self.regions[0], self.patch().view_mut())?;
        Ok(start.elapsed().as_secs_f64())
    }

    fn sums(&self) -> Result<Vec<f64>, Failure> {
        let (stack, _) = self.open()?;
        let mut patch = self.patch();
        let sum = |region: &Region| {
            stack.read_into(0, None, region, patch.view_mut())?;
            Ok(patch.iter().map(|&pixel| f64::from(pixel)).sum())
        };
        self.regions.iter().map(sum).collect()
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

fn starts(path: &Path) -> Result<Vec<Vec<i64>>, Failure> {
    let value: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    Ok(serde_json::from_value(value["starts"].clone())?)
}

fn main() -> Result<(), Failure> {
    let sizes: Result<Vec<usize>, _> = needed("patch")?.split(',').map(str::parse).collect();
    let size = Extent::new(&sizes?)?;
    let region = |start: Vec<i64>| Ok(Region::new(PerAxis::new(&start)?, size)?);
    let task = Task {
        store: needed("store")?.into(),
        data_type: if needed("type")? == "zarr" { FileFormat::Zarr } else { FileFormat::Tiff },
        axes: needed("axes")?.parse()?,
        regions: starts(Path::new(&needed("starts")?))?
            .into_iter()
            .map(region)
            .collect::<Result<_, Failure>>()?,
        n_threads: needed("threads")?.parse()?,
        cache_bytes: needed("cache-mib")?.parse::<u64>()? << 20,
    };
    let first_patch = task.first_patch()?;
    let n_repeats: usize = needed("repeats")?.parse()?;
    let measured: Vec<(f64, u64)> = (0..n_repeats).map(|_| task.measure()).collect::<Result<_, _>>()?;
    let rates: Vec<f64> = measured.iter().map(|(rate, _)| *rate).collect();
    let n_decodes = measured.last().map_or(0, |(_, n_decodes)| *n_decodes);
    let mut result =
        json!({ "patches_per_s": rates, "first_patch_s": first_patch, "decoded_chunks": n_decodes });
    if let Some(file) = given("sums") {
        let sums = json!({ "sums": task.sums()? });
        fs::write(file, sums.to_string())?;
        result["sums"] = sums["sums"].clone();
    }
    println!("{result}");
    Ok(())
}
