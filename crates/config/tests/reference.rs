//! The rules of the reference: what it accepts beyond ours, what it does not know, and what both refuse.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use std::path::Path;

use patchweave_config::{ConfigValue, DataPlan, DataRules, DataType, LateralPlan, parse_data_config};

const PLAIN: &str = "
mode: training
data_type: array
axes: YX
patching: {name: stratified, patch_size: [8, 8]}
normalization: {name: mean_std}
seed: 11
";

/// A `data_config` block as CAREamics writes it.
const WRITTEN: &str = include_str!("data/reference.yaml");

fn accepted(text: &str, rules: DataRules) -> DataPlan {
    parse_data_config(text, Path::new("f"), rules).unwrap_or_else(|errors| panic!("{text}: {errors}"))
}

/// The first lines of the problems, without the name of the file.
fn refused(text: &str, rules: DataRules) -> Vec<String> {
    let errors = parse_data_config(text, Path::new("f"), rules).unwrap_err();
    errors.problems.iter().map(|p| p.to_string().lines().next().unwrap()[2..].to_owned()).collect()
}

fn with(from: &str, to: &str) -> String {
    assert!(PLAIN.contains(from), "{from}");
    PLAIN.replacen(from, to, 1)
}

#[test]
fn a_block_that_the_reference_wrote_is_read_by_all_rules_and_written_as_it_was() {
    let read = accepted(WRITTEN, DataRules::Own);
    assert_eq!(read, accepted(WRITTEN, DataRules::DataConfig));
    assert_eq!(read.lateral, None);
    assert_eq!(read.n_threads(&read.train_loader), 4);
    let written = read.to_reference_form().to_yaml();
    let flow = WRITTEN.replace("  patch_size:\n  - 64\n  - 64\n", "  patch_size: [64, 64]\n");
    let flow = flow.replace("\n- name", "\n  - name").replace("\n  flip", "\n    flip");
    let flow = flow.replace("\n  p: 0.5\n  seed", "\n    p: 0.5\n    seed");
    assert_eq!(written, flow);
}

#[test]
fn lateral_context_is_where_the_rules_have_it() {
    let text = format!("{PLAIN}multiscale_count: 3\n");
    assert_eq!(accepted(&text, DataRules::DataConfig).lateral, None);
    let lateral = LateralPlan { multiscale_count: 3, ..LateralPlan::default() };
    assert_eq!(accepted(&text, DataRules::Own).lateral, Some(lateral.clone()));
    assert_eq!(accepted(&text, DataRules::MicroSplitDataConfig).lateral, Some(lateral));
    assert_eq!(accepted(PLAIN, DataRules::Own).lateral, None);
    assert_eq!(accepted(PLAIN, DataRules::MicroSplitDataConfig).lateral, Some(LateralPlan::default()));

    let form = accepted(PLAIN, DataRules::MicroSplitDataConfig).to_reference_form();
    assert_eq!(form.get("padding_mode"), Some(&ConfigValue::from("reflect")));
    assert_eq!(form.get("context_depth"), None);
    let filter = format!("{PLAIN}patch_filter: {{name: max, threshold: 1}}\n");
    assert!(accepted(&filter, DataRules::DataConfig).patch_filter.is_some());
    let expected =
        "8:1: patch_filter: a patch filter together with lateral context, expected only one of the two";
    assert_eq!(refused(&filter, DataRules::MicroSplitDataConfig), [expected]);
}

#[test]
fn unknown_keys_are_passed_over_where_the_reference_does() {
    for text in [
        format!("{PLAIN}note: 1\n"),
        format!("{PLAIN}context_depth: sideways\nmask_filter: {{covrage: 1}}\n"),
        with("patch_size: [8, 8]", "patch_size: [8, 8], overlaps: [2, 2]"),
        with("name: mean_std", "name: none, input_means: 3"),
        format!("{PLAIN}augmentations: [{{name: XYFlip, flip_z: true}}]\n"),
        format!("{PLAIN}train_dataloader_params: {{shuffle: true, anything: [1]}}\n"),
    ] {
        accepted(&text, DataRules::DataConfig);
        assert!(
            refused(&text, DataRules::Own).iter().any(|problem| problem.contains("unknown key")),
            "{text}"
        );
    }
    for name in ["mean_std", "min_max", "quantile"] {
        let text = with("name: mean_std", &format!("name: {name}, bogus: 1"));
        assert!(refused(&text, DataRules::DataConfig)[0].contains("bogus: unknown key"), "{text}");
    }
}

#[test]
fn additions_are_unknown_to_the_reference() {
    for (from, to, found) in [
        ("stratified", "sequential", "patching.name: got \"sequential\", expected random, stratified"),
        ("stratified", "weighted", "patching.name: got \"weighted\", expected random, stratified"),
        (
            "seed: 11",
            "padding_mode: wrap_image",
            "padding_mode: got \"wrap_image\", expected reflect or wrap",
        ),
    ] {
        let text = with(from, to);
        accepted(&text, DataRules::Own);
        let problems = refused(&text, DataRules::MicroSplitDataConfig);
        assert!(problems[0].contains(found), "{problems:?}");
    }
}

#[test]
fn a_key_without_a_value_is_no_key_for_us_and_wrong_for_the_reference() {
    for key in ["batch_size", "in_memory", "n_val_patches", "augmentations", "num_workers"] {
        let text = format!("{PLAIN}{key}: null\n");
        assert_eq!(accepted(&text, DataRules::Own), accepted(PLAIN, DataRules::Own));
        let column = key.len() + 3;
        let expected =
            format!("8:{column}: {key}: got null, expected a value (omit the key for its default)");
        assert_eq!(refused(&text, DataRules::DataConfig), [expected]);
    }
    for key in ["target_axes", "channels", "patch_filter"] {
        let text = format!("{PLAIN}{key}: null\n");
        assert_eq!(accepted(&text, DataRules::DataConfig), accepted(PLAIN, DataRules::DataConfig));
    }
    let text = format!("{PLAIN}mask_filter: null\n");
    assert_eq!(accepted(&text, DataRules::DataConfig).mask_filter, None);
}

#[test]
fn what_nothing_can_be_built_from_is_refused_by_ours_only() {
    for (from, to) in [
        ("seed: 11", "augmentations: [{name: XYFlip, flip_x: false, flip_y: false}]"),
        ("seed: 11", "patch_filter: {name: shannon, threshold: -1}"),
        ("seed: 11", "patch_filter: {name: mean_std, mean_threshold: -1, std_threshold: -1}"),
        ("name: mean_std", "name: mean_std, input_means: 1, input_stds: -1"),
    ] {
        accepted(&with(from, to), DataRules::DataConfig);
        refused(&with(from, to), DataRules::Own);
    }
    let text = format!("{PLAIN}alpha_ranges: [[1, 0]]\n");
    accepted(&text, DataRules::MicroSplitDataConfig);
    refused(&text, DataRules::Own);
}

#[test]
fn every_data_type_has_its_axes_and_its_place() {
    let data = |data_type: &str, axes: &str, size: &str| {
        let text = with("data_type: array\naxes: YX", &format!("data_type: {data_type}\naxes: {axes}"));
        text.replace("[8, 8]", size)
    };
    for (data_type, in_memory) in [("tiff", true), ("zarr", false), ("custom", true), ("array", true)] {
        let data = accepted(&data(data_type, "TYX", "[8, 8]"), DataRules::Own);
        assert_eq!((data.in_memory, data.n_spatial()), (in_memory, 2), "{data_type}");
    }
    for (axes, size, n_spatial) in
        [("SCYX", "[8, 8]", 2), ("SCZYX", "[4, 8, 8]", 3), ("SCTYX", "[4, 8, 8]", 3)]
    {
        let data = accepted(&data("czi", axes, size), DataRules::DataConfig);
        assert_eq!((data.data_type, data.in_memory, data.n_spatial()), (DataType::Czi, false, n_spatial));
    }
    for axes in ["YX", "CSYX", "SCXY", "SCZTYX", "SCYXT", "SCTZYX"] {
        let problems = refused(&data("czi", axes, "[8, 8]"), DataRules::DataConfig);
        let expected =
            format!("4:7: axes: got \"{axes}\", expected SCYX, SCZYX or SCTYX, the axes of CZI files");
        assert_eq!(problems, [expected]);
    }
    let text = data("czi", "SCTYX", "[8, 8]");
    let expected =
        "5:42: patching.patch_size: got a list of 2 entries, expected a list of 3 sizes for axes SCTYX";
    assert_eq!(refused(&text, DataRules::DataConfig), [expected]);
    let text = with("data_type: array", "data_type: hdf5");
    let expected = "3:12: data_type: got \"hdf5\", expected array, tiff, zarr, czi or custom";
    assert_eq!(refused(&text, DataRules::DataConfig), [expected]);
    for data_type in ["hdf5", "npy"] {
        assert!(!accepted(&data(data_type, "YX", "[8, 8]"), DataRules::Own).in_memory);
    }
    let text = format!("{PLAIN}in_memory: false\n");
    let expected = "8:12: in_memory: got false, expected true with data_type array";
    assert_eq!(refused(&text, DataRules::DataConfig), [expected]);
}

#[test]
fn text_that_is_no_block_is_refused() {
    for text in ["", "5", "- mode: training", "mode: [", "mode: training\nmode: training"] {
        assert!(!refused(text, DataRules::Own).is_empty());
    }
}
