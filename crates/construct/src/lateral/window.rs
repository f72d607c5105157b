//! One patch with its context: plane by plane mixed, shrunk in the plane, then shrunk along Z.

use patchweave_geometry::{Context, Extent};

use super::place::PlacePixels;
use super::shrink::{Plane, RowScratch, mix_row, mix_two_rows, shrink_plane, weighted_sum};
use super::taps::Taps;
use crate::ConstructError;
use crate::room::resize;

/// Memory that a thread uses again from patch to patch, as much as the largest of them needed.
#[derive(Debug, Default)]
pub(crate) struct WindowMemory {
    /// For the pixels of each place.
    pub(super) pixels: Vec<Vec<f32>>,
    plane: Vec<f32>,
    gathered: Vec<f32>,
    rows: RowScratch,
    /// Planes of one scale after the other that are still to be shrunk along Z.
    shrunk: Vec<Vec<f32>>,
}

/// A scale of a window, `ZYX`.
#[derive(Debug)]
struct Scale {
    /// Size of its window, and where it starts in the largest one.
    size: [usize; 3],
    origin: [usize; 3],
    /// By how much depth shrinks.
    depth_factor: usize,
    /// Which of the planes that were shrunk stands at each depth of the window, where depth shrinks.
    stored: Vec<Option<usize>>,
    n_stored: usize,
}

/// What does not change from plane to plane.
pub(super) struct Window<'a> {
    /// One for each factor 1, 2, 4 …
    taps: &'a [Taps],
    fill: f32,
    patch: [usize; 3],
    size: [usize; 3],
    scales: Vec<Scale>,
}

impl<'a> Window<'a> {
    pub fn new(
        context: &Context,
        patch: &Extent,
        taps: &'a [Taps],
        fill: f32,
    ) -> Result<Self, ConstructError> {
        let size = context.window(patch)?.to_zyx();
        let n_axes = patch.n_axes();
        let patch = patch.to_zyx();
        let scales = (0..context.n_scales())
            .map(|scale| {
                let factors = context.factors(scale, n_axes);
                let own = [0, 1, 2].map(|axis| patch[axis] * factors[axis]);
                let stored = if factors[0] == 1 { Vec::new() } else { vec![None; own[0]] };
                Scale {
                    size: own,
                    origin: [0, 1, 2].map(|axis| size[axis] / 2 - own[axis] / 2),
                    depth_factor: factors[0],
                    stored,
                    n_stored: 0,
                }
            })
            .collect();
        Ok(Window { taps, fill, patch, size, scales })
    }

    /// Writes the mixture of all places, `LZYX`, and their channels at the native scale, `CZYX`.
    pub fn write(
        &mut self,
        arch: pulp::Arch,
        places: &mut [PlacePixels<'_>],
        memory: &mut WindowMemory,
        input: &mut [f32],
        mut target: Option<&mut [f32]>,
    ) -> Result<(), ConstructError> {
        let [depth, height, width] = self.size;
        resize(&mut memory.plane, [1, 1, height, width])?;
        let n_scales = self.scales.len().max(memory.shrunk.len());
        memory.shrunk.resize_with(n_scales, Vec::new);
        let mut order: Vec<usize> = (0..depth).collect();
        // Planes in the order of the image, so that none is read again. Several places have no common order; in
        // that of the window each of them goes through its image plane by plane.
        if let [place] = &*places {
            order.sort_by_key(|&z| place.axes[0].place(z));
        }
        for z in order {
            let wanted = self.wanted(z, places);
            if wanted.is_empty() {
                continue;
            }
            for place in &mut *places {
                if let Some(z) = place.axes[0].place(z) {
                    place.load(z)?;
                }
            }
            for &scale in &wanted {
                let [_, height, width] = self.patch;
                let scale_z = &self.scales[scale];
                if scale_z.depth_factor > 1 {
                    let n_planes = scale_z.n_stored + 1;
                    resize(&mut memory.shrunk[scale], [1, n_planes, height, width])?;
                }
            }
            arch.dispatch(WritePlane {
                window: self,
                z,
                wanted: &wanted,
                places,
                memory,
                input,
                target: target.as_deref_mut(),
            });
            self.note(z, &wanted);
        }
        arch.dispatch(ShrinkDepth { window: self, memory, input });
        Ok(())
    }

    /// The scales that need plane `z` of the window: a plane that equals an earlier one is not shrunk again.
    fn wanted(&mut self, z: usize, places: &[PlacePixels<'_>]) -> Vec<usize> {
        let may_repeat = places.iter().any(|place| place.axes[0].may_repeat());
        let mut wanted = Vec::with_capacity(self.scales.len());
        for (scale, Scale { size, origin, stored, .. }) in self.scales.iter_mut().enumerate() {
            let Some(own) = z.checked_sub(origin[0]).filter(|&own| own < size[0]) else { continue };
            if may_repeat && !stored.is_empty() {
                let same = |other: usize| {
                    places.iter().all(|place| place.axes[0].place(other) == place.axes[0].place(z))
                };
                let earlier =
                    (0..size[0]).find_map(|other| stored[other].filter(|_| same(other + origin[0])));
                if earlier.is_some() {
                    stored[own] = earlier;
                    continue;
                }
            }
            wanted.push(scale);
        }
        wanted
    }

    /// Notes which planes are now stored for depth `z`.
    fn note(&mut self, z: usize, wanted: &[usize]) {
        for &scale in wanted {
            let scale = &mut self.scales[scale];
            if let Some(stored) = scale.stored.get_mut(z - scale.origin[0]) {
                *stored = Some(scale.n_stored);
                scale.n_stored += 1;
            }
        }
    }

    /// Shrinks the stored planes of every scale along Z.
    #[inline(always)]
    fn shrink_depth(&self, memory: &WindowMemory, input: &mut [f32]) {
        let [patch_depth, height, width] = self.patch;
        let n_plane = height * width;
        for (scale, Scale { size, stored, depth_factor, .. }) in self.scales.iter().enumerate() {
            if *depth_factor == 1 {
                continue;
            }
            let planes = &memory.shrunk[scale];
            let taps = &self.taps[scale];
            for z in 0..patch_depth {
                let out = &mut input[(scale * patch_depth + z) * n_plane..][..n_plane];
                weighted_sum(out, taps.weights(), |tap| {
                    let place = stored[taps.source(z, tap, size[0])].unwrap_or(0);
                    &planes[place * n_plane..][..n_plane]
                });
            }
        }
    }
}

/// One plane of a window: mixed, shrunk for every scale that needs it, and copied to the target, with the instructions
/// that the machine has.
struct WritePlane<'a, 'b, 'p> {
    window: &'a Window<'b>,
    z: usize,
    wanted: &'a [usize],
    places: &'a [PlacePixels<'p>],
    memory: &'a mut WindowMemory,
    input: &'a mut [f32],
    target: Option<&'a mut [f32]>,
}

impl WritePlane<'_, '_, '_> {
    /// Mixes the channels of all places.
    #[inline(always)]
    fn mix(&mut self) {
        let WindowMemory { plane, gathered, .. } = &mut *self.memory;
        let [_, height, width] = self.window.size;
        for (y, row) in plane.chunks_exact_mut(width).take(height).enumerate() {
            let mut is_first = true;
            for place in self.places {
                let depth = place.axes[0].place(self.z);
                let mut channels = place.weights.iter().enumerate();
                // Two rows at a time halve the traffic of the sum.
                if let (&[first, second], Some([a, b])) = (place.weights, place.direct_rows(depth, y)) {
                    mix_two_rows(row, [a, b], [first, second], is_first);
                    is_first = false;
                    channels = [].iter().enumerate();
                }
                for (channel, &weight) in channels {
                    place.with_row((channel, depth, y), 0..width, self.window.fill, gathered, |values| {
                        mix_row(row, values, weight, is_first);
                    });
                    is_first = false;
                }
            }
        }
    }

    /// Shrinks the mixture along Y and X: into the input, or beside it where depth is shrunk as well.
    #[inline(always)]
    fn shrink(&mut self) {
        let WindowMemory { plane, rows, shrunk, .. } = &mut *self.memory;
        let [patch_depth, patch_height, patch_width] = self.window.patch;
        let n_plane = patch_height * patch_width;
        for &scale in self.wanted {
            let Scale { size, origin, depth_factor, n_stored, .. } = &self.window.scales[scale];
            let own = self.z - origin[0];
            let out = if *depth_factor > 1 {
                &mut shrunk[scale][n_stored * n_plane..][..n_plane]
            } else {
                &mut self.input[(scale * patch_depth + own) * n_plane..][..n_plane]
            };
            let part = Plane {
                pixels: plane,
                stride: self.window.size[2],
                origin: [origin[1], origin[2]],
                size: [size[1], size[2]],
            };
            if scale == 0 {
                part.copy_to(out);
            } else {
                shrink_plane(part, &self.window.taps[scale], rows, |y, row| {
                    out[y * patch_width..][..patch_width].copy_from_slice(row);
                });
            }
        }
    }

    /// Copies the channels of all places to the target, if the plane is one of the patch.
    #[inline(always)]
    fn copy_target(&mut self) {
        let native = &self.window.scales[0];
        let (Some(target), Some(own)) = (&mut self.target, self.z.checked_sub(native.origin[0])) else {
            return;
        };
        let [patch_depth, patch_height, patch_width] = self.window.patch;
        let n_plane = patch_height * patch_width;
        if own >= patch_depth {
            return;
        }
        let [_, top, left] = native.origin;
        let columns = left..left + patch_width;
        let gathered = &mut self.memory.gathered;
        let mut first = 0;
        for place in self.places {
            let depth = place.axes[0].place(self.z);
            for channel in 0..place.n_channels() {
                let out = &mut target[((first + channel) * patch_depth + own) * n_plane..][..n_plane];
                for (y, out) in out.chunks_exact_mut(patch_width).enumerate() {
                    let row = (channel, depth, top + y);
                    place.with_row(row, columns.clone(), self.window.fill, gathered, |values| {
                        out.copy_from_slice(values);
                    });
                }
            }
            first += place.n_channels();
        }
    }
}

impl pulp::NullaryFnOnce for WritePlane<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut plane = self;
        plane.mix();
        plane.shrink();
        plane.copy_target();
    }
}

/// [`Window::shrink_depth`] with the instructions that the machine has.
struct ShrinkDepth<'a, 'b> {
    window: &'a Window<'b>,
    memory: &'a WindowMemory,
    input: &'a mut [f32],
}

impl pulp::NullaryFnOnce for ShrinkDepth<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.window.shrink_depth(self.memory, self.input);
    }
}
