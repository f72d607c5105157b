//! Patches seen at several scales, against the definition.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::sync::{Arc, Mutex};
use std::thread;

use common::{PADDINGS, Windows, draw_place, extractor, noise, spec, stack};
use ndarray::{Array3, Array4, Array5, ArrayD, Axis, s};
use patchweave_construct::{
    IndependentTargetsMsPatchConstr, LateralContext, PatchConstrExt, PatchExtractor, Scratch,
};
use patchweave_geometry::{ContextPadding, PatchSpec};
use patchweave_patching::{FixedPatching, PatchRng};
use patchweave_stack::{ArrayStack, ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};
use rand::RngExt;

/// Cuts a patch into memory that held no number before.
fn extract(
    windows: &Windows,
    images: &PatchExtractor,
    spec: &PatchSpec,
    channels: Option<&[usize]>,
) -> Array5<f32> {
    let n_channels = channels.map_or(images.n_channels(), <[usize]>::len);
    let [z, y, x] = spec.patch_size.to_zyx();
    let mut out = Array5::from_elem([n_channels, windows.n_scales, z, y, x], f32::NAN);
    windows.context().extract_into(images, spec, channels, &mut Scratch::default(), out.view_mut()).unwrap();
    out
}

/// An image, a place, windows and channels, all of them random.
struct Case {
    image: Array4<f32>,
    n_axes: usize,
    spec: PatchSpec,
    windows: Windows,
    channels: Option<Vec<usize>>,
}

impl Case {
    fn draw(nth: usize) -> Self {
        let mut rng = PatchRng::for_patch(11, 0, nth);
        let n_axes = 2 + nth % 2;
        let ([z, y, x], spec) = draw_place(n_axes, &mut rng);
        let n_channels = rng.random_range(1..=3);
        let listed = rng.random_range(1..=n_channels + 1);
        let list = (0..listed).map(|_| rng.random_range(0..n_channels)).collect();
        Case {
            image: noise([n_channels, z, y, x], &mut rng),
            n_axes,
            spec,
            windows: Windows::draw(&mut rng),
            channels: rng.random_bool(0.6).then_some(list),
        }
    }

    fn listed(&self) -> Vec<usize> {
        self.channels.clone().unwrap_or_else(|| (0..self.image.len_of(Axis(0))).collect())
    }

    fn describe(&self) -> String {
        let Case { image, spec, windows, channels, .. } = self;
        format!("image {:?}, {spec:?}, {windows:?}, channels {channels:?}", image.shape())
    }
}

#[test]
fn every_scale_is_what_its_definition_says() {
    for nth in 0..600 {
        let case = Case::draw(nth);
        let images = extractor(std::slice::from_ref(&case.image), case.n_axes);
        let got = extract(&case.windows, &images, &case.spec, case.channels.as_deref());
        for (got, channel) in got.outer_iter().zip(case.listed()) {
            let expected = case.windows.see(&case.image, channel, &case.spec);
            for ((at, &got), expected) in got.indexed_iter().zip(&expected) {
                // 1e-5 of the range of values, -100 to 1000.
                let differs = (f64::from(got) - expected).abs();
                assert!(
                    differs <= 0.011,
                    "case {nth}, channel {channel}, {at:?}: got {got}, expected {expected}; {}",
                    case.describe()
                );
            }
        }
    }
}

#[test]
fn the_native_scale_is_the_patch_bit_for_bit() {
    for nth in 0..200 {
        let case = Case::draw(nth);
        let images = extractor(std::slice::from_ref(&case.image), case.n_axes);
        let got = extract(&case.windows, &images, &case.spec, case.channels.as_deref());
        let native = Windows { n_scales: 1, ..case.windows };
        // Where windows are wrapped, the native scale depends on the number of scales.
        if case.windows.padding == ContextPadding::WrapWindow {
            continue;
        }
        let expected = extract(&native, &images, &case.spec, case.channels.as_deref());
        assert_eq!(got.slice(s![.., ..1, .., .., ..]), expected, "{}", case.describe());
    }
}

#[test]
fn constant_images_stay_constant() {
    for nth in 0..200 {
        let case = Case::draw(nth);
        let mut windows = case.windows;
        windows.fill = 777.25;
        let images = extractor(&[Array4::from_elem(case.image.raw_dim(), 777.25)], case.n_axes);
        let got = extract(&windows, &images, &case.spec, case.channels.as_deref());
        assert!(got.iter().all(|value| (value - 777.25).abs() < 777.25 * 1e-5), "{}", case.describe());
    }
}

#[test]
fn memory_with_gaps_and_reversed_axes_gets_the_same_values() {
    for nth in 0..100 {
        let case = Case::draw(nth);
        let images = extractor(std::slice::from_ref(&case.image), case.n_axes);
        let expected = extract(&case.windows, &images, &case.spec, case.channels.as_deref());
        let (c, l, z, y, x) = expected.dim();
        let mut memory = ArrayD::from_elem(vec![x, z, c, 2 * y + 1, l, 2], f32::NAN);
        let view = memory.view_mut().permuted_axes(vec![2, 4, 1, 3, 0, 5]);
        let mut view = view.into_dimensionality::<ndarray::Ix6>().unwrap();
        let mut view = view.slice_mut(s![.., .., ..;-1, 1..;2, .., 1]);
        case.windows
            .context()
            .extract_into(
                &images,
                &case.spec,
                case.channels.as_deref(),
                &mut Scratch::default(),
                view.view_mut(),
            )
            .unwrap();
        assert_eq!(view, expected, "{}", case.describe());
        let n_written = memory.iter().filter(|value| !value.is_nan()).count();
        assert_eq!(n_written, expected.len(), "what lies between was written: {}", case.describe());
    }
}

#[test]
fn calls_before_and_threads_beside_do_not_matter() {
    let cases: Vec<Case> = (0..60).map(Case::draw).collect();
    let contexts: Vec<LateralContext> = cases.iter().map(|case| case.windows.context()).collect();
    let expected: Vec<Array5<f32>> = cases
        .iter()
        .map(|case| {
            let images = extractor(std::slice::from_ref(&case.image), case.n_axes);
            extract(&case.windows, &images, &case.spec, case.channels.as_deref())
        })
        .collect();
    // One scratch for all cases of a thread, so that memory of large windows is used again for small ones, that of many
    // scales for few, and the reverse.
    thread::scope(|scope| {
        for thread in 0..3 {
            let cases = &cases;
            let contexts = &contexts;
            let expected = &expected;
            scope.spawn(move || {
                let mut scratch = Scratch::default();
                for round in 0..2 {
                    for nth in 0..cases.len() {
                        let nth = (nth * 7 + thread * 11 + round) % cases.len();
                        let case = &cases[nth];
                        let images = extractor(std::slice::from_ref(&case.image), case.n_axes);
                        let mut got = Array5::from_elem(expected[nth].raw_dim(), f32::NAN);
                        let channels = case.channels.as_deref();
                        contexts[nth]
                            .extract_into(&images, &case.spec, channels, &mut scratch, got.view_mut())
                            .unwrap();
                        assert_eq!(got, expected[nth], "{}", case.describe());
                    }
                }
            });
        }
    });
}

/// An image that counts how often each of its pixels is read.
struct Counting {
    image: ArrayStack<f32>,
    info: StackInfo,
    /// `CZYX`.
    reads: Mutex<Array4<usize>>,
}

impl Counting {
    fn new(image: &Array4<f32>, n_axes: usize, chunk_depth: Option<usize>) -> Self {
        let stack = stack("counted", image, n_axes);
        let mut info = stack.info().clone();
        info.chunks = chunk_depth.map(|depth| if n_axes == 3 { vec![1, depth, 4, 4] } else { vec![1, 4, 4] });
        Counting { image: stack, info, reads: Mutex::new(Array4::zeros(image.raw_dim())) }
    }
}

impl ImageStack for Counting {
    fn info(&self) -> &StackInfo {
        &self.info
    }

    fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
        let mut reads = self.reads.lock().unwrap();
        let all: Vec<usize> = (0..reads.len_of(Axis(0))).collect();
        let [z, y, x] = [0, 1, 2].map(|axis| window.region.range(axis));
        for &channel in window.channels.unwrap_or(&all) {
            let mut read = reads.slice_mut(s![channel, z.clone(), y.clone(), x.clone()]);
            read += 1;
        }
        self.image.read_inside(window, out)
    }
}

/// How often the largest window needs each pixel: once or not at all.
fn needed(windows: &Windows, image: [usize; 3], spec: &PatchSpec) -> Array3<usize> {
    let start = spec.coords.to_zyx(0);
    let patch = spec.patch_size.to_zyx();
    let [z, y, x] = [0, 1, 2].map(|axis| {
        let n_axes = spec.patch_size.n_axes();
        let largest = windows.n_scales - 1;
        windows.pixels(axis, largest, start[axis], patch[axis], image[axis], n_axes)
    });
    let mut needed = Array3::zeros(image);
    for z in z.iter().flatten() {
        for y in y.iter().flatten() {
            for x in x.iter().flatten() {
                needed[[*z, *y, *x]] = 1;
            }
        }
    }
    needed
}

#[test]
fn each_pixel_of_the_largest_window_is_read_once_and_no_other() {
    for nth in 0..600 {
        let case = Case::draw(nth);
        let chunk_depth = (nth % 5 > 0).then_some(nth % 5 + 1);
        let counting = Arc::new(Counting::new(&case.image, case.n_axes, chunk_depth));
        let images = PatchExtractor::new(vec![Arc::clone(&counting) as Arc<dyn ImageStack>]).unwrap();
        extract(&case.windows, &images, &case.spec, case.channels.as_deref());
        let (_, z, y, x) = case.image.dim();
        let needed = needed(&case.windows, [z, y, x], &case.spec);
        let reads = counting.reads.lock().unwrap();
        for (channel, reads) in reads.outer_iter().enumerate() {
            let n_listed = case.listed().iter().filter(|&&listed| listed == channel).count();
            let expected = &needed * n_listed;
            assert_eq!(reads, expected, "case {nth}, chunks {chunk_depth:?}: {}", case.describe());
        }
    }
}

/// A window that turns round at the border of its image must not make another one jump between chunks.
#[test]
fn channels_inside_their_image_are_read_once_wherever_others_are_cut() {
    let image = noise([1, 40, 6, 6], &mut PatchRng::for_patch(13, 0, 0));
    let windows = Windows { n_scales: 2, padding: ContextPadding::Reflect, grows_depth: true, fill: 0.0 };
    let counted = [0, 1].map(|_| Arc::new(Counting::new(&image, 3, Some(4))));
    let sources = counted.iter().zip([0, 17]).map(|(stack, z)| {
        let patching = FixedPatching::new(vec![spec(0, &[z, 2, 2], &[6, 2, 2]).into()]);
        (patching, PatchExtractor::new(vec![Arc::clone(stack) as Arc<dyn ImageStack>]).unwrap())
    });
    let constr = IndependentTargetsMsPatchConstr::new(sources.collect(), windows.context(), None).unwrap();
    constr.construct_patch(0, &mut PatchRng::for_patch(0, 0, 0)).unwrap();
    let inside = counted[1].reads.lock().unwrap();
    assert_eq!((inside.iter().max(), inside.sum()), (Some(&1), 12 * 4 * 4));
}

/// Levels hold pixels of their own, so that a scale that is cut from another level is noticed.
#[test]
fn scales_of_pyramids_are_cut_from_their_levels() {
    for nth in 0..200 {
        let mut rng = PatchRng::for_patch(12, 0, nth);
        let n_axes = 2 + nth % 2;
        let ([z, y, x], spec_of_full) = draw_place(n_axes, &mut rng);
        let padding = PADDINGS[rng.random_range(0..4)];
        let grows_depth = rng.random_bool(0.5);
        let windows = Windows { n_scales: 3, padding, grows_depth, fill: 5.0 };
        let factor_z = |scale: usize| if n_axes == 3 && grows_depth { 1 << scale } else { 1_usize };
        let levels: Vec<Array4<f32>> = (0..3)
            .map(|scale| {
                let shape = [2, z.div_ceil(factor_z(scale)), y.div_ceil(1 << scale), x.div_ceil(1 << scale)];
                noise(shape, &mut rng)
            })
            .collect();
        let stacks =
            levels.iter().map(|level| Arc::new(stack("level", level, n_axes)) as Arc<dyn ImageStack>);
        let images = PatchExtractor::of_pyramids(vec![stacks.collect()]).unwrap();
        let got = extract(&windows, &images, &spec_of_full, None);
        for (scale, level) in levels.iter().enumerate() {
            let factors = [factor_z(scale), 1 << scale, 1 << scale];
            let coords: Vec<i64> = (0..n_axes)
                .map(|axis| {
                    let half = i64::try_from(spec_of_full.patch_size.as_slice()[axis] / 2).unwrap();
                    let factor = i64::try_from(factors[3 - n_axes + axis]).unwrap();
                    (spec_of_full.coords.as_slice()[axis] + half).div_euclid(factor) - half
                })
                .collect();
            let own = spec(0, &coords, spec_of_full.patch_size.as_slice());
            let native = Windows { n_scales: 1, ..windows };
            for channel in 0..2 {
                let expected = native.see(level, channel, &own);
                let got = got.slice(s![channel, scale, .., .., ..]).mapv(f64::from);
                assert_eq!(got, expected.index_axis(Axis(0), 0), "case {nth}, scale {scale}, {windows:?}");
            }
        }
    }
}
