//! What a measurement has found.

use ndarray::{Array5, Zip};

use crate::{ModelInfo, OutputInfo, Scale, Sides};

/// How far a change of a pixel reached.
///
/// ```
/// use patchweave_model::{Gaussian, halo};
///
/// let gaussian = Gaussian::new(2.0)?;
/// let reaches = [64, 12].map(|n| halo::measure(&gaussian, [1, n, n]).map(|measured| measured.outputs[0].reach));
/// let [wide, narrow] = reaches;
/// assert_eq!((wide?, narrow?), (halo::Reach::Inside, halo::Reach::Everywhere));
/// # Ok::<(), patchweave_model::ModelError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Reach {
    /// To no border of the output: the halo is all of it.
    #[default]
    Inside,
    /// To one border of an axis: the halo may be wider than was measured.
    Border,
    /// To both borders of an axis: the output sees all of its input, so that tiles change its result, or the input was too
    /// small to tell.
    Everywhere,
}

/// How far one output sees.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MeasuredOutput {
    /// What the output is called.
    pub name: String,
    /// How far a pixel of the output sees along `ZYX` beyond its own place, in pixels of the input.
    pub halo: [Sides; 3],
    /// How far the changes reached.
    pub reach: Reach,
}

impl MeasuredOutput {
    /// What an output sees of an impulse at `place`; `before` and `after` are the output without and with it.
    pub(super) fn of(
        info: &OutputInfo,
        place: [usize; 3],
        before: &Array5<f32>,
        after: &Array5<f32>,
    ) -> MeasuredOutput {
        let mut seen = MeasuredOutput::blind(info);
        let Some(changed) = changed_box(before, after) else { return seen };
        let (_, _, z, y, x) = before.dim();
        let n_pixels = [z, y, x];
        for axis in (0..3).filter(|axis| n_pixels[*axis] > 1) {
            let [first, last] = changed[axis];
            let own_first = own_place(info.scale[axis], last)[0];
            let own_last = own_place(info.scale[axis], first)[1];
            seen.halo[axis] = Sides {
                before: own_first.saturating_sub(place[axis]),
                after: place[axis].saturating_sub(own_last),
            };
            let reach = match (first == 0, last + 1 == n_pixels[axis]) {
                (false, false) => Reach::Inside,
                (true, true) => Reach::Everywhere,
                _ => Reach::Border,
            };
            seen.reach = seen.reach.max(reach);
        }
        seen
    }

    fn blind(info: &OutputInfo) -> Self {
        MeasuredOutput { name: info.name.clone(), halo: [Sides::default(); 3], reach: Reach::Inside }
    }
}

/// How far the outputs of a model see.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Measured {
    /// One for every output of the model.
    pub outputs: Vec<MeasuredOutput>,
}

impl Measured {
    /// The largest halo of all outputs at each end of `ZYX`.
    #[must_use]
    pub fn halo(&self) -> [Sides; 3] {
        let halos = self.outputs.iter().map(|output| output.halo);
        halos.fold([Sides::default(); 3], widest)
    }

    /// Whether an output saw both borders of an axis.
    #[must_use]
    pub fn is_global(&self) -> bool {
        self.outputs.iter().any(|output| output.reach == Reach::Everywhere)
    }

    /// Nothing seen so far.
    pub(super) fn blind(info: &ModelInfo) -> Self {
        Measured { outputs: info.outputs.iter().map(MeasuredOutput::blind).collect() }
    }

    /// The farther of two looks at the same model.
    pub(super) fn max(mut self, other: Measured) -> Self {
        for (output, other) in self.outputs.iter_mut().zip(other.outputs) {
            output.halo = widest(output.halo, other.halo);
            output.reach = output.reach.max(other.reach);
        }
        self
    }
}

fn widest(a: [Sides; 3], b: [Sides; 3]) -> [Sides; 3] {
    [0, 1, 2].map(|axis| a[axis].max(b[axis]))
}

/// The first and the last pixel of the input that a pixel of an output lies in or was made of.
fn own_place(scale: Scale, position: usize) -> [usize; 2] {
    let over = scale.over();
    let first = position / scale.times() * over;
    [first, first + over - 1]
}

/// The first and the last position along `ZYX` of what differs, if anything does.
fn changed_box(before: &Array5<f32>, after: &Array5<f32>) -> Option<[[usize; 2]; 3]> {
    let mut changed: Option<[[usize; 2]; 3]> = None;
    Zip::indexed(before).and(after).for_each(|(_, _, z, y, x), before, after| {
        if before != after && !(before.is_nan() && after.is_nan()) {
            let here = [z, y, x];
            let so_far = changed.unwrap_or(here.map(|position| [position; 2]));
            changed = Some([0, 1, 2].map(|axis| {
                let [first, last] = so_far[axis];
                [first.min(here[axis]), last.max(here[axis])]
            }));
        }
    });
    changed
}
