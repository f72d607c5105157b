//! Data sets from plans and images in memory: what modes differ in, and what is refused.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use ndarray::Array;
use patchweave_config::{ConstructorPlan, DataPlan, DataRules, parse_data_config};
use patchweave_construct::{Dataset, PatchExtractor, Sample, Scratch};
use patchweave_loader::{Loader, LoaderOptions, Shapes};
use patchweave_patching::WholePatching;
use patchweave_pipeline::{DatasetImages, PipelineError, Statistics, dataset_of};
use patchweave_stack::{ArrayStack, ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};

fn plan(keys: &str) -> DataPlan {
    let text = format!("{{data_type: array, axes: YX, normalization: {{name: none}}, seed: 3, {keys}}}");
    parse_data_config(&text, Path::new("a.yaml"), DataRules::Own).unwrap()
}

fn images(sizes: &[[usize; 2]]) -> PatchExtractor {
    let image = |&size: &[usize; 2]| {
        let pixels = Array::from_shape_fn(size, |(y, x)| (100 * y + x) as f32).into_dyn();
        Arc::new(ArrayStack::new(pixels, &"YX".parse().unwrap()).unwrap()) as Arc<dyn ImageStack>
    };
    PatchExtractor::new(sizes.iter().map(image).collect()).unwrap()
}

fn basic(sizes: &[[usize; 2]]) -> DatasetImages {
    DatasetImages::new(ConstructorPlan::Basic, Some(images(sizes)), Vec::new())
}

fn build(data: &DataPlan, images: &DatasetImages) -> Result<(Dataset, Statistics), PipelineError> {
    dataset_of(data, images, &|| true)
}

fn refusal(data: &DataPlan, images: &DatasetImages) -> String {
    build(data, images).err().unwrap().to_string()
}

#[test]
fn only_training_draws_anew_and_augments() {
    let samples = |keys: &str| -> Vec<Sample> {
        let (dataset, _) = build(&plan(keys), &basic(&[[32, 32]])).unwrap();
        let sample = |epoch| {
            let mut sample = Sample::zeros(&dataset.layout(0).unwrap()).unwrap();
            dataset.write(0, epoch, &mut Scratch::default(), sample.view_mut()).unwrap();
            sample
        };
        (0..20).map(sample).collect()
    };
    let is_upright = |sample: &Sample| {
        sample.input[[0, 0, 0, 1]] - sample.input[[0, 0, 0, 0]] == 1.0
            && sample.input[[0, 0, 1, 0]] - sample.input[[0, 0, 0, 0]] == 100.0
    };
    let trained = samples("mode: training, patching: {name: random, patch_size: [8, 8]}");
    assert!(trained.iter().any(|sample| sample.input != trained[0].input));
    assert!(!trained.iter().all(is_upright));
    let validated = samples("mode: validating, patching: {name: fixed_random, patch_size: [8, 8]}");
    assert!(validated.iter().all(|sample| sample.input == validated[0].input && is_upright(sample)));
}

#[test]
fn patches_must_fit_unless_for_prediction() {
    let validating = plan("mode: validating, patching: {name: fixed_random, patch_size: [8, 8]}");
    let small = basic(&[[8, 8], [9, 7]]);
    assert_eq!(
        refusal(&validating, &small),
        "image array has size 9 × 7, expected at least the patch size 8 × 8"
    );
    let tiled = "patching: {name: tiled, patch_size: [8, 8], overlaps: [2, 2]}";
    let (dataset, _) = build(&plan(&format!("mode: predicting, {tiled}")), &small).unwrap();
    assert_eq!(dataset.n_patches(), 3);
}

#[test]
fn whole_images_share_a_batch_only_in_one_size() {
    let whole =
        |batch_size| plan(&format!("mode: predicting, patching: {{name: whole}}, batch_size: {batch_size}"));
    let unequal = basic(&[[8, 8], [8, 8], [9, 8]]);
    assert_eq!(
        refusal(&whole(2), &unequal),
        "image array has size 9 × 8, the first image has 8 × 8: batches of 2 whole images need one size, or a loader that \
         groups shapes (Shapes::Grouped)"
    );
    let grouped = DatasetImages { shapes: Shapes::Grouped, ..unequal.clone() };
    let (dataset, _) = build(&whole(2), &grouped).unwrap();
    let options = LoaderOptions { batch_size: 2, shapes: Shapes::Grouped, ..LoaderOptions::default() };
    let batches = Loader::new(dataset, options).unwrap().epoch(0).unwrap();
    let shapes: Vec<_> = batches.map(|batch| batch.unwrap().inputs().shape().to_vec()).collect();
    assert_eq!(shapes, [[2, 1, 1, 8, 8], [1, 1, 1, 9, 8]]);
    assert_eq!(build(&whole(1), &unequal).unwrap().0.n_patches(), 3);
    assert_eq!(build(&whole(2), &basic(&[[8, 8], [8, 8]])).unwrap().0.n_patches(), 2);
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let lateral =
        plan("mode: validating, patching: {name: fixed_random, patch_size: [8, 8]}, multiscale_count: 2");
    assert_eq!(
        refusal(&lateral, &basic(&[[16, 16]])),
        "the constructor is basic, which has no lateral context: multiscale_count in data_config"
    );
    let whole = plan("mode: predicting, patching: {name: whole}");
    let nothing = DatasetImages::new(ConstructorPlan::Basic, None, Vec::new());
    assert_eq!(refusal(&whole, &nothing), "there are no images");
    let input = images(&[[8, 8]]);
    let strategy = Arc::new(WholePatching::new(input.shapes()).unwrap());
    let two = DatasetImages { strategies: Some(vec![strategy.clone(), strategy]), ..basic(&[[8, 8]]) };
    assert_eq!(refusal(&whole, &two), "got 2 strategies for 1 sources, expected one for each");
}

/// An image that notes which threads read it.
struct Noting {
    image: ArrayStack<f32>,
    readers: Mutex<BTreeSet<String>>,
}

impl ImageStack for Noting {
    fn info(&self) -> &StackInfo {
        self.image.info()
    }

    fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
        let name = std::thread::current().name().unwrap_or("unnamed").to_owned();
        self.readers.lock().unwrap().insert(name);
        self.image.read_inside(window, out)
    }
}

fn noting() -> Arc<Noting> {
    let pixels = Array::from_shape_fn([400, 400], |(y, x)| ((31 * y + 7 * x) % 997) as f32 + 0.5).into_dyn();
    let image = ArrayStack::new(pixels, &"YX".parse().unwrap()).unwrap();
    Arc::new(Noting { image, readers: Mutex::default() })
}

impl Noting {
    /// Whether only those threads read that so many workers have.
    fn check(&self, n_workers: usize) {
        let readers = std::mem::take(&mut *self.readers.lock().unwrap());
        let allowed: BTreeSet<String> =
            (0..n_workers.max(1)).map(|nth| format!("patchweave-fit-{nth}")).collect();
        assert!(!readers.is_empty() && readers.is_subset(&allowed), "{readers:?} for {n_workers} workers");
    }
}

#[test]
fn patches_are_chosen_by_as_many_threads_as_there_are_workers() {
    let noting = noting();
    for patching in [
        "{name: stratified, patch_size: [8, 8]}, patch_filter: {name: max, threshold: 500}",
        "{name: foreground, patch_size: [8, 8], threshold: 500}",
        "{name: weighted, patch_size: [8, 8]}",
    ] {
        for n_workers in [0, 1, 2, 5] {
            let data = plan(&format!("mode: training, patching: {patching}, num_workers: {n_workers}"));
            let images = PatchExtractor::new(vec![Arc::clone(&noting) as Arc<dyn ImageStack>]).unwrap();
            let images = DatasetImages {
                weights: Some(images.clone()),
                ..DatasetImages::new(ConstructorPlan::Basic, Some(images), Vec::new())
            };
            build(&data, &images).unwrap();
            noting.check(n_workers);
        }
    }
}

#[test]
fn statistics_are_computed_by_as_many_threads_as_there_are_workers() {
    let noting = noting();
    let mut found = BTreeSet::new();
    for normalization in ["mean_std", "min_max", "quantile", "quantile, method: streaming"] {
        let of_workers = |n_workers: usize| {
            let text = format!(
                "{{mode: training, data_type: array, axes: YX, patching: {{name: random, patch_size: [8, 8]}}, \
                 normalization: {{name: {normalization}}}, num_workers: {n_workers}}}"
            );
            let data = parse_data_config(&text, Path::new("a.yaml"), DataRules::Own).unwrap();
            let input = PatchExtractor::new(vec![Arc::clone(&noting) as Arc<dyn ImageStack>]).unwrap();
            let images = DatasetImages::new(ConstructorPlan::Basic, Some(input), Vec::new());
            let (_, statistics) = build(&data, &images).unwrap();
            noting.check(n_workers);
            statistics.pairs().0
        };
        let one = of_workers(1);
        for n_workers in [0, 2, 5] {
            assert_eq!(of_workers(n_workers), one, "{normalization}");
        }
        found.insert(format!("{one:?}"));
    }
    assert_eq!(found.len(), 4);
}

/// An image that can be opened and not read.
struct Unreadable(ArrayStack<f32>);

impl ImageStack for Unreadable {
    fn info(&self) -> &StackInfo {
        self.0.info()
    }

    fn read_inside(&self, _: &InsideWindow<'_>, _: PatchViewMut<'_>) -> Result<(), StackError> {
        let source = std::io::Error::other("a broken disk");
        Err(StackError::Io { stack: "unreadable".to_owned(), action: "read", source })
    }
}

/// Neither does a given input end the fit of a target by its pixels, nor is a target read that is given or skipped.
#[test]
fn statistics_look_at_what_they_lack() {
    let image = |of: fn(usize) -> f32| {
        let pixels = Array::from_shape_fn([16, 16], |(_, x)| of(x)).into_dyn();
        ArrayStack::new(pixels, &"YX".parse().unwrap()).unwrap()
    };
    let nan = image(|x| if x == 9 { f32::NAN } else { 1.0 });
    let stripes = image(|x| (x % 2) as f32);
    let built = |normalization: &str, input: Arc<dyn ImageStack>, target: Arc<dyn ImageStack>| {
        let data = parse_data_config(
            &format!(
                "{{mode: training, data_type: array, axes: YX, patching: {{name: random, patch_size: [8, 8]}}, \
                 normalization: {{name: {normalization}}}}}"
            ),
            Path::new("a.yaml"),
            DataRules::Own,
        );
        let [input, target] = [input, target].map(|stack| PatchExtractor::new(vec![stack]).unwrap());
        let images = DatasetImages::new(ConstructorPlan::Basic, Some(input), vec![target]);
        let (_, statistics) = build(&data.unwrap(), &images).unwrap();
        statistics.pairs()
    };
    let nan = Arc::new(nan);
    let stripes = Arc::new(stripes);
    for (normalization, of_input, of_target) in [
        ("mean_std, input_means: [3], input_stds: [2]", (3.0, 2.0), (0.5, 0.5)),
        ("min_max, input_mins: [3], input_maxes: [5]", (3.0, 5.0), (0.0, 1.0)),
    ] {
        let found = built(normalization, nan.clone(), stripes.clone());
        assert_eq!(found, (vec![of_input], vec![of_target]));
    }
    for normalization in ["mean_std, skip_target: true", "mean_std, target_means: [3], target_stds: [2]"] {
        let broken = Arc::new(Unreadable(image(|_| 0.0)));
        let (of_input, _) = built(normalization, stripes.clone(), broken);
        assert_eq!(of_input, [(0.5, 0.5)], "{normalization}");
    }
}
