//! What a data set says about the images behind its samples, and what it refuses.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::sync::Arc;

use ndarray::ArrayD;
use patchweave_construct::{
    BasicPatchConstr, Dataset, FitOptions, PatchConstrExt, PatchExtractor, PatchRole, Statistic, fit,
};
use patchweave_geometry::{Extent, RegionSpec};
use patchweave_patching::{PatchRng, Patching, SequentialPatching};
use patchweave_stack::{ArrayStack, ImageStack};

fn images(shape: &[usize], axes: &str, value: f32) -> PatchExtractor {
    let stack = ArrayStack::new(ArrayD::from_elem(shape, value), &axes.parse().unwrap()).unwrap();
    PatchExtractor::new(vec![Arc::new(stack) as Arc<dyn ImageStack>]).unwrap()
}

fn constr(
    input: PatchExtractor,
    target: Option<PatchExtractor>,
    channels: Option<Vec<usize>>,
) -> BasicPatchConstr<impl Patching + use<>> {
    let patching = SequentialPatching::new(input.shapes(), Extent::new(&[4, 4]).unwrap(), None).unwrap();
    BasicPatchConstr::new(patching, input, target, channels).unwrap()
}

fn first_spec(constr: &impl PatchConstrExt) -> RegionSpec {
    constr.construct_patch(0, &mut PatchRng::for_patch(0, 0, 0)).unwrap().1
}

/// Section 12 of the semantics: the channel entry of the input's shapes becomes the number of selected
/// channels, the target's shapes are not changed.
#[test]
fn metadata_counts_the_selected_channels_of_inputs() {
    let constr =
        constr(images(&[8, 8, 3], "YXC", 1.0), Some(images(&[2, 8, 8], "CYX", 2.0)), Some(vec![2, 0]));
    let spec = first_spec(&constr);
    let dataset = Dataset::new(Arc::new(constr), 1);
    let input = dataset.metadata(PatchRole::Input, &spec).unwrap();
    assert_eq!(input.data_shape.to_vec(), [1, 2, 8, 8]);
    assert_eq!(input.original.shape(), [8, 8, 2]);
    let target = dataset.metadata(PatchRole::Target, &spec).unwrap();
    assert_eq!(target.data_shape.to_vec(), [1, 2, 8, 8]);
    assert_eq!(target.original.shape(), [2, 8, 8]);
    assert!(Arc::ptr_eq(&input, &dataset.metadata(PatchRole::Input, &spec).unwrap()));
}

#[test]
fn statistics_refuse_what_they_cannot_use() {
    let options = FitOptions {
        statistic: Statistic::MeanStd,
        per_channel: true,
        with_input: true,
        with_target: true,
        seed: 1,
        tolerance: None,
        max_bytes: 1 << 20,
    };
    let statistics = |input: f32, target: f32, options: &FitOptions| {
        let constr = constr(images(&[8, 8], "YX", input), Some(images(&[8, 8], "YX", target)), None);
        fit(&constr, options, &|| true).map_err(|error| error.to_string())
    };
    assert!(statistics(1.0, 2.0, &options).is_ok());
    let message = "pixels that are infinite or no number, statistics need finite ones; repair the image, or give \
                   statistics in the configuration";
    assert_eq!(
        statistics(f32::NAN, 2.0, &options).unwrap_err(),
        format!("array: the input of patch 0 holds {message}")
    );
    let target = statistics(1.0, f32::INFINITY, &options).unwrap_err();
    assert_eq!(target, format!("array: the target of patch 0 holds {message}"));
    let small = FitOptions { max_bytes: 100, ..options.clone() };
    assert_eq!(
        statistics(1.0, 2.0, &small).unwrap_err(),
        "sample 0 needs 128 bytes, the limit is 100; use smaller patches"
    );
}
