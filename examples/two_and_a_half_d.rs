//! 2.5-D: batches of planes with the neighbours of every slice as channels, cut from a volume in a file, and patches
//! blended to planes again.
//!
//! The volume is an OME-Zarr that is never loaded as a whole: a patch decodes the chunks it needs, and nothing else.
//! Run it with: cargo run --release --example two_and_a_half_d
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use ndarray::{Array4, Axis, Ix4, s};
use patchweave::construct::{BasicPatchConstr, Dataset, PatchExtractor};
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::{ArrayLayout, Extent, PerAxis};
use patchweave::loader::{Loader, LoaderOptions, Order};
use patchweave::patching::RandomPatching;
use patchweave::pixel::PixelType;
use patchweave::predict::StitchingPlan;
use patchweave::quilt::Quilt;
use patchweave::sink::{ImageSpec, create};
use patchweave::slices::{
    Accumulation, ChannelSpec, Index, IndexedStack, MissingAxes, PlanOptions, SliceOptions, SliceStack, Span,
};
use patchweave::stack::ImageStack;

const N_SLICES: usize = 24;
const SIZE: usize = 256;

/// Writes a tilted layer of tissue with stripes, slice by slice.
fn write_volume(path: &Path) -> Result<(), Box<dyn Error>> {
    let layout = ArrayLayout::new("ZYX".parse()?, &[N_SLICES, SIZE, SIZE])?;
    let mut spec = ImageSpec::new(layout, PixelType::F32);
    spec.chunks = Some(vec![1, 64, 64]);
    let mut sink = create(path, "ome_zarr", spec)?;
    for z in 0..N_SLICES {
        let slice = Array4::from_shape_fn((1, 1, SIZE, SIZE), |(_, _, y, x)| {
            let depth = (z * 10).abs_diff(y / 2 + x / 4);
            let stripe = if (x / 8 + z) % 2 == 0 { 40.0 } else { 0.0 };
            1000.0 / (1.0 + depth as f32 / 20.0) + stripe
        });
        sink.write_block(0, [z, 0, 0], slice.view())?;
    }
    sink.finish()?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("tissue.ome.zarr");
    write_volume(&path)?;
    let options = OpenOptions::default();
    let volume = open(&path, FileFormat::Zarr, None, &options)?.remove(0);
    let n_chunks = volume.info().n_chunks().ok_or("a Zarr has chunks")?;

    // Every slice with its neighbours, the mean of five, and how much these differ.
    let around: &[i64] = &[-2, -1, 0, 1, 2];
    let spec = ChannelSpec::builder().identity(&[-1, 0, 1]).mean(&[around]).std(&[around]).build()?;
    let planes = SliceStack::new(Arc::clone(&volume), spec.clone(), SliceOptions::default())?;
    assert_eq!(planes.output_shape(), [N_SLICES, 5, SIZE, SIZE]);
    for channel in planes.channel_metadata() {
        println!("channel {}: {} of {:?}", channel.channel_index, channel.operation, channel.offsets);
    }

    // One patch: of a window inside one chunk along Y and X, five slices are five chunks.
    let window = Some(Extent::new(&[64, 64])?);
    let plan = planes.extraction_plan(&PlanOptions { window, ..PlanOptions::default() })?;
    let entry = &plan.patches()[plan.patches().len() / 2];
    let patch = planes.extract(entry)?;
    assert_eq!(patch.shape(), [5, 64, 64]);
    assert_eq!(options.cache.stats().n_decodes, 5);
    println!(
        "one patch of {}: slices {:?}, 5 of {n_chunks} chunks decoded",
        plan.patches().len(),
        entry.required_z_indices
    );

    // A stack of slices is an image stack: strategies, constructors and the loader take it as it is.
    let planes = Arc::new(planes);
    let input = PatchExtractor::new(vec![Arc::clone(&planes) as Arc<dyn ImageStack>])?;
    let patching = RandomPatching::new(input.shapes(), Extent::new(&[48, 48])?)?;
    let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, input, None, None)?), 3);
    let loading = LoaderOptions { batch_size: 8, order: Order::Shuffled, n_workers: 2, ..Default::default() };
    let mut n_batches = 0;
    for batch in Loader::new(dataset, loading)?.epoch(0)?.take(20) {
        let batch = batch?;
        assert_eq!(batch.inputs().shape(), [8, 5, 1, 48, 48]);
        let mean =
            batch.inputs().slice(s![.., 3.., .., .., ..]).mean_axis(Axis(0)).ok_or("a batch has samples")?;
        assert!(mean.iter().all(|value| value.is_finite()));
        n_batches += 1;
    }
    println!("{n_batches} batches of patches of {} planes", N_SLICES);

    // What a model makes of patches of planes is blended by a quilt; here it doubles them.
    let middle = SliceOptions { z_slices: vec![11, 12].into(), ..SliceOptions::default() };
    let middle = SliceStack::new(Arc::clone(&volume), spec.clone(), middle)?;
    let plane = middle.info().shape().extent;
    let quilt = Quilt::new(plane, Extent::new(&[64, 64])?, PerAxis::new(&[32, 32])?)?.with_border(8, 0.1)?;
    let whole = middle.convert()?.into_dimensionality::<Ix4>()?;
    let predicted = quilt.unstitch(whole.view())?.mapv(|value| 2.0 * value);
    let (blended, _) = quilt.stitch(predicted.view())?;
    assert!((&blended - 2.0 * &whole).iter().all(|error| error.abs() < 1e-2));
    println!("{} patches blended to {:?}", predicted.len_of(Axis(0)), blended.shape());

    // Patches of a plan go back to where they were cut; here every second slice as the depth of a volume.
    let z_slices = Span { step: Some(2), ..Span::ALL }.into();
    let thin = SliceOptions { accumulation: Accumulation::Volume, z_slices, ..SliceOptions::default() };
    let thin = SliceStack::new(Arc::clone(&volume), spec, thin)?;
    let step = Some(PerAxis::new(&[64, 64])?);
    let plan = thin.extraction_plan(&PlanOptions { window, step, ..PlanOptions::default() })?;
    let stitching = StitchingPlan::new(&thin, &plan)?;
    let mut stitched = ndarray::ArrayD::zeros(stitching.output_shape.clone());
    for entry in plan.patches() {
        let place = stitching.patch_mappings[&entry.patch_idx];
        let window = place.window.ok_or("there are windows")?;
        let z = place.z_idx.ok_or("it is a volume")?;
        let ys = window.y_start..window.y_stop;
        let xs = window.x_start..window.x_stop;
        stitched.slice_mut(s![place.n, .., z, ys, xs]).assign(&thin.extract(entry)?);
    }
    assert_eq!(stitched, thin.convert()?);
    println!("{} patches stitched to {:?}", plan.patches().len(), stitched.shape());

    // Any stack can be looked into as NumPy would.
    let indexed = IndexedStack::new(volume, MissingAxes::LeftOut);
    let corner = indexed.get(&[Index::At(0), Index::At(0), Index::At(-1), (..2).into(), (..3).into()])?;
    println!("a corner of the last slice:\n{corner}");
    Ok(())
}
