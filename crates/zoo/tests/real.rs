//! A real package with a recorded output.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![expect(clippy::print_stderr, reason = "a test that cannot run says so")]

mod support;

use std::path::{Path, PathBuf};
use std::time::Instant;

use patchweave_model::{Likeness, Model, Sides, SizeRule};
use patchweave_zoo::{ZooModel, ZooOptions};
use support::{files, zip};

/// Names the folder of real data.
const VARIABLE: &str = "PATCHWEAVE_TEST_DATA";

/// The folder of the package: below the folder that the variable names, or beside the workspace.
fn folder() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    let beside = workspace.parent()?.join("shared/data");
    let data = std::env::var_os(VARIABLE).map(PathBuf::from);
    let Some(data) = data.or_else(|| beside.exists().then_some(beside)) else {
        eprintln!("skipped: no real package; {VARIABLE} may name the folder of real data");
        return None;
    };
    assert!(data.join("MANIFEST.tsv").is_file(), "no real data in {}", data.display());
    Some(data.join("f_onnx/unet2d_nuclei_broad"))
}

#[test]
fn a_real_package_reproduces_its_example() {
    let Some(folder) = folder() else { return };
    let start = Instant::now();
    let model = ZooModel::open(&folder, &ZooOptions::default()).unwrap_or_else(|error| panic!("{error}"));
    println!("{}\nopened in {:?}", model.package(), start.elapsed());
    let info = model.info();
    assert_eq!(info.input.sizes, [SizeRule::Fixed(1), SizeRule::Fixed(512), SizeRule::Fixed(512)]);
    assert_eq!(info.halo(), [Sides::both(0), Sides::both(32), Sides::both(32)]);
    assert_eq!(info.outputs[0].likeness, Likeness::Own);
    let start = Instant::now();
    let tests = model.test().unwrap_or_else(|error| panic!("{error}"));
    println!("tested in {:?}: {tests:?}", start.elapsed());
    assert_eq!((tests.len(), tests[0].n_values, tests[0].n_mismatched), (1, 512 * 512, 0));
    assert!(tests[0].largest < 1e-5, "{}", tests[0].largest);
}

#[test]
fn a_real_package_is_read_out_of_an_archive() {
    let Some(folder) = folder() else { return };
    let place = tempfile::tempdir().unwrap();
    let archive = place.path().join("nuclei.zip");
    zip(&archive, &files(&folder));
    let model = ZooModel::open(&archive, &ZooOptions::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(model.info().name, "nuclei");
    assert!(model.test().unwrap()[0].passes());
}
