//! Every refusal: one change to a valid file, and all that is then reported. The changes are in the modules.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod constructors;
mod data;
mod file;
mod filters;
mod lateral;
mod loader_params;
mod loading;
mod normalization;
mod patching;
mod predict;
mod reading;
mod simulate;
mod train;

use std::path::Path;

const BASE: &str = include_str!("../data/base.yaml");
const FULL: &str = include_str!("../data/full.yaml");
const LATERAL: &str = include_str!("../data/lateral.yaml");

/// A change to a valid file and the first lines of the problems it leads to.
struct Case {
    from: &'static str,
    to: &'static str,
    problems: &'static [&'static str],
}

fn env(name: &str) -> Option<String> {
    let known = [("OUT", "/o"), ("RANK", "3"), ("WORLD", "four")];
    known.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
}

/// The problems of a text, each in one line without the name of the file.
fn problems_of(text: &str) -> Vec<String> {
    let Err(errors) = patchweave_config::parse(text, Path::new("f"), &env) else { return Vec::new() };
    let first_line = |problem: String| problem.lines().next().unwrap().strip_prefix("f:").unwrap().to_owned();
    errors.problems.iter().map(|problem| first_line(problem.to_string())).collect()
}

/// Valid files, and changes to each.
const TABLES: &[(&str, &[Case])] = &[
    (BASE, file::ON_BASE),
    (BASE, reading::ON_BASE),
    (BASE, simulate::ON_BASE),
    (BASE, data::ON_BASE),
    (BASE, loader_params::ON_BASE),
    (BASE, patching::ON_BASE),
    (BASE, normalization::ON_BASE),
    (BASE, filters::ON_BASE),
    (LATERAL, filters::ON_LATERAL),
    (LATERAL, lateral::ON_LATERAL),
    (BASE, train::ON_BASE),
    (FULL, train::ON_FULL),
    (BASE, loading::ON_BASE),
    (LATERAL, loading::ON_LATERAL),
    (LATERAL, constructors::ON_LATERAL),
    (BASE, predict::ON_BASE),
];

#[test]
fn the_unchanged_files_are_accepted() {
    for file in [BASE, FULL, LATERAL] {
        assert_eq!(problems_of(file), Vec::<String>::new());
    }
}

#[test]
fn every_refusal_says_where_what_and_why() {
    for (file, cases) in TABLES {
        for case in *cases {
            assert!(file.contains(case.from), "{:?} is not in the file", case.from);
            let text = file.replacen(case.from, case.to, 1);
            assert_eq!(problems_of(&text), case.problems, "{:?} instead of {:?}", case.to, case.from);
        }
    }
}

#[test]
fn the_problems_of_all_sections_come_together() {
    let mut text = BASE.to_owned();
    for (from, to) in [
        ("size: [64, 64]", "size: [0, 64]"),
        ("mode: training", "mode: [training]"),
        ("name: mean_std", "name: mean"),
        ("target: b.tiff", "target: b.tiff\n  epoch: 2"),
        ("[identity]", "[blur]"),
    ] {
        text = text.replacen(from, to, 1);
    }
    let places: Vec<_> =
        problems_of(&text).iter().map(|p| p.split(": ").nth(1).unwrap().to_owned()).collect();
    let expected = [
        "simulate.size[0]",
        "data_config.mode",
        "data_config.normalization.name",
        "train.epoch",
        "predict.models[0]",
    ];
    assert_eq!(places, expected);
}

#[test]
fn long_lines_and_strange_characters_are_shown_in_one_short_line() {
    let text = format!("{}: \"\u{7f}\" # {}", "ä".repeat(200), "x".repeat(300));
    let errors = patchweave_config::parse(&text, Path::new("f"), &env).unwrap_err();
    assert!(errors.to_string().lines().all(|line| line.chars().count() < 300), "{errors}");
    assert!(!errors.to_string().contains('\u{7f}'));
}

#[test]
fn a_line_is_shown_from_its_start_unless_the_problem_is_far_behind() {
    for (column, n_before) in [(20, 19), (100, 99), (101, 60), (500, 60)] {
        let text = format!("{{output: {}, x: 1}}", "a".repeat(column - 12));
        let errors = patchweave_config::parse(&text, Path::new("f"), &env).unwrap_err();
        let problem = errors.problems.iter().find(|problem| problem.key_path == "x").unwrap();
        assert_eq!((problem.column, problem.excerpt.n_before), (column, n_before));
        let marked: String =
            problem.excerpt.line.chars().skip(n_before).take(problem.excerpt.n_marked).collect();
        assert_eq!(marked, "x");
    }
}
