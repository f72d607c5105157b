//! What holds for every quilt: laws over images, windows, steps, borders and blends of any size.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, reason = "means are compared in single precision")]

use ndarray::{Array3, Array4, ArrayD, Axis, IxDyn, Slice, Zip};
use patchweave_geometry::{Coords, Extent, PerAxis, Region};
use patchweave_pixel::{Pixel, PixelType, with_pixel};
use patchweave_quilt::{Accumulator, BlendWindow, Border, Quilt};
use proptest::prelude::*;

/// A quilt, and how many images and channels there are; `None` stands for arrays without channels.
#[derive(Debug, Clone)]
struct Case {
    quilt: Quilt,
    n_images: usize,
    channels: Option<usize>,
    seed: u64,
}

impl Case {
    fn shape(&self, n: usize, spatial: Extent) -> Vec<usize> {
        [n].into_iter().chain(self.channels).chain(spatial.iter()).collect()
    }

    fn images(&self) -> ArrayD<f32> {
        noise(&self.shape(self.n_images, self.quilt.grid().image()), self.seed)
    }

    fn patches(&self, salt: u64) -> ArrayD<f32> {
        let n = self.quilt.n_patches(self.n_images);
        noise(&self.shape(n, self.quilt.grid().window()), self.seed ^ salt)
    }

    /// One image with channels, for accumulators.
    fn of_one_image(self) -> Case {
        Case { n_images: 1, channels: Some(self.channels.unwrap_or(1)), ..self }
    }

    fn start(&self, index: usize) -> Coords {
        self.quilt.grid().start(index).unwrap().map(|at| i64::try_from(at).unwrap())
    }

    /// The part of an array under a window, whose spatial axes begin at `first`.
    fn under<'a, T>(
        &self,
        mut array: ndarray::ArrayViewMutD<'a, T>,
        index: usize,
        first: usize,
    ) -> ndarray::ArrayViewMutD<'a, T> {
        let grid = self.quilt.grid();
        let start = grid.start(index % grid.n_windows()).unwrap();
        for (axis, (start, size)) in start.iter().zip(grid.window().iter()).enumerate() {
            array.slice_axis_inplace(Axis(first + axis), Slice::from(start..start + size));
        }
        array
    }

    fn cut(&self, images: &mut ArrayD<f32>, index: usize) -> ArrayD<f32> {
        let image = images.index_axis_mut(Axis(0), index / self.quilt.grid().n_windows());
        self.under(image, index, usize::from(self.channels.is_some())).to_owned()
    }

    /// Sums of weighted patches and of weights, pixel by pixel as the definition says.
    fn woven(&self, patches: &ArrayD<f32>) -> (ArrayD<f64>, ArrayD<f64>) {
        let grid = self.quilt.grid();
        let weights = self.quilt.blend().matrix();
        let mut sums = ArrayD::<f64>::zeros(self.shape(self.n_images, grid.image()));
        let mut norma = ArrayD::<f64>::zeros(grid.image().as_slice());
        for (index, patch) in patches.outer_iter().enumerate() {
            let image = sums.index_axis_mut(Axis(0), index / grid.n_windows());
            let place = self.under(image, index, usize::from(self.channels.is_some()));
            let weights = weights.broadcast(patch.shape()).unwrap();
            let add = |sum: &mut f64, value: &f32, weight: &f64| *sum += weight * f64::from(*value);
            Zip::from(place).and(patch).and(weights).for_each(add);
        }
        for index in 0..grid.n_windows() {
            let mut place = self.under(norma.view_mut(), index, 0);
            place += &weights;
        }
        (sums, norma)
    }
}

/// Values in -1..1 that look random.
fn noise(shape: &[usize], seed: u64) -> ArrayD<f32> {
    let mut state = seed;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f32::from(u16::try_from(state >> 48).unwrap()) / 32768.0 - 1.0
    })
}

fn blended(quilt: Quilt, kind: u8, border: Vec<i64>, weight: f64) -> Quilt {
    let window = quilt.grid().window();
    let quilt = quilt.with_border(Border::PerAxis(border), weight).unwrap();
    let blend = match kind {
        0 => BlendWindow::linear(window),
        1 => BlendWindow::hann(window),
        2 => BlendWindow::gaussian(window, 0.125).unwrap(),
        3 => BlendWindow::constant(window),
        _ => return quilt,
    };
    quilt.with_blend(blend).unwrap()
}

/// Any quilt; steps of at most a window unless `has_gaps`.
fn case(has_gaps: bool) -> impl Strategy<Value = Case> {
    let axis = (1_usize..10, 0_usize..24, 1_usize..10, -1_i64..4);
    let axes = prop::collection::vec(axis, 2..=3);
    let weight = prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0];
    let channels = prop::option::of(1_usize..4);
    let parts = (axes, weight, 0_u8..6, 1_usize..3, channels, any::<u64>());
    parts.prop_map(move |(axes, weight, kind, n_images, channels, seed)| {
        let window: Vec<usize> = axes.iter().map(|axis| axis.0).collect();
        let image: Vec<usize> = axes.iter().map(|axis| axis.0 + axis.1).collect();
        let step = |&(window, _, step, _): &(usize, usize, usize, i64)| {
            if has_gaps { step + window / 2 } else { step.min(window) }
        };
        let step: Vec<usize> = axes.iter().map(step).collect();
        let image = Extent::new(&image).unwrap();
        let window = Extent::new(&window).unwrap();
        let quilt = Quilt::new(image, window, PerAxis::new(&step).unwrap()).unwrap();
        let border = axes.iter().map(|axis| axis.3).collect();
        Case { quilt: blended(quilt, kind, border, weight), n_images, channels, seed }
    })
}

fn is_close(got: &ArrayD<f32>, wanted: &ArrayD<f32>, tolerance: f32) -> bool {
    let agrees =
        |got: &f32, wanted: &f32| (got - wanted).abs() <= tolerance || (got.is_nan() && wanted.is_nan());
    got.shape() == wanted.shape() && Zip::from(got).and(wanted).all(agrees)
}

fn bits(array: &ArrayD<f32>) -> Vec<u32> {
    array.iter().map(|value| value.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn stitching_undoes_unstitching(case in case(false)) {
        let images = case.images();
        let (result, _) = case.quilt.stitch(case.quilt.unstitch(images.view()).unwrap().view()).unwrap();
        prop_assert!(is_close(&result, &images, 1e-6));
        let images = images.mapv(f64::from);
        let (result, _) = case.quilt.stitch(case.quilt.unstitch(images.view()).unwrap().view()).unwrap();
        prop_assert!(Zip::from(&result).and(&images).all(|got, wanted| (got - wanted).abs() < 1e-12));
    }

    #[test]
    fn patches_are_what_lies_under_the_windows(case in case(true)) {
        let mut images = case.images();
        let patches = case.quilt.unstitch(images.view()).unwrap();
        let n_patches = patches.len_of(Axis(0));
        for index in 0..n_patches {
            let wanted = case.cut(&mut images, index);
            prop_assert_eq!(&case.quilt.unstitch_one(images.view(), index).unwrap(), &wanted);
            prop_assert_eq!(&patches.index_axis(Axis(0), index), &wanted);
        }
        let numbers: Vec<usize> = case.quilt.patches(images.view()).unwrap().map(|(index, _)| index).collect();
        prop_assert_eq!(numbers, (0..n_patches).collect::<Vec<_>>());
        prop_assert!(case.quilt.unstitch_one(images.view(), n_patches).is_err());
    }

    #[test]
    fn stitching_is_the_weighted_mean(case in case(true)) {
        let patches = case.patches(1);
        let (result, weights) = case.quilt.stitch(patches.view()).unwrap();
        let (sums, norma) = case.woven(&patches);
        let norma = norma.broadcast(sums.shape()).unwrap().to_owned();
        prop_assert!(is_close(&result, &(&sums / &norma).mapv(|mean| mean as f32), 1e-6));
        let is_empty = |value: &f32, weight: &f64| value.is_nan() == (*weight == 0.0);
        prop_assert!(Zip::from(&result).and(&norma).all(is_empty), "gaps are NaN, and nothing else");
        let mut first = norma.index_axis(Axis(0), 0);
        if case.channels.is_some() {
            first.index_axis_inplace(Axis(0), 0);
        }
        let agrees = |got: &f32, wanted: &f64| (f64::from(*got) - wanted).abs() <= 1e-6 * wanted;
        prop_assert!(Zip::from(&weights).and(&first).all(agrees));
    }

    #[test]
    fn stitching_is_linear(case in case(false), a in -3_i8..4, b in -3_i8..4) {
        let p = case.patches(1);
        let q = case.patches(2);
        let a = f32::from(a);
        let b = f32::from(b);
        let stitched = |patches: &ArrayD<f32>| case.quilt.stitch(patches.view()).unwrap().0;
        prop_assert!(is_close(&stitched(&(a * &p + b * &q)), &(a * &stitched(&p) + b * &stitched(&q)), 1e-5));
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits(case in case(true)) {
        let patches = case.patches(1);
        let of_threads = |n_threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            bits(&pool.install(|| case.quilt.stitch(patches.view()).unwrap()).0)
        };
        let one = of_threads(1);
        prop_assert_eq!(&one, &of_threads(2));
        prop_assert_eq!(&one, &of_threads(5));
    }

    #[test]
    fn memory_of_the_caller_and_its_order_do_not_matter(case in case(true)) {
        let images = case.images();
        let patches = case.quilt.unstitch(images.view()).unwrap();
        let (result, _) = case.quilt.stitch(patches.view()).unwrap();
        // The same arrays with their axes stored the other way round.
        let turned = |array: &ArrayD<f32>| array.t().as_standard_layout().into_owned();
        let turned_images = turned(&images);
        let turned_patches = turned(&patches);
        let mut out = turned_patches.mapv(|_| 0.0);
        case.quilt.unstitch_into(turned_images.t(), out.view_mut().reversed_axes()).unwrap();
        prop_assert_eq!(&out, &turned_patches);
        let mut out = turned_images.mapv(|_| 0.0);
        case.quilt.stitch_into(turned_patches.t(), out.view_mut().reversed_axes()).unwrap();
        prop_assert_eq!(bits(&out.t().to_owned()), bits(&result));
    }

    #[test]
    fn tiles_in_any_order_add_up(case in case(true), order in any::<u64>(), split in 0_usize..30) {
        let case = case.of_one_image();
        let patches = case.patches(1);
        let (result, weights) = case.quilt.stitch(patches.view()).unwrap();
        let region = Region::whole(case.quilt.grid().image());
        let n_channels = case.channels.unwrap();
        let mut sums = [0, 1].map(|_| Accumulator::new(n_channels, region).unwrap());
        let mut indices: Vec<usize> = (0..case.quilt.n_patches(1)).collect();
        indices.sort_by_key(|&index| (index as u64 + 1).wrapping_mul(order | 1));
        for (at, &index) in indices.iter().enumerate() {
            let sums = &mut sums[usize::from(at < split)];
            sums.add(patches.index_axis(Axis(0), index), case.start(index), case.quilt.blend()).unwrap();
        }
        let [mut all, others] = sums;
        all.merge(&others).unwrap();
        prop_assert!(is_close(&all.mean::<f32>().unwrap(), &result.index_axis(Axis(0), 0).to_owned(), 1e-6));
        prop_assert!(is_close(&all.weights().mapv(|weight| weight as f32), &weights, 1e-4));
        prop_assert_eq!(all.n_uncovered(), weights.iter().filter(|weight| **weight == 0.0).count());
    }

    #[test]
    fn parts_of_an_image_are_what_the_whole_has_there(case in case(true), cut in 0_usize..30) {
        let case = case.of_one_image();
        let patches = case.patches(1);
        let image = case.quilt.grid().image();
        let n_rows = image.as_slice()[0];
        let cut = cut % n_rows;
        let mut parts = Vec::new();
        for rows in [0..cut, cut..n_rows].into_iter().filter(|rows| !rows.is_empty()) {
            let first = i64::try_from(rows.start).unwrap();
            let start = image.per_axis().map_indexed(|axis, _| if axis == 0 { first } else { 0 });
            let size = image.per_axis().map_indexed(|axis, n| if axis == 0 { rows.len() } else { n });
            let region = Region::new(start, Extent::new(size.as_slice()).unwrap()).unwrap();
            let mut sums = Accumulator::new(case.channels.unwrap(), region).unwrap();
            for (index, patch) in patches.outer_iter().enumerate() {
                sums.add(patch, case.start(index), case.quilt.blend()).unwrap();
            }
            parts.push(sums.mean::<f64>().unwrap());
        }
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        let joined = ndarray::concatenate(Axis(1), &views).unwrap().mapv(|mean| mean as f32);
        let (result, _) = case.quilt.stitch(patches.view()).unwrap();
        prop_assert!(is_close(&joined, &result.index_axis(Axis(0), 0).to_owned(), 1e-6));
    }
}

fn two_by_two() -> Quilt {
    let [image, window] = [[4, 6], [2, 3]].map(|size| Extent::new(&size).unwrap());
    Quilt::new(image, window, PerAxis::new(&[1, 3]).unwrap()).unwrap()
}

#[test]
fn integers_and_truth_values_give_single_precision() {
    let quilt = two_by_two();
    let images = Array3::from_shape_fn((1, 4, 6), |(_, y, x)| i64::try_from(6 * y + x).unwrap());
    let patches = quilt.unstitch(images.view()).unwrap();
    let (result, weights): (Array3<f32>, _) = quilt.stitch(patches.view()).unwrap();
    assert_eq!(result, images.mapv(|value| value as f32));
    assert_eq!(weights.index_axis(Axis(1), 0).iter().copied().collect::<Vec<f32>>(), [1.0, 2.0, 2.0, 1.0]);
    let is_even = patches.mapv(|value| value % 2 == 0);
    let (shares, _): (Array3<f32>, _) = quilt.stitch(is_even.view()).unwrap();
    assert!(shares.lanes(Axis(2)).into_iter().all(|row| row.sum() == 3.0));
}

#[test]
fn without_patches_there_are_no_images() {
    let quilt = two_by_two();
    let (result, weights) = quilt.stitch(Array4::<f32>::zeros((0, 3, 2, 3)).view()).unwrap();
    assert_eq!(result.shape(), [0, 3, 4, 6]);
    assert_eq!((weights.shape(), weights.sum()), (&[4, 6][..], 0.0));
    assert_eq!(quilt.unstitch(result.view()).unwrap().shape(), [0, 3, 2, 3]);
    let (result, _) = quilt.stitch(Array4::<f32>::zeros((6, 0, 2, 3)).view()).unwrap();
    assert_eq!(result.shape(), [1, 0, 4, 6]);
}

#[test]
fn a_value_that_is_no_number_stays_under_its_patch() {
    let quilt = two_by_two();
    let mut patches = Array3::<f64>::ones((6, 2, 3));
    patches[[5, 1, 0]] = f64::NAN;
    let (result, _) = quilt.stitch(patches.view()).unwrap();
    let places = result.indexed_iter().filter(|(_, value)| value.is_nan()).map(|(at, _)| at);
    assert_eq!(places.collect::<Vec<_>>(), [(0, 3, 3)]);
}

#[test]
fn what_does_not_fit_is_named() {
    let quilt = two_by_two();
    let message =
        |patches: &[usize]| quilt.stitch(ArrayD::<f32>::zeros(patches).view()).unwrap_err().to_string();
    assert_eq!(
        message(&[7, 1, 2, 3]),
        "got 7 patches, expected a multiple of 6, which is the number of an image"
    );
    assert_eq!(
        message(&[6, 1, 1, 2, 3]),
        "the array of patches has shape [6, 1, 1, 2, 3], expected N, C and [2, 3], or N and [2, 3]"
    );
    let images = ArrayD::<f32>::zeros(IxDyn(&[1, 1, 4, 6]));
    let error =
        quilt.unstitch_into(images.view(), ArrayD::zeros(IxDyn(&[5, 1, 2, 3])).view_mut()).unwrap_err();
    assert_eq!(error.to_string(), "the output has shape [5, 1, 2, 3], expected [6, 1, 2, 3]");
    let error = quilt.clone().with_border(1, f64::NAN).unwrap_err();
    assert_eq!(error.to_string(), "got a border weight of NaN, expected one from 0 to 1");
    let error = quilt.with_blend(BlendWindow::constant(Extent::new(&[3, 3]).unwrap())).unwrap_err();
    assert_eq!(error.to_string(), "got a blend window of 3 × 3 pixels, expected one of 2 × 3");
    let error = BlendWindow::gaussian(Extent::new(&[3, 3]).unwrap(), 0.0).unwrap_err();
    assert_eq!(error.to_string(), "got a Gaussian as wide as 0 windows, expected a positive number");
}

/// Windows whose rows take all widths of the inner loops, strips that are cut, and blocks of several cells.
fn wide_case() -> impl Strategy<Value = Case> {
    let axis = |windows: std::ops::Range<usize>| (windows, 0_usize..120, 1_usize..60);
    let parts = (axis(1..130), axis(16..150), 0_u8..6, prop::option::of(1_usize..3), any::<u64>());
    parts.prop_map(|(y, x, kind, channels, seed)| {
        let [image, window] = [[y.0 + y.1, x.0 + x.1], [y.0, x.0]].map(|size| Extent::new(&size).unwrap());
        let step = PerAxis::new(&[y.2.min(y.0), x.2.min(x.0)]).unwrap();
        let quilt = Quilt::new(image, window, step).unwrap();
        Case { quilt: blended(quilt, kind, vec![2, 5], 0.3), n_images: 1, channels, seed }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn wide_windows_keep_the_laws(case in wide_case()) {
        let mut images = case.images();
        let patches = case.quilt.unstitch(images.view()).unwrap();
        for index in 0..patches.len_of(Axis(0)) {
            let wanted = case.cut(&mut images, index);
            prop_assert_eq!(&patches.index_axis(Axis(0), index), &wanted);
        }
        prop_assert!(is_close(&case.quilt.stitch(patches.view()).unwrap().0, &images, 1e-6));
        let patches = case.patches(1);
        let (sums, norma) = case.woven(&patches);
        let wanted = &sums / &norma.broadcast(sums.shape()).unwrap();
        let (result, _) = case.quilt.stitch(patches.view()).unwrap();
        prop_assert!(is_close(&result, &wanted.mapv(|mean| mean as f32), 1e-6));
        let (result, _) = case.quilt.stitch(patches.mapv(f64::from).view()).unwrap();
        prop_assert!(Zip::from(&result).and(&wanted).all(|got, wanted| (got - wanted).abs() < 1e-12));
    }

    #[test]
    fn the_same_tiles_in_the_same_order_give_the_same_bits(case in case(true)) {
        let case = case.of_one_image();
        let patches = case.patches(1).mapv(f64::from);
        let mean = || {
            let region = Region::whole(case.quilt.grid().image());
            let mut sums = Accumulator::new(case.channels.unwrap(), region).unwrap();
            for (index, patch) in patches.outer_iter().enumerate() {
                sums.add(patch, case.start(index), case.quilt.blend()).unwrap();
            }
            sums.mean::<f64>().unwrap()
        };
        let first = mean();
        let second = mean();
        prop_assert!(Zip::from(&first).and(&second).all(|a, b| a.to_bits() == b.to_bits()));
        let (result, _) = case.quilt.stitch(patches.view()).unwrap();
        let result = result.index_axis(Axis(0), 0);
        let agrees = |a: &f64, b: &f64| (a - b).abs() < 1e-12 || (a.is_nan() && b.is_nan());
        prop_assert!(Zip::from(&first).and(&result).all(agrees));
    }

    /// Every pixel type comes back as it was; means of those that single precision holds are exact.
    #[test]
    fn all_pixel_types_go_there_and_back(case in case(false)) {
        for pixel_type in PixelType::ALL {
            with_pixel!(pixel_type, T => {
                let images = case.images().mapv(|value| T::from_f32((value + 1.0) * 50.0));
                let patches = case.quilt.unstitch(images.view()).unwrap();
                for (index, view) in case.quilt.patches(images.view()).unwrap().rev() {
                    prop_assert_eq!(&patches.index_axis(Axis(0), index), &view);
                }
                let (result, _) = case.quilt.stitch(patches.view()).unwrap();
                let agrees = |got: &<T as Pixel>::Mean, wanted: &T| (got.to_f64() - wanted.to_f64()).abs() < 1e-4;
                prop_assert!(Zip::from(&result).and(&images).all(agrees));
            });
        }
    }
}

#[test]
fn blends_are_those_of_their_formulas() {
    let row =
        |blend: BlendWindow| blend.matrix().index_axis(Axis(0), 0).iter().copied().collect::<Vec<f64>>();
    let window = |size: usize| Extent::new(&[1, size]).unwrap();
    assert_eq!(row(BlendWindow::linear(window(4))), [0.5, 1.0, 1.0, 0.5]);
    assert_eq!(row(BlendWindow::linear(window(5))), [1.0 / 3.0, 2.0 / 3.0, 1.0, 2.0 / 3.0, 1.0 / 3.0]);
    let hann = row(BlendWindow::hann(window(4)));
    let expected = [0.146_446_609, 0.853_553_391, 0.853_553_391, 0.146_446_609];
    assert!(hann.iter().zip(expected).all(|(got, wanted)| (got - wanted).abs() < 1e-9));
    let gaussian = row(BlendWindow::gaussian(window(5), 0.2).unwrap());
    let expected = [-2.0_f64, -0.5, 0.0, -0.5, -2.0].map(f64::exp);
    assert!(gaussian.iter().zip(expected).all(|(got, wanted)| (got - wanted).abs() < 1e-12));
    for blend in [BlendWindow::linear, BlendWindow::hann, BlendWindow::constant] {
        assert_eq!(row(blend(window(1))), [1.0]);
    }
    // Half overlapping windows of von Hann add up to one; so does every product of them.
    let image = Extent::new(&[16, 24]).unwrap();
    let window = Extent::new(&[8, 8]).unwrap();
    let quilt = Quilt::new(image, window, PerAxis::new(&[4, 4]).unwrap()).unwrap();
    let weights = quilt.with_blend(BlendWindow::hann(window)).unwrap().weights().unwrap();
    assert!(weights.indexed_iter().all(|(at, sum)| {
        !((4..12).contains(&at[0]) && (4..20).contains(&at[1])) || (sum - 1.0).abs() < 1e-6
    }));
}

#[test]
fn a_border_leaves_a_chosen_blend_alone() {
    let window = Extent::new(&[2, 3]).unwrap();
    let hann = BlendWindow::hann(window);
    let first = two_by_two().with_blend(hann.clone()).unwrap().with_border(1, 0.1).unwrap();
    let second = two_by_two().with_border(1, 0.1).unwrap().with_blend(hann.clone()).unwrap();
    for quilt in [first, second] {
        assert_eq!((quilt.blend(), quilt.border().is_some()), (&hann, true));
    }
}

#[test]
fn accumulators_of_other_parts_are_refused() {
    let part = |size: usize| Region::whole(Extent::new(&[size, 4]).unwrap());
    let mut sums = Accumulator::new(1, part(4)).unwrap();
    let error = sums.merge(&Accumulator::new(1, part(5)).unwrap()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("got an accumulator of 1 channels of Region { start: [0, 0], size: [5, 4]")
    );
    assert!(sums.merge(&Accumulator::new(2, part(4)).unwrap()).is_err());
    let mixed = Region { start: PerAxis::new(&[0, 0, 0]).unwrap(), ..part(4) };
    assert!(Accumulator::new(1, mixed).is_err());
}
