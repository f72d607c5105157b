//! Reading the slices that a window needs, as many as may be held, and making channels of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ndarray::{ArrayViewMut4, s};
use patchweave_geometry::{Axis, Extent, PerAxis, Region, coordinate};
use patchweave_pixel::Pixel;
use patchweave_stack::{ImageStack, ImageStackExt, StackError};

use crate::bands::bands;
use crate::held::{Held, kept, plane, runs};
use crate::read::Read;
use crate::reduce::reduce;
use crate::stack::SliceStack;
use crate::window::Window;

/// Input channels of which the same is made, so that they are read together.
struct Group {
    inputs: Vec<usize>,
    kernels: Vec<usize>,
    /// Where a channel is written, the place of its input in `inputs`, and its kernel.
    outputs: Vec<(usize, usize, usize)>,
}

impl<S: ImageStack> SliceStack<S> {
    /// Computes a window into `out`, whose shape is that of the channels, the places and the plane.
    pub(crate) fn compose(&self, window: &Window<'_>, out: ArrayViewMut4<'_, f32>) -> Result<(), StackError> {
        self.compose_with(window, out, &S::read_patch)
    }

    /// As [`compose`](Self::compose), from what `read` gives of the image.
    pub(crate) fn compose_with<T: Pixel>(
        &self,
        window: &Window<'_>,
        mut out: ArrayViewMut4<'_, T>,
        read: Read<'_, S, T>,
    ) -> Result<(), StackError> {
        for group in self.groups(window.channels) {
            self.compose_group(window, &group, out.view_mut(), read)?;
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

    /// Works in bands of rows if the slices of a single place do not fit into memory that may be held.
    fn compose_group<T: Pixel>(
        &self,
        window: &Window<'_>,
        group: &Group,
        mut out: ArrayViewMut4<'_, T>,
        read: Read<'_, S, T>,
    ) -> Result<(), StackError> {
        let needs: Vec<BTreeSet<usize>> = window.z0s.iter().map(|&z0| self.needed(group, z0)).collect();
        let n_most = needs.iter().map(BTreeSet::len).max().unwrap_or(0).max(1);
        let row_bytes =
            group.inputs.len().saturating_mul(window.x.len()).saturating_mul(size_of::<T>()).max(1);
        let n_held = self.held_bytes() / row_bytes;
        for band in bands(&window.y, n_held / n_most, self.chunk_size(Axis::Y)) {
            let rows = band.start - window.y.start..band.end - window.y.start;
            let n_planes = n_held / band.len().max(1);
            let part = Window { y: band, ..window.clone() };
            let out = out.slice_mut(s![.., .., rows, ..]);
            self.compose_band(&part, group, &needs, n_planes, out, read)?;
        }
        Ok(())
    }

    /// Works in blocks of places whose slices are at most `n_planes` together, or in single places.
    fn compose_band<T: Pixel>(
        &self,
        window: &Window<'_>,
        group: &Group,
        needs: &[BTreeSet<usize>],
        n_planes: usize,
        mut out: ArrayViewMut4<'_, T>,
        read: Read<'_, S, T>,
    ) -> Result<(), StackError> {
        let mut held = BTreeMap::<usize, Held<T>>::new();
        let mut first = 0;
        while first < needs.len() {
            let (n_places, block) = self.block(&window.z0s[first..], &needs[first..], n_planes);
            held = kept(held, &block);
            let missing = block.into_iter().filter(|&z| plane(&held, 0, z).is_none()).collect::<Vec<_>>();
            for run in runs(missing) {
                held.insert(run.start, self.read(window, &group.inputs, run, read)?);
            }
            for place in first..first + n_places {
                for &(channel, input, kernel) in &group.outputs {
                    let members = self.members(kernel, window.z0s[place]).into_iter();
                    let planes: Vec<_> = members.map(|z| z.and_then(|z| plane(&held, input, z))).collect();
                    let out = out.slice_mut(s![channel, place, .., ..]);
                    reduce(self.kernels()[kernel].kind, &planes, out);
                }
            }
            first += n_places;
        }
        Ok(())
    }

    /// How many of the next places are composed together, at least one, and the slices they need.
    ///
    /// Where possible a block that is not the last ends where a layer of chunks does, so that no layer is decoded twice.
    fn block(&self, z0s: &[usize], needs: &[BTreeSet<usize>], n_planes: usize) -> (usize, BTreeSet<usize>) {
        let depth = self.chunk_size(Axis::Z);
        let n_slices = self.n_slices();
        let is_falling = z0s.first() > z0s.last();
        let ends_layer = |slices: &BTreeSet<usize>| match is_falling {
            true => slices.first().is_none_or(|first| first.is_multiple_of(depth)),
            false => {
                slices.last().is_none_or(|last| (last + 1).is_multiple_of(depth) || last + 1 == n_slices)
            }
        };
        let mut slices = needs.first().cloned().unwrap_or_default();
        let mut n_places = 1;
        let mut best = ends_layer(&slices).then_some(n_places);
        for more in needs.iter().skip(1) {
            if slices.len() + more.difference(&slices).count() > n_planes {
                let n_places = best.unwrap_or(n_places);
                return (n_places, needs[..n_places].iter().flatten().copied().collect());
            }
            slices.extend(more);
            n_places += 1;
            if ends_layer(&slices) {
                best = Some(n_places);
            }
        }
        (n_places, slices)
    }

    /// The slices that one place needs.
    fn needed(&self, group: &Group, z0: usize) -> BTreeSet<usize> {
        group.kernels.iter().flat_map(|&kernel| self.members(kernel, z0)).flatten().collect()
    }

    /// The size of chunks of the image along an axis, 1 where there are none.
    fn chunk_size(&self, axis: Axis) -> usize {
        let info = self.source().info();
        let chunks = info.chunks.as_deref().filter(|_| !info.is_in_place);
        let along = info.layout.axes().position(axis).and_then(|at| chunks?.get(at));
        along.copied().unwrap_or(1).max(1)
    }

    fn members(&self, kernel: usize, z0: usize) -> Vec<Option<usize>> {
        self.kernels()[kernel].members(self.boundary(), z0, self.n_slices())
    }

    /// Reads neighbouring slices of some channels of the image.
    fn read<T: Pixel>(
        &self,
        window: &Window<'_>,
        inputs: &[usize],
        run: Range<usize>,
        read: Read<'_, S, T>,
    ) -> Result<Held<T>, StackError> {
        let source = self.source();
        let failed = |error| StackError::Window { stack: self.info().source.clone(), source: error };
        let start = [run.start, window.y.start, window.x.start].map(coordinate);
        let size = Extent::new(&[run.len(), window.y.len(), window.x.len()]).map_err(failed)?;
        let region = Region { start: PerAxis::new(&start).map_err(failed)?, size };
        let is_all = inputs.len() == source.info().shape().n_channels;
        let pixels = read(source, window.n, (!is_all).then_some(inputs), &region)?;
        Ok(Held { first_z: run.start, pixels })
    }
}
