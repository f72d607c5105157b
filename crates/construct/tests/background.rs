//! Background cells and maps of weights, against loops over cells and pixels.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::sync::Arc;

use ndarray::{Array4, ArrayD, Dimension};
use patchweave_construct::{ConstructError, PatchExtractor, thin_out_background, weight_maps};
use patchweave_geometry::Extent;
use patchweave_patching::{GridCell, PatchRng, SampleWeights, StratifiedPatching};
use patchweave_stack::{ArrayStack, ImageStack};
use patchweave_transform::{MaskFilter, MeanStdFilter, PatchFilter, Seen};
use rand::RngExt;

fn images(axes: &str, arrays: &[ArrayD<f32>]) -> PatchExtractor {
    let stack = |(nth, array): (usize, &ArrayD<f32>)| {
        let stack = ArrayStack::named(format!("image {nth}"), array.clone(), &axes.parse().unwrap()).unwrap();
        Arc::new(stack) as Arc<dyn ImageStack>
    };
    PatchExtractor::new(arrays.iter().enumerate().map(stack).collect()).unwrap()
}

/// Blobs of 0 and small whole numbers, `SCZYX` or `SCYX`.
fn blobs(shape: &[usize], rng: &mut PatchRng) -> ArrayD<f32> {
    let phase = rng.random_range(0..7_usize);
    ArrayD::from_shape_fn(shape, |at| {
        let at = at.slice();
        let block: usize = at[2..].iter().map(|place| place / 5).sum::<usize>() + 3 * at[0] + at[1] + phase;
        if block.is_multiple_of(3) { f32::from(rng.random_range(0..6_u8)) } else { 0.0 }
    })
}

/// The window of twice the patch size at a cell, zeros beyond the image, pixel by pixel.
fn window(
    image: &ArrayD<f32>,
    sample: usize,
    channel: usize,
    cell: &GridCell,
    patch: &[usize],
) -> Array4<f32> {
    let n_axes = patch.len();
    let mut shape = [1; 4];
    (0..n_axes).for_each(|axis| shape[4 - n_axes + axis] = 2 * patch[axis]);
    Array4::from_shape_fn(shape, |(_, z, y, x)| {
        let within = &[z, y, x][3 - n_axes..];
        let mut at = vec![sample, channel];
        at.extend((0..n_axes).map(|axis| cell.as_slice()[axis] * patch[axis] + within[axis]));
        image.get(at.as_slice()).copied().unwrap_or(0.0)
    })
}

#[test]
fn background_is_thinned_out_cell_by_cell() {
    let filters: [PatchFilter; 2] =
        [MaskFilter::new(0.25).unwrap().into(), MeanStdFilter::new(0.8, Some(0.9)).unwrap().into()];
    for nth in 0..60 {
        let mut rng = PatchRng::for_patch(51, 0, nth);
        let n_axes = 2 + nth % 2;
        let (axes, most, longest) = if n_axes == 3 { ("SCZYX", 5, 14) } else { ("SCYX", 9, 50) };
        let patch: Vec<usize> = (0..n_axes).map(|_| rng.random_range(2..=most)).collect();
        let arrays: Vec<ArrayD<f32>> = (0..2)
            .map(|_| {
                let mut shape = vec![rng.random_range(1..=2), 2];
                shape.extend(patch.iter().map(|&p| rng.random_range(p..=longest)));
                blobs(&shape, &mut rng)
            })
            .collect();
        let of = images(axes, &arrays);
        let filter = &filters[nth / 2 % 2];
        let channel = rng.random_range(0..2);
        let fresh = || StratifiedPatching::new(of.shapes(), Extent::new(&patch).unwrap()).unwrap();
        let mut thinned = fresh();
        let mut expected = fresh();
        // Cells that are not background keep what another filter gave them.
        for patching in [&mut thinned, &mut expected] {
            let first = patching.all_cells(0).unwrap().next().unwrap();
            patching.set_probabilities(0, 0, &[(first, 0.625)]).unwrap();
        }
        let found = thin_out_background(&mut thinned, &of, channel, filter, 0.25, &|| true).unwrap();
        let mut found = found.into_iter();
        for (data_idx, array) in arrays.iter().enumerate() {
            for sample_idx in 0..array.shape()[0] {
                let all: Vec<GridCell> = expected.all_cells(data_idx).unwrap().collect();
                let n_cells = all.len();
                let background: Vec<GridCell> = all
                    .into_iter()
                    .filter(|cell| {
                        filter.is_background(window(array, sample_idx, channel, cell, &patch).view())
                    })
                    .collect();
                let factors: Vec<_> = background.iter().map(|&cell| (cell, 0.25)).collect();
                expected.set_probabilities(data_idx, sample_idx, &factors).unwrap();
                let found = found.next().unwrap();
                assert_eq!((found.data_idx, found.sample_idx), (data_idx, sample_idx));
                assert_eq!(found.cells, background, "case {nth}");
                assert_eq!(found.n_cells, n_cells);
                assert_eq!(found.is_all(), background.len() == n_cells);
                let seen = background
                    .iter()
                    .map(|cell| filter.judge(window(array, sample_idx, channel, cell, &patch).view()).seen);
                assert_eq!(found.seen, seen.reduce(Seen::largest), "case {nth}");
                let regions = |patching: &StratifiedPatching| {
                    patching.regions(data_idx, sample_idx).unwrap().collect::<Vec<_>>()
                };
                assert_eq!(regions(&thinned), regions(&expected), "case {nth}");
            }
        }
        assert!(found.next().is_none());
    }
}

#[test]
fn background_that_cannot_be_looked_for() {
    let of = images("YX", &[ArrayD::zeros(vec![20, 20])]);
    let filter: PatchFilter = MaskFilter::new(0.25).unwrap().into();
    let mut patching = StratifiedPatching::new(of.shapes(), Extent::new(&[8, 8]).unwrap()).unwrap();
    let error = thin_out_background(&mut patching, &of, 1, &filter, 0.1, &|| true).unwrap_err();
    assert_eq!(error.to_string(), "channel selection [1] does not fit images with 1 channels");
    let error = thin_out_background(&mut patching, &of, 0, &filter, 0.1, &|| false).unwrap_err();
    assert!(matches!(error, ConstructError::Interrupted));
    assert!(thin_out_background(&mut patching, &of, 0, &filter, 1.5, &|| true).is_err());
    let more = images("YX", &[ArrayD::zeros(vec![20, 20]), ArrayD::zeros(vec![20, 20])]);
    assert!(thin_out_background(&mut patching, &more, 0, &filter, 0.1, &|| true).is_err());
}

/// Sums over blocks of `edge` pixels along each axis, cut to the image; whole numbers, so any order is exact.
fn summed(image: &ArrayD<f32>, sample: usize, channel: usize, edge: usize) -> SampleWeights {
    let size = &image.shape()[2..];
    let block: Vec<usize> = size.iter().map(|&n| n.min(edge)).collect();
    let grid: Vec<usize> = size.iter().zip(&block).map(|(n, block)| n.div_ceil(*block)).collect();
    let mut sums = ArrayD::<f64>::zeros(grid);
    for (at, &value) in image.indexed_iter() {
        let at = at.slice();
        if at[..2] == [sample, channel] {
            let place: Vec<usize> = at[2..].iter().zip(&block).map(|(at, block)| at / block).collect();
            sums[place.as_slice()] += 2.0 * f64::from(value);
        }
    }
    let weights = sums.into_iter().collect();
    SampleWeights::new(Extent::new(size).unwrap(), Extent::new(&block).unwrap(), weights).unwrap()
}

fn assert_maps(axes: &str, arrays: &[ArrayD<f32>], edge: usize) {
    let of = images(axes, arrays);
    let maps = weight_maps(&of, 1, |pixel| 2.0 * f64::from(pixel), &|| true).unwrap();
    let samples = arrays.iter().flat_map(|array| (0..array.shape()[0]).map(move |sample| (array, sample)));
    let expected: Vec<SampleWeights> =
        samples.map(|(array, sample)| summed(array, sample, 1, edge)).collect();
    assert_eq!(maps.len(), expected.len());
    // Maps show all they hold when they are printed.
    for (map, expected) in maps.iter().zip(&expected) {
        assert!(format!("{:?}", map.weights) == format!("{expected:?}"), "{axes}");
        let sample = arrays[map.data_idx].index_axis(ndarray::Axis(0), map.sample_idx);
        let image = sample.index_axis(ndarray::Axis(0), 1);
        let largest = image.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        assert_eq!(map.largest, largest, "{axes}");
    }
}

#[test]
fn maps_hold_the_weight_of_every_pixel() {
    for nth in 0..40 {
        let mut rng = PatchRng::for_patch(52, 0, nth);
        let (axes, n_axes) = if nth % 2 == 0 { ("SCYX", 2) } else { ("SCZYX", 3) };
        let arrays: Vec<ArrayD<f32>> = (0..2)
            .map(|_| {
                let mut shape = vec![rng.random_range(1..=2), 2];
                shape.extend((0..n_axes).map(|_| rng.random_range(1..=12_usize)));
                blobs(&shape, &mut rng)
            })
            .collect();
        assert_maps(axes, &arrays, 1);
    }
}

/// Blocks of 2 where single pixels would be more than 4 Mi, also where an axis is shorter than that.
#[test]
fn maps_of_large_images_hold_sums_of_blocks() {
    for (axes, shape) in [("SCYX", vec![1, 2, 5, 900_001]), ("SCZYX", vec![1, 2, 1, 3, 1_500_001])] {
        let image = ArrayD::from_shape_fn(shape, |at| {
            let at = at.slice();
            f32::from(u8::try_from((at[at.len() - 1] * 7 + at[at.len() - 2] * 3 + at[1]) % 11).unwrap())
        });
        assert_maps(axes, &[image], 2);
    }
}

#[test]
fn weights_that_are_none_are_refused_with_their_place() {
    for wrong in [-1.0_f32, f32::NAN, f32::INFINITY] {
        let mut arrays = vec![ArrayD::zeros(vec![2, 3, 5, 7]), ArrayD::zeros(vec![2, 3, 5, 7])];
        arrays[1][[1, 2, 3, 6]] = wrong;
        let refused = |axes: &str| {
            let of = images(axes, &arrays);
            weight_maps(&of, 0, f64::from, &|| true).unwrap_err().to_string()
        };
        let expected = |sample: usize, place: [usize; 3]| {
            format!(
                "image 1: sample {sample} has weight {wrong} at {place:?} (ZYX), expected a number of 0 or more"
            )
        };
        assert_eq!(refused("SZYX"), expected(1, [2, 3, 6]));
        let planes: Vec<ArrayD<f32>> =
            arrays.iter().map(|array| array.index_axis(ndarray::Axis(0), 1).to_owned()).collect();
        let of = images("SYX", &planes);
        let error = weight_maps(&of, 0, f64::from, &|| true).unwrap_err();
        assert_eq!(error.to_string(), expected(2, [0, 3, 6]));
    }
    let of = images("YX", &[ArrayD::zeros(vec![4, 4])]);
    assert_eq!(
        weight_maps(&of, 3, f64::from, &|| true).unwrap_err().to_string(),
        "channel selection [3] does not fit images with 1 channels"
    );
    assert!(matches!(weight_maps(&of, 0, f64::from, &|| false), Err(ConstructError::Interrupted)));
}
