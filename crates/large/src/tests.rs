//! Stops at every step of saving, and what is found afterwards.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;

use ndarray::{Array3, ArrayD};
use patchweave_geometry::{Extent, PerAxis};
use patchweave_sink::Durability;
use proptest::prelude::*;

use crate::faults::Faults;
use crate::{LargeError, LargeOptions, LargeQuilt, LargeSpec};

const N_PATCHES: usize = 8;

fn spec() -> LargeSpec {
    let image = Extent::new(&[5, 6]).unwrap();
    let window = Extent::new(&[3, 4]).unwrap();
    LargeSpec::new(2, image, window, PerAxis::new(&[2, 2]).unwrap()).unwrap().with_border(1, 0.3).unwrap()
}

fn patch(index: usize) -> Array3<f32> {
    Array3::from_shape_fn((2, 3, 4), |(c, y, x)| 0.1 + index as f32 * 1.7 + (c * 12 + y * 4 + x) as f32 / 7.0)
}

fn options(every: usize, budget_bytes: usize) -> LargeOptions {
    LargeOptions {
        budget_bytes,
        checkpoint_every: NonZeroUsize::new(every),
        durability: if every == 3 { Durability::Full } else { Durability::None },
    }
}

fn add(quilt: &mut LargeQuilt, indices: impl IntoIterator<Item = usize>) -> Result<(), LargeError> {
    let mut indices = indices.into_iter();
    indices
        .try_for_each(|index| quilt.stitch_with_variance(patch(index).view(), patch(index + 1).view(), index))
}

fn bits(values: &ArrayD<f64>) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// A folder for tests that make many small files: in memory where the system has one for that.
fn quick_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

type State = (ArrayD<u32>, [Vec<u64>; 3]);

fn state(quilt: &mut LargeQuilt) -> State {
    let sums = [quilt.mean_sums().unwrap(), quilt.variance_sums().unwrap(), quilt.weights().unwrap()];
    (quilt.counts().clone(), sums.map(|sums| bits(&sums)))
}

/// What a quilt of these patches holds that was never interrupted.
fn undisturbed(indices: impl IntoIterator<Item = usize>) -> State {
    let folder = quick_folder();
    let mut quilt = LargeQuilt::create(folder.path().join("calm"), spec(), LargeOptions::default()).unwrap();
    add(&mut quilt, indices).unwrap();
    state(&mut quilt)
}

/// What two quilts hold together, the first of which has the first `n_own` patches.
fn undisturbed_merge(n_own: usize) -> State {
    let folder = quick_folder();
    let create = |name: &str, indices| {
        let mut quilt =
            LargeQuilt::create(folder.path().join(name), spec(), LargeOptions::default()).unwrap();
        add(&mut quilt, indices).unwrap();
        quilt
    };
    let mut first = create("first", 0..n_own);
    first.merge(&mut create("second", n_own..N_PATCHES)).unwrap();
    state(&mut first)
}

/// The process ends here: nothing more is saved.
fn kill(mut quilt: LargeQuilt) {
    quilt.is_torn = true;
}

/// A quilt of other images, which the new one is going to replace.
fn leave_old_quilt(base: &Path) -> State {
    let old = LargeSpec::new(
        1,
        Extent::new(&[4, 4]).unwrap(),
        Extent::new(&[4, 4]).unwrap(),
        PerAxis::new(&[1, 1]).unwrap(),
    );
    let mut quilt = LargeQuilt::create(base, old.unwrap(), LargeOptions::default()).unwrap();
    quilt.stitch(Array3::<u8>::ones((1, 4, 4)).view(), 0).unwrap();
    quilt.mean(&crate::MeanOptions::default()).unwrap();
    state(&mut quilt)
}

/// Opens a quilt after a crash, with more crashes while it is being opened.
fn reopen(base: &Path, options: LargeOptions) -> LargeQuilt {
    for n_steps in 0..4 {
        let faults = Faults::none();
        faults.after(n_steps);
        if let Ok(quilt) = LargeQuilt::open_with(base, options, faults) {
            kill(quilt);
        }
    }
    LargeQuilt::open(base, options).unwrap()
}

#[test]
fn whatever_step_is_the_last_one_the_journal_tells_the_truth() {
    for options in [options(3, usize::MAX), options(1, 1), options(0, 1)] {
        let mut n_replaced = 0;
        for n_steps in 0.. {
            let folder = quick_folder();
            let base = folder.path().join("sums");
            let old = leave_old_quilt(&base);
            let mut quilt = LargeQuilt::create(&base, spec(), options).unwrap();
            quilt.faults.after(n_steps);
            let result = add(&mut quilt, 0..N_PATCHES).and_then(|()| quilt.checkpoint());
            kill(quilt);

            let mut quilt = reopen(&base, options);
            assert!(!quilt.names.pending().exists() && !quilt.names.staged().exists());
            if quilt.n_patches() == old.0.len() {
                assert_eq!(state(&mut quilt), old, "step {n_steps}");
            } else {
                n_replaced += 1;
                assert!(
                    !quilt.names.array(crate::names::ArrayName::Mean).exists(),
                    "a result of the old one"
                );
                let n_added = quilt.counts().iter().take_while(|count| **count == 1).count();
                assert_eq!(state(&mut quilt), undisturbed(0..n_added), "step {n_steps}");
                let missing: Vec<usize> = quilt.missing().collect();
                assert_eq!(missing, (n_added..N_PATCHES).collect::<Vec<_>>());
                add(&mut quilt, missing).unwrap();
                assert_eq!(state(&mut quilt), undisturbed(0..N_PATCHES));
            }
            if result.is_ok() {
                assert!(n_steps > 10 && n_replaced > 5, "{n_steps} steps, {n_replaced} replaced");
                break;
            }
        }
    }
}

#[test]
fn a_failure_that_goes_away_leaves_nothing_behind() {
    for options in [options(3, usize::MAX), options(1, 1), options(0, 1)] {
        for n_steps in 0.. {
            let folder = quick_folder();
            let base = folder.path().join("sums");
            let mut quilt = LargeQuilt::create(&base, spec(), options).unwrap();
            quilt.faults.after(n_steps);
            let mut n_failures = 0;
            for index in 0..N_PATCHES {
                if let Err(error) = add(&mut quilt, [index]) {
                    n_failures += 1;
                    quilt.faults.after(usize::MAX);
                    if !matches!(error, LargeError::NotSaved { .. }) {
                        add(&mut quilt, [index]).unwrap();
                    }
                }
            }
            n_failures += usize::from(quilt.checkpoint().is_err());
            quilt.faults.after(usize::MAX);
            quilt.close().unwrap();
            let mut quilt = LargeQuilt::open(&base, options).unwrap();
            assert_eq!(state(&mut quilt), undisturbed(0..N_PATCHES), "step {n_steps}");
            if n_failures == 0 {
                break;
            }
        }
    }
}

#[test]
fn a_merge_happens_as_a_whole_or_not_at_all() {
    for is_new in [false, true] {
        let n_own = if is_new { 0 } else { 3 };
        let merged = undisturbed_merge(n_own);
        for n_steps in 0.. {
            let folder = quick_folder();
            let base = folder.path().join("first");
            let options = options(0, usize::MAX);
            let mut first = LargeQuilt::create(&base, spec(), options).unwrap();
            let mut second = LargeQuilt::create(folder.path().join("second"), spec(), options).unwrap();
            add(&mut first, 0..n_own).unwrap();
            add(&mut second, n_own..N_PATCHES).unwrap();
            first.checkpoint().unwrap();
            first.faults.after(n_steps);
            let result = first.merge(&mut second);
            let counts = first.counts().clone();
            let missing: Vec<usize> = first.missing().collect();
            // It goes on to be of use, whatever has happened.
            first.faults.after(usize::MAX);
            let n_added = if first.checkpoint().is_ok() { first.counts().sum() as usize } else { 0 };
            if n_added > 0 {
                let in_memory = state(&mut first);
                // What it said before anything was mended is what a caller goes by.
                assert_eq!(in_memory.0, counts, "step {n_steps}");
                assert_eq!(missing.len(), N_PATCHES - n_added);
                kill(first);
                let mut first = LargeQuilt::open(&base, options).unwrap();
                assert_eq!(state(&mut first), in_memory);
                assert!([n_own, N_PATCHES].contains(&n_added), "step {n_steps}: {n_added} patches");
                let expected = if n_added == n_own { undisturbed(0..n_own) } else { merged.clone() };
                assert_eq!(in_memory, expected, "step {n_steps}");
            } else {
                assert!(is_new && result.is_err(), "step {n_steps}");
                assert_eq!(missing.len(), N_PATCHES);
                assert_eq!(first.n_channels(), None);
                first.merge(&mut second).unwrap();
                assert_eq!(state(&mut first), merged);
            }
            if result.is_ok() {
                assert!(n_steps > 5);
                break;
            }
        }
    }
}

#[test]
fn a_decided_quilt_takes_the_place_of_half_an_older_one() {
    for is_opened in [true, false] {
        let folder = quick_folder();
        let base = folder.path().join("sums");
        leave_old_quilt(&base);
        let options = options(0, usize::MAX);
        let mut quilt = LargeQuilt::create(&base, spec(), options).unwrap();
        add(&mut quilt, 0..3).unwrap();
        let mut n_steps = 0;
        while !quilt.names.pending().exists() {
            n_steps += 1;
            quilt.faults.after(n_steps);
            quilt.checkpoint().unwrap_err();
        }
        let old = quilt.names.array(crate::names::ArrayName::MeanCache);
        kill(quilt);
        std::fs::remove_file(old.join("zarr.json")).unwrap();
        if is_opened {
            let mut quilt = LargeQuilt::open(&base, options).unwrap();
            assert_eq!(state(&mut quilt), undisturbed(0..3));
        } else {
            let mut quilt = LargeQuilt::create(&base, spec(), options).unwrap();
            add(&mut quilt, 4..6).unwrap();
            quilt.close().unwrap();
            assert_eq!(state(&mut LargeQuilt::open(&base, options).unwrap()), undisturbed(4..6));
        }
    }
}

#[test]
fn a_checkpoint_that_was_decided_is_not_forgotten() {
    for n_steps in 0.. {
        let folder = quick_folder();
        let mut quilt =
            LargeQuilt::create(folder.path().join("sums"), spec(), options(0, usize::MAX)).unwrap();
        add(&mut quilt, 0..3).unwrap();
        quilt.faults.after(n_steps);
        let result = quilt.checkpoint();
        assert_eq!(quilt.missing().collect::<Vec<_>>(), (3..N_PATCHES).collect::<Vec<_>>());
        // Mending fails as well, as often as it is tried.
        assert_eq!(quilt.checkpoint().is_err(), result.is_err());
        add(&mut quilt, [N_PATCHES]).unwrap_err();
        assert_eq!(quilt.missing().count(), N_PATCHES - 3);
        quilt.faults.after(usize::MAX);
        add(&mut quilt, 3..N_PATCHES).unwrap();
        assert_eq!(state(&mut quilt), undisturbed(0..N_PATCHES), "step {n_steps}");
        if result.is_ok() {
            break;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// A time of saving writes every chunk that has changed once; with enough memory none is ever read.
    #[test]
    fn chunks_are_written_once_and_never_read(
        groups in prop::collection::vec(prop::collection::vec(0..N_PATCHES, 0..5), 1..4),
    ) {
        let folder = quick_folder();
        let options = options(0, usize::MAX);
        let mut quilt = LargeQuilt::create(folder.path().join("sums"), spec(), options).unwrap();
        for group in groups {
            add(&mut quilt, group.iter().copied()).unwrap();
            quilt.checkpoint().unwrap();
            let Some(disk) = &quilt.disk else { continue };
            let mut changed = BTreeSet::new();
            for &index in &group {
                let (image, start) = spec().position(index).unwrap();
                for at in disk.tiling.touched(start.to_zyx(0)) {
                    changed.extend([(0, image, at), (1, image, at)]);
                    changed.extend((image == 0).then_some((2, 0, at)));
                }
            }
            prop_assert_eq!(disk.traffic.take(), (0, changed.len()));
        }
    }
}
