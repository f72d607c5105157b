//! What fitting holds in memory at a time, where an image is stored in chunks of 64 MiB.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::Axis;
use patchweave_construct::{FitOptions, PatchExtractor, QuantileMethod, Statistic, fit_images};
use patchweave_geometry::ArrayLayout;
use patchweave_stack::{ArrayStack, ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};
use peak_alloc::PeakAlloc;

/// Counts what is asked for and not given back: what allocators and threads keep beside it differs from run to run.
#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const MIB: usize = 1 << 20;

/// The budget of a fit; the image has 128 MiB, in two chunks.
const BUDGET: usize = 48 * MIB;
/// One that all threads together could not keep to.
const SMALL: usize = 8 * MIB;
/// What the budget is not for: the list of blocks, results of tasks, and the pool of threads.
const BESIDE: usize = MIB;
const SHAPE: [usize; 3] = [256, 256, 512];

/// Pixels that are a function of their place, in chunks of 256³.
struct Computed {
    info: StackInfo,
    /// The most values that were read in one piece.
    largest: AtomicUsize,
    /// The values that all threads read now, and the most there were.
    now: AtomicUsize,
    most: AtomicUsize,
}

impl ImageStack for Computed {
    fn info(&self) -> &StackInfo {
        &self.info
    }

    fn read_inside(&self, window: &InsideWindow<'_>, mut out: PatchViewMut<'_>) -> Result<(), StackError> {
        self.largest.fetch_max(out.len(), Ordering::Relaxed);
        let now = self.now.fetch_add(out.len(), Ordering::Relaxed) + out.len();
        self.most.fetch_max(now, Ordering::Relaxed);
        let starts = [0, 1, 2].map(|axis| window.region.range(axis).start);
        for (z, mut plane) in out.index_axis_mut(Axis(0), 0).outer_iter_mut().enumerate() {
            // So that other threads come to read as well.
            std::thread::yield_now();
            for (y, mut row) in plane.outer_iter_mut().enumerate() {
                let first = (z + starts[0]) * 7 + (y + starts[1]) * 31 + starts[2] * 131;
                let mut at = u16::try_from(first % 1024).unwrap();
                for value in &mut row {
                    *value = f32::from(at) + 0.25;
                    at = (at + 131) % 1024;
                }
            }
        }
        self.now.fetch_sub(out.len(), Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn fitting_stays_within_its_budget() {
    let one = ArrayStack::new(ndarray::arr3(&[[[0.0_f32]]]).into_dyn(), &"ZYX".parse().unwrap()).unwrap();
    let mut info = one.info().clone();
    info.layout = ArrayLayout::new(info.layout.axes().clone(), &SHAPE).unwrap();
    info.chunks = Some(vec![256; 3]);
    let image = Arc::new(Computed { info, largest: 0.into(), now: 0.into(), most: 0.into() });
    let quantile = |method| Statistic::Quantile { lower: vec![0.01], upper: vec![0.99], method };
    let statistics = [
        Statistic::MeanStd,
        Statistic::MinMax,
        quantile(QuantileMethod::Exact),
        quantile(QuantileMethod::Streaming),
    ];
    let fitted = |n_threads, max_bytes| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        statistics.clone().map(|statistic| {
            let options = FitOptions {
                statistic,
                per_channel: true,
                with_input: true,
                with_target: false,
                seed: 0,
                tolerance: None,
                max_bytes,
            };
            let images = PatchExtractor::new(vec![Arc::clone(&image) as Arc<dyn ImageStack>]).unwrap();
            pool.install(|| fit_images(images, None, None, &options, &|| true)).unwrap().input.unwrap()
        })
    };
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let found = fitted(4, BUDGET);
    let grown = HEAP.peak_usage() - before;
    assert!(grown <= BUDGET + BESIDE, "{grown} bytes more, the budget is {BUDGET} bytes");
    let largest = image.largest.load(Ordering::Relaxed) * size_of::<f32>();
    assert!(largest <= BUDGET / 8, "a block of {largest} bytes");
    // More threads than a small budget has room for: some of them have nothing to do.
    image.most.store(0, Ordering::Relaxed);
    let [_, extremes, ..] = fitted(24, SMALL);
    assert_eq!((&extremes.first, &extremes.second), (&found[1].first, &found[1].second));
    let most = image.most.load(Ordering::Relaxed) * size_of::<f32>();
    assert!((2 * MIB..=SMALL).contains(&most), "{most} bytes at a time");
    assert_eq!((found[1].first[0], found[1].second[0]), (0.25, 1023.25));
    assert!((found[0].first[0] - 511.75).abs() < 1.0, "{:?}", found[0]);
    assert!((found[2].first[0] - 10.25).abs() <= 1.0 && (found[2].second[0] - 1013.25).abs() <= 1.0);
}
