//! What `deny.toml` says about dependencies holds for every package that a build of the workspace takes.
//!
//! `cargo deny check licenses bans sources` says the same and more; this needs nothing but cargo and no network. Packages of
//! features that are off are looked at where `cargo fetch` brought them, as `.ci/run` has it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use toml::Table;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The registry of crates.io, as lock files name it.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// How many packages someone gets who depends on a crate, itself among them; a few more may come with new versions.
const AT_MOST: &[(&str, &[&str], usize)] = &[
    ("patchweave-patching", &[], 25),
    ("patchweave-stack", &[], 45),
    ("patchweave-slices", &[], 50),
    ("patchweave-construct", &[], 62),
    ("patchweave-loader", &[], 65),
    ("patchweave-model", &[], 32),
    ("patchweave-onnx", &[], 110),
    ("patchweave-predict", &[], 74),
    ("patchweave-zoo", &[], 155),
    ("patchweave", &["--no-default-features"], 110),
    ("patchweave", &["--no-default-features", "--features", "tiff"], 120),
    ("patchweave", &["--no-default-features", "--features", "zarr"], 200),
    ("patchweave", &["--no-default-features", "--features", "hdf5"], 200),
    ("patchweave", &["--no-default-features", "--features", "npy"], 115),
    ("patchweave", &["--no-default-features", "--features", "remote"], 290),
    ("patchweave", &["--no-default-features", "--features", "tiff,zarr,hdf5,npy,remote"], 300),
    ("patchweave", &[], 350),
];

/// The same numbers as the README tells them, for Linux.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
const IN_README: &[(&str, &str, &[&str])] = &[
    ("`patchweave-loader` alone", "patchweave-loader", &[]),
    ("`patchweave-predict` alone", "patchweave-predict", &[]),
    ("`patchweave` without features", "patchweave", &["--no-default-features"]),
    ("`patchweave` with `tiff`", "patchweave", &["--no-default-features", "--features", "tiff"]),
    ("`patchweave` with `zarr`", "patchweave", &["--no-default-features", "--features", "zarr"]),
    (
        "`patchweave` with all formats",
        "patchweave",
        &["--no-default-features", "--features", "tiff,zarr,hdf5,npy,remote"],
    ),
    ("`patchweave` with everything by default", "patchweave", &[]),
];

fn rules() -> Table {
    std::fs::read_to_string(Path::new(ROOT).join("deny.toml")).unwrap().parse().unwrap()
}

/// What `cargo metadata` tells of the host, tests included; nothing if some packages are not on this machine.
fn metadata(features: &[&str]) -> Result<Value, String> {
    let version = Command::new(env!("CARGO")).arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", host])
        .args(features)
        .current_dir(ROOT)
        .output()
        .unwrap();
    if !metadata.status.success() {
        return Err(String::from_utf8(metadata.stderr).unwrap());
    }
    Ok(serde_json::from_slice(&metadata.stdout).unwrap())
}

/// Every package of the host, those of tests too; nothing if some are not on this machine.
fn known_packages(features: &[&str]) -> Result<Vec<Value>, String> {
    let metadata = metadata(features)?;
    let used: BTreeSet<&str> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["id"].as_str().unwrap())
        .collect();
    let packages = metadata["packages"].as_array().unwrap().iter();
    Ok(packages.filter(|package| used.contains(package["id"].as_str().unwrap())).cloned().collect())
}

/// The packages of all features; nothing on a machine that has only built, unless it is that of `.ci/run`.
fn all_packages() -> Option<Vec<Value>> {
    match known_packages(&["--all-features"]) {
        Ok(packages) => Some(packages),
        Err(failure) => {
            assert!(
                std::env::var_os("CI").is_none(),
                "{failure}\nwhat is missing comes with `cargo fetch --locked`"
            );
            eprintln!("skipped: packages of features that are off; `cargo fetch --locked` brings them");
            None
        }
    }
}

/// The packages of all features, or those that a build of the workspace takes.
fn packages() -> Vec<Value> {
    all_packages().unwrap_or_else(|| known_packages(&[]).unwrap())
}

fn named(package: &Value) -> String {
    format!("{} {}", package["name"].as_str().unwrap(), package["version"].as_str().unwrap())
}

/// Why a licence is refused; nothing where it is allowed.
fn refusal(licence: Option<&str>, allowed: &BTreeSet<&str>) -> Option<String> {
    let Some(text) = licence else { return Some("no licence".to_owned()) };
    // Older manifests write a slash for "or".
    let expression = match spdx::Expression::parse_mode(text, spdx::ParseMode::LAX) {
        Ok(expression) => expression,
        Err(error) => return Some(format!("{text}: {error}")),
    };
    let is_allowed = expression.evaluate(|requirement| allowed.contains(requirement.to_string().as_str()));
    (!is_allowed).then(|| text.to_owned())
}

#[test]
fn licences_are_those_that_are_allowed() {
    let rules = rules();
    let allowed: BTreeSet<&str> =
        rules["licenses"]["allow"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let packages = packages();
    assert!(packages.len() > 200, "only {} packages", packages.len());
    let refused: BTreeMap<String, String> = packages
        .iter()
        .filter_map(|package| Some((named(package), refusal(package["license"].as_str(), &allowed)?)))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

/// `deny.toml` says `all-features`.
#[test]
fn packages_of_features_are_among_them() {
    assert_eq!(rules()["graph"]["all-features"].as_bool(), Some(true));
    let Some(packages) = all_packages() else { return };
    let optional = packages.iter().filter(|package| package["source"].is_null()).flat_map(|package| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies.filter(|dependency| dependency["optional"] == true && dependency["target"].is_null())
    });
    let names: BTreeSet<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    let wanted: Vec<&str> = optional.map(|dependency| dependency["name"].as_str().unwrap()).collect();
    assert!(!wanted.is_empty());
    for name in wanted {
        assert!(names.contains(name), "{name} is not looked at");
    }
}

#[test]
fn expressions_are_judged_as_a_whole() {
    let allowed = BTreeSet::from(["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"]);
    for fine in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR GPL-2.0) AND Apache-2.0"] {
        assert_eq!(refusal(Some(fine), &allowed), None, "{fine}");
    }
    assert_eq!(refusal(Some("Apache-2.0 WITH LLVM-exception"), &allowed), None);
    for bad in ["GPL-3.0-only", "MIT AND GPL-2.0-only", "MPL-2.0 OR GPL-3.0-only", "no such licence"] {
        assert!(refusal(Some(bad), &allowed).is_some(), "{bad}");
    }
    assert!(refusal(None, &allowed).is_some());
}

/// The names of the packages that use one of this name.
fn users_of<'m>(name: &str, metadata: &'m Value) -> BTreeSet<&'m str> {
    let packages = metadata["packages"].as_array().unwrap().iter();
    let names: BTreeMap<&str, &str> = packages
        .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
        .collect();
    let uses = |node: &&Value| {
        let used = node["deps"].as_array().unwrap().iter();
        used.map(|used| names[used["pkg"].as_str().unwrap()]).any(|used| used == name)
    };
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap().iter();
    nodes.filter(uses).map(|node| names[node["id"].as_str().unwrap()]).collect()
}

/// A package that is banned may be used by those that `wrappers` names.
#[test]
fn banned_packages_are_used_only_where_that_is_allowed() {
    let rules = rules();
    let metadata = metadata(&["--all-features"]).or_else(|_| metadata(&[])).unwrap();
    let bans = rules["bans"]["deny"].as_array().unwrap();
    assert!(bans.iter().any(|ban| ban["crate"].as_str() == Some("anyhow")));
    for ban in bans {
        let name = ban["crate"].as_str().unwrap();
        let wrappers = ban.get("wrappers").and_then(|wrappers| wrappers.as_array());
        let allowed: Vec<&str> =
            wrappers.into_iter().flatten().map(|wrapper| wrapper.as_str().unwrap()).collect();
        let users = users_of(name, &metadata);
        let wrong: Vec<_> = users.iter().filter(|user| !allowed.contains(user)).collect();
        assert!(wrong.is_empty(), "{name} is banned, but used by {wrong:?}");
    }
    assert!(!users_of("ndarray", &metadata).is_empty(), "the search finds nothing at all");
}

#[test]
fn no_package_is_from_elsewhere() {
    for package in packages() {
        let name = named(&package);
        let source = package["source"].as_str();
        match source {
            Some(source) => assert_eq!(source, CRATES_IO, "{name}"),
            None => assert!(package["manifest_path"].as_str().unwrap().starts_with(ROOT), "{name}"),
        }
        if source.is_none() {
            for dependency in package["dependencies"].as_array().unwrap() {
                let is_path = dependency["path"].is_string();
                let wanted = dependency["req"].as_str().unwrap();
                assert!(is_path || wanted != "*", "{name} takes any version of {}", dependency["name"]);
            }
        }
    }
}

/// The names of the packages that a build of `package` takes on this machine, as the lock file pins them.
fn packages_of(package: &str, features: &[&str]) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(["--package", package])
        .args(features)
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8(tree.stdout).unwrap();
    let version = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    lines.lines().filter(|line| !line.is_empty()).map(version).collect()
}

/// Who writes a loader, or uses the library without the command, does not build readers and terminals.
#[test]
fn libraries_are_light() {
    for (package, features, at_most) in AT_MOST {
        let packages = packages_of(package, features);
        println!("{package} {}: {} packages", features.join(" "), packages.len());
        assert!(packages.len() <= *at_most, "{package}: {} packages, {packages:#?}", packages.len());
    }
    let every = ["--no-default-features", "--features", "tiff,zarr,hdf5,npy,remote"];
    let command = ["clap", "indicatif", "ctrlc"];
    let of_command = |name: &String| command.iter().any(|own| name.starts_with(&format!("{own} ")));
    assert!(!packages_of("patchweave", &every).iter().any(of_command));
    assert!(packages_of("patchweave", &[]).iter().any(of_command));
}

/// Give or take a few that come and go with new versions.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn the_readme_tells_how_many_packages_there_are() {
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    for (row, package, features) in IN_README {
        let line =
            readme.lines().find(|line| line.strip_prefix("| ").is_some_and(|line| line.starts_with(row)));
        let number =
            line.and_then(|line| line.trim_end_matches([' ', '|']).rsplit(' ').next()?.parse::<usize>().ok());
        let told = number.unwrap_or_else(|| panic!("README.md tells no number for {row}"));
        let n_packages = packages_of(package, features).len();
        assert!(told.abs_diff(n_packages) <= 5, "README.md: {row}: {told}, but there are {n_packages}");
    }
}
