//! What a thread keeps from one sample to the next, and the last steps of every sample.

use ndarray::{ArrayViewMut4, Axis};
use patchweave_transform::{NormalizeError, PlaneSymmetry};

use crate::ConstructError;
use crate::lateral::WindowMemory;
use crate::room::resize;
use crate::spent::{Lap, Meter, Spent};

/// What a thread keeps from one sample to the next: memory for lateral context, for turning patches and for constructors of
/// other crates, and what the samples took.
///
/// Start with an empty one. It grows to what the largest sample needs and serves samples of any constructors, one at a
/// time. It knows what was read only if it stays on its thread while a sample is made.
#[derive(Debug, Default)]
pub struct Scratch {
    pixels: Vec<f32>,
    /// Memory of constructors outside this crate.
    values: Vec<f32>,
    pub(crate) windows: WindowMemory,
    pub(crate) meter: Meter,
    pub(crate) not_finite: NotFinite,
}

/// In which parts of a sample pixels are infinite or no number, before they are normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotFinite {
    /// In the input.
    pub input: bool,
    /// In the target.
    pub target: bool,
}

/// One plane of all channels, `C1YX`.
type PatchPlane<'a> = ArrayViewMut4<'a, f32>;

impl Scratch {
    /// What the samples took that were written with this scratch, since it was made or [taken](Self::take_spent) from.
    ///
    /// ```
    /// use patchweave_construct::{Scratch, Spent};
    ///
    /// assert_eq!(Scratch::default().spent(), Spent::default());
    /// ```
    #[must_use]
    pub fn spent(&self) -> Spent {
        self.meter.total()
    }

    /// Where the sample that was written last has pixels that are infinite or no number.
    ///
    /// ```
    /// use patchweave_construct::{NotFinite, Scratch};
    ///
    /// assert_eq!(Scratch::default().not_finite(), NotFinite { input: false, target: false });
    /// ```
    #[must_use]
    pub fn not_finite(&self) -> NotFinite {
        self.not_finite
    }

    /// Memory for `len` values, whose contents say nothing; for constructors outside this crate.
    ///
    /// It is only ever grown, so that a thread asks the machine once. A nested constructor that gets
    /// the same `Scratch` may overwrite it.
    ///
    /// ```
    /// use patchweave_construct::Scratch;
    ///
    /// let mut scratch = Scratch::default();
    /// scratch.values(3)?.fill(1.0);
    /// assert_eq!(scratch.values(2)?.len(), 2);
    /// let error = scratch.values(usize::MAX).unwrap_err();
    /// assert!(error.to_string().starts_with("there is no memory for an array of shape [1, 1, 1, "), "{error}");
    /// # Ok::<(), patchweave_construct::ConstructError>(())
    /// ```
    ///
    /// # Errors
    /// [`ConstructError::OutOfMemory`] if the machine has not enough memory.
    pub fn values(&mut self, len: usize) -> Result<&mut [f32], ConstructError> {
        resize(&mut self.values, [1, 1, 1, len])?;
        Ok(&mut self.values[..len])
    }

    /// As [`spent`](Self::spent), which starts anew.
    pub fn take_spent(&mut self) -> Spent {
        self.meter.take()
    }

    /// Normalises and turns a block plane by plane, so that a plane stays in the processor's cache for both; whether
    /// `normalize` found finite numbers alone.
    ///
    /// # Errors
    /// What `normalize` reports, [`ConstructError::OutputShape`] for a quarter turn of planes that are not square.
    pub(crate) fn finish(
        &mut self,
        lap: &mut Lap,
        mut block: ArrayViewMut4<'_, f32>,
        symmetry: PlaneSymmetry,
        normalize: impl Fn(PatchPlane<'_>) -> Result<bool, NormalizeError>,
    ) -> Result<bool, ConstructError> {
        let mut is_finite = true;
        for mut plane in block.axis_chunks_iter_mut(Axis(1), 1) {
            is_finite &= normalize(plane.view_mut())?;
            lap.normalised();
            let (c, z, y, x) = plane.dim();
            symmetry.apply(plane, &mut self.pixels).map_err(|_| ConstructError::OutputShape {
                role: "augmented plane",
                got: vec![c, z, y, x],
                expected: vec![c, z, x, y],
            })?;
            lap.augmented();
        }
        Ok(is_finite)
    }
}
