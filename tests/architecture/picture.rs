//! The picture, the pages of floors and the list of uses in ARCHITECTURE.md agree with the manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::{FOR_TESTS, crates, facade, none, root};

/// The crates that every crate uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// The crates of every floor, as often as they stand there.
type Floors = BTreeMap<usize, Vec<String>>;

/// What the manifests say, for the crates and the package at the root.
fn uses_of_manifests() -> Uses {
    let mut uses = Uses::new();
    for one in crates().into_iter().chain([facade()]) {
        let mut used: BTreeSet<String> = one.internal("dependencies").into_iter().collect();
        used.extend(one.internal("build-dependencies"));
        uses.insert(one.name, used);
    }
    uses
}

/// The lowest floor a crate can stand on: right above the highest crate it uses.
fn floor_of(name: &str, uses: &Uses) -> usize {
    uses.get(name).into_iter().flatten().map(|used| floor_of(used, uses) + 1).max().unwrap_or(0)
}

fn floors_of(uses: &Uses) -> Floors {
    let mut floors = Floors::new();
    for name in uses.keys() {
        floors.entry(floor_of(name, uses)).or_default().push(name.clone());
    }
    floors
}

/// The lines of the first code block below a heading.
fn block_below<'a>(document: &'a str, heading: &str) -> Vec<&'a str> {
    let below = document.lines().skip_while(|line| *line != heading);
    let block = below.skip_while(|line| !line.starts_with("```")).skip(1);
    block.take_while(|line| !line.starts_with("```")).collect()
}

/// Reads lines such as `floor 2 │ stack   (testkit) │ remark`; lines that draw walls say nothing.
fn floors_of_picture(lines: &[&str]) -> Floors {
    let mut floors = Floors::new();
    for line in lines {
        let mut parts = line.split('│');
        let floor = parts.next().and_then(|start| start.trim().strip_prefix("floor ")?.parse().ok());
        if let (Some(floor), Some(names)) = (floor, parts.next()) {
            let names = names.split_whitespace().map(str::to_owned);
            floors.entry(floor).or_default().extend(names);
        }
    }
    floors
}

/// Reads headings such as `## Floor 2: images` and, below them, rows such as ``| `stack` | … |``.
fn floors_of_pages(document: &str) -> Floors {
    let mut floors = Floors::new();
    let mut floor = None;
    for line in document.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let number = heading.strip_prefix("Floor ").and_then(|rest| rest.split(':').next());
            floor = number.and_then(|number| number.parse().ok());
        } else if let (Some(floor), Some(row)) = (floor, line.strip_prefix("| `")) {
            let name = row.split('`').next().map(str::to_owned);
            floors.entry(floor).or_default().extend(name);
        }
    }
    floors
}

/// Reads lines such as `stack → pixel, geometry`; a line without an arrow goes on with the one before.
fn uses_of_list(lines: &[&str]) -> Vec<(String, Vec<String>)> {
    let mut uses: Vec<(String, Vec<String>)> = Vec::new();
    for line in lines {
        let used = match line.split_once('→') {
            Some((name, used)) => {
                uses.push((name.trim().to_owned(), Vec::new()));
                used
            }
            None => line,
        };
        let names = used.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        if let Some((_, all)) = uses.last_mut() {
            all.extend(names);
        }
    }
    uses
}

/// What is wrong with crates drawn on floors.
fn wrong_floors(drawn: &Floors, right: &Floors) -> Vec<String> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (floor, names) in drawn {
        for name in names {
            places.entry(name).or_default().push(*floor);
        }
    }
    let mut wrong = Vec::new();
    for (floor, names) in right {
        for name in names {
            match places.remove(name.as_str()).as_deref() {
                Some([drawn]) if drawn == floor => {}
                found => wrong.push(format!(
                    "{name} stands on floors {:?}, expected {floor} alone",
                    found.unwrap_or_default()
                )),
            }
        }
    }
    wrong.extend(places.into_keys().map(|name| format!("{name} does not exist")));
    wrong
}

/// What is wrong with a list of uses.
fn wrong_uses(listed: &[(String, Vec<String>)], right: &Uses) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, used) in right {
        let lines: Vec<_> = listed.iter().filter(|(listed, _)| listed == name).collect();
        let mut sorted = lines.first().map(|(_, used)| used.clone()).unwrap_or_default();
        sorted.sort();
        if lines.len() != 1 || !sorted.iter().eq(used) {
            let used: Vec<_> = used.iter().map(String::as_str).collect();
            wrong.push(format!(
                "{} lines of {name}, expected one: {name} → {}",
                lines.len(),
                used.join(", ")
            ));
        }
    }
    let strange = listed.iter().filter(|(name, _)| !right.contains_key(name));
    wrong.extend(strange.map(|(name, _)| format!("{name} does not exist")));
    wrong
}

fn architecture() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

/// Crates for tests stand in brackets.
fn bracketed(floors: Floors) -> Floors {
    let bracket = |name: String| if FOR_TESTS.contains(&name.as_str()) { format!("({name})") } else { name };
    floors.into_iter().map(|(floor, names)| (floor, names.into_iter().map(bracket).collect())).collect()
}

#[test]
fn the_picture_shows_every_crate_right_above_those_it_uses() {
    let document = architecture();
    let drawn = floors_of_picture(&block_below(&document, "## The house"));
    none(wrong_floors(&drawn, &bracketed(floors_of(&uses_of_manifests()))));
}

#[test]
fn every_floor_has_a_page_about_its_crates() {
    none(wrong_floors(&floors_of_pages(&architecture()), &floors_of(&uses_of_manifests())));
}

#[test]
fn the_list_of_uses_is_that_of_the_manifests() {
    let document = architecture();
    let listed = uses_of_list(&block_below(&document, "## Who uses whom"));
    none(wrong_uses(&listed, &uses_of_manifests()));
}

const EXAMPLE: &str = "
# Example
## The house
```text
        ┌──────┐
floor 2 │ c    │  top
        ├──────┤
floor 1 │ b    │
        ├──────┤
floor 0 │ a d  │  bottom
        └──────┘
```
## Floor 0: bottom
| crate | holds |
|---|---|
| `a` | one |
| `d` | two |
## Floor 1: middle
| `b` | three |
## Floor 2: top
| `c` | four |
## Who uses whom
| `e` | no floor |
```text
c → b,
    a
b → a
a →
d →
```
";

fn wrong_in(document: &str) -> Vec<String> {
    let uses = [("a", &[][..]), ("b", &["a"]), ("c", &["a", "b"]), ("d", &[])];
    let right: Uses = uses
        .map(|(name, used)| (name.to_owned(), used.iter().map(|used| (*used).to_owned()).collect()))
        .into();
    let floors = floors_of(&right);
    let mut wrong = wrong_floors(&floors_of_picture(&block_below(document, "## The house")), &floors);
    wrong.extend(wrong_floors(&floors_of_pages(document), &floors));
    wrong.extend(wrong_uses(&uses_of_list(&block_below(document, "## Who uses whom")), &right));
    wrong
}

#[test]
fn a_wrong_document_is_noticed() {
    assert!(wrong_in(EXAMPLE).is_empty(), "{:?}", wrong_in(EXAMPLE));
    let changes = [
        ("floor 2 │ c ", "floor 2 │   ", "c stands on floors [], expected 2 alone"),
        ("floor 2 │ c ", "floor 3 │ c ", "c stands on floors [3], expected 2 alone"),
        ("│ a d  │", "│ a   │", "d stands on floors [], expected 0 alone"),
        ("│ b    │", "│ b a │", "a stands on floors [0, 1], expected 0 alone"),
        ("│ b    │", "│ b e │", "e does not exist"),
        ("| `b` | three |", "", "b stands on floors [], expected 1 alone"),
        ("## Floor 1:", "## Floor 4:", "b stands on floors [4], expected 1 alone"),
        ("b → a", "", "0 lines of b, expected one: b → a"),
        ("b → a", "b → a, d", "1 lines of b, expected one: b → a"),
        ("c → b,\n    a\n", "c → b\n", "1 lines of c, expected one: c → a, b"),
        ("a →\n", "a →\na →\n", "2 lines of a, expected one: a → "),
        ("d →\n", "d →\ne → a\n", "e does not exist"),
    ];
    for (from, to, expected) in changes {
        assert!(EXAMPLE.contains(from), "{from}");
        assert_eq!(wrong_in(&EXAMPLE.replacen(from, to, 1)), [expected], "{from} → {to}");
    }
}
