//! What the codec alone takes for the chunks of an image: `peer_writers IMAGE.ome.zarr THREADS`.
//!
//! All levels are read, cut into the chunks in which they are stored, and compressed with zstd of the level that patchweave
//! takes if it is told no other, each chunk by whichever thread is free. Only that counts, and its seconds are printed.
#![allow(clippy::print_stdout, reason = "a program that says what it measured")]

use std::error::Error;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use patchweave::formats::{Formats, OpenOptions, OpenRequest};
use patchweave::geometry::{ArrayLayout, Region};
use patchweave::sink::UnitGrid;
use patchweave::stack::ImageStackExt;

/// The level of `zstd` unless one is given.
const LEVEL: i32 = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, n_threads] = &arguments[..] else {
        return Err("peer_writers needs an image and a number".into());
    };
    let chunks = chunks(&PathBuf::from(path))?;
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    let done = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..n_threads.parse()?).map(|_| scope.spawn(|| compress(&chunks, &next))).collect();
        let sizes = threads.into_iter().map(|thread| thread.join().map_err(|_| "a thread panicked")?);
        sizes.sum::<Result<usize, Box<dyn Error + Send + Sync>>>().map_err(|error| error as Box<dyn Error>)
    })?;
    println!("{} {done}", start.elapsed().as_secs_f64());
    Ok(())
}

/// The pixels of every chunk of every level.
fn chunks(path: &std::path::Path) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut chunks = Vec::new();
    let options = OpenOptions::default();
    let mut request = OpenRequest::new(path, &options);
    // All of them.
    request.n_levels = None;
    let formats = Formats::default();
    let levels = formats.named("zarr").ok_or("Zarr was left out")?.open(&request)?;
    for level in levels.into_iter().next().ok_or("there is no image")? {
        let info = level.info();
        let size = info.chunks.clone().ok_or("the image has no chunks")?;
        let layout = ArrayLayout::new(info.layout.axes().clone(), info.layout.shape())?;
        let grid = UnitGrid::new(layout, &size)?;
        // Of one channel, which the volume does not have as an axis.
        let pixels = level.read_typed(0, None, &Region::whole(info.shape().extent))?;
        for unit_idx in 0..grid.n_units() {
            let unit = grid.unit(unit_idx).ok_or("the grid has an end")?;
            chunks.push(
                pixels.view().index_axis(0, 0).slice_box(&unit.start, &unit.size).to_bytes().into_owned(),
            );
        }
    }
    Ok(chunks)
}

/// Compresses chunks until there are no more; the bytes that are left of them.
fn compress(chunks: &[Vec<u8>], next: &AtomicUsize) -> Result<usize, Box<dyn Error + Send + Sync>> {
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    let mut n_bytes = 0;
    while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
        n_bytes += compressor.compress(chunk)?.len();
    }
    Ok(n_bytes)
}
