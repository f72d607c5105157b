//! Images of a journal: written by several at once, over several runs, whatever moment ends one of them.

use std::path::{Path, PathBuf};

use patchweave_geometry::ArrayLayout;
use patchweave_pixel::PixelType;
use patchweave_sink::{
    Durability, Fingerprint, ImageSpec, Job, Journal, JournalOptions, SinkError, SinkFormats,
};

use crate::common::names;
use crate::homes::{Home, homes};
use crate::table::{CASES, Case};
use crate::units::in_order;
use crate::written::{noise, snapshot, write_units};

pub const SEED: u64 = 5;

fn cases() -> impl Iterator<Item = &'static Case> {
    CASES.iter().filter(|case| case.has_files())
}

pub fn about() -> Fingerprint {
    Fingerprint::from([("sigma".into(), "2".into()), ("image".into(), "a".into())])
}

pub fn shared() -> JournalOptions {
    JournalOptions { is_shared: true, ..JournalOptions::default() }
}

pub fn open(folder: &Path, options: JournalOptions) -> Result<Journal, SinkError> {
    Journal::open(&SinkFormats::default(), folder, &about(), options)
}

pub fn job(journal: &Journal, case: &Case, target: &Path, spec: ImageSpec) -> Result<Option<Job>, SinkError> {
    journal.job(&SinkFormats::default(), target, Some(case.format), spec)
}

/// Writes some of the units of an image in a journal that is opened for it, and closed after.
pub fn write_part(case: &Case, folder: &Path, target: &Path, part: usize, n_parts: usize) {
    let journal = open(folder, shared()).unwrap();
    let job = job(&journal, case, target, case.several()).unwrap().unwrap();
    let sink = job.sink();
    let n_units = sink.info().units.n_units();
    write_units(&sink, &noise(sink.info(), SEED), (part..n_units).step_by(n_parts));
    // All at once and one by one.
    let one_by_one: Vec<bool> = (0..n_units).map(|unit_idx| sink.is_written(unit_idx).unwrap()).collect();
    assert_eq!(sink.written().unwrap().len(), n_units, "{}", case.label);
    if n_parts == 1 {
        assert_eq!(sink.written().unwrap(), one_by_one, "{}", case.label);
    }
}

/// Units of several chunks, as the smallest level needs them, are written when all of these are.
#[test]
fn units_that_levels_join_are_told_as_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let layout = ArrayLayout::new("YX".parse().unwrap(), &[70, 90]).unwrap();
    let mut spec = ImageSpec::new(layout, PixelType::U16);
    (spec.chunks, spec.levels) = (Some(vec![7, 10]), 3);
    spec.options.insert("sharding".into(), "none".into());
    let target = folder.path().join("image.ome.zarr");
    let job = Job::start(&SinkFormats::default(), &target, None, spec).unwrap();
    let sink = job.sink();
    let n_units = sink.info().units.n_units();
    assert!(n_units > 1);
    let image = noise(sink.info(), SEED);
    for unit_idx in (0..n_units).rev() {
        let written: Vec<bool> = (0..n_units).map(|other| other > unit_idx).collect();
        assert_eq!(sink.written().unwrap(), written);
        let one_by_one: Vec<bool> = (0..n_units).map(|other| sink.is_written(other).unwrap()).collect();
        assert_eq!(one_by_one, written);
        write_units(&sink, &image, [unit_idx]);
    }
    job.commit().unwrap();
}

#[test]
fn those_who_begin_at_the_same_moment_write_the_same_bytes_as_one() {
    for (case, home) in homes() {
        let alone = snapshot(&in_order(case, &home.target("alone"), SEED));
        let target = home.target("together");
        let start = std::sync::Barrier::new(3);
        std::thread::scope(|scope| {
            for part in 0..3 {
                let (start, target, folder) = (&start, &target, &home.parent);
                scope.spawn(move || {
                    start.wait();
                    write_part(case, folder, target, part, 3);
                });
            }
        });
        assert!(!home.stands("together"), "{}", case.label);
        let journal = open(&home.parent, JournalOptions::default()).unwrap();
        let whole = job(&journal, case, &target, case.several()).unwrap().unwrap();
        assert!(whole.sink().written().unwrap().iter().all(|is_written| *is_written), "{}", case.label);
        let made = whole.commit().unwrap();
        assert!(snapshot(&made) == alone, "{}", case.label);
        assert!(job(&journal, case, &target, case.several()).unwrap().is_none(), "it is finished");
        journal.close().unwrap();
        assert_eq!(home.names(), ["alone", "together"]);
        assert!(home.snapshot("together") == alone, "{}", case.label);
    }
}

/// Where an image is made.
fn work_of(folder: &Path) -> PathBuf {
    let images = folder.join(".patchweave-journal/images");
    let mut found: Vec<_> = std::fs::read_dir(images).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// The moments between the last unit and the end, as a process leaves them that is killed there.
#[test]
fn who_is_killed_while_an_image_gets_its_name_leaves_the_old_or_the_new_one() {
    for case in cases() {
        for moment in ["about to", "moved aside", "named"] {
            let folder = tempfile::tempdir().unwrap();
            let target = folder.path().join("image");
            let expected = snapshot(&in_order(case, &target, SEED));
            let replacing = JournalOptions { replaces: true, ..JournalOptions::default() };
            let journal = open(folder.path(), replacing).unwrap();
            let made = job(&journal, case, &target, case.several()).unwrap().unwrap();
            let sink = made.sink();
            write_units(&sink, &noise(sink.info(), SEED), 0..sink.info().units.n_units());
            made.complete().unwrap();
            drop(made);
            let work = work_of(folder.path());
            std::fs::write(work.join("work/publishing"), "").unwrap();
            if moment != "about to" {
                std::fs::rename(&target, work.join("old")).unwrap();
            }
            if moment == "named" {
                std::fs::rename(work.join("new"), &target).unwrap();
            }
            drop(journal);

            let journal = open(folder.path(), JournalOptions::default()).unwrap();
            match job(&journal, case, &target, case.several()).unwrap() {
                Some(made) => drop(made.commit().unwrap()),
                None => assert_eq!(moment, "named", "{}", case.label),
            }
            assert!(snapshot(&patchweave_sink::Location::Path(target)) == expected, "{}", case.label);
            assert!(job(&journal, case, &folder.path().join("image"), case.several()).unwrap().is_none());
            journal.close().unwrap();
            assert_eq!(names(folder.path()), ["image"]);
        }
    }
}

/// Whoever prepared an image and was killed leaves half of what is needed.
#[test]
fn what_was_not_prepared_to_the_end_is_prepared_anew() {
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        let expected = snapshot(&in_order(case, &folder.path().join("alone"), SEED));
        let target = folder.path().join("image");
        write_part(case, folder.path(), &target, 0, 2);
        let work = work_of(folder.path());
        std::fs::remove_file(work.join("work/begun.json")).unwrap();
        std::fs::write(work.join("rest"), "of something").unwrap();
        write_part(case, folder.path(), &target, 0, 1);
        let journal = open(folder.path(), JournalOptions::default()).unwrap();
        let made = job(&journal, case, &target, case.several()).unwrap().unwrap().commit().unwrap();
        assert!(snapshot(&made) == expected, "{}", case.label);
    }
}

#[test]
fn others_are_refused_by_name() {
    for (case, home) in homes() {
        let target = home.target("image");
        write_part(case, &home.parent, &target, 0, 2);

        let mut others = about();
        others.insert("sigma".into(), "3".into());
        others.remove("image");
        others.insert("mask".into(), "m".into());
        let formats = SinkFormats::default();
        for options in [shared(), JournalOptions::default()] {
            let error = Journal::open(&formats, &home.parent, &others, options).unwrap_err().to_string();
            let expected = "holds what was begun otherwise and is not finished: image was a, is not given; mask was not given, is m; \
                            sigma was 2, is 3";
            assert!(error.ends_with(expected), "{error}");
        }
        assert_eq!(Journal::begun(&formats, &home.parent).unwrap(), Some(about()));

        let journal = open(&home.parent, shared()).unwrap();
        let mut spec = case.several();
        spec.name = "another".into();
        let error = job(&journal, case, &target, spec).err().unwrap();
        assert!(matches!(error, SinkError::OtherImage { .. }), "{error}");
        let mut spec = case.several();
        spec.durability = Durability::Files;
        assert!(job(&journal, case, &target, spec).unwrap().is_some(), "that changes no pixel");

        if home.is_folder() {
            shares_keep_out_others(&home, journal);
        } else {
            drop(journal);
        }
        for text in ["{", "{}", "{\"format\": 2, \"about\": {}}"] {
            let header = home.target(".patchweave-journal/journal.json");
            formats.write_file(&header, text.as_bytes(), Durability::None).unwrap();
            let error = open(&home.parent, shared()).unwrap_err().to_string();
            assert!(
                error.ends_with("journal.json is damaged, or another version has written it; begin anew"),
                "{error}"
            );
        }
        assert!(Journal::discard(&formats, &home.parent).unwrap());
        assert!(!Journal::discard(&formats, &home.parent).unwrap());
        assert!(home.names().is_empty(), "{} {:?}", case.label, home.names());
    }
}

/// Who shares keeps out who does not, and is kept out.
fn shares_keep_out_others(home: &Home, journal: Journal) {
    let error = open(&home.parent, JournalOptions::default()).unwrap_err();
    assert!(matches!(error, SinkError::Busy { .. }), "{error}");
    let error = Journal::discard(&SinkFormats::default(), &home.parent).unwrap_err();
    assert!(matches!(error, SinkError::Busy { .. }), "{error}");
    open(&home.parent, shared()).unwrap();
    drop(journal);
    let alone = open(&home.parent, JournalOptions::default()).unwrap();
    assert!(matches!(open(&home.parent, shared()), Err(SinkError::Busy { .. })));
    drop(alone);
}

#[test]
fn what_was_begun_without_a_unit_is_no_obstacle() {
    for (case, home) in homes() {
        let target = home.target("image");
        let journal = open(&home.parent, JournalOptions::default()).unwrap();
        drop(job(&journal, case, &target, case.several()).unwrap().unwrap());
        assert!(journal.is_empty().unwrap());
        drop(journal);
        let formats = SinkFormats::default();
        assert_eq!(Journal::begun(&formats, &home.parent).unwrap(), None);
        let others = Fingerprint::from([("other".into(), "1".into())]);
        let journal = Journal::open(&formats, &home.parent, &others, JournalOptions::default()).unwrap();
        let mut spec = case.several();
        spec.name = "another".into();
        assert!(job(&journal, case, &target, spec).unwrap().is_some());
    }
}

#[test]
fn notes_stay_until_the_end() {
    for (case, home) in homes() {
        let journal = open(&home.parent, shared()).unwrap();
        assert!(journal.noted().unwrap().is_empty());
        for (name, text) in [("b", "old"), ("a", "first"), ("b", "new")] {
            journal.note(name, text.as_bytes()).unwrap();
        }
        let other = open(&home.parent, shared()).unwrap();
        assert_eq!(other.noted().unwrap(), [b"first".to_vec(), b"new".to_vec()], "{}", case.label);
        // Those of a process are its own.
        for text in ["older", "own"] {
            other.note_own("b", text.as_bytes()).unwrap();
        }
        let mut noted = journal.noted().unwrap();
        noted.sort();
        assert_eq!(noted, ["first", "new", "own"].map(|text| text.as_bytes().to_vec()), "{}", case.label);
        drop(other);
        journal.close().unwrap();
        assert!(home.names().is_empty(), "{} {:?}", case.label, home.names());
    }
}

/// Nobody has written anything, and several who share begin something else at the same moment.
#[test]
fn those_who_share_clear_what_was_begun_without_a_unit() {
    let case = cases().next().unwrap();
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let others = Fingerprint::from([("other".into(), "1".into())]);
        let journal = Journal::open(&SinkFormats::default(), folder.path(), &others, shared()).unwrap();
        let target = folder.path().join("image");
        drop(job(&journal, case, &target, case.several()).unwrap());
        drop(journal);
        let start = std::sync::Barrier::new(3);
        std::thread::scope(|scope| {
            for part in 0..3 {
                let (start, target, folder) = (&start, &target, folder.path());
                scope.spawn(move || {
                    start.wait();
                    write_part(case, folder, target, part, 3);
                });
            }
        });
        assert_eq!(Journal::begun(&SinkFormats::default(), folder.path()).unwrap(), Some(about()));
    }
}

#[test]
fn what_stands_there_is_replaced_only_if_it_stood_there_and_may() {
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("image");
        in_order(case, &target, 1);
        let before = snapshot(&patchweave_sink::Location::Path(target.clone()));
        let journal = open(folder.path(), JournalOptions::default()).unwrap();
        let error = job(&journal, case, &target, case.several()).err().unwrap();
        assert!(matches!(error, SinkError::Appeared { .. }), "{error}");

        let other = folder.path().join("other");
        let made = job(&journal, case, &other, case.several()).unwrap().unwrap();
        let sink = made.sink();
        write_units(&sink, &noise(sink.info(), SEED), 0..sink.info().units.n_units());
        in_order(case, &other, 1);
        let error = made.commit().unwrap_err();
        assert!(matches!(error, SinkError::Appeared { .. }), "{error}");
        for path in [target, other] {
            assert!(snapshot(&patchweave_sink::Location::Path(path)) == before, "{}", case.label);
        }
    }
}

#[test]
fn images_without_a_place_of_the_journal_are_refused() {
    let memory = CASES.iter().find(|case| !case.has_files()).unwrap();
    for (case, home) in homes() {
        let journal = open(&home.parent, JournalOptions::default()).unwrap();
        let told = match home.is_folder() {
            true => "got an image in memory or in an object store",
            false => "got an image outside of the object store of its journal",
        };
        // Nothing of a format in memory is written to URLs.
        if home.is_folder() {
            let error = job(&journal, memory, &home.target("image"), memory.several()).err().unwrap();
            assert!(error.to_string().contains(told), "{error}");
        } else {
            let folder = tempfile::tempdir().unwrap();
            let error = job(&journal, case, &folder.path().join("image"), case.several()).err().unwrap();
            assert!(error.to_string().contains(told), "{error}");
        }
    }
}
