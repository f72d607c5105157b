//! What is converted is what a plain slice of the image has, for any axes, selection, units, threads and stops.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{ArrayD, Axis as Dim};
use patchweave_convert::{ConvertError, Running, Selection, Source, convert, spec_of};
use patchweave_geometry::{Axes, Axis, PerAxis};
use patchweave_pixel::{PixelMap, PixelType, TypedPixel};
use patchweave_sink::{Job, SinkFormats, UnitGrid};
use patchweave_stack::{ArrayStack, ImageStack};
use proptest::prelude::*;

const AXES: [&str; 10] = ["YX", "XY", "CYX", "YXC", "ZYX", "TZCYX", "STCZYX", "CXYS", "ZCYXT", "TCYXSZ"];

/// Numbers of 64 bits that no float holds, and no two alike.
fn image(shape: &[usize]) -> ArrayD<u64> {
    let mut next = (1_u64 << 60) + 1;
    ArrayD::from_shape_simple_fn(shape, || {
        next += 2;
        next
    })
}

/// A part of every axis but `C`, and some channels.
#[derive(Debug, Clone)]
struct Part {
    axes: Axes,
    shape: Vec<usize>,
    ranges: Vec<Range<usize>>,
    channels: Option<Vec<usize>>,
    unit: Vec<usize>,
}

fn parts() -> impl Strategy<Value = Part> {
    let axis = (1_usize..6, any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1_usize..5);
    let axes = prop::sample::select(AXES.to_vec());
    let channels = prop::option::of(prop::collection::vec(any::<prop::sample::Index>(), 1..4));
    (axes, prop::collection::vec(axis, 6), channels).prop_map(|(axes, sizes, channels)| {
        let axes: Axes = axes.parse().unwrap();
        let sizes = &sizes[..axes.len()];
        let range = |(n, start, len, _): &(usize, prop::sample::Index, prop::sample::Index, usize)| {
            let start = start.index(*n);
            start..start + 1 + len.index(*n - start)
        };
        let n_channels = axes.position(Axis::C).map(|at| sizes[at].0);
        let channels =
            channels.zip(n_channels).map(|(channels, n)| channels.iter().map(|at| at.index(n)).collect());
        Part {
            shape: sizes.iter().map(|axis| axis.0).collect(),
            ranges: sizes.iter().map(range).collect(),
            unit: sizes.iter().map(|axis| axis.3).collect(),
            channels,
            axes,
        }
    })
}

impl Part {
    fn selection(&self) -> Selection {
        let mut selection = Selection::whole();
        for (axis, range) in self.axes.as_slice().iter().zip(&self.ranges) {
            if *axis != Axis::C {
                selection = selection.with_range(*axis, range.clone());
            }
        }
        match &self.channels {
            Some(channels) => selection.with_channels(channels.clone()),
            None => selection,
        }
    }

    fn expected(&self, image: &ArrayD<u64>) -> ArrayD<u64> {
        let mut expected = image.clone();
        for (at, (axis, range)) in self.axes.as_slice().iter().zip(&self.ranges).enumerate() {
            let places: Vec<usize> = match (axis, &self.channels) {
                (Axis::C, Some(channels)) => channels.clone(),
                (Axis::C, None) => (0..self.shape[at]).collect(),
                _ => range.clone().collect(),
            };
            expected = expected.select(Dim(at), &places);
        }
        expected
    }
}

proptest! {
    #[test]
    fn units_are_plain_slices(part in parts(), order in any::<prop::sample::Index>()) {
        let image = image(&part.shape);
        let stack = Arc::new(ArrayStack::new(image.clone(), &part.axes).unwrap());
        let source = Source::new(stack, part.selection(), PixelMap::to(PixelType::U64)).unwrap();
        let expected = part.expected(&image);
        prop_assert_eq!(source.layout().shape(), expected.shape());
        // In axes of another order, as formats have them.
        let by = order.index(part.axes.len());
        let turn = |values: &[usize]| -> Vec<usize> {
            (0..values.len()).map(|at| values[(at + by) % values.len()]).collect()
        };
        let letters: String = (0..part.axes.len())
            .map(|at| part.axes.as_slice()[(at + by) % part.axes.len()].letter())
            .collect();
        let places: Vec<usize> = (0..part.axes.len()).collect();
        let layout = patchweave_geometry::ArrayLayout::new(letters.parse().unwrap(), &turn(expected.shape())).unwrap();
        let grid = UnitGrid::new(layout, &turn(&part.unit)).unwrap();
        let turned = expected.view().permuted_axes(turn(&places));
        for unit_idx in 0..grid.n_units() {
            let unit = grid.unit(unit_idx).unwrap();
            let (got, lost) = source.read(grid.layout(), &unit).unwrap();
            let expected = u64::typed_view(turned.view()).slice_box(&unit.start, &unit.size);
            prop_assert!(lost.is_nothing());
            prop_assert_eq!(got.view(), expected);
        }
    }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            found.insert(name, std::fs::read(&path).unwrap());
        }
    }
    found
}

fn source() -> Source {
    let image = image(&[3, 70, 90]);
    let stack = Arc::new(ArrayStack::new(image, &"CYX".parse().unwrap()).unwrap());
    Source::new(stack, Selection::whole(), PixelMap::to(PixelType::U64)).unwrap()
}

fn job(source: &Source, path: &Path, levels: usize) -> Job {
    let mut spec = spec_of(source).unwrap();
    spec.levels = levels;
    spec.chunks = Some(vec![1, 16, 16]);
    spec.shards = Some(vec![1, 32, 32]);
    Job::resume(&SinkFormats::default(), path, None, spec).unwrap()
}

/// Whatever the stops and the threads, the result has the same bytes, and nothing has the final name before.
#[test]
fn stopped_runs_go_on_where_they_were() {
    let source = source();
    for levels in [1, 3] {
        let whole = tempfile::tempdir().unwrap();
        let path = whole.path().join("image.ome.zarr");
        convert(job(&source, &path, levels), &source, Running::default(), |_| true).unwrap();
        let expected = files(&path);
        for n_threads in [1, 2] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("image.ome.zarr");
            let running = Running { n_threads, ..Running::default() };
            let mut n_found = 0;
            let outcome = loop {
                let n_calls = AtomicUsize::new(0);
                // The first thread to write a third unit that was not there ends the run.
                let go_on = |_| n_calls.fetch_add(1, Ordering::Relaxed) < n_found + 2;
                match convert(job(&source, &path, levels), &source, running, go_on) {
                    Err(ConvertError::Interrupted) => n_found += 2,
                    other => break other.unwrap(),
                }
                assert!(!path.exists());
            };
            assert!(outcome.n_found > 0, "{outcome:?}");
            assert_eq!(files(&path), expected, "{levels} levels, {n_threads} threads");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        }
    }
}

#[test]
fn units_that_do_not_fit_into_memory_are_refused() {
    let source = source();
    let folder = tempfile::tempdir().unwrap();
    let job = job(&source, &folder.path().join("image.ome.zarr"), 1);
    let running = Running { memory_bytes: 1000, ..Running::default() };
    let error = convert(job, &source, running, |_| true).unwrap_err();
    assert!(matches!(error, ConvertError::Budget { needed: 32_768, budget: 1000 }), "{error:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_known_is_carried_over() {
    let stack = ArrayStack::new(image(&[4, 3, 20, 30]), &"TCYX".parse().unwrap()).unwrap();
    let mut info = stack.info().clone();
    info.pixel_size = Some(PerAxis::new(&[0.5, 0.25]).unwrap());
    info.set_time_step(Some(2.0));
    info.set_channel_names(vec!["a".into(), "b".into(), "c".into()]);
    let selection = Selection::whole().with_range(Axis::X, 8..20).with_channels(vec![2, 0]);
    let stack: Arc<dyn ImageStack> = Arc::new(Described { stack, info });
    let source = Source::new(stack, selection, PixelMap::to(PixelType::U16)).unwrap();
    let spec = spec_of(&source).unwrap();
    assert_eq!(spec.channel_names.as_deref(), Some(&["c".to_owned(), "a".to_owned()][..]));
    assert_eq!(spec.time_step, Some(2.0));
    assert_eq!(spec.translation.unwrap().as_slice(), [0.0, 2.0]);
    assert_eq!((spec.layout.shape(), spec.pixel_type), (&[4, 2, 20, 12][..], PixelType::U16));
}

/// An image of which more is known.
struct Described {
    stack: ArrayStack<u64>,
    info: patchweave_stack::StackInfo,
}

impl ImageStack for Described {
    fn info(&self) -> &patchweave_stack::StackInfo {
        &self.info
    }

    fn read_inside(
        &self,
        window: &patchweave_stack::InsideWindow<'_>,
        out: patchweave_stack::PatchViewMut<'_>,
    ) -> Result<(), patchweave_stack::StackError> {
        self.stack.read_inside(window, out)
    }
}
