//! Making plans, and extracting the patches they name.

use std::sync::Arc;

use ndarray::{Array3, Axis};
use patchweave_geometry::{Extent, PerAxis, WindowGrid};
use patchweave_stack::ImageStack;

use crate::room::zeros;
use crate::window::Window;
use crate::{Colour, ExtractionPlan, PatchEntry, PlaneWindow, SliceStack, SlicesError};

/// So many slices are listed in an error.
const MOST_LISTED: usize = 10;

/// Which windows a plan has; the default is the whole plane.
///
/// ```
/// use ndarray::Array;
/// use patchweave_geometry::Extent;
/// use patchweave_slices::{ChannelSpec, PlanOptions, SliceOptions, SliceStack};
/// use patchweave_stack::ArrayStack;
///
/// let volume = ArrayStack::new(Array::<f32, _>::ones((5, 8, 9)).into_dyn(), &"ZYX".parse()?)?;
/// let spec = ChannelSpec::builder().mean(&[&[-1, 0, 1]]).build()?;
/// let slices = SliceStack::new(volume, spec, SliceOptions::default())?;
/// let options = PlanOptions { window: Some(Extent::new(&[4, 4])?), ..PlanOptions::default() };
/// let plan = slices.extraction_plan(&options)?;
/// assert_eq!(plan.patches().len(), 5 * 2 * 3);
/// assert_eq!(*plan.patches()[0].required_z_indices, [0, 1]);
/// assert_eq!(slices.extract(&plan.patches()[0])?.shape(), [1, 4, 4]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlanOptions {
    /// The size of a patch, `YX`; `None` takes whole planes.
    pub window: Option<Extent>,
    /// From one patch to the next, `YX`; `None` is the size of the window.
    pub step: Option<PerAxis<usize>>,
    /// How many colours there are along `Y`; `None` is as many as windows overlap, 1 for whole planes.
    pub n_colours_y: Option<usize>,
    /// The same along `X`.
    pub n_colours_x: Option<usize>,
}

impl<S: ImageStack> SliceStack<S> {
    /// All patches: for every image, every selected slice and every window.
    ///
    /// Patches none of whose slices exist are left out.
    ///
    /// # Errors
    /// [`SlicesError::Geometry`] if the windows do not fit, [`SlicesError::StepWithoutWindow`], [`SlicesError::NoColours`].
    pub fn extraction_plan(&self, options: &PlanOptions) -> Result<ExtractionPlan, SlicesError> {
        let windows = self.windows(options)?;
        let mut patches = Vec::new();
        for n in 0..self.source().info().shape().n_samples {
            for &z0 in self.z_slices() {
                let required: Arc<[usize]> = self.spec().required_slices(z0, self.n_slices()).into();
                if required.is_empty() {
                    continue;
                }
                for &(window, colour) in &windows {
                    let patch_idx = patches.len();
                    let required_z_indices = Arc::clone(&required);
                    patches.push(PatchEntry { patch_idx, n, z0, window, colour, required_z_indices });
                }
            }
        }
        Ok(ExtractionPlan::new(patches))
    }

    /// All patches, with as many colours as windows overlap: windows of the same colour do not, unless the last one of
    /// an axis was pulled back. `step` is the size of the window by default.
    ///
    /// # Errors
    /// As [`extraction_plan`](Self::extraction_plan).
    pub fn non_overlapping_plan(
        &self,
        window: Extent,
        step: Option<PerAxis<usize>>,
    ) -> Result<ExtractionPlan, SlicesError> {
        self.extraction_plan(&PlanOptions { window: Some(window), step, ..PlanOptions::default() })
    }

    /// Reads one patch of a plan: `CYX`, all channels, the window or the whole plane.
    ///
    /// # Errors
    /// [`SlicesError::Entry`] if it does not belong to this stack, [`SlicesError::OutOfMemory`], or what the source
    /// reports.
    pub fn extract(&self, entry: &PatchEntry) -> Result<Array3<f32>, SlicesError> {
        let PlaneWindow { y_start, y_stop, x_start, x_stop } = self.window_of(entry)?;
        let y = y_start..y_stop;
        let x = x_start..x_stop;
        let shape = [self.info().shape().n_channels, y.len(), x.len()];
        let refused = |_| SlicesError::OutOfMemory { shape: shape.to_vec() };
        let mut patch = Array3::from_shape_vec(shape, zeros(&shape)?).map_err(refused)?;
        let window = Window { n: entry.n, z0s: &[entry.z0], channels: None, y, x };
        self.compose(&window, patch.view_mut().insert_axis(Axis(1)))?;
        Ok(patch)
    }

    /// The rows and columns of a patch of a plan, those of the whole plane if it has no window.
    ///
    /// # Errors
    /// [`SlicesError::Entry`] if slice, sample or window of the patch do not belong to this stack.
    pub fn window_of(&self, entry: &PatchEntry) -> Result<PlaneWindow, SlicesError> {
        if !self.is_selected(entry.z0) {
            return Err(self.not_selected(entry));
        }
        let [_, height, width] = self.info().shape().extent.to_zyx();
        let n_samples = self.source().info().shape().n_samples;
        let refuse = |what, got: String, expected: String| {
            Err(SlicesError::Entry { patch_idx: entry.patch_idx, what, got, expected })
        };
        if entry.n >= n_samples {
            return refuse("image", entry.n.to_string(), format!("one of {n_samples}"));
        }
        let whole = PlaneWindow { y_start: 0, y_stop: height, x_start: 0, x_stop: width };
        let window = entry.window.unwrap_or(whole);
        let PlaneWindow { y_start, y_stop, x_start, x_stop } = window;
        if y_start >= y_stop || y_stop > height || x_start >= x_stop || x_stop > width {
            let got = format!("{y_start}..{y_stop} x {x_start}..{x_stop}");
            return refuse("the window", got, format!("one inside of {height} x {width}"));
        }
        Ok(window)
    }

    /// Windows in order with their colours.
    fn windows(&self, options: &PlanOptions) -> Result<Vec<(Option<PlaneWindow>, Colour)>, SlicesError> {
        for (axis, n_colours) in [("y", options.n_colours_y), ("x", options.n_colours_x)] {
            if n_colours == Some(0) {
                return Err(SlicesError::NoColours { axis });
            }
        }
        let Some(window) = options.window else {
            return match options.step {
                None => Ok(vec![(None, Colour::default())]),
                Some(step) => Err(SlicesError::StepWithoutWindow { step: step.into() }),
            };
        };
        let step = options.step.unwrap_or(window.per_axis());
        let grid = WindowGrid::new(self.plane()?, window, step)?;
        let [_, height, width] = window.to_zyx();
        let [_, own_y, own_x] = grid.colours().to_zyx(1);
        let n_y = options.n_colours_y.unwrap_or(own_y);
        let n_x = options.n_colours_x.unwrap_or(own_x);
        let of_index = |index| {
            let (start, place): (PerAxis<usize>, PerAxis<usize>) = (grid.start(index)?, grid.place(index)?);
            let [_, y_start, x_start] = start.to_zyx(0);
            let [_, y, x] = place.to_zyx(0);
            let y_stop = y_start + height;
            let x_stop = x_start + width;
            let window = PlaneWindow { y_start, y_stop, x_start, x_stop };
            Some((Some(window), Colour { y: y % n_y, x: x % n_x }))
        };
        Ok((0..grid.n_windows()).filter_map(of_index).collect())
    }

    fn not_selected(&self, entry: &PatchEntry) -> SlicesError {
        let z_slices = self.z_slices();
        let expected = match z_slices {
            [first, .., last] if z_slices.len() > MOST_LISTED => {
                format!("one of the {} that are selected, {first} to {last}", z_slices.len())
            }
            _ => format!("one of {z_slices:?}, which are selected"),
        };
        SlicesError::Entry { patch_idx: entry.patch_idx, what: "slice", got: entry.z0.to_string(), expected }
    }
}
