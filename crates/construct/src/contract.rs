//! What a patch constructor has to do, and what every one of them can do because of that.

use std::sync::Arc;

use ndarray::ArrayView4;
use patchweave_geometry::{Context, ImageShape, RegionSpec};
use patchweave_patching::{PatchIndices, PatchRng};

use crate::{ConstructError, ImageMetadata, Sample, SampleLayout, SampleViewMut};

/// The two blocks of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchRole {
    /// What a model sees.
    Input,
    /// What it should give.
    Target,
}

/// Makes sample number `index`: decides where to cut, cuts, and writes into memory of the caller.
///
/// Constructors are shared by all worker threads; every random decision comes from `rng`.
pub trait PatchConstr: Send + Sync {
    /// How many samples one epoch has.
    fn n_patches(&self) -> usize;

    /// The shapes of sample `index`.
    ///
    /// # Errors
    /// [`ConstructError::Patching`] if there is no such sample.
    fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError>;

    /// Writes sample `index` in raw intensities and returns where it was cut.
    ///
    /// Every value of `out` has to be written: it may hold whatever was there before.
    ///
    /// # Errors
    /// [`ConstructError`] if there is no such sample, `out` has other shapes than [`layout`](Self::layout)
    /// says, or an image cannot be read; `out` may then be partly written.
    fn construct_into(
        &self,
        index: usize,
        rng: &mut PatchRng,
        out: SampleViewMut<'_>,
    ) -> Result<RegionSpec, ConstructError>;

    /// Where sample `index` is cut, found without reading pixels: what [`construct_into`](Self::construct_into) returns for
    /// the same `rng`. `None` if only making the sample tells.
    ///
    /// Orders that keep neighbours together and messages about failures rest on it.
    ///
    /// # Errors
    /// [`ConstructError`] if there is no such sample.
    fn locate(&self, _index: usize, _rng: &mut PatchRng) -> Result<Option<RegionSpec>, ConstructError> {
        Ok(None)
    }

    /// The canonical shapes of the images of a role; `None` if there are no targets.
    fn shapes(&self, role: PatchRole) -> Option<&[ImageShape]>;

    /// The image a spec was cut from; `None` if there are no targets.
    fn metadata(&self, role: PatchRole, spec: &RegionSpec) -> Option<Arc<ImageMetadata>>;

    /// The input channels that are read, in this order; `None` means all.
    fn channels(&self) -> Option<&[usize]> {
        None
    }

    /// The lateral context that inputs have, which reads more than the patch itself.
    fn context(&self) -> Option<&Context> {
        None
    }

    /// The samples that come from input stack `data_idx`.
    ///
    /// # Errors
    /// [`ConstructError`] if samples of this constructor do not belong to a single stack.
    fn patch_indices(&self, data_idx: usize) -> Result<PatchIndices, ConstructError>;

    /// The part of an input that statistics are computed from: for constructors with lateral context the
    /// native scale, for all others the whole input.
    fn principal_input<'a>(&self, input: ArrayView4<'a, f32>) -> ArrayView4<'a, f32> {
        input
    }
}

macro_rules! forward_constr {
    ($($pointer:ty),*) => {$(
        impl<P: PatchConstr + ?Sized> PatchConstr for $pointer {
            fn n_patches(&self) -> usize {
                (**self).n_patches()
            }

            fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError> {
                (**self).layout(index)
            }

            fn construct_into(
                &self,
                index: usize,
                rng: &mut PatchRng,
                out: SampleViewMut<'_>,
            ) -> Result<RegionSpec, ConstructError> {
                (**self).construct_into(index, rng, out)
            }

            fn locate(&self, index: usize, rng: &mut PatchRng) -> Result<Option<RegionSpec>, ConstructError> {
                (**self).locate(index, rng)
            }

            fn shapes(&self, role: PatchRole) -> Option<&[ImageShape]> {
                (**self).shapes(role)
            }

            fn metadata(&self, role: PatchRole, spec: &RegionSpec) -> Option<Arc<ImageMetadata>> {
                (**self).metadata(role, spec)
            }

            fn channels(&self) -> Option<&[usize]> {
                (**self).channels()
            }

            fn context(&self) -> Option<&Context> {
                (**self).context()
            }

            fn patch_indices(&self, data_idx: usize) -> Result<PatchIndices, ConstructError> {
                (**self).patch_indices(data_idx)
            }

            fn principal_input<'a>(&self, input: ArrayView4<'a, f32>) -> ArrayView4<'a, f32> {
                (**self).principal_input(input)
            }
        }
    )*};
}

forward_constr!(&P, Box<P>, Arc<P>);

/// What every [`PatchConstr`] can do.
pub trait PatchConstrExt: PatchConstr {
    /// Makes sample `index` with memory of its own.
    ///
    /// # Errors
    /// As [`PatchConstr::construct_into`].
    fn construct_patch(
        &self,
        index: usize,
        rng: &mut PatchRng,
    ) -> Result<(Sample, RegionSpec), ConstructError> {
        let mut sample = Sample::zeros(&self.layout(index)?)?;
        let spec = self.construct_into(index, rng, sample.view_mut())?;
        Ok((sample, spec))
    }
}

impl<P: PatchConstr + ?Sized> PatchConstrExt for P {}
