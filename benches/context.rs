//! How fast samples with lateral context are made on one core, beside a plain copy of the pixels they need.
//!
//! `copy` converts the rows of the largest window of every channel to `f32` and does nothing else: no
//! constructor can be faster than reading what it needs. Bytes are those of the samples.
#![allow(clippy::unwrap_used, reason = "a benchmark that fails panics")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{ArrayD, IxDyn};
use patchweave::construct::{
    AlphaRange, BasicPatchConstr, IndependentTargetsMsPatchConstr, Job, LateralContext, MixOptions,
    MultiChannelTargetMsPatchConstr, PairedInputTargetMsPatchConstr, PatchConstr, PatchExtractor,
    PredMsPatchConstr, Sample, Scratch,
};
use patchweave::geometry::{Context, ContextPadding, Extent};
use patchweave::patching::{PatchRng, RandomPatching};
use patchweave::pixel::Pixel;
use patchweave::stack::ArrayStack;

const SEED: u64 = 42;

/// Patches of one size from images of one size.
struct Case {
    name: &'static str,
    image: &'static [usize],
    patch: &'static [usize],
    /// Samples that are made in one go.
    n_samples: usize,
}

const PLANE: Case = Case { name: "64x64", image: &[2048, 2048], patch: &[64, 64], n_samples: 256 };
const VOLUME: Case = Case { name: "16x64x64", image: &[128, 512, 512], patch: &[16, 64, 64], n_samples: 8 };

fn image<T: Pixel>(shape: &[usize]) -> ArrayD<T> {
    let mut value = 0_u32;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        value = value.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        T::from_f32((value >> 20) as f32)
    })
}

impl Case {
    fn images<T: Pixel>(&self, n_channels: usize) -> PatchExtractor {
        let shape: Vec<usize> = std::iter::once(n_channels).chain(self.image.iter().copied()).collect();
        let axes = if self.image.len() == 3 { "CZYX" } else { "CYX" };
        let stack = ArrayStack::new(image::<T>(&shape), &axes.parse().unwrap()).unwrap();
        PatchExtractor::new(vec![Arc::new(stack)]).unwrap()
    }

    fn patching(&self, images: &PatchExtractor) -> RandomPatching {
        RandomPatching::new(images.shapes(), Extent::new(self.patch).unwrap()).unwrap()
    }

    fn bench(
        &self,
        group: &mut BenchmarkGroup<'_, WallTime>,
        name: &str,
        n_scales: usize,
        constr: &dyn PatchConstr,
    ) {
        let mut sample = Sample::zeros(&constr.layout(0).unwrap()).unwrap();
        let mut scratch = Scratch::default();
        let n_patches = constr.n_patches();
        let bytes = (self.n_samples * constr.layout(0).unwrap().n_bytes()) as u64;
        group.throughput(Throughput::ElementsAndBytes { elements: self.n_samples as u64, bytes });
        group.bench_function(BenchmarkId::new(name, n_scales), |bencher| {
            bencher.iter(|| {
                for index in (0..n_patches).cycle().take(self.n_samples) {
                    let mut rng = PatchRng::for_patch(SEED, 0, index);
                    let job = Job::new(index, &mut rng, &mut scratch);
                    black_box(constr.construct_into(job, sample.view_mut()).unwrap());
                }
                black_box(&sample);
            });
        });
    }
}

/// Converts the rows of the windows of every channel, one after the other.
fn bench_copy<T: Pixel>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    case: &Case,
    n_scales: usize,
    n_channels: usize,
) {
    let image = image::<T>(case.image);
    let context = Context::new(n_scales, ContextPadding::Reflect).unwrap();
    let image_size = Extent::new(case.image).unwrap().to_zyx();
    let window = context.window(&Extent::new(case.patch).unwrap()).unwrap().to_zyx();
    let size = [0, 1, 2].map(|axis| window[axis].min(image_size[axis]));
    let pixels = image.as_slice().unwrap();
    let mut block = vec![0.0_f32; size.iter().product()];
    let n_pixels = case.n_samples * n_channels * block.len();
    let bytes = (n_pixels * size_of::<f32>()) as u64;
    group.throughput(Throughput::ElementsAndBytes { elements: case.n_samples as u64, bytes });
    group.bench_function(BenchmarkId::new(format!("copy of {n_channels} channels"), n_scales), |bencher| {
        bencher.iter(|| {
            for sample in 0..case.n_samples * n_channels {
                let start = |axis: usize| (sample * 7919) % (image_size[axis] - size[axis] + 1);
                let places = (0..size[0]).flat_map(|z| (0..size[1]).map(move |y| (z, y)));
                for ((z, y), row) in places.zip(block.chunks_exact_mut(size[2])) {
                    let at = ((start(0) + z) * image_size[1] + start(1) + y) * image_size[2] + start(2);
                    for (out, pixel) in row.iter_mut().zip(&pixels[at..at + size[2]]) {
                        *out = pixel.to_f32();
                    }
                }
                black_box(&block);
            }
        });
    });
}

fn bench_case<T: Pixel>(criterion: &mut Criterion, case: &Case) {
    let mut group = criterion.benchmark_group(format!("{} {}", case.name, T::TYPE));
    group.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    let [one, two] = [case.images::<T>(1), case.images::<T>(2)];
    bench_copy::<T>(&mut group, case, 1, 1);
    let basic = BasicPatchConstr::new(case.patching(&one), one.clone(), None, None).unwrap();
    case.bench(&mut group, "basic", 1, &basic);
    for n_scales in 1..=4 {
        let context = || LateralContext::new(Context::new(n_scales, ContextPadding::Reflect).unwrap());
        let ranges = || Some(vec![AlphaRange::new(0.2, 0.8).unwrap(); 2]);
        bench_copy::<T>(&mut group, case, n_scales, 2);
        let options = MixOptions { alpha_ranges: ranges(), ..MixOptions::default() };
        let constr =
            MultiChannelTargetMsPatchConstr::new(case.patching(&two), two.clone(), context(), options);
        case.bench(&mut group, "multi-channel", n_scales, &constr.unwrap());
        let options = MixOptions { alpha_ranges: ranges(), uncorrelated_prob: 1.0, ..MixOptions::default() };
        let constr =
            MultiChannelTargetMsPatchConstr::new(case.patching(&two), two.clone(), context(), options);
        case.bench(&mut group, "multi-channel, uncorrelated", n_scales, &constr.unwrap());
        let sources = vec![(case.patching(&one), one.clone()); 2];
        let constr = IndependentTargetsMsPatchConstr::new(sources, context(), ranges());
        case.bench(&mut group, "independent", n_scales, &constr.unwrap());
        let constr = PairedInputTargetMsPatchConstr::new(
            case.patching(&one),
            one.clone(),
            two.clone(),
            context(),
            None,
        );
        case.bench(&mut group, "paired", n_scales, &constr.unwrap());
        let constr = PredMsPatchConstr::new(case.patching(&one), one.clone(), context(), None);
        case.bench(&mut group, "prediction", n_scales, &constr.unwrap());
    }
    group.finish();
}

fn context(criterion: &mut Criterion) {
    bench_case::<u16>(criterion, &PLANE);
    bench_case::<f32>(criterion, &PLANE);
    bench_case::<u16>(criterion, &VOLUME);
    bench_case::<f32>(criterion, &VOLUME);
}

criterion_group!(benches, context);
criterion_main!(benches);
