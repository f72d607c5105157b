//! What holds for every specification, boundary, selection and window.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod support;

use std::collections::BTreeSet;

use ndarray::{Array5, ArrayD};
use patchweave_geometry::{Coords, Extent, Region};
use patchweave_pixel::{Pixel, TypedPixel};
use patchweave_slices::{Accumulation, Boundary, ChannelSpec, SliceOptions, SliceStack, SlicesError};
use patchweave_stack::{ArrayStack, ImageStack, ImageStackExt};
use patchweave_testkit::image_stack_suite;
use proptest::prelude::*;

use support::{
    Recorded, any_accumulation, any_boundary, any_spec, any_z_slices, close, naive, stack, volume,
};

fn any_options(n_slices: usize) -> impl Strategy<Value = SliceOptions> {
    (any_boundary(), any_accumulation(), any_z_slices(n_slices)).prop_map(
        |(boundary, accumulation, z_slices)| SliceOptions {
            boundary,
            accumulation,
            z_slices,
            pixel_type: None,
        },
    )
}

/// A volume, what is made of it, and how.
fn any_case() -> impl Strategy<Value = ([usize; 5], ChannelSpec, SliceOptions)> {
    (1_usize..7).prop_flat_map(|z| {
        let shape = (1_usize..3, 1_usize..4, Just(z), 1_usize..5, 1_usize..6);
        (shape.prop_map(|(n, c, z, y, x)| [n, c, z, y, x]), any_spec(), any_options(z))
    })
}

proptest! {
    #[test]
    fn channels_equal_a_naive_computation((shape, spec, options) in any_case()) {
        let volume = volume(shape);
        let expected = naive(&volume, &spec, &options);
        match SliceStack::new(stack(&volume), spec, options) {
            Ok(slices) => {
                let got = slices.convert().unwrap();
                prop_assert_eq!(got.shape(), slices.output_shape());
                prop_assert!(close(&got, &expected.unwrap()));
            }
            Err(SlicesError::NoValidChannels { .. } | SlicesError::DroppedChannels { .. }) => {
                prop_assert!(expected.is_none());
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn offset_zero_is_the_volume(shape in [1_usize..3, 1_usize..3, 1_usize..6, 1_usize..5, 1_usize..5], boundary in any_boundary()) {
        let volume = volume(shape);
        let spec = ChannelSpec::builder().identity(&[0]).build().unwrap();
        let options = SliceOptions { boundary, accumulation: Accumulation::Volume, ..SliceOptions::default() };
        let slices = SliceStack::new(stack(&volume), spec, options).unwrap();
        prop_assert_eq!(slices.convert().unwrap(), volume.into_dyn());
    }

    #[test]
    fn mirroring_has_twice_the_period_of_the_volume((shape, _, _) in any_case(), offset in -9_i64..9, turns in -3_i64..4) {
        let volume = volume(shape);
        let of = |offset: i64| {
            let spec = ChannelSpec::builder().identity(&[offset]).build().unwrap();
            let options = SliceOptions { boundary: Boundary::Reflect, ..SliceOptions::default() };
            SliceStack::new(stack(&volume), spec, options).unwrap().convert().unwrap()
        };
        prop_assert_eq!(of(offset), of(offset + turns * 2 * i64::try_from(shape[2]).unwrap()));
    }

    /// Any sample, channels and region are what the whole has there; every slice is read once and only if it is needed.
    #[test]
    fn windows_are_crops_of_the_whole_and_read_what_they_need(
        (shape, spec, options) in any_case(),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 9),
        listed in prop::option::of(prop::collection::vec(any::<prop::sample::Index>(), 1..5)),
    ) {
        let Ok(slices) = SliceStack::new(Recorded::new(stack(&volume(shape))), spec, options) else {
            return Ok(());
        };
        let whole = canonical(&slices);
        let image = slices.info().shape();
        let [z, y, x] = image.extent.to_zyx();
        let range = |at: usize, n: usize| {
            let a = picks[at].index(n);
            let b = picks[at + 1].index(n);
            a.min(b)..a.max(b) + 1
        };
        let [zs, ys, xs] = [range(0, z), range(2, y), range(4, x)];
        let sample_idx = picks[6].index(image.n_samples);
        let channels = listed.map(|list| list.iter().map(|one| one.index(image.n_channels)).collect::<Vec<_>>());
        let n_axes = image.extent.n_axes();
        let starts = [zs.start, ys.start, xs.start].map(|at| i64::try_from(at).unwrap());
        let region = Region::new(
            Coords::new(&starts[3 - n_axes..]).unwrap(),
            Extent::new(&[zs.len(), ys.len(), xs.len()][3 - n_axes..]).unwrap(),
        ).unwrap();
        slices.source().take();
        let got = slices.read_patch(sample_idx, channels.as_deref(), &region).unwrap();
        let all: Vec<usize> = channels.unwrap_or_else(|| (0..image.n_channels).collect());
        for ((c, z, y, x), got) in got.indexed_iter() {
            prop_assert_eq!(*got, whole[[sample_idx, all[c], zs.start + z, ys.start + y, xs.start + x]]);
        }
        // What was read, slice by slice.
        let mut read = Vec::new();
        for (sample, channels, [z, rows, columns]) in slices.source().take() {
            let n = if n_axes == 2 { sample_idx / slices.z_slices().len() } else { sample_idx };
            prop_assert_eq!((sample, rows, columns), (n, ys.clone(), xs.clone()));
            read.extend(channels.iter().flat_map(|&c| z.clone().map(move |z| (c, z))));
        }
        read.sort_unstable();
        let places = if n_axes == 2 { sample_idx % slices.z_slices().len()..sample_idx % slices.z_slices().len() + 1 } else { zs };
        let metadata = slices.channel_metadata();
        let mut needed = BTreeSet::new();
        for &channel in &all {
            for &z0 in &slices.z_slices()[places.clone()] {
                for offset in &metadata[channel].offsets {
                    let z = i64::try_from(z0).unwrap() + offset;
                    let z = slices.boundary().resolve(z, slices.n_slices());
                    needed.extend(z.map(|z| (metadata[channel].input_channel, z)));
                }
            }
        }
        prop_assert_eq!(read, needed.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn written_specifications_come_back(spec in any_spec()) {
        let text = serde_json::to_string(&spec).unwrap();
        prop_assert_eq!(serde_json::from_str::<ChannelSpec>(&text).unwrap(), spec);
    }
}

/// The whole as `SCZYX`, planes with depth 1.
fn canonical(slices: &impl Convert) -> ArrayD<f32> {
    let whole = slices.whole();
    if whole.ndim() == 5 { whole } else { whole.insert_axis(ndarray::Axis(2)) }
}

trait Convert {
    fn whole(&self) -> ArrayD<f32>;
}

impl<S: ImageStack> Convert for SliceStack<S> {
    fn whole(&self) -> ArrayD<f32> {
        self.convert().unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn slice_stacks_keep_the_contract_of_stacks((shape, spec, options) in any_case()) {
        if let Ok(slices) = SliceStack::new(stack(&volume(shape)), spec, options) {
            image_stack_suite(&slices, slices.convert().unwrap().view());
        }
    }
}

proptest! {
    /// Integers that are not computed with come as they are, whatever may be held.
    #[test]
    fn integers_keep_their_values(
        (shape, _, options) in any_case(), offsets in prop::collection::vec(-14_i64..15, 1..4), held in 0_usize..5000,
    ) {
        const FAR: u64 = 1 << 60;
        let mut count = 0_u16;
        let numbers = Array5::from_shape_simple_fn(shape, || {
            count += 1;
            f32::from(count)
        });
        let mut count = 0;
        let wide = Array5::from_shape_simple_fn(shape, || {
            count += 1;
            FAR + count
        });
        let spec = ChannelSpec::builder().identity(&offsets).build().unwrap();
        let wide = ArrayStack::new(wide.into_dyn(), &"SCZYX".parse().unwrap()).unwrap();
        if let Ok(slices) = SliceStack::new(stack(&numbers), spec.clone(), options.clone()) {
            let wide = SliceStack::new(wide, spec, options).unwrap().with_held_bytes(held);
            let whole = Region::whole(wide.info().shape().extent);
            for sample_idx in 0..wide.info().shape().n_samples {
                let expected = slices.read_patch(sample_idx, None, &whole).unwrap();
                let got = wide.read_typed(sample_idx, None, &whole).unwrap();
                let got = u64::of_view(got.view()).unwrap();
                // Zeros stand for slices outside.
                let is_same = |(got, number): (&u64, &f32)| {
                    *got == if *number == 0.0 { 0 } else { FAR + u64::from_f32(*number) }
                };
                prop_assert!(got.iter().zip(&expected).all(is_same), "{:?} {:?}", got, expected);
            }
        }
    }
}

/// More slices than are composed at once, and a far one that comes back: still every slice once.
#[test]
fn deep_windows_read_every_slice_once() {
    let volume = volume([1, 1, 60, 2, 3]);
    let spec = ChannelSpec::builder().identity(&[-1, 2]).mean(&[&[0, 40]]).build().unwrap();
    let mut places: Vec<usize> = (0..60).rev().collect();
    places.extend([0, 31, 59, 0]);
    let options = SliceOptions {
        accumulation: Accumulation::Volume,
        z_slices: places.into(),
        ..SliceOptions::default()
    };
    let slices = SliceStack::new(Recorded::new(stack(&volume)), spec, options.clone()).unwrap();
    let got = slices.convert().unwrap();
    let mut read: Vec<usize> = slices.source().take().into_iter().flat_map(|(_, _, [z, ..])| z).collect();
    read.sort_unstable();
    assert_eq!(read, (0..60).collect::<Vec<_>>());
    assert!(close(&got, &naive(&volume, slices.spec(), &options).unwrap()));
}

proptest! {
    /// However little may be held, the result is the same, and no read is larger than that unless it is a row of the slices
    /// that one place needs.
    #[test]
    fn little_memory_changes_nothing_but_reads((shape, spec, options) in any_case(), held_bytes in 0_usize..3000) {
        let Ok(slices) = SliceStack::new(Recorded::new(stack(&volume(shape))), spec, options) else {
            return Ok(());
        };
        let expected = slices.convert().unwrap();
        let once: Vec<_> = slices.source().take();
        let slices = slices.with_held_bytes(held_bytes);
        prop_assert_eq!(slices.convert().unwrap(), expected);
        let read = slices.source().take();
        let n_values = |read: &[support::Read]| -> usize {
            read.iter().map(|(_, channels, ranges)| channels.len() * ranges.iter().map(ExactSizeIterator::len).product::<usize>()).sum()
        };
        prop_assert!(n_values(&read) >= n_values(&once));
        for (_, channels, [z, rows, columns]) in read {
            let bytes = 4 * channels.len() * z.len() * rows.len() * columns.len();
            prop_assert!(bytes <= held_bytes || rows.len() == 1, "{} {:?} {:?}", bytes, z, rows);
        }
    }
}

/// A stack that says it has chunks.
struct Chunked(Recorded<patchweave_stack::ArrayStack<f32>>, patchweave_stack::StackInfo);

impl Chunked {
    fn new(volume: &ndarray::Array5<f32>, chunks: [usize; 5]) -> Self {
        let inner = Recorded::new(stack(volume));
        let mut info = inner.info().clone();
        info.chunks = Some(chunks.to_vec());
        Chunked(inner, info)
    }
}

impl ImageStack for Chunked {
    fn info(&self) -> &patchweave_stack::StackInfo {
        &self.1
    }

    fn read_inside(
        &self,
        window: &patchweave_stack::InsideWindow<'_>,
        out: patchweave_stack::PatchViewMut<'_>,
    ) -> Result<(), patchweave_stack::StackError> {
        self.0.read_inside(window, out)
    }
}

/// The slices that are read, read by read, of a volume whose chunks are four slices deep, if twelve planes may be held.
fn reads_of_layers(z_slices: Vec<usize>) -> Vec<std::ops::Range<usize>> {
    let chunked = Chunked::new(&volume([1, 1, 30, 4, 5]), [1, 1, 4, 4, 5]);
    let spec = ChannelSpec::builder().identity(&[-1, 0]).mean(&[&[0, 1]]).build().unwrap();
    let options = SliceOptions {
        accumulation: Accumulation::Volume,
        z_slices: z_slices.into(),
        ..SliceOptions::default()
    };
    let slices = SliceStack::new(chunked, spec, options).unwrap();
    let expected = slices.convert().unwrap();
    slices.source().0.take();
    let slices = slices.with_held_bytes(12 * 4 * 5 * 4);
    assert_eq!(slices.convert().unwrap(), expected);
    slices.source().0.take().into_iter().map(|(_, _, [z, ..])| z).collect()
}

/// Every slice is read once, and no layer of chunks in two reads.
#[test]
fn reads_end_where_layers_of_chunks_do() {
    assert_eq!(reads_of_layers((0..30).collect()), [0..12, 12..20, 20..30]);
    assert_eq!(reads_of_layers((0..30).rev().collect()), [20..30, 12..20, 4..12, 0..4]);
}

/// A mean of slices that cannot be held together is read in bands that end where chunks do.
#[test]
fn many_slices_of_one_place_are_read_in_bands_of_rows() {
    let chunked = Chunked::new(&volume([1, 1, 40, 20, 3]), [1, 1, 1, 4, 3]);
    let all: Vec<i64> = (0..40).collect();
    let spec = ChannelSpec::builder().mean(&[&all]).std(&[&all]).build().unwrap();
    let options = SliceOptions { z_slices: vec![0].into(), ..SliceOptions::default() };
    let slices = SliceStack::new(chunked, spec, options.clone()).unwrap().with_held_bytes(40 * 6 * 3 * 4);
    assert!(close(
        &slices.convert().unwrap(),
        &naive(&volume([1, 1, 40, 20, 3]), slices.spec(), &options).unwrap()
    ));
    let rows: Vec<_> = slices.source().0.take().into_iter().map(|(_, _, [z, rows, _])| (z, rows)).collect();
    assert_eq!(rows, [0..4, 4..8, 8..12, 12..16, 16..20].map(|rows| (0..40, rows)));
}

/// Also where the last use of a slice is the first place of those that are composed next.
#[test]
fn a_slice_is_kept_until_its_last_use() {
    let volume = volume([1, 2, 3, 2, 2]);
    for n_places in 1..50 {
        let spec = ChannelSpec::builder().identity(&[0]).build().unwrap();
        let z_slices = vec![1; n_places].into();
        let options =
            SliceOptions { accumulation: Accumulation::Volume, z_slices, ..SliceOptions::default() };
        let slices = SliceStack::new(Recorded::new(stack(&volume)), spec, options).unwrap();
        slices.convert().unwrap();
        assert_eq!(slices.source().take(), [(0, vec![0, 1], [1..2, 0..2, 0..2])]);
    }
}
