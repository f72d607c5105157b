//! A source of images of your own: implement `ImageStack` and everything else works with it.
//!
//! The source here computes its pixels; a reader for a file format or a camera looks the same.
//! Run it with: cargo run --release --example own_image_stack
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::sync::Arc;

use patchweave::construct::{BasicPatchConstr, Dataset, PatchExtractor};
use patchweave::geometry::{ArrayLayout, Axes, Extent, GeometryError, PerAxis, Region};
use patchweave::loader::{Loader, LoaderOptions, Order};
use patchweave::patching::RandomPatching;
use patchweave::pixel::PixelType;
use patchweave::stack::{ImageStack, ImageStackExt, InsideWindow, PatchViewMut, StackError, StackInfo};

/// A time series of two channels: rings around the centre that grow from frame to frame.
///
/// It has more pixels than fit into memory; only those of a patch are ever computed.
struct Rings(StackInfo);

const SIZE: usize = 65_536;
const N_FRAMES: usize = 100;

impl Rings {
    fn new() -> Result<Self, GeometryError> {
        let axes: Axes = "TCYX".parse()?;
        let layout = ArrayLayout::new(axes, &[N_FRAMES, 2, SIZE, SIZE])?;
        Ok(Rings(StackInfo::new("rings", PixelType::U8, layout)))
    }

    /// The pixel of one channel at one time, 0 to 255.
    fn pixel(frame: usize, channel: usize, y: usize, x: usize) -> f32 {
        let from_centre = |at: usize| at.abs_diff(SIZE / 2);
        let distance = from_centre(y).pow(2) + from_centre(x).pow(2);
        let ring = (distance.isqrt() + 3 * frame + 100 * channel) % 256;
        u8::try_from(ring).map_or(0.0, f32::from)
    }
}

impl ImageStack for Rings {
    fn info(&self) -> &StackInfo {
        &self.0
    }

    /// The window lies inside the image: arguments were checked, and zeros outside are filled in by others.
    fn read_inside(&self, window: &InsideWindow<'_>, mut out: PatchViewMut<'_>) -> Result<(), StackError> {
        let [_, first_y, first_x] = window.region.start;
        for ((c, _, y, x), value) in out.indexed_iter_mut() {
            // `None` stands for all channels; with a list, `c` counts the entries of the list.
            let channel = window.channels.map_or(c, |channels| channels[c]);
            *value = Rings::pixel(window.sample_idx, channel, first_y + y, first_x + x);
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let rings = Rings::new()?;
    // S and T together are the samples of the canonical shape SC(Z)YX.
    assert_eq!(rings.info().shape().to_vec(), [N_FRAMES, 2, SIZE, SIZE]);
    println!("{} pixels, none of them stored", N_FRAMES * 2 * SIZE * SIZE);

    // What lies outside of the image reads as zero, without a line of code in the source.
    let corner = Region::new(PerAxis::new(&[-1, -1])?, Extent::new(&[2, 2])?)?;
    let patch = rings.read_patch(5, Some(&[1]), &corner)?;
    assert_eq!(patch.as_slice(), Some(&[0.0, 0.0, 0.0, Rings::pixel(5, 1, 0, 0)][..]));
    let error = rings.read_patch(N_FRAMES, None, &corner).err().ok_or("there is no such frame")?;
    assert_eq!(error.to_string(), "rings: sample 100 does not exist, the image has 100");

    let input = PatchExtractor::new(vec![Arc::new(rings)])?;
    let patching = RandomPatching::new(input.shapes(), Extent::new(&[128, 128])?)?;
    let constr = BasicPatchConstr::new(patching, input, None, None)?;
    let dataset = Dataset::new(Arc::new(constr), 1);
    println!("{} patches in an epoch", dataset.n_patches());

    let options = LoaderOptions { batch_size: 8, order: Order::Shuffled, n_workers: 2, ..Default::default() };
    for batch in Loader::new(dataset, options)?.epoch(0)?.take(4) {
        let batch = batch?;
        assert_eq!(batch.inputs().shape(), [8, 2, 1, 128, 128]);
        for (sample, spec) in batch.inputs().outer_iter().zip(batch.specs()) {
            let place = spec.patch().ok_or("a random patch has one place")?;
            let y = usize::try_from(place.coords[0])?;
            let x = usize::try_from(place.coords[1])?;
            assert_eq!(sample[[1, 0, 7, 9]], Rings::pixel(place.sample_idx, 1, y + 7, x + 9));
        }
    }
    Ok(())
}
