//! Trainings from configurations: orders, ranks, weights, failures and mixtures reach the loader, and what does not go
//! together is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]
#![allow(clippy::cast_possible_truncation, reason = "pixels may wrap around")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use ndarray::{Array4, Array5};
use patchweave_config::{ConfigErrors, LoadError, OrderPlan, RunPlan};
use patchweave_formats::{self as formats, OpenRequest, Pyramid};
use patchweave_geometry::ArrayLayout;
use patchweave_loader::{ChunkAware, Loader, LoaderError, OnFailure, Order, SampleId, Shapes};
use patchweave_pipeline::{
    CheckedRun, LeakReport, Opening, PipelineError, Training, find_leak, open_images, training,
};
use patchweave_pixel::PixelType;
use patchweave_sink::{ImageSpec, create};
use patchweave_stack::{Identity, ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};
use proptest::prelude::*;
use tempfile::TempDir;

const TRAIN: &str = "\
output: out
data_config:
  mode: training
  data_type: tiff
  axes: YX
  patching: {name: random, patch_size: [8, 8]}
  normalization: {name: none}
  n_val_patches: 0
  batch_size: 3
  num_workers: 2
  seed: 42
train:
  input: [a.tiff, b.tiff]
";

/// A folder with images and configurations.
struct Place(TempDir);

impl Place {
    /// Two images; pixels tell where they are.
    fn new() -> Self {
        let place = Place(TempDir::new().unwrap());
        place.image("a.tiff", &[1, 32, 40], |[_, y, x]| (100 * y + x) as f32);
        place.image("b.tiff", &[1, 24, 16], |[_, y, x]| (10_000 + 100 * y + x) as f32);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes an image of `[C, Y, X]`; without an axis for one channel.
    fn image(&self, name: &str, shape: &[usize; 3], pixel: impl Fn([usize; 3]) -> f32) {
        let [c, y, x] = *shape;
        let (axes, sizes) = if c == 1 { ("YX", vec![y, x]) } else { ("CYX", vec![c, y, x]) };
        let layout = ArrayLayout::new(axes.parse().unwrap(), &sizes).unwrap();
        let format = if name.ends_with(".zarr") { "ome_zarr" } else { "tiff" };
        let mut sink = create(self.path(name), format, ImageSpec::new(layout, PixelType::U16)).unwrap();
        let block = Array4::from_shape_fn([c, 1, y, x], |(c, _, y, x)| pixel([c, y, x]));
        sink.write_block(0, [0; 3], block.view()).unwrap();
        sink.finish().unwrap();
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn plan(&self, text: &str) -> Result<RunPlan, ConfigErrors> {
        match CheckedRun::load(&self.write("run.yaml", text), &Opening::default())
            .map(|run| run.plan().clone())
        {
            Ok(plan) => Ok(plan),
            Err(LoadError::Invalid(errors)) => Err(errors),
            Err(error) => panic!("{error}"),
        }
    }

    fn try_training(&self, text: &str) -> Result<Training, PipelineError> {
        self.training_of(&self.plan(text)?)
    }

    fn training_of(&self, plan: &RunPlan) -> Result<Training, PipelineError> {
        let images = open_images(plan, &Opening::default())?;
        training(&plan.data, plan.train.as_ref().unwrap(), &images, &|| true)
    }

    fn training(&self, text: &str) -> Training {
        self.try_training(text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn refusal(&self, text: &str) -> String {
        self.plan(text).err().unwrap_or_else(|| panic!("accepted:\n{text}")).to_string()
    }

    fn loader(&self, keys: &str) -> Loader {
        self.training(&format!("{TRAIN}{keys}")).loader
    }
}

/// A text with one place changed, which has to be there once.
#[track_caller]
fn with(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from:?} in\n{text}");
    text.replace(from, to)
}

type Delivered = (usize, Vec<SampleId>, Array5<f32>);

fn batches(loader: &Loader, epoch: u64) -> Vec<Delivered> {
    let delivered = loader.epoch(epoch).unwrap().map(|batch| {
        let batch = batch.unwrap();
        (batch.batch_idx(), batch.samples().collect(), batch.inputs().to_owned())
    });
    delivered.collect()
}

fn samples(loader: &Loader, epoch: u64) -> Vec<SampleId> {
    batches(loader, epoch).into_iter().flat_map(|(_, samples, _)| samples).collect()
}

const ORDERS: [&str; 4] = ["sequential", "shuffled", "grouped", "{name: chunk_aware, window: 5, sources: 2}"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn ranks_share_the_stream_of_one(
        order in prop::sample::select(&ORDERS[..]), world in 1_usize..5, uneven in prop::sample::select(&["keep", "drop", "pad"][..]),
        passes in 1_usize..3, max in prop::option::of(1_usize..60), threads in 1_usize..4, epoch in 0_u64..3,
    ) {
        let place = Place::new();
        let max = max.map_or(String::new(), |max| format!("  max_patches: {max}\n"));
        let keys = format!("  order: {order}\n  passes: {passes}\n{max}");
        let single = batches(&place.loader(&keys), epoch);
        let threads = with(TRAIN, "num_workers: 2", &format!("num_workers: {threads}"));
        let of_rank = |rank| {
            let shard = format!("  shard: {{rank: {rank}, world_size: {world}, uneven: {uneven}}}\n");
            batches(&place.training(&format!("{threads}{keys}{shard}")).loader, epoch)
        };
        let mut all: Vec<Delivered> = (0..world).flat_map(of_rank).collect();
        all.sort_by_key(|(batch_idx, ..)| *batch_idx);
        let n_even = single.len() / world * world;
        match uneven {
            "drop" => prop_assert_eq!(&all[..], &single[..n_even]),
            "keep" => prop_assert_eq!(&all, &single),
            _ => {
                prop_assert_eq!(all.len(), single.len().next_multiple_of(world));
                all.dedup();
                prop_assert_eq!(&all, &single);
            }
        }
    }
}

#[test]
fn a_state_goes_on_with_other_threads_and_ranks() {
    let place = Place::new();
    let keys = "  order: chunk_aware\n  passes: 2\n";
    let whole = batches(&place.loader(keys), 3);
    for n_before in 0..whole.len() {
        let mut before = place.loader(keys).epoch(3).unwrap();
        assert_eq!(before.by_ref().take(n_before).filter(Result::is_ok).count(), n_before);
        let other = with(TRAIN, "num_workers: 2", "num_workers: 1");
        let resumed = |shard: &str| -> Vec<usize> {
            let loader = place.training(&format!("{other}{keys}{shard}")).loader;
            loader.resume(&before.state()).unwrap().map(|batch| batch.unwrap().batch_idx()).collect()
        };
        let mut left: Vec<usize> =
            (0..3).flat_map(|rank| resumed(&format!("  shard: {{rank: {rank}, world_size: 3}}\n"))).collect();
        left.sort_unstable();
        assert_eq!(left, (n_before..whole.len()).collect::<Vec<_>>());
        assert_eq!(resumed(""), left);
    }
    let other = place.loader("  order: shuffled\n  passes: 2\n");
    let state = place.loader(keys).epoch(3).unwrap().state();
    assert!(matches!(other.resume(&state), Err(LoaderError::OtherStream { .. })));
}

#[test]
fn keys_reach_the_loader() {
    let place = Place::new();
    let order = |keys: &str| place.loader(keys).options().order;
    assert_eq!(order(""), Order::Shuffled);
    assert_eq!(order("  order: sequential\n"), Order::Sequential);
    assert_eq!(order("  order: {name: grouped}\n"), Order::Grouped);
    let chunk_aware = |window, sources, cache_bytes: u64| {
        Order::ChunkAware(ChunkAware { window, sources, cache_bytes: cache_bytes / 10 * 9 })
    };
    // 256 MiB hold far more patches than a window needs.
    assert_eq!(order("  order: chunk_aware\n"), chunk_aware(65_536, 4, 256 << 20));
    let text = format!("{TRAIN}  order: {{name: chunk_aware, sources: 7}}\nreading: {{cache_mib: 1}}\n");
    // Patches of 8 × 8 pixels in 16 bits, and half of the cache.
    let own_window = place.training(&text).loader.options().order;
    assert_eq!(own_window, chunk_aware((1 << 19) / 128, 7, 1 << 20));
    let loader =
        place.loader("  passes: 3\n  on_failure: {retry: 2}\n  shapes: grouped\n  max_patches: 50\n");
    assert_eq!(
        (loader.options().on_failure, loader.options().shapes),
        (OnFailure::Retry(2), Shapes::Grouped)
    );
    assert_eq!((loader.options().passes, loader.n_patches()), (3, 50));
    let text = with(TRAIN, "  seed: 42", "  seed: 42\n  train_dataloader_params: {shuffle: false}");
    assert_eq!(place.training(&text).loader.options().order, Order::Sequential);
}

#[test]
fn targets_and_large_pixels_make_windows_smaller() {
    let place = Place::new();
    place.image("t.tiff", &[3, 32, 40], |_| 1.0);
    let text = with(TRAIN, "[a.tiff, b.tiff]", "a.tiff\n  target: t.tiff\n  order: chunk_aware");
    let text = with(&text, "axes: YX\n", "axes: YX\n  target_axes: CYX\n");
    let Order::ChunkAware(options) =
        place.training(&format!("{text}reading: {{cache_mib: 1}}\n")).loader.options().order
    else {
        panic!("another order")
    };
    assert_eq!(options.window, (1 << 19) / (4 * 128));
}

#[test]
fn patches_are_drawn_by_the_mean_weight_of_their_pixels() {
    let place = Place::new();
    // Of the 20 patches of the first image, one weighs 3 and one 1; of the second, one weighs 4 all over half of it.
    place.image("wa.tiff", &[1, 32, 40], |[_, y, x]| match (y / 8, x / 8) {
        (0, 0) => 3.0,
        (1, 2) => 1.0,
        _ => 0.0,
    });
    place.image("wb.tiff", &[1, 24, 16], |[_, y, x]| if (8..12).contains(&y) && x < 8 { 8.0 } else { 0.0 });
    let text = with(TRAIN, "name: random", "name: sequential");
    let by_weight = format!("{text}  order: weighted\n  weights: [wa.tiff, wb.tiff]\n  passes: 100\n");
    let loader = place.training(&by_weight).loader;
    let drawn = samples(&loader, 0);
    assert_eq!(drawn.len(), 2600);
    let share = |index: usize| drawn.iter().filter(|sample| sample.index == index).count() as f64 / 2600.0;
    let shares = [0, 7, 22].map(share);
    for (share, expected) in shares.into_iter().zip([3.0 / 8.0, 1.0 / 8.0, 4.0 / 8.0]) {
        assert!((share - expected).abs() < 0.05, "{share} instead of {expected}");
    }
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "others are drawn: {shares:?}");

    let masked = format!("{text}  order: foreground\n  mask: [wa.tiff, wb.tiff]\n  passes: 100\n");
    let drawn = samples(&place.training(&masked).loader, 0);
    let share = |index: usize| drawn.iter().filter(|sample| sample.index == index).count() as f64 / 2600.0;
    for (index, expected) in [(0, 0.4), (7, 0.4), (22, 0.2)] {
        assert!(
            (share(index) - expected).abs() < 0.05,
            "patch {index}: {} instead of {expected}",
            share(index)
        );
    }

    place.image("dark.tiff", &[1, 32, 40], |_| 0.0);
    let dark = with(&by_weight, "[wa.tiff, wb.tiff]", "dark.tiff");
    let dark = with(&dark, "[a.tiff, b.tiff]", "a.tiff");
    let error = place.try_training(&dark).err().unwrap().to_string();
    assert!(error.starts_with("train.weights: order weighted: no pixel of the image "), "{error}");
}

#[test]
fn patches_that_move_have_no_weight() {
    let place = Place::new();
    let text = with(TRAIN, "name: random", "name: sequential");
    let mut plan = place.plan(&format!("{text}  order: weighted\n  weights: [a.tiff, b.tiff]\n")).unwrap();
    assert!(place.training_of(&plan).is_ok());
    plan.data.patching = place.plan(TRAIN).unwrap().data.patching;
    let error = place.training_of(&plan).err().unwrap().to_string();
    assert!(error.contains(" is not cut at one place in all epochs"), "{error}");
    assert!(error.contains("patching weighted"), "{error}");
    plan.train.as_mut().unwrap().loading.order = Some(OrderPlan::Foreground);
    let error = place.training_of(&plan).err().unwrap().to_string();
    assert_eq!(error, "order foreground needs train.mask");
}

#[test]
fn a_damaged_image_is_skipped_and_told() {
    let place = Place::new();
    place.image("a.ome.zarr", &[1, 32, 32], |[_, y, x]| (y * x) as f32);
    place.image("b.ome.zarr", &[1, 32, 32], |[_, y, x]| (y + x) as f32);
    let chunk = place.path("b.ome.zarr/0/c/0/0");
    let bytes = fs::read(&chunk).unwrap();
    fs::write(&chunk, &bytes[..bytes.len() / 2]).unwrap();
    let text = with(TRAIN, "[a.tiff, b.tiff]", "[a.ome.zarr, b.ome.zarr]\n  order: sequential");
    let text = with(&text, "data_type: tiff", "data_type: zarr");
    let results = |text: &str| {
        let mut batches = place.training(text).loader.epoch(0).unwrap();
        let results: Vec<_> = batches.by_ref().collect();
        (results, batches.stats())
    };
    // 16 patches each, in batches of 3: the sixth batch has one of the first image and two of the second.
    let (failed, _) = results(&text);
    let is_ok = |results: &[Result<_, LoaderError>]| results.iter().map(Result::is_ok).collect::<Vec<_>>();
    assert_eq!(is_ok(&failed), [true, true, true, true, true, false, false, false, false, false, false]);
    let (skipped, stats) = results(&format!("{text}  on_failure: skip\n"));
    assert_eq!(is_ok(&skipped), [true, true, true, true, true, true, false, false, false, false, false]);
    let mixed = skipped[5].as_ref().unwrap();
    assert_eq!((mixed.len(), mixed.skipped().len(), stats.n_skipped), (1, 2, 2 + 14));
    assert!(mixed.skipped()[0].to_string().contains("b.ome.zarr"), "{}", mixed.skipped()[0]);
    assert!(matches!(skipped[6], Err(LoaderError::AllSkipped { n: 3, .. })));
    let (_, stats) = results(&format!("{text}  on_failure: {{retry: 2}}\n"));
    assert_eq!(stats.n_retries, 32);
}

/// The samples of each data set of a mixture.
fn by_dataset(loader: &Loader) -> Vec<usize> {
    let mut counts = vec![0; loader.datasets().len()];
    samples(loader, 0).iter().for_each(|sample| counts[sample.dataset] += 1);
    counts
}

#[test]
fn data_sets_are_mixed_by_their_ratios() {
    let place = Place::new();
    // 20 patches beside 6, normalised by statistics of their own.
    let own = with(&with(TRAIN, "[a.tiff, b.tiff]", "a.tiff"), "name: none", "name: mean_std");
    let other = with(&with(TRAIN, "[a.tiff, b.tiff]", "b.tiff"), "seed: 42", "seed: 7");
    let other = with(&with(&other, "name: none", "name: mean_std"), "batch_size: 3", "batch_size: 64");
    place.write("other.yaml", &other);
    let mixed = |keys: &str| place.training(&format!("{own}{keys}"));
    let two_to_one = "  ratio: 2\n  mix: [{config: other.yaml}]\n";
    let training = mixed(two_to_one);
    assert_eq!(by_dataset(&training.loader), [20, 10]);
    for (_, samples, _) in batches(&training.loader, 1) {
        assert_eq!(samples.iter().filter(|sample| sample.dataset == 0).count(), 2);
    }
    assert_eq!(by_dataset(&mixed(&format!("{two_to_one}  mix_until: shortest\n")).loader), [12, 6]);
    let decimals = "  ratio: 0.7\n  mix: [{config: other.yaml, ratio: 0.3}]\n  mix_until: shortest\n";
    assert_eq!(by_dataset(&mixed(decimals).loader), [14, 6]);

    assert_eq!((training.n_images, training.mixed.len(), training.mixed[0].n_images), (1, 1, 1));
    assert_eq!(training.mixed[0].file, place.path("other.yaml"));
    let means =
        [&training.statistics, &training.mixed[0].statistics].map(|statistics| statistics.pairs().0[0].0);
    assert!(means[0] < 4000.0 && means[1] > 10_000.0, "{means:?}");
    let seeds: Vec<u64> = training.loader.datasets().map(|dataset| dataset.seed()).collect();
    assert_eq!(seeds, [42, 7]);
    assert_eq!(training.loader.options().batch_size, 3);

    let checked = |text: &str| {
        CheckedRun::load(&place.write("run.yaml", text), &Opening::default())
            .unwrap_or_else(|error| panic!("{error}"))
    };
    let warnings: Vec<String> = checked(&format!("{own}{two_to_one}")).mixed()[0]
        .plan
        .warnings
        .iter()
        .map(|warning| format!("{}: {}", warning.key_path, warning.message))
        .collect();
    let expected = format!(
        "data_config.batch_size: not used where it is mixed into {}",
        place.path("run.yaml").display()
    );
    assert_eq!(warnings, [expected]);
    assert!(checked(&own).mixed().is_empty());
}

#[test]
fn mixtures_that_cannot_be_are_refused() {
    let place = Place::new();
    let mix = |name: &str| format!("{TRAIN}  mix: [{{config: {name}}}]\n");
    let refused = |name: &str, parts: &[&str]| {
        let refusal = place.refusal(&mix(name));
        parts.iter().for_each(|part| assert!(refusal.contains(part), "no {part:?} in\n{refusal}"));
    };
    refused("./run.yaml", &["train.mix[0].config: ", "is this file itself"]);
    refused("none.yaml", &["train.mix[0].config: configuration ", "none.yaml cannot be read"]);
    place.write("back.yaml", &mix("run.yaml"));
    refused("back.yaml", &["back.yaml mixes this file in again"]);
    place.write("plain.yaml", TRAIN);
    place.write("nested.yaml", &mix("plain.yaml"));
    refused("nested.yaml", &["nested.yaml mixes other files itself"]);
    place.write(
        "predicting.yaml",
        "output: out\ndata_config: {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, \
         normalization: {name: none}}\npredict: {input: a.tiff, models: [identity]}\n",
    );
    refused("predicting.yaml", &["predicting.yaml has no train section"]);
    // Problems of the other file are told with those of this one, each in its own.
    place.write("wrong.yaml", &with(TRAIN, "b.tiff", "none.tiff"));
    let refusal = place.refusal(&with(&mix("wrong.yaml"), "a.tiff", "missing.tiff"));
    for part in
        ["run.yaml:13:", "missing.tiff", "wrong.yaml:13:", "none.tiff", "2 problems in ", "run.yaml and "]
    {
        assert!(refusal.contains(part), "no {part:?} in\n{refusal}");
    }
    place.write("large.yaml", &with(TRAIN, "[8, 8]", "[16, 16]"));
    let both =
        ["large.yaml makes patches of 16 × 16 with 1 channel and no target", "patches of 8 × 8", "run.yaml"];
    refused("large.yaml", &both);
    let grouped = place.training(&format!("{}  shapes: grouped\n", mix("large.yaml"))).loader;
    assert!(by_dataset(&grouped).iter().all(|n| *n > 0));
    place.image("t.tiff", &[1, 32, 40], |_| 1.0);
    place.write("target.yaml", &with(TRAIN, "[a.tiff, b.tiff]", "a.tiff\n  target: t.tiff"));
    refused("target.yaml", &["and a target of 1 channel"]);
    let grouped = format!("{}  shapes: grouped\n", mix("target.yaml"));
    assert!(place.refusal(&grouped).contains("and a target of 1 channel"));
    let sequential = with(&mix("plain.yaml"), "name: random", "name: sequential");
    let weighted = format!("{sequential}  order: weighted\n  weights: [a.tiff, b.tiff]\n");
    assert!(place.refusal(&weighted).contains("plain.yaml has no order by weight beside order weighted"));
}

#[test]
fn every_data_set_of_a_mixture_is_drawn_by_its_own_weights() {
    let place = Place::new();
    place.image("wa.tiff", &[1, 32, 40], |[_, y, x]| if y < 8 && x < 8 { 1.0 } else { 0.0 });
    place.image("wb.tiff", &[1, 24, 16], |[_, y, _]| if y >= 16 { 2.0 } else { 0.0 });
    let text = with(TRAIN, "name: random", "name: sequential");
    let own = with(&text, "[a.tiff, b.tiff]", "a.tiff\n  order: weighted\n  weights: wa.tiff");
    let other = with(&text, "[a.tiff, b.tiff]", "b.tiff\n  order: foreground\n  mask: wb.tiff");
    place.write("other.yaml", &other);
    let loader = place.training(&format!("{own}  mix: [{{config: other.yaml}}]\n")).loader;
    for sample in samples(&loader, 0) {
        assert!(if sample.dataset == 0 { sample.index == 0 } else { sample.index >= 4 }, "{sample}");
    }
}

#[test]
fn a_mixture_may_not_leak() {
    let place = Place::new();
    let own = with(TRAIN, "[a.tiff, b.tiff]", "a.tiff\n  val_input: b.tiff\n  mix: [{config: other.yaml}]");
    place.write("other.yaml", &with(TRAIN, "[a.tiff, b.tiff]", "b.tiff"));
    let leak = |text: &str| {
        let plan = place.plan(text).unwrap();
        let images = open_images(&plan, &Opening::default()).unwrap();
        find_leak(&plan.data, plan.train.as_ref().unwrap(), &images, &|| true).unwrap()
    };
    assert!(matches!(leak(&own), LeakReport::Shared { path, .. } if path == place.path("b.tiff")));
    place.write("other.yaml", &with(TRAIN, "[a.tiff, b.tiff]", "a.tiff"));
    assert!(matches!(leak(&own), LeakReport::Proven { .. }));

    let split = with(
        &with(&own, "\n  val_input: b.tiff", "\n  leak_free: true"),
        "n_val_patches: 0",
        "n_val_patches: 2",
    );
    let split = with(&split, "name: random", "name: stratified");
    let error = place.try_training(&split).err().unwrap().to_string();
    assert!(error.starts_with("leak: pixel ") && error.contains("a.tiff"), "{error}");
    place.write("other.yaml", &with(TRAIN, "[a.tiff, b.tiff]", "b.tiff"));
    assert!(place.training(&split).validation.is_some());
}

/// TIFF files whose reader says nothing of which pixels they have.
struct Silent;

struct SilentStack(std::sync::Arc<dyn ImageStack>, StackInfo);

impl formats::Format for Silent {
    fn name(&self) -> &str {
        "silent"
    }

    fn extensions(&self) -> &[&str] {
        &["tiff"]
    }

    fn open(&self, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError> {
        let silent = |stack: std::sync::Arc<dyn ImageStack>| {
            let mut info = stack.info().clone();
            info.identity = Identity::unknown();
            let stack: std::sync::Arc<dyn ImageStack> = std::sync::Arc::new(SilentStack(stack, info));
            vec![stack]
        };
        let opened = formats::open(request.path, formats::FileFormat::Tiff, request.axes, request.options)?;
        Ok(opened.into_iter().map(silent).collect())
    }
}

impl ImageStack for SilentStack {
    fn info(&self) -> &StackInfo {
        &self.1
    }

    fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
        self.0.read_inside(window, out)
    }
}

/// TIFF files whose reader counts how often each is opened.
#[derive(Default, Clone)]
struct Counting(std::sync::Arc<std::sync::Mutex<BTreeMap<PathBuf, usize>>>);

impl formats::Format for Counting {
    fn name(&self) -> &str {
        "tiff"
    }

    fn extensions(&self) -> &[&str] {
        &["tiff"]
    }

    fn open(&self, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError> {
        *self.0.lock().unwrap().entry(request.path.to_owned()).or_default() += 1;
        let opened = formats::open(request.path, formats::FileFormat::Tiff, request.axes, request.options)?;
        Ok(opened.into_iter().map(|stack| vec![stack]).collect())
    }
}

/// What was opened for the checks is what the run reads.
#[test]
fn images_are_opened_once() {
    let place = Place::new();
    place.write("other.yaml", &with(TRAIN, "[a.tiff, b.tiff]", "b.tiff"));
    let own = with(TRAIN, "[a.tiff, b.tiff]", "a.tiff");
    let text = format!(
        "{own}  mix: [{{config: other.yaml}}]\npredict: {{input: a.tiff, models: [identity], patching: {{name: whole}}}}\n"
    );
    let counting = Counting::default();
    let mut opening = Opening::default();
    opening.formats = opening.formats.with(counting.clone());
    let checked =
        CheckedRun::load(&place.write("run.yaml", &text), &opening).unwrap_or_else(|error| panic!("{error}"));
    let plan = checked.plan().clone();
    let images = checked.into_images(&opening).unwrap();
    training(&plan.data, plan.train.as_ref().unwrap(), &images, &|| true).unwrap();
    let opened = counting.0.lock().unwrap();
    let names: Vec<_> = opened.iter().map(|(path, n)| (path.file_name().unwrap().to_owned(), *n)).collect();
    assert_eq!(names, [("a.tiff".into(), 1), ("b.tiff".into(), 1)]);
}

/// Nothing is proven of a source of one's own that says nothing, but the same file is the same image.
#[test]
fn a_source_that_tells_nothing_is_not_proven_to_leak_nothing() {
    let place = Place::new();
    fs::hard_link(place.path("a.tiff"), place.path("linked.tiff")).unwrap();
    let mut opening = Opening::default();
    opening.formats = opening.formats.with(Silent);
    let custom = with(TRAIN, "data_type: tiff", "data_type: custom");
    let images = |text: &str| {
        let checked = CheckedRun::load(&place.write("run.yaml", text), &opening)
            .unwrap_or_else(|error| panic!("{error}"));
        let plan = checked.plan().clone();
        (plan, checked.into_images(&opening).unwrap())
    };
    let leak = |text: &str| {
        let (plan, images) = images(text);
        find_leak(&plan.data, plan.train.as_ref().unwrap(), &images, &|| true).unwrap()
    };
    let validated = |train: &str, val: &str| {
        leak(&with(&custom, "[a.tiff, b.tiff]", &format!("{train}\n  val_input: {val}")))
    };
    let LeakReport::Unknown { doubt } = validated("a.tiff", "b.tiff") else { panic!("expected a doubt") };
    let doubt = doubt.to_string();
    assert!(
        doubt.starts_with("the source of ") && doubt.ends_with(" does not tell which pixels it has"),
        "{doubt}"
    );
    assert!(matches!(validated("a.tiff", "linked.tiff"), LeakReport::Shared { .. }));
    assert!(matches!(validated("[b.tiff, a.tiff]", "a.tiff"), LeakReport::Shared { .. }));

    let split =
        with(&with(&custom, "name: random", "name: stratified"), "n_val_patches: 0", "n_val_patches: 2");
    let split = format!("{split}  leak_free: true\n");
    let alone = with(&split, "[a.tiff, b.tiff]", "[a.tiff, linked.tiff]");
    assert!(matches!(leak(&alone), LeakReport::Proven { .. }), "one image is itself");
    let (plan, images) = images(&split);
    let error = training(&plan.data, plan.train.as_ref().unwrap(), &images, &|| true).err().unwrap();
    assert!(error.to_string().starts_with("leak_free cannot be proven: the source of "), "{error}");
}
