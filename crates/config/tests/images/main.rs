//! Checks against the opened images: each mismatch is reported at the key that causes it.
//!
//! What concerns every run is in `plain`; masks, weights and validation are in `extras`, lateral context in `lateral`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod extras;
mod lateral;
mod plain;

use std::path::Path;

use patchweave_config::{ImageFacts, OpenedImages, Outside, RunPlan, check_images, parse, parse_and_check};
use patchweave_geometry::ImageShape;

const BASE: &str = include_str!("../data/base.yaml");
const LATERAL: &str = include_str!("../data/lateral.yaml");

fn image(source: &str, shape: &[usize]) -> ImageFacts {
    ImageFacts { source: source.into(), shape: ImageShape::from_slice(shape).unwrap(), entry: 0 }
}

/// The images that the file without lateral context fits.
fn images() -> OpenedImages {
    OpenedImages {
        train_inputs: vec![image("a", &[1, 2, 64, 80])],
        train_targets: vec![vec![image("b", &[1, 3, 64, 80])]],
        predict_inputs: vec![image("p", &[1, 2, 20, 20])],
        ..OpenedImages::default()
    }
}

/// The problems of the changed file with these images, each in one line without the name of the file.
fn problems(from: &str, to: &str, images: &OpenedImages) -> Vec<String> {
    assert!(BASE.contains(from), "{from}");
    problems_of(&BASE.replacen(from, to, 1), images)
}

/// The problems of a file with these images, each in one line without the name of the file.
fn problems_of(text: &str, images: &OpenedImages) -> Vec<String> {
    let plan = parse(text, Path::new("f"), &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
    let problems = check_images(&plan, images).problems;
    problems.iter().map(|p| p.to_string().lines().next().unwrap()[2..].to_owned()).collect()
}

#[test]
fn problems_of_text_and_images_come_together() {
    let text = BASE.replacen("predict:\n", "predict:\n  batch_size: none\n", 1).replacen(
        "train:\n",
        "train:\n  epoch: 3\n",
        1,
    );
    assert_ne!(text, BASE);
    let train_inputs = vec![image("a", &[1, 2, 64, 63])];
    let images = OpenedImages { train_inputs, train_targets: Vec::new(), ..images() };
    let check = |plan: &RunPlan| check_images(plan, &images);
    let errors =
        parse_and_check(&text, Path::new("f"), &Outside { check: &check, ..Outside::default() }).unwrap_err();
    let keys: Vec<&str> = errors.problems.iter().map(|problem| problem.key_path.as_str()).collect();
    assert_eq!(keys, ["data_config.patching.patch_size", "train.epoch", "predict.batch_size"]);
}

/// Refused values leave stand-ins behind that fit any image.
#[test]
fn stand_ins_cause_no_problems() {
    for (file, images) in [(BASE, images()), (LATERAL, lateral::images())] {
        let is_value = |line: &&str| line.contains(": ") && !line.trim_start().starts_with(['#', 'a']);
        for line in file.lines().filter(is_value) {
            let (key, _) = line.split_once(": ").unwrap();
            let text = file.replacen(line, &format!("{key}: {{wrong: [value]}}"), 1);
            let plain = parse(&text, Path::new("f"), &|_| None).unwrap_err();
            let check = |plan: &RunPlan| check_images(plan, &images);
            let checked =
                parse_and_check(&text, Path::new("f"), &Outside { check: &check, ..Outside::default() })
                    .unwrap_err();
            assert_eq!(plain, checked, "{line}");
        }
    }
}

#[test]
fn images_that_fit_have_no_problems() {
    for (file, images) in [(BASE, images()), (LATERAL, lateral::images())] {
        assert_eq!(problems_of(file, &images), Vec::<String>::new());
        assert_eq!(problems_of(file, &OpenedImages::default()), Vec::<String>::new());
    }
}
