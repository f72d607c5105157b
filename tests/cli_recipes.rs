//! Every recipe in `configs/` runs as it stands, on the data it simulates.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::fs;
use std::path::Path;

use support::{Ended, Place};

/// Runs a recipe in a folder of its own, where its outputs end up in `out`.
fn run(recipe: &str) -> (Place, Ended) {
    let place = Place::new();
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let config = place.path("configs").join(recipe);
    // All of them, because one may mix another in.
    copy(&recipes, &place.path("configs"));
    let ended = place.patchweave(&["run".as_ref(), config.as_os_str()]).with_code(0);
    assert_eq!(ended.stderr, "");
    check_networks(&ended);
    for file in ended.listed() {
        assert!(place.path(&file).exists(), "{recipe}: {file:?} is listed but missing");
    }
    let checked =
        place.patchweave(&["validate".as_ref(), "--leaks".as_ref(), config.as_os_str()]).with_code(0);
    assert!(checked.stdout.contains("is fine"), "{checked:?}");
    // It can be run again, though its results are there.
    assert!(!checked.stdout.contains(" exist"), "{checked:?}");
    (place, checked)
}

/// Copies the recipes and the networks in folders beside them.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let copied = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &copied);
        } else {
            fs::copy(entry.path(), copied).unwrap();
        }
    }
}

/// The network that comes with the recipes is far nearer to its targets than its input, brighter or darker, can be.
fn check_networks(ended: &Ended) {
    let lines = ended.stdout.lines().skip_while(|line| !line.starts_with("prediction: unmix on ")).skip(1);
    for line in lines.take_while(|line| line.starts_with("  ")) {
        let words: Vec<f64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        let [result, input, best_affine] = words[..] else { panic!("{line}") };
        assert!(best_affine > input && result > best_affine + 3.0, "{line}");
    }
}

#[test]
fn every_recipe_has_its_test() {
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let entries = fs::read_dir(recipes).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file());
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    let mut tested = RECIPES.map(|(name, _)| format!("{name}.yaml"));
    tested.sort();
    assert_eq!(names, tested);
}

macro_rules! recipes {
    ($($name:ident: $leaks:literal),* $(,)?) => {
        const RECIPES: [(&str, &str); [$($leaks),*].len()] = [$((stringify!($name), $leaks)),*];

        $(
            #[test]
            fn $name() {
                let (_place, checked) = run(concat!(stringify!($name), ".yaml"));
                checked.says($leaks);
            }
        )*
    };
}

recipes! {
    denoise: "leaks: none; no pixel that one of the 6 validation patches",
    mixed: "leaks: there are no validation patches",
    predict_2d: "leaks: there is no training",
    predict_3d: "leaks: there is no training",
    quickstart: "leaks: there are no validation patches",
    restore: "leaks: there are no validation patches",
    unmix_independent: "leaks: there are no validation patches",
    unmix_multiplexed: "leaks: none; no pixel that one of the 2 validation patches",
    unmix_paired: "leaks: none; no pixel that one of the 2 validation patches",
    volume: "leaks: there are no validation patches",
}
