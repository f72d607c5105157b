//! Images cut into overlapping patches, run through a model, and put together again, all in memory.
//!
//! Run it with: cargo run --release --example quilt_in_memory
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;

use ndarray::{Array3, Array4, Axis};
use patchweave::geometry::{Extent, PerAxis};
use patchweave::quilt::{BlendWindow, Quilt};
use patchweave::simulate::{Simulation, simulate};

/// Stands for a network: good in the middle of a patch, wrong by up to a fifth at its edges.
fn predict(patches: &Array4<f32>) -> Array4<f32> {
    let height = patches.len_of(Axis(2));
    let width = patches.len_of(Axis(3));
    let edge = |at: usize, size: usize| at.min(size - 1 - at) as f32;
    let mut predicted = patches.clone();
    for ((_, _, y, x), value) in predicted.indexed_iter_mut() {
        *value *= 1.0 + 0.2 / (1.0 + edge(y, height).min(edge(x, width)));
    }
    predicted
}

fn main() -> Result<(), Box<dyn Error>> {
    let extent = Extent::new(&[300, 400])?;
    let plane = simulate(&Simulation { extent, ..Simulation::default() })?.mixed.mapv(f32::from);
    let image = plane.into_shape_with_order((1, 1, 300, 400))?;

    let window = Extent::new(&[64, 64])?;
    let step = PerAxis::new(&[32, 32])?;
    let quilt = Quilt::new(extent, window, step)?;
    let patches = quilt.unstitch(image.view())?;
    println!("{:?} windows give patches of shape {:?}", quilt.times(), patches.shape());

    let predicted = predict(&patches);
    let error = |quilt: &Quilt| -> Result<f32, Box<dyn Error>> {
        let (result, _) = quilt.stitch(predicted.view())?;
        Ok((&result / &image - 1.0).mean().unwrap_or(f32::NAN))
    };
    let plain = error(&quilt)?;
    println!("mean error, all pixels alike      {plain:.4}");
    println!("mean error, border of 8 weighs 1 % {:.4}", error(&quilt.clone().with_border(8, 0.01)?)?);
    for (name, blend) in [
        ("linear", BlendWindow::linear(window)),
        ("Hann", BlendWindow::hann(window)),
        ("Gaussian", BlendWindow::gaussian(window, 0.125)?),
    ] {
        let blended = error(&quilt.clone().with_blend(blend)?)?;
        println!("mean error, {name:<8}              {blended:.4}");
        assert!(blended < plain, "edges count less");
    }

    // Few pixels are labelled: patches without labels, or with labels in their border only, are left out.
    let mut labels = Array3::from_elem((1, 300, 400), -1_i64);
    for (y, x) in [(40, 60), (41, 60), (250, 390), (0, 0)] {
        labels[[0, y, x]] = 1;
    }
    let quilt = quilt.with_border(8, 0.1)?;
    let pairs = quilt.unstitch_and_clean_sparse_data_pair(image.view(), labels.view(), -1)?;
    println!("{} of {} patches hold labels", pairs.kept.len(), quilt.n_patches(1));
    assert!(pairs.targets.outer_iter().all(|target| target.iter().any(|&label| label == 1)));
    Ok(())
}
