//! Lateral context: a patch seen at several scales, and channels mixed into one image on the way.
//!
//! Mixing and shrinking are both linear, so channels are mixed first and the mixture is shrunk once. Only the
//! pixels that the largest window uses are read, each of them once; of channels that are cut at different places
//! planes that stand in for what lies above or below the image may be read again.

mod place;
mod shrink;
mod taps;
mod window;

use ndarray::{ArrayViewMut4, ArrayViewMut5};
use patchweave_geometry::{Context, PatchSpec, coordinate};

use crate::{ConstructError, PatchExtractor, Scratch};
use place::PlacePixels;
use taps::Taps;
use window::Window;

pub(crate) use window::WindowMemory;

/// How patches are seen with their surroundings: which windows, and what stands beyond the image.
///
/// ```
/// use patchweave_construct::LateralContext;
/// use patchweave_geometry::{Context, ContextPadding};
///
/// let context = LateralContext::new(Context::new(3, ContextPadding::Reflect)?);
/// assert_eq!(context.context().n_scales(), 3);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone)]
pub struct LateralContext {
    context: Context,
    fill: f32,
    /// One for each scale.
    taps: Vec<Taps>,
    arch: pulp::Arch,
}

/// Pixels around one spec, and how their channels are weighed in the mixture.
pub(crate) struct Place<'a> {
    pub extractor: &'a PatchExtractor,
    pub spec: &'a PatchSpec,
    /// Which channels; `None` means all.
    pub channels: Option<&'a [usize]>,
    /// One for each of these channels.
    pub weights: &'a [f32],
}

impl LateralContext {
    /// Windows as `context` says; where it pads by a constant, that is 0.
    pub fn new(context: Context) -> Self {
        let taps = (0..context.n_scales()).map(|scale| Taps::new(1 << scale)).collect();
        LateralContext { context, fill: 0.0, taps, arch: pulp::Arch::new() }
    }

    /// Pads by another constant, in raw intensity units.
    #[must_use]
    pub fn with_fill(self, fill: f32) -> Self {
        LateralContext { fill, ..self }
    }

    /// The windows.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Writes patch `index`: the mixture of all places at every scale, `LZYX`, and the channels of all places
    /// one after the other at the native scale, `CZYX`.
    ///
    /// A strategy that gives a spec of another size than it said is refused, [`ConstructError::UnequalPatches`].
    pub(crate) fn write(
        &self,
        index: usize,
        places: &[Place<'_>],
        scratch: &mut Scratch,
        input: ArrayViewMut4<'_, f32>,
        target: Option<ArrayViewMut4<'_, f32>>,
    ) -> Result<(), ConstructError> {
        check_sizes(places, &input)?;
        let memory = &mut scratch.windows;
        in_one_piece(input, |input| match target {
            None => self.write_scales(index, places, memory, input, None),
            Some(target) => {
                in_one_piece(target, |target| self.write_scales(index, places, memory, input, Some(target)))
            }
        })
    }

    /// Cuts the patch of `spec` with its surroundings, every channel by itself: `CLZYX`, planes have depth 1.
    ///
    /// # Errors
    /// [`ConstructError::NoSuchImage`], [`ConstructError::Channels`], [`ConstructError::OutputShape`] if `out`
    /// has another shape, [`ConstructError::Stack`] if the image cannot be read.
    pub fn extract_into(
        &self,
        images: &PatchExtractor,
        spec: &PatchSpec,
        channels: Option<&[usize]>,
        scratch: &mut Scratch,
        mut out: ArrayViewMut5<'_, f32>,
    ) -> Result<(), ConstructError> {
        images.check_channels(channels)?;
        let channels = channels.map_or_else(|| (0..images.n_channels()).collect(), <[usize]>::to_vec);
        let [z, y, x] = spec.patch_size.to_zyx();
        let expected = [channels.len(), self.context.n_scales(), z, y, x];
        if out.shape() != expected {
            let got = out.shape().to_vec();
            return Err(ConstructError::OutputShape { role: "scales", got, expected: expected.to_vec() });
        }
        for (channel, out) in channels.chunks(1).zip(out.outer_iter_mut()) {
            let place = Place { extractor: images, spec, channels: Some(channel), weights: &[1.0] };
            self.write(0, &[place], scratch, out, None)?;
        }
        Ok(())
    }

    fn write_scales(
        &self,
        index: usize,
        places: &[Place<'_>],
        memory: &mut WindowMemory,
        input: &mut [f32],
        mut target: Option<&mut [f32]>,
    ) -> Result<(), ConstructError> {
        if !places.iter().any(|place| place.extractor.has_levels()) {
            return self.write_window(index, places, (&self.context, 0), memory, input, target);
        }
        let one_scale = Context::new(1, self.context.padding())?;
        let one_scale = if self.context.grows_depth() { one_scale } else { one_scale.keeping_depth() };
        let n_pixels = input.len() / self.context.n_scales();
        for (scale, input) in input.chunks_exact_mut(n_pixels.max(1)).enumerate() {
            self.write_window(index, places, (&one_scale, scale), memory, input, target.take())?;
        }
        Ok(())
    }

    /// Writes the windows of `context` in one level of the images.
    fn write_window(
        &self,
        index: usize,
        places: &[Place<'_>],
        (context, level): (&Context, usize),
        memory: &mut WindowMemory,
        input: &mut [f32],
        target: Option<&mut [f32]>,
    ) -> Result<(), ConstructError> {
        let Some(first) = places.first() else { return Ok(()) };
        let mut window = Window::new(context, &first.spec.patch_size, &self.taps, self.fill)?;
        let mut pixels = Vec::with_capacity(places.len());
        for place in places {
            let stack = place.extractor.level(index, place.spec.data_idx, level)?;
            let channels = (place.channels, place.weights);
            let spec = self.in_level(place.spec, level);
            let idle = memory.pixels.pop().unwrap_or_default();
            pixels.push(PlacePixels::new(stack, &spec, channels, context, idle)?);
        }
        let written = window.write(self.arch, &mut pixels, memory, input, target);
        // Backwards, so that every place gets its own again.
        memory.pixels.extend(pixels.into_iter().rev().map(PlacePixels::into_memory));
        written
    }

    /// The patch around the same centre in a coarser level.
    fn in_level(&self, spec: &PatchSpec, level: usize) -> PatchSpec {
        let sizes = spec.patch_size;
        let factors = self.context.factors(level, sizes.n_axes());
        let factors = sizes.per_axis().of_zyx(factors);
        let coords = spec.coords.map_indexed(|axis, start| {
            let half = coordinate(sizes.as_slice()[axis] / 2);
            (start.saturating_add(half)).div_euclid(coordinate(factors[axis])) - half
        });
        PatchSpec { coords, ..*spec }
    }
}

/// Checks that the patches of all places have the size of the memory `LZYX`.
fn check_sizes(places: &[Place<'_>], out: &ArrayViewMut4<'_, f32>) -> Result<(), ConstructError> {
    for Place { spec: PatchSpec { patch_size, .. }, .. } in places {
        let (_, z, y, x) = out.dim();
        if [z, y, x] != patch_size.to_zyx() {
            let expected = patch_size.per_axis().of_zyx([z, y, x]).try_into()?;
            return Err(ConstructError::UnequalPatches { patch_size: *patch_size, expected });
        }
    }
    Ok(())
}

/// Lends a block as one piece of memory in C order.
fn in_one_piece<R>(mut block: ArrayViewMut4<'_, f32>, f: impl FnOnce(&mut [f32]) -> R) -> R {
    if let Some(values) = block.as_slice_mut() {
        return f(values);
    }
    let mut values = vec![0.0; block.len()];
    let result = f(&mut values);
    block.iter_mut().zip(values).for_each(|(out, value)| *out = value);
    result
}
