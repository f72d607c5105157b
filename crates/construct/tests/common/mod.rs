//! Lateral context by its definition, pixel by pixel and without any cleverness, and images to try it on.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "a test that fails panics; sizes are small"
)]

use std::sync::Arc;

use ndarray::{Array2, Array4, ArrayD, Axis, s};
use patchweave_construct::{LateralContext, PatchExtractor};
use patchweave_geometry::{Context, ContextPadding, Coords, Extent, PatchSpec};
use patchweave_patching::PatchRng;
use patchweave_stack::{ArrayStack, ImageStack};
use rand::RngExt;

/// All ways to continue a window beyond the image.
pub const PADDINGS: [ContextPadding; 4] = [
    ContextPadding::Reflect,
    ContextPadding::WrapWindow,
    ContextPadding::WrapImage,
    ContextPadding::Constant,
];

/// What a lateral context is made of.
#[derive(Debug, Clone, Copy)]
pub struct Windows {
    pub n_scales: usize,
    pub padding: ContextPadding,
    pub grows_depth: bool,
    pub fill: f32,
}

impl Windows {
    pub fn draw(rng: &mut PatchRng) -> Self {
        Windows {
            n_scales: rng.random_range(1..=4),
            padding: PADDINGS[rng.random_range(0..4)],
            grows_depth: rng.random_bool(0.7),
            fill: if rng.random_bool(0.5) { 0.0 } else { 321.5 },
        }
    }

    pub fn context(&self) -> LateralContext {
        let context = Context::new(self.n_scales, self.padding).unwrap();
        let context = if self.grows_depth { context } else { context.keeping_depth() };
        LateralContext::new(context).with_fill(self.fill)
    }

    fn factor(&self, axis: usize, scale: usize, n_axes: usize) -> usize {
        if axis == 0 && (n_axes == 2 || !self.grows_depth) { 1 } else { 1 << scale }
    }

    /// For every position of an axis of the window of a scale the pixel of an image of `n` pixels.
    pub fn pixels(
        &self,
        axis: usize,
        scale: usize,
        start: i64,
        patch: usize,
        n: usize,
        n_axes: usize,
    ) -> Vec<Option<usize>> {
        let centre = start + patch as i64 / 2;
        let size = (patch * self.factor(axis, scale, n_axes)) as i64;
        let outer = (patch * self.factor(axis, self.n_scales, n_axes)) as i64;
        let n = n as i64;
        (centre - size / 2..centre - size / 2 + size)
            .map(|at| match self.padding {
                ContextPadding::Constant => (0..n).contains(&at).then_some(at as usize),
                ContextPadding::WrapImage => Some(at.rem_euclid(n) as usize),
                ContextPadding::WrapWindow => {
                    let low = (centre - outer / 2).clamp(0, n);
                    let high = (centre - outer / 2 + outer).clamp(0, n);
                    // The reference reads nothing there; here the whole image is repeated.
                    let (low, high) = if low < high { (low, high) } else { (0, n) };
                    Some((low + (at - low).rem_euclid(high - low)) as usize)
                }
                ContextPadding::Reflect => Some(mirrored(at, n)),
            })
            .collect()
    }

    /// All scales of one channel `ZYX` around a patch, `LZYX`.
    pub fn see(&self, image: &Array4<f32>, channel: usize, spec: &PatchSpec) -> Array4<f64> {
        let n_axes = spec.patch_size.n_axes();
        let start = spec.coords.to_zyx(0);
        let patch = spec.patch_size.to_zyx();
        let image = image.index_axis(Axis(0), channel);
        let mut out = Array4::zeros([self.n_scales, patch[0], patch[1], patch[2]]);
        for scale in 0..self.n_scales {
            let [z, y, x] = [0, 1, 2]
                .map(|axis| self.pixels(axis, scale, start[axis], patch[axis], image.shape()[axis], n_axes));
            let mut window = ArrayD::from_shape_fn(vec![z.len(), y.len(), x.len()], |at| {
                let pixel = z[at[0]].zip(y[at[1]]).zip(x[at[2]]);
                f64::from(pixel.map_or(self.fill, |((z, y), x)| image[[z, y, x]]))
            });
            for axis in 0..3 {
                let matrix = shrinking(patch[axis], self.factor(axis, scale, n_axes));
                let mut shape = window.shape().to_vec();
                shape[axis] = patch[axis];
                let mut shrunk = ArrayD::zeros(shape);
                let lanes = shrunk.lanes_mut(Axis(axis)).into_iter().zip(window.lanes(Axis(axis)));
                lanes.for_each(|(mut to, from)| to.assign(&matrix.dot(&from)));
                window = shrunk;
            }
            out.slice_mut(s![scale, .., .., ..]).assign(&window);
        }
        out
    }
}

/// Walks into the image, turning round at its first and last pixel.
fn mirrored(mut at: i64, n: i64) -> usize {
    if n == 1 {
        return 0;
    }
    while !(0..n).contains(&at) {
        at = if at < 0 { -at } else { 2 * (n - 1) - at };
    }
    at as usize
}

/// Gaussian filter with mirrored borders, then linear interpolation at the centres of coarse pixels.
fn shrinking(n_coarse: usize, factor: usize) -> Array2<f64> {
    let n = n_coarse * factor;
    if factor == 1 {
        return Array2::eye(n);
    }
    let sigma = (factor as f64 - 1.0) / 2.0;
    let radius = (4.0 * sigma + 0.5).floor() as i64;
    let weight = |t: i64| (-(t * t) as f64 / (2.0 * sigma * sigma)).exp();
    let total: f64 = (-radius..=radius).map(weight).sum();
    let mut filter = Array2::zeros([n, n]);
    for j in 0..n {
        for t in -radius..=radius {
            filter[[j, mirrored(j as i64 + t, n as i64)]] += weight(t) / total;
        }
    }
    let mut sampled = Array2::zeros([n_coarse, n]);
    for o in 0..n_coarse {
        let centre = (o as f64 + 0.5) * factor as f64 - 0.5;
        let left = centre.floor() as usize;
        let part = centre.fract();
        let both = &filter.row(left) * (1.0 - part) + &filter.row(left + 1) * part;
        sampled.row_mut(o).assign(&both);
    }
    sampled
}

/// Random pixels `CZYX` from -100 to 1000.
pub fn noise(shape: [usize; 4], rng: &mut PatchRng) -> Array4<f32> {
    Array4::from_shape_simple_fn(shape, || rng.random_range(-100.0..1000.0))
}

/// An image `CZYX` as a stack of `n_axes` spatial axes.
pub fn stack(name: &str, image: &Array4<f32>, n_axes: usize) -> ArrayStack<f32> {
    let (image, axes) = match n_axes {
        2 => (image.index_axis(Axis(1), 0).to_owned().into_dyn(), "CYX"),
        _ => (image.clone().into_dyn(), "CZYX"),
    };
    ArrayStack::named(name, image, &axes.parse().unwrap()).unwrap()
}

/// Images `CZYX` that one strategy cuts.
pub fn extractor(images: &[Array4<f32>], n_axes: usize) -> PatchExtractor {
    let stacks = images
        .iter()
        .enumerate()
        .map(|(nth, image)| Arc::new(stack(&format!("image {nth}"), image, n_axes)) as Arc<dyn ImageStack>);
    PatchExtractor::new(stacks.collect()).unwrap()
}

/// A patch of the first sample.
pub fn spec(data_idx: usize, coords: &[i64], patch: &[usize]) -> PatchSpec {
    let coords = Coords::new(coords).unwrap();
    let patch_size = Extent::new(patch).unwrap();
    PatchSpec { data_idx, sample_idx: 0, coords, patch_size }
}

/// Random sizes of an image and a patch and a place, along `n_axes` axes; small where there is depth.
pub fn draw_place(n_axes: usize, rng: &mut PatchRng) -> ([usize; 3], PatchSpec) {
    let (most, longest) = if n_axes == 3 { (4, 14) } else { (9, 60) };
    let patch: Vec<usize> = (0..n_axes).map(|_| rng.random_range(1..=most)).collect();
    let image: Vec<usize> =
        (0..n_axes).map(|_| if rng.random_bool(0.15) { 1 } else { rng.random_range(1..=longest) }).collect();
    let start = |(&n, &p): (&usize, &usize)| {
        if rng.random_bool(0.5) {
            rng.random_range(0..=n.saturating_sub(p) as i64)
        } else {
            rng.random_range(-3 * p as i64 - 2..=(n + 2 * p) as i64 + 2)
        }
    };
    let coords: Vec<i64> = image.iter().zip(&patch).map(start).collect();
    let image = if n_axes == 3 { [image[0], image[1], image[2]] } else { [1, image[0], image[1]] };
    (image, spec(0, &coords, &patch))
}
