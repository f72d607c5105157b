//! What a loader hands over.

use std::sync::Arc;
use std::time::Instant;

use ndarray::{ArrayView5, ArrayViewD, Axis};
use patchweave_construct::{BlockLayout, ImageMetadata, NotFinite, PatchRole, SampleLayout, Sources};
use patchweave_geometry::RegionSpec;
use patchweave_memory::Buffer;

use crate::{LoaderError, SampleId};

/// A batch of samples, inputs and targets each in one piece of memory, with where they come from.
///
/// The memory starts at a multiple of 64 bytes. Dropping the batch gives it back to the loader. Values that a constructor
/// did not write are those of an earlier batch, in debug builds NaN before normalisation.
#[derive(Debug)]
pub struct Batch {
    pub(crate) epoch: u64,
    pub(crate) batch_idx: usize,
    pub(crate) is_padding: bool,
    pub(crate) layout: SampleLayout,
    /// As many values as the layout says.
    pub(crate) inputs: Buffer<f32>,
    pub(crate) targets: Option<Buffer<f32>>,
    pub(crate) items: Vec<Item>,
    /// What is known about the images, of every data set.
    pub(crate) sources: Arc<[Sources]>,
    pub(crate) skipped: Vec<LoaderError>,
    /// When it was full.
    pub(crate) finished: Instant,
}

/// What is known about one sample of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub id: SampleId,
    pub spec: RegionSpec,
    pub not_finite: NotFinite,
}

/// A sample with pixels that are infinite or no number, which was kept.
#[derive(Debug, Clone)]
pub struct NotFiniteSample<'a> {
    /// Which sample.
    pub id: SampleId,
    /// Where they are: input or target.
    pub role: &'static str,
    /// Where the sample was cut.
    pub spec: &'a RegionSpec,
    /// The image.
    pub image: Option<Arc<ImageMetadata>>,
}

impl Batch {
    /// The epoch it belongs to.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Its number in the epoch, counted over all ranks.
    pub fn batch_idx(&self) -> usize {
        self.batch_idx
    }

    /// Whether it fills up the last round of ranks and was delivered before, by this or another rank.
    pub fn is_padding(&self) -> bool {
        self.is_padding
    }

    /// How many samples it has.
    #[expect(clippy::len_without_is_empty, reason = "a batch has at least one sample")]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// The shapes of its samples.
    pub fn layout(&self) -> &SampleLayout {
        &self.layout
    }

    /// The inputs, `BCZYX` in C order (planes have depth 1), normalised and augmented; with lateral context `BLZYX`.
    pub fn inputs(&self) -> ArrayView5<'_, f32> {
        view(&self.inputs, &self.layout.input, self.len())
    }

    /// The targets, `BCZYX` in C order (planes have depth 1), if the data set has some.
    pub fn targets(&self) -> Option<ArrayView5<'_, f32>> {
        Some(view(self.targets.as_ref()?, self.layout.target.as_ref()?, self.len()))
    }

    /// The inputs as a model takes them: `BCYX` for planes, `BCZYX` for volumes, `L` in place of `C` with lateral context.
    pub fn model_inputs(&self) -> ArrayViewD<'_, f32> {
        model_view(self.inputs(), &self.layout.input)
    }

    /// The targets as a model gives them: `BCYX` for planes, `BCZYX` for volumes.
    pub fn model_targets(&self) -> Option<ArrayViewD<'_, f32>> {
        Some(model_view(self.targets()?, self.layout.target.as_ref()?))
    }

    /// Bytes of inputs and targets.
    pub fn n_bytes(&self) -> usize {
        self.len() * self.layout.len() * size_of::<f32>()
    }

    /// Which samples these are.
    pub fn samples(&self) -> impl ExactSizeIterator<Item = SampleId> + '_ {
        self.items.iter().map(|item| item.id)
    }

    /// The patch indices of the samples, each in its own data set.
    pub fn indices(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.items.iter().map(|item| item.id.index)
    }

    /// Where the samples were cut.
    pub fn specs(&self) -> impl ExactSizeIterator<Item = &RegionSpec> {
        self.items.iter().map(|item| &item.spec)
    }

    /// The images the inputs were cut from, looked up one by one as they are asked for.
    ///
    /// Channels from different places have a joint description, which is made anew each time.
    pub fn input_metadata(&self) -> impl ExactSizeIterator<Item = Option<Arc<ImageMetadata>>> + '_ {
        self.items.iter().map(|item| self.metadata(item, PatchRole::Input))
    }

    /// The images the targets were cut from, as [`input_metadata`](Self::input_metadata).
    pub fn target_metadata(&self) -> impl ExactSizeIterator<Item = Option<Arc<ImageMetadata>>> + '_ {
        self.items.iter().map(|item| self.metadata(item, PatchRole::Target))
    }

    fn metadata(&self, item: &Item, role: PatchRole) -> Option<Arc<ImageMetadata>> {
        self.sources.get(item.id.dataset)?.sample_metadata(role, &item.spec)
    }

    /// The samples whose pixels were not all finite numbers before they were normalised, inputs and targets each.
    pub fn not_finite(&self) -> impl Iterator<Item = NotFiniteSample<'_>> {
        self.items.iter().flat_map(|item| {
            let one = |role, image_of| {
                let image = self.metadata(item, image_of);
                NotFiniteSample { id: item.id, role, spec: &item.spec, image }
            };
            let input = item.not_finite.input.then(|| one("input", PatchRole::Input));
            let target = item.not_finite.target.then(|| one("target", PatchRole::Target));
            input.into_iter().chain(target)
        })
    }

    /// The memory of the inputs and targets, `BCZYX` in C order as [`layout`](Self::layout) says.
    ///
    /// It goes back to the loader when the buffers are dropped, even if the loader is gone by then.
    pub fn into_buffers(self) -> (Buffer<f32>, Option<Buffer<f32>>) {
        (self.inputs, self.targets)
    }

    /// Why samples are missing that belong here; only with [`OnFailure::Skip`](crate::OnFailure::Skip).
    pub fn skipped(&self) -> &[LoaderError] {
        &self.skipped
    }
}

#[expect(
    clippy::expect_used,
    reason = "a batch is only made of as many values as its layout says; only a `Block` that breaks its contract has fewer later"
)]
fn view<'a>(values: &'a Buffer<f32>, layout: &BlockLayout, n: usize) -> ArrayView5<'a, f32> {
    let [c, z, y, x] = layout.to_czyx();
    ArrayView5::from_shape([n, c, z, y, x], values).expect("as many values as the layout says")
}

/// Leaves the depth of planes out.
fn model_view<'a>(view: ArrayView5<'a, f32>, layout: &BlockLayout) -> ArrayViewD<'a, f32> {
    if layout.extent.n_axes() == 2 { view.index_axis_move(Axis(2), 0).into_dyn() } else { view.into_dyn() }
}
