//! Reading the slices that a window needs, each once, and making channels of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ndarray::{Array4, ArrayView2, ArrayViewMut4, s};
use patchweave_geometry::{Extent, PerAxis, Region};
use patchweave_stack::{ImageStack, ImageStackExt, StackError};

use crate::reduce::reduce;
use crate::stack::SliceStack;
use crate::{Boundary, ZOperation};

/// Places whose slices are read together: many enough to read chunks that are several slices deep as a whole, few enough
/// that a volume is not held.
const PLACES_AT_ONCE: usize = 16;

/// What makes one channel out of one input channel.
#[derive(Debug, Clone)]
pub(crate) struct Kernel {
    pub kind: ZOperation,
    pub offsets: Vec<i64>,
}

impl Kernel {
    /// The slices of the volume it takes at `z0`; `None` for one of zeros.
    pub fn members(&self, boundary: Boundary, z0: usize, n_slices: usize) -> Vec<Option<usize>> {
        let z0 = i64::try_from(z0).unwrap_or(i64::MAX);
        let at = |offset: &i64| boundary.resolve(z0.saturating_add(*offset), n_slices);
        match boundary {
            Boundary::Skip => self.offsets.iter().map(at).filter(Option::is_some).collect(),
            Boundary::Clamp | Boundary::Zero | Boundary::Reflect => self.offsets.iter().map(at).collect(),
        }
    }
}

/// A window of the result before it is known where it is written.
#[derive(Debug, Clone)]
pub(crate) struct Window<'a> {
    /// The sample of the image.
    pub n: usize,
    /// In the place of which slices, in this order.
    pub z0s: &'a [usize],
    /// Which channels of the result; `None` means all.
    pub channels: Option<&'a [usize]>,
    /// Which rows.
    pub y: Range<usize>,
    /// Which columns.
    pub x: Range<usize>,
}

/// Input channels of which the same is made, so that they are read together.
struct Group {
    inputs: Vec<usize>,
    kernels: Vec<usize>,
    /// Where a channel is written, the place of its input in `inputs`, and its kernel.
    outputs: Vec<(usize, usize, usize)>,
}

/// Neighbouring slices that were read together: `CZYX` from `first_z` on.
struct Held {
    first_z: usize,
    pixels: Array4<f32>,
}

impl<S: ImageStack> SliceStack<S> {
    /// Computes a window into `out`, whose shape is that of the channels, the places and the plane.
    pub(crate) fn compose(
        &self,
        window: &Window<'_>,
        mut out: ArrayViewMut4<'_, f32>,
    ) -> Result<(), StackError> {
        for group in self.groups(window.channels) {
            self.compose_group(window, &group, out.view_mut())?;
        }
        Ok(())
    }

    fn groups(&self, channels: Option<&[usize]>) -> Vec<Group> {
        let n_channels = self.info().shape().n_channels;
        let listed: Vec<usize> = channels.map_or_else(|| (0..n_channels).collect(), <[usize]>::to_vec);
        let parts: Vec<(usize, usize)> = listed.iter().map(|&channel| self.made_of(channel)).collect();
        let mut kernels_of = BTreeMap::<usize, BTreeSet<usize>>::new();
        for &(input, kernel) in &parts {
            kernels_of.entry(input).or_default().insert(kernel);
        }
        let mut inputs_of = BTreeMap::<BTreeSet<usize>, Vec<usize>>::new();
        for (input, kernels) in kernels_of {
            inputs_of.entry(kernels).or_default().push(input);
        }
        let group = |(kernels, inputs): (BTreeSet<usize>, Vec<usize>)| {
            let output = |(place, &(input, kernel)): (usize, &(usize, usize))| {
                Some((place, inputs.binary_search(&input).ok()?, kernel))
            };
            let outputs = parts.iter().enumerate().filter_map(output).collect();
            Group { outputs, kernels: kernels.into_iter().collect(), inputs }
        };
        inputs_of.into_iter().map(group).collect()
    }

    fn compose_group(
        &self,
        window: &Window<'_>,
        group: &Group,
        mut out: ArrayViewMut4<'_, f32>,
    ) -> Result<(), StackError> {
        let needed = |z0: usize| -> BTreeSet<usize> {
            group.kernels.iter().flat_map(|&kernel| self.members(kernel, z0)).flatten().collect()
        };
        let mut last_use = BTreeMap::new();
        for (place, &z0) in window.z0s.iter().enumerate() {
            last_use.extend(needed(z0).into_iter().map(|z| (z, place)));
        }
        let mut held = BTreeMap::<usize, Held>::new();
        for (block, z0s) in window.z0s.chunks(PLACES_AT_ONCE).enumerate() {
            let first_place = block * PLACES_AT_ONCE;
            let is_used = |z: usize| last_use.get(&z).is_some_and(|place| *place >= first_place);
            held.retain(|_, slices| slices.range().any(is_used));
            let block_needs: BTreeSet<usize> = z0s.iter().flat_map(|&z0| needed(z0)).collect();
            let missing = block_needs.into_iter().filter(|&z| plane(&held, 0, z).is_none());
            for run in runs(missing) {
                held.insert(run.start, self.read(window, &group.inputs, run)?);
            }
            for (place, &z0) in z0s.iter().enumerate() {
                for &(channel, input, kernel) in &group.outputs {
                    let members = self.members(kernel, z0).into_iter();
                    let planes: Vec<_> = members.map(|z| z.and_then(|z| plane(&held, input, z))).collect();
                    let out = out.slice_mut(s![channel, first_place + place, .., ..]);
                    reduce(self.kernels()[kernel].kind, &planes, out);
                }
            }
        }
        Ok(())
    }

    fn members(&self, kernel: usize, z0: usize) -> Vec<Option<usize>> {
        self.kernels()[kernel].members(self.boundary(), z0, self.n_slices())
    }

    /// Reads neighbouring slices of some channels of the image.
    fn read(&self, window: &Window<'_>, inputs: &[usize], run: Range<usize>) -> Result<Held, StackError> {
        let source = self.source();
        let failed = |error| StackError::Window { stack: self.info().source.clone(), source: error };
        let start =
            [run.start, window.y.start, window.x.start].map(|at| i64::try_from(at).unwrap_or(i64::MAX));
        let size = Extent::new(&[run.len(), window.y.len(), window.x.len()]).map_err(failed)?;
        let region = Region { start: PerAxis::new(&start).map_err(failed)?, size };
        let is_all = inputs.len() == source.info().shape().n_channels;
        let pixels = source.read_patch(window.n, (!is_all).then_some(inputs), &region)?;
        Ok(Held { first_z: run.start, pixels })
    }
}

impl Held {
    fn range(&self) -> Range<usize> {
        self.first_z..self.first_z + self.pixels.shape()[1]
    }
}

/// One slice of an input channel, if it is held.
fn plane(held: &BTreeMap<usize, Held>, input: usize, z: usize) -> Option<ArrayView2<'_, f32>> {
    let (_, slices) = held.range(..=z).next_back()?;
    slices.range().contains(&z).then(|| slices.pixels.slice(s![input, z - slices.first_z, .., ..]))
}

/// Ascending numbers as runs of neighbours.
pub(crate) fn runs(numbers: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some(run) if run.end == number => run.end += 1,
            _ => runs.push(number..number + 1),
        }
    }
    runs
}
