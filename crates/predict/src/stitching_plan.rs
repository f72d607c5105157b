//! Where patches of a stack of slices belong in the whole; no pixels.

use std::collections::BTreeMap;

use patchweave_slices::{Accumulation, ExtractionPlan, PlaneWindow, SliceStack, SlicesError, WindowEnds};
use patchweave_stack::ImageStack;
use serde::{Deserialize, Serialize};

use crate::PredictError;

/// Where one patch belongs.
///
/// ```
/// use patchweave_predict::PatchMapping;
///
/// let text = r#"{"n":1,"y_start":null,"y_stop":null,"x_start":null,"x_stop":null,"z_idx":4}"#;
/// let mapping: PatchMapping = serde_json::from_str(text)?;
/// assert_eq!((mapping.window, mapping.z_idx), (None, Some(4)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Flat", into = "Flat")]
pub struct PatchMapping {
    /// The sample of the image.
    pub n: usize,
    /// Which part of the plane; `None` means all of it.
    pub window: Option<PlaneWindow>,
    /// Its place along the `Z` of the result, which is that of its slice in the selection; `None` for planes, whose
    /// slice only the [`PatchEntry`](patchweave_slices::PatchEntry) tells.
    pub z_idx: Option<usize>,
}

/// Where all patches of an [`ExtractionPlan`] belong.
///
/// ```
/// use patchweave_predict::StitchingPlan;
///
/// let text = r#"{"output_shape":[2,6,9,10],"patch_mappings":{"0":{"n":1,"y_start":0,"y_stop":4,"x_start":3,"x_stop":7,"z_idx":null}}}"#;
/// let plan: StitchingPlan = serde_json::from_str(text)?;
/// assert_eq!(plan.patch_mappings[&0].n, 1);
/// assert_eq!(serde_json::to_string(&plan)?, text);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StitchingPlan {
    /// The shape of the whole: `(N * Zs, C, Y, X)` of planes, `(N, C, Zs, Y, X)` of volumes.
    pub output_shape: Vec<usize>,
    /// By the number of the patch.
    pub patch_mappings: BTreeMap<usize, PatchMapping>,
}

impl StitchingPlan {
    /// Where the patches of a plan belong in the whole that a stack of slices makes.
    ///
    /// A slice that was selected several times has its patches mapped to its places in turn.
    ///
    /// ```
    /// use ndarray::Array;
    /// use patchweave_geometry::Extent;
    /// use patchweave_predict::StitchingPlan;
    /// use patchweave_slices::{Accumulation, ChannelSpec, PlanOptions, SliceOptions, SliceStack};
    /// use patchweave_stack::ArrayStack;
    ///
    /// let volume = ArrayStack::new(Array::<f32, _>::ones((5, 8, 9)).into_dyn(), &"ZYX".parse()?)?;
    /// let spec = ChannelSpec::builder().identity(&[0]).build()?;
    /// let options = SliceOptions {
    ///     accumulation: Accumulation::Volume,
    ///     z_slices: vec![3, 1].into(),
    ///     ..SliceOptions::default()
    /// };
    /// let slices = SliceStack::new(volume, spec, options)?;
    /// let plan = slices.extraction_plan(&PlanOptions::default())?;
    /// let stitching = StitchingPlan::new(&slices, &plan)?;
    /// assert_eq!(stitching.output_shape, [1, 1, 2, 8, 9]);
    /// assert_eq!((plan.patches()[1].z0, stitching.patch_mappings[&1].z_idx), (1, Some(1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PredictError::Slices`] if a patch does not belong to the stack.
    pub fn new<S: ImageStack>(slices: &SliceStack<S>, plan: &ExtractionPlan) -> Result<Self, PredictError> {
        let mut places = BTreeMap::<usize, Vec<usize>>::new();
        for (place, &z0) in slices.z_slices().iter().enumerate() {
            places.entry(z0).or_default().push(place);
        }
        let mut seen = BTreeMap::<_, usize>::new();
        let mut patch_mappings = BTreeMap::new();
        for entry in plan.patches() {
            slices.window_of(entry)?;
            let start = entry.window.map(|window| (window.y_start, window.x_start));
            let times = seen.entry((entry.n, entry.z0, start)).or_default();
            let of_slice = places.get(&entry.z0).map_or(&[][..], Vec::as_slice);
            let z_idx = match slices.accumulation() {
                Accumulation::Planes => None,
                Accumulation::Volume => of_slice.get(*times % of_slice.len().max(1)).copied(),
            };
            *times += 1;
            patch_mappings.insert(entry.patch_idx, PatchMapping { n: entry.n, window: entry.window, z_idx });
        }
        Ok(StitchingPlan { output_shape: slices.output_shape(), patch_mappings })
    }
}

/// A mapping as it is written.
#[derive(Serialize, Deserialize)]
struct Flat {
    n: usize,
    #[serde(flatten)]
    ends: WindowEnds,
    z_idx: Option<usize>,
}

impl TryFrom<Flat> for PatchMapping {
    type Error = SlicesError;

    fn try_from(flat: Flat) -> Result<Self, SlicesError> {
        Ok(PatchMapping { n: flat.n, window: flat.ends.window()?, z_idx: flat.z_idx })
    }
}

impl From<PatchMapping> for Flat {
    fn from(mapping: PatchMapping) -> Self {
        Flat { n: mapping.n, ends: mapping.window.into(), z_idx: mapping.z_idx }
    }
}
