//! Volumes, a computation that is too simple to be wrong, and a stack that records what is read.
#![allow(dead_code, reason = "every test uses what it needs")]

use std::sync::{Arc, Mutex};

use ndarray::{Array5, ArrayD, Axis};
use patchweave_slices::{
    Accumulation, Boundary, ChannelSpec, Members, SliceOptions, Span, ZOperation, ZSlices,
};
use patchweave_stack::{ArrayStack, ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};
use proptest::prelude::*;

/// An irregular volume `NCZYX`.
pub fn volume(shape: [usize; 5]) -> Array5<f32> {
    let mut seed = 12_345_u32;
    Array5::from_shape_fn(shape, |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(u16::try_from(seed >> 16).unwrap()) / 64.0 - 300.0
    })
}

pub fn stack(volume: &Array5<f32>) -> ArrayStack<f32> {
    ArrayStack::new(volume.clone().into_dyn(), &"SCZYX".parse().unwrap()).unwrap()
}

/// The slice that a rule takes, found by walking: every step beyond an end turns back or stays.
fn taken(boundary: Boundary, z: i64, n: usize) -> Option<usize> {
    let n = i64::try_from(n).unwrap();
    let mut at = 0;
    let mut left = z;
    let mut step = z.signum();
    while left != 0 {
        left -= z.signum();
        match (boundary, (0..n).contains(&(at + step))) {
            (_, true) => at += step,
            (Boundary::Clamp, false) => {}
            // The end is repeated once, then the walk goes the other way.
            (Boundary::Reflect, false) => step = -step,
            (Boundary::Zero | Boundary::Skip, false) => return None,
        }
    }
    usize::try_from(at).ok()
}

/// What one pixel of a channel is, from the whole volume.
fn pixel(kind: ZOperation, values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    match kind {
        ZOperation::Identity => values[0],
        ZOperation::Mean => mean,
        ZOperation::Std => {
            (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
        }
    }
}

/// Everything, computed pixel by pixel; `None` where a channel has no members at some slice.
pub fn naive(volume: &Array5<f32>, spec: &ChannelSpec, options: &SliceOptions) -> Option<ArrayD<f32>> {
    let &[n_n, n_c, n_z, n_y, n_x] = volume.shape() else { unreachable!() };
    let z0s = options.z_slices.resolve(n_z).unwrap();
    let mut channels = Vec::new();
    for operation in spec.operations() {
        for c in 0..n_c {
            channels.extend(operation.groups().iter().map(|group| (c, operation.kind(), group)));
        }
    }
    let mut out = Array5::zeros([n_n, channels.len(), z0s.len(), n_y, n_x]);
    for ((n, channel, k, y, x), out) in out.indexed_iter_mut() {
        let (c, kind, group) = channels[channel];
        let value = |offset: &i64| {
            let at = taken(options.boundary, i64::try_from(z0s[k]).unwrap() + offset, n_z);
            match (at, options.boundary) {
                (Some(z), _) => Some(f64::from(volume[[n, c, z, y, x]])),
                (None, Boundary::Skip) => None,
                (None, _) => Some(0.0),
            }
        };
        let values: Vec<f64> = group.iter().filter_map(value).collect();
        if values.is_empty() {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "rounded like the result")]
        let rounded = pixel(kind, &values) as f32;
        *out = rounded;
    }
    Some(match options.accumulation {
        Accumulation::Volume => out.into_dyn(),
        Accumulation::Planes => {
            let planes = out.permuted_axes([0, 2, 1, 3, 4]).as_standard_layout().into_owned();
            planes.into_shape_with_order([n_n * z0s.len(), channels.len(), n_y, n_x]).unwrap().into_dyn()
        }
    })
}

pub fn close(got: &ArrayD<f32>, expected: &ArrayD<f32>) -> bool {
    got.shape() == expected.shape()
        && got
            .iter()
            .zip(expected)
            .all(|(got, expected)| (got - expected).abs() <= 1e-5 * expected.abs().max(1.0))
}

pub fn any_boundary() -> impl Strategy<Value = Boundary> {
    prop::sample::select(Boundary::ALL.to_vec())
}

pub fn any_accumulation() -> impl Strategy<Value = Accumulation> {
    prop::sample::select(vec![Accumulation::Planes, Accumulation::Volume])
}

/// Up to three operations whose offsets reach far out of volumes as they are made here.
pub fn any_spec() -> impl Strategy<Value = ChannelSpec> {
    let offset = -14_i64..15;
    let offsets = prop::collection::vec(offset.clone(), 1..4).prop_map(Members::Offsets);
    let groups =
        || prop::collection::vec(prop::collection::vec(-14_i64..15, 1..5), 1..3).prop_map(Members::Groups);
    let operation = prop_oneof![
        offsets.prop_map(|members| ("identity", members)),
        groups().prop_map(|members| ("Mean", members)),
        groups().prop_map(|members| ("STD", members)),
    ];
    prop::collection::vec(operation, 1..4).prop_map(|pairs| ChannelSpec::from_pairs(pairs).unwrap())
}

/// Selections of up to `n` slices that select something.
pub fn any_z_slices(n: usize) -> impl Strategy<Value = ZSlices> {
    let end = || prop::option::of(-8_i64..8);
    let step = prop::option::of(prop_oneof![-3_i64..0, 1_i64..4]);
    let span = (end(), end(), step).prop_map(|(start, stop, step)| Span { start, stop, step }.into());
    let list = prop::collection::vec(0..n, 1..40).prop_map(ZSlices::from);
    prop_oneof![Just(ZSlices::All), span, list]
        .prop_filter("selects nothing", move |selection: &ZSlices| selection.resolve(n).is_ok())
}

/// What was asked of a stack: sample, channels, and where.
pub type Read = (usize, Vec<usize>, [std::ops::Range<usize>; 3]);

/// A stack that records every read of another one.
pub struct Recorded<S> {
    pub inner: S,
    reads: Arc<Mutex<Vec<Read>>>,
}

impl<S: ImageStack> Recorded<S> {
    pub fn new(inner: S) -> Self {
        Recorded { inner, reads: Arc::default() }
    }

    /// What was read since the last call.
    pub fn take(&self) -> Vec<Read> {
        std::mem::take(&mut self.reads.lock().unwrap())
    }
}

impl<S: ImageStack> ImageStack for Recorded<S> {
    fn info(&self) -> &StackInfo {
        self.inner.info()
    }

    fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
        let all = || (0..out.len_of(Axis(0))).collect();
        let channels = window.channels.map_or_else(all, <[usize]>::to_vec);
        let places = [0, 1, 2].map(|axis| window.region.range(axis));
        self.reads.lock().unwrap().push((window.sample_idx, channels, places));
        self.inner.read_inside(window, out)
    }
}
