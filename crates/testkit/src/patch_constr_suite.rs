//! The contract of patch constructors as one test for all of them.
#![allow(clippy::unwrap_used, reason = "a suite fails by panicking")]

use std::sync::Arc;

use ndarray::{Array4, ArrayViewMut4, s};
use patchweave_construct::{
    BlockLayout, ConstructError, ImageMetadata, Job, PatchConstr, PatchConstrExt, PatchRole, Sample,
    SampleLayout, SampleViewMut, Scratch,
};
use patchweave_geometry::{ImageShape, PatchSpec, RegionSpec};
use patchweave_patching::{PatchRng, PatchingError};

/// Most samples that are looked at one by one.
const N_SAMPLES: usize = 200;

/// Checks everything that [`PatchConstr`] promises: pixels of the images behind it must be finite.
///
/// For every index, of many samples for a selection of them: there is a layout; a sample of that layout is
/// written whole, into memory in one piece or with gaps, and nothing beside it; equal generators give equal
/// samples and specs, whatever was made with a scratch before; a place that is found beforehand is the one of the sample; specs point at samples of images that exist, in the size of the layout, and lead to
/// metadata of these images; the part that statistics are computed from is a part of the input. The stacks of
/// the input share the indices among them if samples belong to single stacks. Refused must be indices beyond
/// the last and memory of other shapes.
///
/// ```
/// use std::sync::Arc;
///
/// use patchweave_construct::{BasicPatchConstr, PatchExtractor};
/// use patchweave_geometry::Extent;
/// use patchweave_patching::RandomPatching;
/// use patchweave_stack::ArrayStack;
/// use patchweave_testkit::{patch_constr_suite, ramp};
///
/// let image = ArrayStack::new(ramp::<u16>(&[40, 30]), &"YX".parse()?)?;
/// let images = PatchExtractor::new(vec![Arc::new(image)])?;
/// let patching = RandomPatching::new(images.shapes(), Extent::new(&[8, 8])?)?;
/// patch_constr_suite(&BasicPatchConstr::new(patching, images, None, None)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
/// If the constructor breaks its contract; the message names the sample.
pub fn patch_constr_suite(constr: &dyn PatchConstr) {
    let suite = Suite { constr };
    assert!(!constr.input_shapes().is_empty(), "there are no inputs");
    let mut scratch = Scratch::default();
    let step = (constr.n_patches() / N_SAMPLES).max(1);
    for index in (0..constr.n_patches()).step_by(step) {
        suite.sample_is_whole(index, &mut scratch);
        suite.wrong_memory_is_refused(index);
    }
    suite.stacks_share_the_indices();
    suite.indices_beyond_the_last_are_refused();
}

struct Suite<'a> {
    constr: &'a dyn PatchConstr,
}

impl Suite<'_> {
    fn layout(&self, index: usize) -> SampleLayout {
        let layout = self.constr.layout(index);
        assert!(layout.is_ok(), "sample {index} has no layout: {layout:?}");
        layout.unwrap()
    }

    fn sample_is_whole(&self, index: usize, scratch: &mut Scratch) {
        let layout = self.layout(index);
        let rng = || PatchRng::for_patch(2024, 1, index);
        let made = self.constr.construct_patch(index, &mut rng());
        assert!(made.is_ok(), "sample {index} was not made: {:?}", made.err());
        let (sample, spec) = made.unwrap();
        let located = self.constr.locate(index, &mut rng());
        assert!(
            matches!(&located, Ok(None)) || matches!(&located, Ok(Some(place)) if *place == spec),
            "sample {index} is cut at {spec:?}, found beforehand was {located:?}"
        );
        assert_eq!(sample.input.shape(), layout.input.to_czyx(), "input of sample {index}");
        let target_shape = sample.target.as_ref().map(|target| target.shape().to_vec());
        let expected = layout.target.map(|target| target.to_czyx().to_vec());
        assert_eq!(target_shape, expected, "target of sample {index}");

        // What was in the memory before must not show, and what lies between must not be touched.
        let mut input = Gaps::new(layout.input);
        let mut target = layout.target.map(Gaps::new);
        let out = SampleViewMut { input: input.view_mut(), target: target.as_mut().map(Gaps::view_mut) };
        let again = self.constr.construct_into(Job::new(index, &mut rng(), scratch), out);
        assert!(again.as_ref().is_ok_and(|again| *again == spec), "sample {index}: {again:?} after {spec:?}");
        let again = Sample { input: input.into_inner(index), target: target.map(|t| t.into_inner(index)) };
        assert!(again == sample, "sample {index} differs when it is made again with equal draws");

        self.check_spec(index, &spec, &layout);
        self.check_metadata(index, &spec);
        let native = self.constr.principal_input(sample.input.view());
        assert_eq!(native.shape()[1..], sample.input.shape()[1..], "principal input of sample {index}");
        let n_native = native.shape()[0];
        assert!((1..=layout.input.n_channels).contains(&n_native), "{n_native} channels of sample {index}");
    }

    fn check_spec(&self, index: usize, spec: &RegionSpec, layout: &SampleLayout) {
        let patch = spec.patch();
        assert!(patch.is_some(), "sample {index} has no principal channel: {spec:?}");
        let shapes = self.constr.input_shapes();
        let principal = patch.unwrap();
        let shape = shapes.get(principal.data_idx);
        let exists = shape.is_some_and(|shape| principal.sample_idx < shape.n_samples);
        assert!(exists, "sample {index} points at nothing: {spec:?}");
        let all = match spec {
            RegionSpec::Patch(patch) => std::slice::from_ref(patch),
            RegionSpec::Tile(tile) => std::slice::from_ref(&tile.patch),
            RegionSpec::Uncorrelated(spec) => &spec.channels,
        };
        let fits = |patch: &PatchSpec| {
            patch.patch_size == layout.input.extent && patch.coords.n_axes() == layout.input.extent.n_axes()
        };
        assert!(all.iter().all(fits), "sample {index} has layout {layout:?}: {spec:?}");
        if let RegionSpec::Uncorrelated(spec) = spec {
            let n_channels = layout.target.map(|target| target.n_channels);
            assert_eq!(Some(spec.channels.len()), n_channels, "places of sample {index}");
        }
    }

    fn check_metadata(&self, index: usize, spec: &RegionSpec) {
        for role in [PatchRole::Input, PatchRole::Target] {
            let sources = self.constr.sources();
            let Some(images) = sources.of(role) else {
                let metadata = sources.sample_metadata(role, spec);
                assert!(metadata.is_none(), "sample {index} has metadata without images, {role:?}");
                continue;
            };
            let metadata = images.metadata(spec);
            assert!(metadata.is_some(), "sample {index} has no metadata, {role:?}");
            let metadata: Arc<ImageMetadata> = metadata.unwrap();
            let shape: ImageShape = images.shapes()[spec.patch().unwrap().data_idx];
            assert_eq!(metadata.data_shape, shape, "metadata of sample {index}, {role:?}");
            assert_eq!(metadata.original.image_shape(), shape, "metadata of sample {index}, {role:?}");
            let n_sources = match spec {
                RegionSpec::Uncorrelated(spec) => spec.channels.len(),
                RegionSpec::Patch(_) | RegionSpec::Tile(_) => 0,
            };
            assert_eq!(metadata.channels.len(), n_sources, "images of the channels of sample {index}");
        }
    }

    fn wrong_memory_is_refused(&self, index: usize) {
        let layout = self.layout(index);
        let [c, z, y, x] = layout.input.to_czyx();
        for shape in [[c + 1, z, y, x], [c, z + 1, y, x], [c, z, y, x + 1], [c, z, 0, x]] {
            let mut input = Array4::zeros(shape);
            let out = SampleViewMut { input: input.view_mut(), target: None };
            self.assert_refused(index, out, &format!("an input of shape {shape:?}"));
        }
        let [c, z, y, x] = layout.target.map_or([0; 4], |target| target.to_czyx());
        let mut input = Array4::zeros(layout.input.to_czyx());
        for shape in [[c + 1, z, y, x], [c, z, y + 1, x + 1], [1, 1, y, x + 2]] {
            let mut target = Array4::zeros(shape);
            let out = SampleViewMut { input: input.view_mut(), target: Some(target.view_mut()) };
            self.assert_refused(index, out, &format!("a target of shape {shape:?}"));
        }
    }

    fn assert_refused(&self, index: usize, out: SampleViewMut<'_>, what: &str) {
        let mut rng = PatchRng::for_patch(0, 0, index);
        let mut scratch = Scratch::default();
        let result = self.constr.construct_into(Job::new(index, &mut rng, &mut scratch), out);
        let is_refused = matches!(result, Err(ConstructError::OutputShape { .. }));
        assert!(is_refused, "sample {index} with {what}: {result:?}");
    }

    fn stacks_share_the_indices(&self) {
        let n_stacks = self.constr.input_shapes().len();
        let mut owner = vec![None; self.constr.n_patches()];
        for data_idx in 0..n_stacks {
            let indices = match self.constr.patch_indices(data_idx) {
                Ok(indices) => indices,
                Err(ConstructError::NoSingleStack { .. }) => return,
                Err(error) => unreachable!("samples of stack {data_idx}: {error}"),
            };
            let mut last = None;
            for index in indices.iter() {
                assert!(last < Some(index), "samples of stack {data_idx} are not in order at {index}");
                last = Some(index);
                assert!(index < owner.len(), "sample {index} of stack {data_idx} does not exist");
                let before = owner[index].replace(data_idx);
                assert!(before.is_none(), "sample {index} belongs to stacks {before:?} and {data_idx}");
            }
        }
        assert_eq!(owner.iter().position(Option::is_none), None, "a sample that belongs to no stack");
        let beyond = self.constr.patch_indices(n_stacks);
        let is_empty = beyond.as_ref().is_ok_and(|indices| indices.iter().next().is_none());
        assert!(is_empty, "stack {n_stacks} does not exist: {beyond:?}");
        let step = (owner.len() / N_SAMPLES).max(1);
        for index in (0..owner.len()).step_by(step) {
            let (_, spec) =
                self.constr.construct_patch(index, &mut PatchRng::for_patch(7, 0, index)).unwrap();
            assert_eq!(spec.patch().map(|patch| patch.data_idx), owner[index], "stack of sample {index}");
        }
    }

    fn indices_beyond_the_last_are_refused(&self) {
        let n_patches = self.constr.n_patches();
        for index in [n_patches, n_patches + 1, usize::MAX] {
            let is_refused = |error: Option<ConstructError>| {
                matches!(error, Some(ConstructError::Patching(PatchingError::IndexOutOfRange { .. })))
            };
            assert!(is_refused(self.constr.layout(index).err()), "layout of sample {index} of {n_patches}");
            let made = self.constr.construct_patch(index, &mut PatchRng::for_patch(0, 0, index));
            assert!(is_refused(made.err()), "sample {index} of {n_patches}");
        }
    }
}

/// Memory of a block with unused values between the used ones.
struct Gaps {
    memory: Array4<f32>,
    n_used: usize,
}

impl Gaps {
    fn new(layout: BlockLayout) -> Self {
        let [c, z, y, x] = layout.to_czyx();
        Gaps { memory: Array4::from_elem([c, z, y + 1, 2 * x], f32::NAN), n_used: c * z * y * x }
    }

    fn view_mut(&mut self) -> ArrayViewMut4<'_, f32> {
        self.memory.slice_mut(s![.., .., 1.., ..;2])
    }

    fn into_inner(self, index: usize) -> Array4<f32> {
        let inner = self.memory.slice(s![.., .., 1.., ..;2]).to_owned();
        assert!(inner.iter().all(|value| !value.is_nan()), "sample {index} has values that were not written");
        let n_written = self.memory.iter().filter(|value| !value.is_nan()).count();
        assert_eq!(n_written, self.n_used, "sample {index} was written beside its memory");
        inner
    }
}
