//! Plans: colours keep windows apart, patches that belong to other data are refused, and plans survive being written.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod support;

use patchweave_geometry::{Extent, PerAxis};
use patchweave_slices::{
    Accumulation, ChannelSpec, ExtractionPlan, PlanOptions, PlaneWindow, SliceOptions, SliceStack,
};
use patchweave_stack::ArrayStack;
use proptest::prelude::*;
use serde_json::{Value, json};

use support::{any_accumulation, any_z_slices, stack, volume};

const SHAPE: [usize; 5] = [2, 2, 6, 9, 10];

fn slices(accumulation: Accumulation, z_slices: patchweave_slices::ZSlices) -> SliceStack<ArrayStack<f32>> {
    let spec = ChannelSpec::builder().identity(&[-1, 0]).mean(&[&[0, 2]]).std(&[&[-1, 1]]).build().unwrap();
    SliceStack::new(
        stack(&volume(SHAPE)),
        spec,
        SliceOptions { accumulation, z_slices, ..SliceOptions::default() },
    )
    .unwrap()
}

fn any_windows() -> impl Strategy<Value = PlanOptions> {
    let sizes = (1_usize..=9, 1_usize..=10);
    let n_colours = || prop::option::of(1_usize..4);
    (prop::option::of((sizes, prop::option::of((1_usize..12, 1_usize..12)))), n_colours(), n_colours())
        .prop_map(|(windows, n_colours_y, n_colours_x)| PlanOptions {
            window: windows.map(|((y, x), _)| Extent::new(&[y, x]).unwrap()),
            step: windows.and_then(|(_, step)| step.map(|(y, x)| PerAxis::new(&[y, x]).unwrap())),
            n_colours_y,
            n_colours_x,
        })
}

proptest! {
    #[test]
    fn written_plans_come_back(options in any_windows(), z_slices in any_z_slices(SHAPE[2]), accumulation in any_accumulation()) {
        let slices = slices(accumulation, z_slices);
        let plan = slices.extraction_plan(&options).unwrap();
        let text = serde_json::to_string(&plan).unwrap();
        prop_assert_eq!(&serde_json::from_str::<ExtractionPlan>(&text).unwrap(), &plan);
        let groups = plan.colour_groups();
        for (colour, group) in &groups {
            prop_assert!(group.is_sorted() && group.iter().all(|&patch| plan.patches()[patch].colour == *colour));
        }
        prop_assert_eq!(groups.values().map(Vec::len).sum::<usize>(), plan.patches().len());
        if let Some(n_colours) = options.n_colours_y {
            prop_assert!(groups.keys().all(|colour| colour.y < n_colours));
        }
    }

    /// Of one colour and one plane, unless pulled back to the end.
    #[test]
    fn windows_of_a_colour_do_not_overlap(
        (window, step) in ((1_usize..9, 1_usize..10), prop::option::of((1_usize..9, 1_usize..9))),
    ) {
        let slices = slices(Accumulation::Planes, vec![2].into());
        let size = Extent::new(&[window.0, window.1]).unwrap();
        let step = step.map(|(y, x)| PerAxis::new(&[y, x]).unwrap());
        let plan = slices.non_overlapping_plan(size, step).unwrap();
        let is_free = |w: &PlaneWindow| w.y_stop < SHAPE[3] && w.x_stop < SHAPE[4];
        let windows: Vec<_> = plan.patches().iter().filter(|entry| entry.n == 0)
            .filter_map(|entry| Some((entry.colour, entry.window.filter(is_free)?))).collect();
        for (at, (colour, a)) in windows.iter().enumerate() {
            for (other, b) in &windows[at + 1..] {
                let overlap = a.y_start < b.y_stop && b.y_start < a.y_stop && a.x_start < b.x_stop && b.x_start < a.x_stop;
                prop_assert!(!(colour == other && overlap), "{a:?} {b:?}");
            }
        }
    }
}

#[test]
fn patches_without_slices_are_left_out() {
    let spec = ChannelSpec::builder().identity(&[-2]).build().unwrap();
    let slices = SliceStack::new(stack(&volume(SHAPE)), spec, SliceOptions::default()).unwrap();
    let plan = slices.extraction_plan(&PlanOptions::default()).unwrap();
    let z0s: Vec<usize> = plan.patches().iter().map(|entry| entry.z0).collect();
    assert_eq!(z0s, [2, 3, 4, 5, 2, 3, 4, 5]);
    assert_eq!(*plan.patches()[7].required_z_indices, [3]);
}

#[test]
fn plans_that_do_not_fit_are_refused() {
    let slices = slices(Accumulation::Volume, vec![1, 3].into());
    let refused = |options: PlanOptions| slices.extraction_plan(&options).unwrap_err().to_string();
    let window = Some(Extent::new(&[4, 11]).unwrap());
    assert_eq!(
        refused(PlanOptions { window, ..PlanOptions::default() }),
        "got a window of 4 × 11 pixels, expected one that fits into the image of 9 × 10"
    );
    let step = Some(PerAxis::new(&[2, 2]).unwrap());
    assert_eq!(
        refused(PlanOptions { step, ..PlanOptions::default() }),
        "got the step [2, 2] without a window"
    );
    let n_colours_x = Some(0);
    assert_eq!(
        refused(PlanOptions { n_colours_x, ..PlanOptions::default() }),
        "got 0 colours along x, expected at least 1"
    );
    let step = Some(PerAxis::new(&[0, 1]).unwrap());
    let error = slices.non_overlapping_plan(Extent::new(&[4, 4]).unwrap(), step).unwrap_err();
    assert_eq!(error.to_string(), "got the step [0, 1], expected at least 1 along every axis");
}

#[test]
fn entries_of_other_data_are_refused() {
    let slices = slices(Accumulation::Volume, vec![1, 3].into());
    let refused = |change: fn(&mut Value)| {
        let mut entry = json!({"patch_idx": 0, "n": 1, "z0": 3, "y_start": 0, "y_stop": 9, "x_start": 5, "x_stop": 10,
            "color_y_idx": 0, "color_x_idx": 0, "required_z_indices": [2]});
        change(&mut entry);
        let plan = json!({"patches": [entry], "color_groups": {"0,0": [0]}, "total_patches": 1});
        let plan: ExtractionPlan = serde_json::from_value(plan).map_err(|error| error.to_string())?;
        slices.window_of(&plan.patches()[0]).map_err(|error| error.to_string())?;
        slices.extract(&plan.patches()[0]).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(refused(|_| {}), Ok(()));
    let error = |text: &str| Err(text.to_owned());
    assert_eq!(
        refused(|entry| entry["n"] = 2.into()),
        error("patch 0 of the plan: got image 2, expected one of 2")
    );
    assert_eq!(
        refused(|entry| entry["z0"] = 2.into()),
        error("patch 0 of the plan: got slice 2, expected one of [1, 3], which are selected")
    );
    assert_eq!(
        refused(|entry| entry["x_stop"] = 11.into()),
        error("patch 0 of the plan: got the window 0..9 x 5..11, expected one inside of 9 x 10")
    );
    let expected = "in a plan, expected starts before their stops, or null for all four";
    assert_eq!(
        refused(|entry| entry["x_stop"] = 5.into()),
        error(&format!("got the window y 0..9 and x 5..5 {expected}"))
    );
    assert_eq!(
        refused(|entry| entry["x_stop"] = Value::Null),
        error(&format!("got the window y 0..9 and x 5..null {expected}"))
    );
    assert_eq!(
        refused(|entry| entry["patch_idx"] = 1.into()),
        error("got patch_idx 1 in a plan, expected 0, the place of the patch")
    );
    assert_eq!(
        refused(|entry| entry["color_y_idx"] = 1.into()),
        error(
            "the plan has color_groups with no patch at place 0 of the colour 1,0, expected patch 0, as its patches say"
        )
    );
}
