//! An image that is larger than the memory it gets: two workers, one of them interrupted, and one result.
//!
//! Run it with: cargo run --release --example quilt_on_disk
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;

use ndarray::Array3;
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::{Extent, PerAxis, Region};
use patchweave::large::{Durability, LargeOptions, LargeQuilt, LargeSpec, MeanOptions};
use patchweave::stack::ImageStackExt;

const SIDE: usize = 1500;
const WINDOW: usize = 96;

/// Chunks in memory, a third of the result.
const OPTIONS: LargeOptions = LargeOptions {
    budget_bytes: 12 << 20,
    checkpoint_every: NonZeroUsize::new(100),
    durability: Durability::Full,
};

/// What a model would say about a pixel: two classes that add up to 1.
fn truth(class: usize, y: usize, x: usize) -> f32 {
    let first = 0.5 + 0.4 * (y as f32 / 90.0).sin() * (x as f32 / 70.0).cos();
    if class == 0 { first } else { 1.0 - first }
}

/// The prediction for one window, wrong near its edges, as predictions are.
fn predict(start: PerAxis<usize>) -> Array3<f32> {
    Array3::from_shape_fn((2, WINDOW, WINDOW), |(class, y, x)| {
        let edge = y.min(x).min(WINDOW - 1 - y).min(WINDOW - 1 - x);
        truth(class, start[0] + y, start[1] + x) + if edge < 8 { 0.2 } else { 0.0 }
    })
}

/// Adds patches until there are none left, or one too many.
fn work(
    quilt: &mut LargeQuilt,
    patches: impl Iterator<Item = usize>,
    n_until_failure: usize,
) -> Result<(), Box<dyn Error>> {
    for (n_done, index) in patches.enumerate() {
        if n_done == n_until_failure {
            return Err("the machine was taken away".into());
        }
        let (_, start) = quilt.position(index)?;
        quilt.stitch(predict(start).view(), index)?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path();
    let spec = LargeSpec::new(
        1,
        Extent::new(&[SIDE, SIDE])?,
        Extent::new(&[WINDOW, WINDOW])?,
        PerAxis::new(&[64, 64])?,
    )?
    // Pixels near the edges of a window hardly count where others cover them.
    .with_border(16, 1e-6)?;
    let n_patches = spec.n_patches();
    println!("{n_patches} patches over {SIDE} × {SIDE} pixels, below {}", folder.display());

    let mut first = LargeQuilt::create(folder.join("first"), spec.clone(), OPTIONS)?;
    let mut second = LargeQuilt::create(folder.join("second"), spec, OPTIONS)?;
    work(&mut first, (0..n_patches).step_by(2), usize::MAX)?;
    if let Err(error) = work(&mut second, (1..n_patches).step_by(2), 200) {
        println!("second worker: {error}");
    }
    // Dropping saves what it can; had the process been killed, the last 100 patches could be missing.
    drop(second);

    let mut second = LargeQuilt::open(folder.join("second"), OPTIONS)?;
    let missing: Vec<usize> = second.missing().filter(|index| index % 2 == 1).collect();
    println!("second worker goes on with {} patches", missing.len());
    work(&mut second, missing.into_iter(), usize::MAX)?;

    println!("first worker has {} KiB of chunks in memory", first.n_bytes_in_memory() / 1024);
    first.merge(&mut second)?;
    assert!(first.is_complete());
    let path = first.write_mean(&MeanOptions { normalize: true, ..MeanOptions::default() })?;
    first.close()?;
    show(&path)?;
    Ok(())
}

/// Looks at a corner of the result, as any other program could.
fn show(path: &Path) -> Result<(), Box<dyn Error>> {
    let images = open(path, FileFormat::Zarr, Some(&"SCYX".parse()?), &OpenOptions::default())?;
    let image = images.first().ok_or("there is no image")?;
    let region = Region::new(PerAxis::new(&[300, 400])?, Extent::new(&[64, 64])?)?;
    let corner = image.read_patch(0, None, &region)?;
    let error =
        corner.indexed_iter().map(|((class, _, y, x), value)| (value - truth(class, 300 + y, 400 + x)).abs());
    let worst = error.fold(0.0, f32::max);
    println!("{}: the worst of 64 × 64 pixels is wrong by {worst:.5}", path.display());
    assert!(worst < 1e-3);
    Ok(())
}
