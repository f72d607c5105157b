//! The rule that files of a crate do not use each other in a circle, and the circles that stand nevertheless.

use std::collections::{BTreeMap, BTreeSet};

use crate::allowed_circles::ALLOWED;
use crate::modules::{Arrows, arrows};
use crate::source::Code;
use crate::{crates, facade, none, sources};

/// Files that all reach each other along arrows, in alphabetical order.
type Circle = Vec<String>;

#[test]
fn no_files_use_each_other_in_a_circle() {
    let mut violations = Vec::new();
    for one in crates().into_iter().chain([facade()]) {
        let arrows = arrows(&code_of(&one.name, sources(&one.folder.join("src"))));
        let allowed = ALLOWED.iter().filter(|circle| circle.of == one.name);
        let allowed: Vec<Circle> =
            allowed.map(|circle| circle.files.iter().map(|file| (*file).to_owned()).collect()).collect();
        let found = circles(&arrows);
        let new = found.iter().filter(|circle| !allowed.contains(circle));
        violations.extend(new.map(|circle| format!("{}: {}", one.name, told(circle, &arrows))));
        let gone = allowed.iter().filter(|circle| !found.contains(circle));
        violations.extend(
            gone.map(|circle| format!("{}: no such circle any more: {}", one.name, circle.join(", "))),
        );
    }
    none(violations);
}

#[test]
fn circles_that_stand_have_a_reason() {
    let without = ALLOWED.iter().filter(|circle| circle.reason.is_empty() || circle.files.len() < 2);
    none(without.map(|circle| format!("{}: {}", circle.of, circle.files.join(", "))).collect());
}

/// The files of a crate by their paths below `src/`.
fn code_of(name: &str, files: Vec<(String, String)>) -> Vec<(String, Code)> {
    let folders = [format!("{name}/src/"), "src/".to_owned()];
    let below = |path: &str| {
        let path = folders.iter().find_map(|folder| path.strip_prefix(folder)).unwrap_or(path);
        path.to_owned()
    };
    files.iter().map(|(path, text)| (below(path), Code::of(text))).collect()
}

/// The circles among files, each as large as it gets.
fn circles(arrows: &Arrows) -> Vec<Circle> {
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in arrows.keys() {
        next.entry(from).or_default().push(to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        next.keys().map(|file| (*file, reached_from(file, &next))).collect();
    let reaches = |from: &str, to: &str| reached.get(from).is_some_and(|files| files.contains(to));
    let mut circles = Vec::new();
    for file in next.keys().filter(|file| reaches(file, file)) {
        let circle = next.keys().filter(|other| reaches(file, other) && reaches(other, file));
        let circle: Circle = circle.map(|file| (*file).to_owned()).collect();
        if !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

/// The files at the ends of all ways that start at `file`.
fn reached_from<'f>(file: &str, next: &BTreeMap<&'f str, Vec<&'f str>>) -> BTreeSet<&'f str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = next.get(file).cloned().unwrap_or_default();
    while let Some(file) = open.pop() {
        if reached.insert(file) {
            open.extend(next.get(file).into_iter().flatten());
        }
    }
    reached
}

/// The files of a circle and, for each arrow between two of them, what it uses.
fn told(circle: &Circle, arrows: &Arrows) -> String {
    let mut told = format!("{} files use each other in a circle", circle.len());
    for ((from, to), names) in arrows {
        if circle.contains(from) && circle.contains(to) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            told.push_str(&format!("\n      {from} -> {to}: {}", names.join(", ")));
        }
    }
    told
}

/// A crate of a few files, none of which has to compile.
fn made_up(files: &[(&str, &str)]) -> Vec<(String, Code)> {
    files.iter().map(|(path, text)| ((*path).to_owned(), Code::of(text))).collect()
}

#[test]
fn a_circle_is_found_and_told_with_what_makes_it() {
    let files = made_up(&[
        ("lib.rs", "mod a; mod b; mod c; pub use a::A; pub use b::B;"),
        ("a.rs", "use crate::b::{self, B}; pub struct A(B); fn f() { b::g::<u8>() }"),
        ("b.rs", "pub struct B; pub fn g<T>() {} fn h(c: &crate::c::C) { c.call() }"),
        ("c.rs", "use super::{A as First, B}; pub(crate) struct C(First, B);"),
        ("d.rs", "use crate::A;"),
    ]);
    let arrows = arrows(&files);
    let circles = circles(&arrows);
    assert_eq!(circles, [["a.rs", "b.rs", "c.rs"]]);
    let expected = "3 files use each other in a circle
      a.rs -> b.rs: B, g
      b.rs -> c.rs: C
      c.rs -> a.rs: A
      c.rs -> b.rs: B";
    assert_eq!(told(&circles[0], &arrows), expected);
}

#[test]
fn a_folder_is_a_room_only_where_it_has_code_of_its_own() {
    let child = ("f/a.rs", "use super::b::B; use super::X; struct A(B, X);");
    let other = ("f/b.rs", "pub struct B;");
    let root = ("lib.rs", "mod f; mod x;");
    let x = ("x.rs", "pub struct X;");
    let only_declares =
        made_up(&[root, x, child, other, ("f/mod.rs", "mod a; mod b; pub use a::A; use crate::x::X;")]);
    assert_eq!(circles(&arrows(&only_declares)), Vec::<Circle>::new());
    let has_code = made_up(&[
        root,
        child,
        other,
        ("f.rs", "mod a; mod b; pub use a::A; pub struct X; fn f(a: A) {}"),
        x,
    ]);
    assert_eq!(circles(&arrows(&has_code)), [["f.rs", "f/a.rs"]]);
}

#[test]
fn code_of_tests_makes_no_arrow_and_macros_and_inner_modules_do() {
    let files = made_up(&[
        ("lib.rs", "#[cfg(test)] mod tests; mod a; mod b; mod c; mod d;"),
        ("tests.rs", "use crate::a::A;"),
        (
            "a.rs",
            "pub struct A; #[cfg(test)] mod tests { use crate::b::B; } fn f() { g(0..crate::b::inner::N) }",
        ),
        ("b.rs", "pub mod inner { pub const N: usize = 1; } macro_rules! made { () => {} }"),
        ("c.rs", "use crate::b::*; fn f() -> usize { inner::N } /* crate::a::A */ // crate::a::A\n"),
        (
            "d.rs",
            "pub(in crate::a) fn f<'a>(s: &'a str) { made!(); if s != \"crate::c::f\" { std::fs::read(s) } }",
        ),
    ]);
    let found: Vec<String> = arrows(&files)
        .iter()
        .map(|((from, to), names)| format!("{from} {to} {}", Vec::from_iter(names.iter().cloned()).join(",")))
        .collect();
    assert_eq!(found, ["a.rs b.rs N", "c.rs b.rs N", "d.rs b.rs made!"]);
}
