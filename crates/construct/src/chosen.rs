//! Some of the samples of a constructor, in any order.

use std::sync::Arc;

use patchweave_geometry::RegionSpec;
use patchweave_patching::{PatchRng, PatchingError};

use crate::{ConstructError, Job, PatchConstr, SampleLayout, SampleViewMut, Sources};

/// Some of the samples of a constructor, in any order: sample `k` is sample `indices[k]` of the other one.
///
/// Random numbers are drawn for the new index.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::{BasicPatchConstr, ChosenPatchConstr, PatchConstr, PatchExtractor};
/// use patchweave_geometry::Extent;
/// use patchweave_patching::{PatchRng, SequentialPatching};
/// use patchweave_stack::ArrayStack;
///
/// let image = Array::<u8, _>::zeros((8, 8)).into_dyn();
/// let images = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse()?)?)])?;
/// let patching = SequentialPatching::new(images.shapes(), Extent::new(&[4, 4])?, None)?;
/// let all = Arc::new(BasicPatchConstr::new(patching, images, None, None)?);
/// let two = ChosenPatchConstr::new(all.clone(), vec![3, 1])?;
/// let mut rng = PatchRng::for_patch(0, 0, 0);
/// assert_eq!((two.n_patches(), two.locate(0, &mut rng)?), (2, all.locate(3, &mut rng)?));
/// assert!(ChosenPatchConstr::new(all, vec![4]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ChosenPatchConstr {
    constr: Arc<dyn PatchConstr>,
    indices: Vec<usize>,
    sources: Sources,
}

impl ChosenPatchConstr {
    /// These samples of a constructor.
    ///
    /// # Errors
    /// [`ConstructError::Patching`] if there is no such sample.
    pub fn new(constr: Arc<dyn PatchConstr>, indices: Vec<usize>) -> Result<Self, ConstructError> {
        let n_patches = constr.n_patches();
        if let Some(&index) = indices.iter().find(|index| **index >= n_patches) {
            return Err(PatchingError::IndexOutOfRange { index, n_patches }.into());
        }
        let sources = constr.sources().clone().without_patches("samples were chosen one by one");
        Ok(ChosenPatchConstr { constr, indices, sources })
    }

    /// The samples of the other constructor, by those of this one.
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }

    fn index(&self, index: usize) -> Result<usize, ConstructError> {
        let n_patches = self.indices.len();
        let there_is_none = || PatchingError::IndexOutOfRange { index, n_patches };
        Ok(self.indices.get(index).copied().ok_or_else(there_is_none)?)
    }
}

impl PatchConstr for ChosenPatchConstr {
    fn n_patches(&self) -> usize {
        self.indices.len()
    }

    fn sources(&self) -> &Sources {
        &self.sources
    }

    fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError> {
        self.constr.layout(self.index(index)?)
    }

    fn locate(&self, index: usize, rng: &mut PatchRng) -> Result<Option<RegionSpec>, ConstructError> {
        self.constr.locate(self.index(index)?, rng)
    }

    fn construct_into(&self, job: Job<'_>, out: SampleViewMut<'_>) -> Result<RegionSpec, ConstructError> {
        let index = self.index(job.index)?;
        self.constr.construct_into(Job::new(index, job.rng, job.scratch), out)
    }
}
