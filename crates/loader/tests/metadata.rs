//! What batches tell of the images of their samples, and that nothing is done for it before somebody asks.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::ArrayD;
use patchweave_construct::{
    BasicPatchConstr, ConstructError, Dataset, ImageMetadata, IndependentTargetsMsPatchConstr, Job,
    LateralContext, MixOptions, MultiChannelTargetMsPatchConstr, PairedInputTargetMsPatchConstr, PatchConstr,
    PatchExtractor, PatchRole, PredMsPatchConstr, SampleLayout, SampleViewMut, Sources,
};
use patchweave_geometry::{Context, ContextPadding, Extent, PatchSpec, RegionSpec};
use patchweave_loader::{Batch, Loader, LoaderOptions, MixPart, Order};
use patchweave_patching::RandomPatching;
use patchweave_stack::{ArrayStack, ImageStack};
use support::extractor;

fn named(name: &str, n_channels: usize, side: usize) -> Arc<dyn ImageStack> {
    let pixels = ArrayD::from_elem(vec![n_channels, side, side], 7_u8);
    Arc::new(ArrayStack::named(name, pixels, &"CYX".parse().unwrap()).unwrap())
}

/// Two images of these names and sizes.
fn images(names: [&str; 2], n_channels: usize) -> PatchExtractor {
    extractor(vec![named(names[0], n_channels, 16), named(names[1], n_channels, 24)])
}

fn patching(images: &PatchExtractor) -> RandomPatching {
    RandomPatching::new(images.shapes(), Extent::new(&[8, 8]).unwrap()).unwrap()
}

fn context() -> LateralContext {
    LateralContext::new(Context::new(2, ContextPadding::Reflect).unwrap())
}

fn mixed(images: PatchExtractor, channels: Option<Vec<usize>>, prob: f64) -> Arc<dyn PatchConstr> {
    let options = MixOptions { channels, alpha_ranges: None, uncorrelated_prob: prob };
    Arc::new(MultiChannelTargetMsPatchConstr::new(patching(&images), images, context(), options).unwrap())
}

fn independent(channels: [PatchExtractor; 2]) -> Arc<dyn PatchConstr> {
    let channels = channels.into_iter().map(|images| (patching(&images), images)).collect();
    Arc::new(IndependentTargetsMsPatchConstr::new(channels, context(), None).unwrap())
}

fn batches(loader: &Loader) -> Vec<Batch> {
    loader.epoch(0).unwrap().map(Result::unwrap).collect()
}

/// Samples of one data set in random order.
fn loader(constr: Arc<dyn PatchConstr>) -> Loader {
    let options = LoaderOptions { batch_size: 3, n_workers: 2, order: Order::Shuffled, ..Default::default() };
    Loader::new(Dataset::new(constr, 5), options).unwrap()
}

/// What is told of an image: its name and number of channels, then those of the images of single channels.
type Told = (String, usize, Vec<(String, usize)>);

fn told(image: &ImageMetadata) -> Told {
    assert_eq!(image.original.image_shape(), image.data_shape);
    let channels = image.channels.iter().map(|c| (c.source.clone(), c.data_shape.n_channels));
    (image.source.clone(), image.data_shape.n_channels, channels.collect())
}

/// The images of all channels and which of their channels are read.
struct Expected<'a> {
    names: [[&'a str; 2]; 2],
    n_channels: usize,
    n_told: usize,
}

impl Expected<'_> {
    fn of(&self, spec: &RegionSpec) -> Told {
        let name = |channel: usize, patch: &PatchSpec| self.names[channel][patch.data_idx].to_owned();
        match spec {
            RegionSpec::Uncorrelated(spec) => {
                let channels = spec.channels.iter().enumerate();
                let channels = channels.map(|(channel, patch)| (name(channel, patch), self.n_channels));
                let principal = spec.principal_channel;
                (name(principal, &spec.channels[principal]), self.n_told, channels.collect())
            }
            _ => (name(0, spec.patch().unwrap()), self.n_told, Vec::new()),
        }
    }
}

#[test]
fn batches_tell_the_images_of_their_samples() {
    let input = ["a", "b"];
    let target = ["c", "d"];
    let of = |names, n_channels, n_told| Some(Expected { names: [names, names], n_channels, n_told });
    let of_channels = || Some(Expected { names: [input, target], n_channels: 1, n_told: 1 });
    let basic = |channels| {
        let input = images(input, 3);
        let target = images(target, 2);
        Arc::new(BasicPatchConstr::new(patching(&input), input, Some(target), channels).unwrap())
    };
    let one = images(input, 1);
    let many = images(input, 3);
    let paired = PairedInputTargetMsPatchConstr::new(
        patching(&many),
        many.clone(),
        images(target, 2),
        context(),
        Some(vec![1]),
    );
    let alone = PredMsPatchConstr::new(patching(&one), one.clone(), context(), None).unwrap();
    let cases: Vec<(Arc<dyn PatchConstr>, _, _)> = vec![
        (basic(None), of(input, 3, 3), of(target, 2, 2)),
        (basic(Some(vec![2, 0, 1, 1])), of(input, 3, 4), of(target, 2, 2)),
        (mixed(images(input, 2), None, 0.5), of(input, 2, 2), of(input, 2, 2)),
        (mixed(many, Some(vec![2, 0]), 0.5), of(input, 3, 2), of(input, 3, 3)),
        (independent([one.clone(), images(target, 1)]), of_channels(), of_channels()),
        (Arc::new(paired.unwrap()), of(input, 3, 1), of(target, 2, 2)),
        (Arc::new(alone), of(input, 1, 1), None),
    ];
    for (nth, (constr, of_input, of_target)) in cases.into_iter().enumerate() {
        let loader = loader(constr);
        let mut n_uncorrelated = 0;
        for batch in batches(&loader) {
            let told_of = batch.specs().zip(batch.input_metadata().zip(batch.target_metadata()));
            for (spec, (input, target)) in told_of {
                n_uncorrelated += usize::from(matches!(spec, RegionSpec::Uncorrelated(_)));
                let expected = |of: &Option<Expected<'_>>| of.as_ref().map(|of| of.of(spec));
                assert_eq!(input.as_deref().map(told), expected(&of_input), "input of case {nth}");
                assert_eq!(target.as_deref().map(told), expected(&of_target), "target of case {nth}");
                // A data set says the same, to the last field.
                for (role, image) in [(PatchRole::Input, input), (PatchRole::Target, target)] {
                    let of_dataset = loader.dataset().metadata(role, spec);
                    assert_eq!(format!("{image:?}"), format!("{of_dataset:?}"), "case {nth}, {role:?}");
                }
            }
        }
        assert_eq!(n_uncorrelated > 0, (2..5).contains(&nth), "case {nth} cuts channels at other places");
    }
}

#[test]
fn samples_of_a_mixture_are_told_from_their_own_data_set() {
    let set = |names| {
        let images = images(names, 1);
        let constr = BasicPatchConstr::new(patching(&images), images, None, None).unwrap();
        MixPart::new(Dataset::new(Arc::new(constr), 1))
    };
    let loader = Loader::mixed(vec![set(["a", "a"]), set(["b", "b"])], LoaderOptions::default()).unwrap();
    let mut n_seen = 0;
    for batch in batches(&loader) {
        for (id, image) in batch.samples().zip(batch.input_metadata()) {
            assert_eq!(image.unwrap().source, ["a", "b"][id.dataset]);
            n_seen += 1;
        }
    }
    assert_eq!(n_seen, loader.n_patches());
}

/// A batch refers to metadata once for all of its samples, and to no image.
#[test]
fn batches_keep_neither_images_nor_metadata_of_single_samples() {
    let stacks = [named("a", 3, 16), named("b", 3, 24)];
    let images = extractor(stacks.to_vec());
    let count = |images: &PatchExtractor| Arc::strong_count(images.metadata(0).unwrap());
    let target = Some(images.clone());
    let constr = BasicPatchConstr::new(patching(&images), images.clone(), target, Some(vec![1])).unwrap();
    let loader = loader(Arc::new(constr));
    let before = count(&images);
    let batches = batches(&loader);
    assert_eq!(count(&images), before);

    drop(loader);
    drop(images);
    assert!(stacks.iter().all(|stack| Arc::strong_count(stack) == 1), "a batch holds an image");
    let mut of_images: [Option<Arc<ImageMetadata>>; 2] = [None, None];
    for batch in &batches {
        for (spec, image) in batch.specs().zip(batch.input_metadata()) {
            let data_idx = spec.patch().unwrap().data_idx;
            let image = image.unwrap();
            assert_eq!(told(&image), (["a", "b"][data_idx].to_owned(), 1, Vec::new()));
            let first = of_images[data_idx].get_or_insert(Arc::clone(&image));
            assert!(Arc::ptr_eq(first, &image), "metadata of image {data_idx} was made twice");
        }
    }
    assert!(of_images.iter().all(Option::is_some));
}

/// The most memory that the process has held so far, in bytes.
#[cfg(target_os = "linux")]
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// Images with names so long that copies of them show: a sample of two channels would hold six of 2 MiB.
#[cfg(target_os = "linux")]
#[test]
fn names_of_images_are_copied_for_those_who_ask() {
    const NAME: usize = 2 << 20;
    let names: Vec<String> = ["a", "b", "c", "d"].map(|letter| letter.repeat(NAME)).to_vec();
    let of_channels = [images([&names[0], &names[1]], 1), images([&names[2], &names[3]], 1)];
    let loaders =
        [mixed(of_channels[0].clone(), Some(vec![0, 0]), 1.0), independent(of_channels)].map(loader);
    let before = peak();
    let held = loaders.each_ref().map(batches);
    let grown = peak() - before;
    let n_samples: usize = held.iter().flatten().map(Batch::len).sum();
    assert!(n_samples >= 20 && grown < 16 * NAME, "{grown} bytes for {n_samples} samples");
    let asked: Vec<_> = held.iter().flatten().flat_map(Batch::input_metadata).take(8).collect();
    assert!(peak() - before > 16 * NAME, "copies do not show");
    for image in asked.into_iter().map(Option::unwrap) {
        assert_eq!((image.source.len(), image.channels.len()), (NAME, 2));
    }
}

/// Counts how often it is asked what its samples are made of.
struct Counted {
    constr: Arc<dyn PatchConstr>,
    n_asked: AtomicUsize,
}

impl PatchConstr for Counted {
    fn n_patches(&self) -> usize {
        self.constr.n_patches()
    }

    fn sources(&self) -> &Sources {
        self.n_asked.fetch_add(1, Ordering::Relaxed);
        self.constr.sources()
    }

    fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError> {
        self.constr.layout(index)
    }

    fn construct_into(&self, job: Job<'_>, out: SampleViewMut<'_>) -> Result<RegionSpec, ConstructError> {
        self.constr.construct_into(job, out)
    }
}

#[test]
fn constructors_are_asked_once_what_samples_are_made_of() {
    let constr = mixed(images(["a", "b"], 2), None, 0.0);
    let counted = Arc::new(Counted { constr, n_asked: AtomicUsize::new(0) });
    let constr: Arc<dyn PatchConstr> = Arc::<Counted>::clone(&counted);
    let loader = loader(constr);
    let batches = batches(&loader);
    assert!(batches.iter().all(|batch| batch.input_metadata().all(|metadata| metadata.is_some())));
    assert_eq!(counted.n_asked.load(Ordering::Relaxed), 1);
}
