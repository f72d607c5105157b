//! What decides about a stream, part by part, as numbers that two loaders can be compared by.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use patchweave_construct::{Dataset, ImageMetadata, PatchRole, RoleSources, SampleLayout, Sources};
use patchweave_geometry::{PatchSpec, RegionSpec};
use serde::{Deserialize, Serialize};

use crate::mix::MixPart;
use crate::panics::panic_message;
use crate::{Fingerprint, LoaderOptions, MixLength, Order, Shapes};

/// So many samples of a data set are located, in two epochs.
const N_LOCATED: usize = 32;

/// Images beyond this number are told by their shapes alone, and some by their names.
const MAX_NAMED: usize = 4096;

/// What decides about a stream beside its seed, part by part; each number stands for what its name says.
///
/// Two streams with the same print and seed have the same batches, as far as no pixel of the images changed. Images
/// count by shape, pixel type and name, of which the folder is not a part, so that data may be moved.
///
/// ```
/// use patchweave_loader::StreamPrint;
///
/// let print = StreamPrint { order: 3, ..StreamPrint::default() };
/// assert_eq!(print.differences(&print), Vec::<&str>::new());
/// assert_eq!(print.differences(&StreamPrint::default()), ["order (its kind, window, cache or weights)"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamPrint {
    /// Number, shapes, pixel types and names of images.
    pub images: u64,
    /// The rules that patches are chosen by, where the program that made the data set
    /// [says so](MixPart::with_marks).
    pub patching: u64,
    /// Where some of the patches are cut.
    pub places: u64,
    /// Number of patches, sizes and channels of input and target, and how they are made.
    pub samples: u64,
    /// How values are scaled, statistics included.
    pub normalization: u64,
    /// Which augmentations there are, their probabilities and seeds.
    pub augmentation: u64,
    /// The order of patches and its options; weights of patches, where they decide about it.
    pub order: u64,
    /// Size and number of batches: batch size, last batch, shapes, passes and limits.
    pub batches: u64,
    /// Ratios and seeds of several data sets, and when their mixture ends.
    pub mixture: u64,
}

impl StreamPrint {
    /// What differs between two streams, in words.
    ///
    /// Places follow from images and rules: that they differ is told where nothing else explains it.
    pub fn differences(&self, other: &StreamPrint) -> Vec<&'static str> {
        let parts = [
            ("images (their number, shapes, pixel types or names)", self.images, other.images),
            ("patching (its kind, sizes, thresholds, filters or validation)", self.patching, other.patching),
            ("samples (their number, sizes, channels or how they are made)", self.samples, other.samples),
            ("normalization (its kind or statistics)", self.normalization, other.normalization),
            ("augmentations", self.augmentation, other.augmentation),
            ("order (its kind, window, cache or weights)", self.order, other.order),
            ("batches (size, last batch, shapes, passes or limit)", self.batches, other.batches),
            ("mixture (its ratios, seeds or end)", self.mixture, other.mixture),
        ];
        let mut found: Vec<_> =
            parts.into_iter().filter(|(_, own, other)| own != other).map(|(what, ..)| what).collect();
        let explains = |print: &StreamPrint| [print.images, print.patching, print.samples];
        if self.places != other.places && explains(self) == explains(other) {
            found.push("places of patches (the strategy, or what it is drawn by)");
        }
        found
    }

    /// That of data sets with the images behind them, and of options; locates patches without reading pixels.
    pub(crate) fn of(parts: &[MixPart], sources: &[Sources], options: &LoaderOptions) -> Self {
        let of_sources = |add: fn(&MixPart, &Sources, &mut Fingerprint)| {
            let mut print = Fingerprint::default();
            parts.iter().zip(sources).for_each(|(part, sources)| add(part, sources, &mut print));
            print.value()
        };
        let of_parts = |add: fn(&MixPart, &mut Fingerprint)| {
            let mut print = Fingerprint::default();
            parts.iter().for_each(|part| add(part, &mut print));
            print.value()
        };
        StreamPrint {
            images: of_sources(|part, sources, print| {
                print.word(part.marks.images);
                images(&part.dataset, sources, print);
            }),
            patching: of_parts(|part, print| print.word(part.marks.patching)),
            places: of_parts(|part, print| places(&part.dataset, print)),
            samples: of_sources(|part, sources, print| {
                print.word(part.marks.samples);
                samples(&part.dataset, sources.input(), print);
            }),
            normalization: of_parts(|part, print| {
                let words = part.dataset.normalizer().words();
                print.count(words.len());
                words.into_iter().for_each(|word| print.word(word.into()));
            }),
            augmentation: of_parts(|part, print| augmentations(&part.dataset, print)),
            order: order(parts, options.order),
            batches: batches(options),
            mixture: mixture(parts, options.mix_length),
        }
    }
}

/// What user code answers, or that it cannot: a print has to be made whatever a constructor does.
fn asked<T>(question: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(question)).unwrap_or_else(|panic| {
        panic_message(panic);
        None
    })
}

fn images(dataset: &Dataset, sources: &Sources, print: &mut Fingerprint) {
    let mut n_images = 0;
    for role in [PatchRole::Input, PatchRole::Target] {
        let shapes = sources.of(role).map(RoleSources::shapes).unwrap_or_default();
        n_images = n_images.max(shapes.len());
        print.count(shapes.len());
        shapes.iter().flat_map(|shape| shape.to_vec()).for_each(|n| print.count(n));
    }
    // Images whose patches can be told apart are asked one by one, others by some of all patches.
    let by_image = (0..n_images.min(MAX_NAMED))
        .map(|data_idx| sources.patch_indices(data_idx).ok().and_then(|indices| indices.get(0)));
    let firsts: Vec<Option<usize>> = by_image.collect();
    let some = spread(dataset.n_patches(), N_LOCATED);
    for index in firsts.into_iter().flatten().chain(some) {
        let Some(spec) = located(dataset, index, 0) else { continue };
        for role in [PatchRole::Input, PatchRole::Target] {
            match sources.of(role).and_then(|images| images.metadata(&spec)) {
                Some(metadata) => name(&metadata, print),
                None => print.word(0),
            }
        }
    }
}

fn name(metadata: &ImageMetadata, print: &mut Fingerprint) {
    print.text(&metadata.dtype);
    print.text(file_of(&metadata.source));
    metadata.channels.iter().for_each(|channel| print.text(file_of(&channel.source)));
}

/// The name of a file and what follows it, without its folder: `cells.ome.tif/1`.
fn file_of(source: &str) -> &str {
    &source[file_start(source)..]
}

/// Where in a path the name of the file starts, behind which places in it may follow.
///
/// It is what is a file here. Where nothing is, it is the first name that ends in `.zarr`, or the last one with any ending,
/// or the last one.
///
/// ```
/// use patchweave_loader::file_start;
///
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("volume");
/// std::fs::write(&file, "")?;
/// let path = format!("{}/scan/v1.0", file.display());
/// assert_eq!(&path[file_start(&path)..], "volume/scan/v1.0");
/// let path = "s3://bucket/day.1/a.zarr/0";
/// assert_eq!(&path[file_start(path)..], "a.zarr/0");
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn file_start(path: &str) -> usize {
    let mut names: Vec<Range<usize>> = Vec::new();
    for name in path.split(['/', '\\']) {
        let start = names.last().map_or(0, |before| before.end + 1);
        names.push(start..start + name.len());
    }
    let ending = |name: &Range<usize>| Path::new(&path[name.clone()]).extension();
    let is_file = |name: &Range<usize>| Path::new(&path[..name.end]).is_file();
    let is_store =
        |name: &Range<usize>| ending(name).is_some_and(|ending| ending.eq_ignore_ascii_case("zarr"));
    let file = if path.contains("://") { None } else { names.iter().rposition(is_file) };
    let file = file.or_else(|| names.iter().position(is_store));
    let file = file.or_else(|| names.iter().rposition(|name| ending(name).is_some()));
    file.and_then(|file| names.get(file)).or(names.last()).map_or(0, |name| name.start)
}

/// Where some patches are cut in the first two epochs.
fn places(dataset: &Dataset, print: &mut Fingerprint) {
    for index in spread(dataset.n_patches(), N_LOCATED) {
        for epoch in [0, 1] {
            match located(dataset, index, epoch) {
                None => print.word(0),
                Some(RegionSpec::Uncorrelated(spec)) => {
                    print.count(spec.channels.len());
                    spec.channels.iter().for_each(|channel| place(channel, print));
                }
                Some(spec) => spec.patch().into_iter().for_each(|patch| place(patch, print)),
            }
        }
    }
}

fn place(spec: &PatchSpec, print: &mut Fingerprint) {
    print.count(spec.data_idx);
    print.count(spec.sample_idx);
    // A negative start keeps its bits.
    spec.coords.iter().for_each(|at| print.word(at.cast_unsigned()));
    spec.patch_size.iter().for_each(|size| print.count(size));
}

fn located(dataset: &Dataset, index: usize, epoch: u64) -> Option<RegionSpec> {
    asked(|| dataset.locate(index, epoch).ok().flatten())
}

/// So many indices below `n`, the first and the last among them, or all there are.
fn spread(n: usize, n_chosen: usize) -> impl Iterator<Item = usize> {
    let n_chosen = n_chosen.min(n);
    // In parts, so that the product cannot overflow.
    let step = n.saturating_sub(1);
    let rest = n_chosen.saturating_sub(1).max(1);
    (0..n_chosen).map(move |nth| step / rest * nth + step % rest * nth / rest)
}

fn samples(dataset: &Dataset, input: &RoleSources, print: &mut Fingerprint) {
    print.count(dataset.n_patches());
    // A data set without patches has no layout.
    let layout = asked(|| (dataset.n_patches() > 0).then(|| dataset.layout(0).ok()).flatten());
    if let Some(SampleLayout { input, target }) = layout {
        let targets = target.map(|target| target.to_czyx()).unwrap_or_default();
        input.to_czyx().into_iter().chain(targets).for_each(|n| print.count(n));
    }
    let channels = input.channels();
    print.count(channels.map_or(0, |channels| channels.len() + 1));
    channels.unwrap_or_default().iter().for_each(|&channel| print.count(channel));
    let n_scales = input.context().map_or(0, |context| context.n_scales());
    print.count(n_scales);
}

fn augmentations(dataset: &Dataset, print: &mut Fingerprint) {
    for step in dataset.augmentations() {
        print.word(step.seed.map_or(0, |seed| seed.wrapping_add(1)));
        print.count(usize::from(step.seed.is_some()));
        step.augmentation.words().into_iter().for_each(|word| print.word(word));
    }
}

fn order(parts: &[MixPart], order: Order) -> u64 {
    let mut print = Fingerprint::default();
    match order {
        Order::Sequential => print.word(0),
        Order::Shuffled => print.word(1),
        Order::Grouped => print.word(2),
        Order::ChunkAware(options) => {
            print.word(3);
            print.count(options.window);
            print.count(options.sources);
            print.word(options.cache_bytes);
        }
        Order::Weighted => {
            print.word(4);
            let weights = parts.iter().map(|part| part.weights.as_ref());
            weights.for_each(|weights| print.word(weights.map_or(0, |weights| weights.fingerprint())));
        }
    }
    print.value()
}

fn batches(options: &LoaderOptions) -> u64 {
    let mut print = Fingerprint::default();
    print.count(options.batch_size);
    print.count(usize::from(options.drop_last));
    print.word(match options.shapes {
        Shapes::Equal => 0,
        Shapes::Grouped => 1,
    });
    print.count(options.passes);
    print.count(options.max_patches.map_or(0, |max| max.saturating_add(1)));
    print.value()
}

fn mixture(parts: &[MixPart], end: MixLength) -> u64 {
    let mut print = Fingerprint::default();
    print.count(parts.len());
    if parts.len() > 1 {
        print.word(match end {
            MixLength::Longest => 0,
            MixLength::Shortest => 1,
        });
        for part in parts {
            print.count(part.ratio);
            // The first one's seed stands in the state itself.
            print.word(part.dataset.seed() ^ parts[0].dataset.seed());
        }
    }
    print.value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn spread_indices_are_ascending_and_reach_both_ends(n in 0_usize..1000, n_chosen in 2_usize..40) {
            let chosen: Vec<usize> = spread(n, n_chosen).collect();
            prop_assert_eq!(chosen.len(), n.min(n_chosen));
            prop_assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert_eq!(chosen.first().copied(), (n > 0).then_some(0));
            prop_assert_eq!(chosen.last().copied(), n.checked_sub(1));
        }
    }

    #[test]
    fn files_go_without_their_folders() {
        for (source, expected) in [
            ("/data/day.1/a.tif", "a.tif"),
            ("C:\\data\\a.tif", "a.tif"),
            ("x/cells.ome.tif/1", "cells.ome.tif/1"),
            ("volume.h5/group/raw", "volume.h5/group/raw"),
            ("/d.1/a.zarr/b.tif/0", "a.zarr/b.tif/0"),
            ("/d.1/a.czi/1", "a.czi/1"),
            ("s3://bucket/a.zarr/0", "a.zarr/0"),
            ("array", "array"),
            ("/data/raw", "raw"),
            ("../.cache/raw", "raw"),
        ] {
            assert_eq!(file_of(source), expected);
        }
        // What is a file here is one, whatever it, its folders and the places in it are called.
        let folder = tempfile::tempdir().unwrap();
        let day = folder.path().join("day.zarr");
        std::fs::create_dir(&day).unwrap();
        for name in ["vol_a.h5", "vol_b.he5", "raw"] {
            std::fs::write(day.join(name), "").unwrap();
            let source = day.join(name).join("s/v1.0");
            assert_eq!(file_of(source.to_str().unwrap()), format!("{name}/s/v1.0"));
        }
    }

    #[test]
    fn user_code_that_panics_is_no_answer() {
        assert_eq!(asked(|| Some(3)), Some(3));
        assert_eq!(asked(|| -> Option<u8> { panic!("not today") }), None);
    }
}
