//! Simulated fluorescence images: one image per structure, and their sum as a camera would see it.
//!
//! Run it with: cargo run --release --example simulate_data
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;

use ndarray::ArrayD;
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::{ArrayLayout, Extent, Region};
use patchweave::pixel::{PixelType, canonical_view};
use patchweave::simulate::{Noise, Simulation, simulate};
use patchweave::sink::{ImageSpec, create};
use patchweave::stack::ImageStackExt;

fn main() -> Result<(), Box<dyn Error>> {
    let simulation = Simulation {
        extent: Extent::new(&[8, 96, 128])?, // ZYX
        n_structures: 2,
        seed: 5,
        bit_depth: 12,
        noise: Some(Noise { photons: 100.0, ..Noise::default() }),
        ..Simulation::default()
    };
    let set = simulate(&simulation)?;
    for structure in &set.structures {
        println!(
            "{}: {:?}, brightest {}",
            structure.name,
            structure.image.shape(),
            structure.image.iter().max().copied().unwrap_or_default()
        );
    }
    let black = ArrayD::<u16>::zeros(set.mixed.raw_dim());
    let sum = set.structures.iter().fold(black, |sum, structure| sum + &structure.image);
    assert_eq!(set.mixed, sum, "the mixed image is the sum of the structures, exactly");
    assert!(set.mixed.iter().all(|&value| value < 1 << 12));

    // The same parameters give the same bytes; another seed gives other structures and other noise.
    assert_eq!(simulate(&simulation)?, set);
    assert_ne!(simulate(&Simulation { seed: 6, ..simulation.clone() })?.mixed, set.mixed);

    // Parameters out of range are refused before anything is drawn.
    let error = Simulation { bit_depth: 7, ..simulation }.check().err().ok_or("7 bits are too few")?;
    assert_eq!(error.to_string(), "got a bit depth of 7, expected 8 to 16");

    // To disk and back: an OME-Zarr appears under its name only once it is complete.
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("mixed.ome.zarr");
    let layout = ArrayLayout::new("ZYX".parse()?, set.mixed.shape())?;
    let mut sink = create(&path, "ome_zarr", ImageSpec::new(layout.clone(), PixelType::U16))?;
    let pixels = canonical_view(set.mixed.view(), &layout, 0)?.mapv(f32::from);
    sink.write_block(0, [0, 0, 0], pixels.view())?;
    assert!(!path.exists());
    sink.finish()?;
    let stacks = open(&path, FileFormat::Zarr, Some(layout.axes()), &OpenOptions::default())?;
    let read = stacks[0].read_patch(0, None, &Region::whole(layout.image_shape().extent))?;
    assert_eq!(read, pixels);
    println!("written and read back: {} pixels of {}", read.len(), stacks[0].info().pixel_type);
    Ok(())
}
