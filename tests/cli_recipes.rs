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
    fs::create_dir(place.path("configs")).unwrap();
    let config = place.path("configs").join(recipe);
    // All of them, because one may mix another in.
    for recipe in fs::read_dir(recipes).unwrap().map(Result::unwrap) {
        fs::copy(recipe.path(), place.path("configs").join(recipe.file_name())).unwrap();
    }
    let ended = place.patchweave(&["run".as_ref(), config.as_os_str()]).with_code(0);
    assert_eq!(ended.stderr, "");
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

#[test]
fn every_recipe_has_its_test() {
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let mut names: Vec<String> = fs::read_dir(recipes)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
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
