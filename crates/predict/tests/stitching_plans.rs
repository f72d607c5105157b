//! Plans that stitch: every patch of a stack of slices is where it belongs, together they are the whole.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use ndarray::{Array5, ArrayD, Axis, s};
use patchweave_geometry::{Extent, PerAxis};
use patchweave_predict::StitchingPlan;
use patchweave_quilt::Quilt;
use patchweave_slices::{
    Accumulation, ChannelSpec, ExtractionPlan, PlanOptions, PlaneWindow, SliceOptions, SliceStack, Span,
    ZSlices,
};
use patchweave_stack::{ArrayStack, ImageStack};
use proptest::prelude::*;
use serde_json::json;

const SHAPE: [usize; 5] = [2, 2, 6, 9, 10];

/// Channels of a volume `NCZYX` without two equal pixels.
fn slices(accumulation: Accumulation, z_slices: ZSlices) -> SliceStack<ArrayStack<f32>> {
    let mut next = 0.0;
    let volume = Array5::from_shape_simple_fn(SHAPE, || {
        next += 1.0;
        next
    });
    let volume = ArrayStack::new(volume.into_dyn(), &"SCZYX".parse().unwrap()).unwrap();
    let spec = ChannelSpec::builder().identity(&[-1, 0]).mean(&[&[0, 2]]).std(&[&[-1, 1]]).build().unwrap();
    SliceStack::new(volume, spec, SliceOptions { accumulation, z_slices, ..SliceOptions::default() }).unwrap()
}

fn any_accumulation() -> impl Strategy<Value = Accumulation> {
    prop::sample::select(vec![Accumulation::Planes, Accumulation::Volume])
}

/// All slices, a span of them, or a list in any order, repeated ones included.
fn any_z_slices() -> impl Strategy<Value = ZSlices> {
    let end = || prop::option::of(-8_i64..8);
    let step = prop::option::of(prop_oneof![-3_i64..0, 1_i64..4]);
    let span = (end(), end(), step).prop_map(|(start, stop, step)| Span { start, stop, step }.into());
    let list = prop::collection::vec(0..SHAPE[2], 1..40).prop_map(ZSlices::from);
    prop_oneof![Just(ZSlices::All), span, list]
        .prop_filter("selects nothing", |selection: &ZSlices| selection.resolve(SHAPE[2]).is_ok())
}

/// Whole planes, or windows with or without a step.
fn any_windows() -> impl Strategy<Value = PlanOptions> {
    let sizes = (1_usize..=9, 1_usize..=10);
    prop::option::of((sizes, prop::option::of((1_usize..12, 1_usize..12)))).prop_map(|windows| PlanOptions {
        window: windows.map(|((y, x), _)| Extent::new(&[y, x]).unwrap()),
        step: windows.and_then(|(_, step)| step.map(|(y, x)| PerAxis::new(&[y, x]).unwrap())),
        ..PlanOptions::default()
    })
}

/// Puts patches where the stitching plan says; planes are found by the slice of their entry.
fn stitched(
    slices: &SliceStack<ArrayStack<f32>>,
    plan: &ExtractionPlan,
    stitching: &StitchingPlan,
) -> ArrayD<f32> {
    let mut whole = ArrayD::from_elem(stitching.output_shape.clone(), f32::NAN);
    for entry in plan.patches() {
        let patch = slices.extract(entry).unwrap();
        let mapping = stitching.patch_mappings[&entry.patch_idx];
        let all = PlaneWindow { y_start: 0, y_stop: SHAPE[3], x_start: 0, x_stop: SHAPE[4] };
        let window = mapping.window.unwrap_or(all);
        let places: Vec<usize> = match mapping.z_idx {
            Some(z_idx) => vec![z_idx],
            None => (0..slices.z_slices().len()).filter(|&k| slices.z_slices()[k] == entry.z0).collect(),
        };
        for place in places {
            let plane = match slices.accumulation() {
                Accumulation::Planes => {
                    whole.index_axis_mut(Axis(0), mapping.n * slices.z_slices().len() + place)
                }
                Accumulation::Volume => {
                    whole.index_axis_mut(Axis(0), mapping.n).index_axis_move(Axis(1), place)
                }
            };
            let mut plane = plane.into_dimensionality::<ndarray::Ix3>().unwrap();
            plane
                .slice_mut(s![.., window.y_start..window.y_stop, window.x_start..window.x_stop])
                .assign(&patch);
        }
    }
    whole
}

proptest! {
    #[test]
    fn patches_of_a_plan_are_the_whole(
        accumulation in any_accumulation(),
        z_slices in any_z_slices(),
        options in any_windows(),
    ) {
        let slices = slices(accumulation, z_slices);
        let plan = slices.extraction_plan(&options).unwrap();
        let stitching = StitchingPlan::new(&slices, &plan).unwrap();
        let whole = slices.convert().unwrap();
        let got = stitched(&slices, &plan, &stitching);
        prop_assert_eq!(got.shape(), whole.shape());
        let has_gaps = options.window.zip(options.step).is_some_and(|(window, step)| {
            step.iter().zip(window.iter()).any(|(step, size)| step > size)
        });
        for (got, expected) in got.iter().zip(&whole) {
            prop_assert!(got == expected || (has_gaps && got.is_nan()), "{got} {expected}");
        }
    }

    #[test]
    fn written_plans_come_back(options in any_windows(), z_slices in any_z_slices(), accumulation in any_accumulation()) {
        let slices = slices(accumulation, z_slices);
        let plan = slices.extraction_plan(&options).unwrap();
        let stitching = StitchingPlan::new(&slices, &plan).unwrap();
        let text = serde_json::to_string(&stitching).unwrap();
        prop_assert_eq!(serde_json::from_str::<StitchingPlan>(&text).unwrap(), stitching);
    }
}

#[test]
fn entries_of_other_data_are_refused() {
    let slices = slices(Accumulation::Volume, vec![1, 3].into());
    let refused = |n: usize, z0: usize, x_stop: usize| {
        let entry = json!({"patch_idx": 0, "n": n, "z0": z0, "y_start": 0, "y_stop": 9, "x_start": 5, "x_stop": x_stop,
            "color_y_idx": 0, "color_x_idx": 0, "required_z_indices": [2]});
        let plan = json!({"patches": [entry], "color_groups": {"0,0": [0]}, "total_patches": 1});
        let plan: ExtractionPlan = serde_json::from_value(plan).unwrap();
        StitchingPlan::new(&slices, &plan).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(refused(1, 3, 10), Ok(()));
    let error = |text: &str| Err(text.to_owned());
    assert_eq!(refused(2, 3, 10), error("patch 0 of the plan: got image 2, expected one of 2"));
    assert_eq!(
        refused(1, 2, 10),
        error("patch 0 of the plan: got slice 2, expected one of [1, 3], which are selected")
    );
    assert_eq!(
        refused(1, 3, 11),
        error("patch 0 of the plan: got the window 0..9 x 5..11, expected one inside of 9 x 10")
    );
}

/// Planes are blended by a quilt of their size; volumes are none that windows of planes fit.
#[test]
fn planes_fit_a_quilt() {
    let quilt = |accumulation: Accumulation| {
        let slices = slices(accumulation, vec![1].into());
        let window = Extent::new(&[4, 4]).unwrap();
        Quilt::new(slices.info().shape().extent, window, PerAxis::new(&[3, 3]).unwrap())
    };
    let planes = quilt(Accumulation::Planes).unwrap();
    assert_eq!(planes.times(), PerAxis::new(&[3, 3]).unwrap());
    let error = quilt(Accumulation::Volume).unwrap_err();
    assert_eq!(error.to_string(), "the window has 2 spatial axes, the image has 3");
}

/// Patches of planes in the context of their neighbours come back together, whatever the weight of their border.
#[test]
fn planes_come_back_from_a_quilt() {
    let slices = slices(Accumulation::Planes, ZSlices::All);
    let planes = slices.convert().unwrap().into_dimensionality::<ndarray::Ix4>().unwrap();
    let window = Extent::new(&[4, 4]).unwrap();
    let step = PerAxis::new(&[2, 2]).unwrap();
    let quilt = Quilt::new(slices.info().shape().extent, window, step).unwrap().with_border(1, 0.5).unwrap();
    let patches = quilt.unstitch(planes.view()).unwrap();
    let n_planes = SHAPE[0] * SHAPE[2];
    assert_eq!(
        patches.shape(),
        [n_planes * quilt.times().iter().product::<usize>(), planes.shape()[1], 4, 4]
    );
    let (stitched, _) = quilt.stitch(patches.view()).unwrap();
    assert!((stitched - planes).iter().all(|error| error.abs() < 1e-3));
}
