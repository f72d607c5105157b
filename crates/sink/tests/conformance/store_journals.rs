//! Journals in an object store: what no lock keeps out, whatever moment stops somebody.

use patchweave_remote::RemoteFolder;
use patchweave_sink::{Fingerprint, Journal, JournalOptions, SinkError, SinkFormats};

use crate::homes::{Home, homes};
use crate::journals::{SEED, about, job, open, shared, write_part};
use crate::table::Case;
use crate::units::in_order;
use crate::written::{noise, part, snapshot, write_units};

fn stores() -> impl Iterator<Item = (&'static Case, Home)> {
    homes().filter(|(_, home)| !home.is_folder())
}

fn other() -> Fingerprint {
    Fingerprint::from([("other".into(), "1".into())])
}

/// The objects whose names have this in them.
fn named(folder: &RemoteFolder, part: &str) -> Vec<String> {
    folder.list("").unwrap().into_iter().filter(|name| name.contains(part)).collect()
}

/// The moments between the last unit and the end, as a process leaves them that is killed there.
#[test]
fn who_is_killed_while_an_image_gets_its_name_leaves_it_to_others() {
    for (case, home) in stores() {
        let expected = snapshot(&in_order(case, &home.target("alone"), SEED));
        for moment in ["about to", "named", "owner removed"] {
            let target = home.target("image");
            let journal = open(&home.parent, shared()).unwrap();
            let made = job(&journal, case, &target, case.several()).unwrap().unwrap();
            let sink = made.sink();
            write_units(&sink, &noise(sink.info(), SEED), 0..sink.info().units.n_units());
            made.complete().unwrap();
            drop(made);
            let folder = home.objects();
            let entries = named(&folder, "/images/");
            assert_eq!(entries.len(), 1);
            folder.put(&entries[0].replace("/images/", "/named/"), Vec::new()).unwrap();
            if moment != "about to" {
                for name in
                    named(&folder, "image/.patchweave/").iter().filter(|name| name.contains("/metadata/"))
                {
                    let place = name.split_once("/metadata/").unwrap().1;
                    let bytes = folder.get(patchweave_remote::Wanted::new(
                        name,
                        patchweave_remote::Part::Whole,
                        1 << 20,
                    ));
                    folder.put(&format!("image/{place}"), bytes.unwrap().unwrap().pieces.remove(0)).unwrap();
                }
            }
            if moment == "owner removed" {
                folder.remove(&["image/.patchweave/owner".to_owned()]).unwrap();
            }
            drop(journal);

            let journal = open(&home.parent, JournalOptions::default()).unwrap();
            match job(&journal, case, &target, case.several()).unwrap() {
                Some(made) => drop(made.commit().unwrap()),
                None => assert_eq!(moment, "owner removed", "{}", case.label),
            }
            assert!(job(&journal, case, &target, case.several()).unwrap().is_none());
            journal.close().unwrap();
            assert!(home.snapshot("image") == expected, "{} {moment}", case.label);
            assert_eq!(home.names(), ["alone", "image"]);
            folder.remove(&folder.list("image").unwrap()).unwrap();
        }
    }
}

/// Whoever begins an image and is killed leaves it without all that it needs.
#[test]
fn what_was_not_prepared_to_the_end_is_prepared_by_the_next() {
    for (case, home) in stores() {
        let expected = snapshot(&in_order(case, &home.target("alone"), SEED));
        let target = home.target("image");
        let journal = open(&home.parent, shared()).unwrap();
        drop(job(&journal, case, &target, case.several()).unwrap());
        let folder = home.objects();
        let begun = named(&folder, "begun.json");
        let metadata = named(&folder, "/metadata/");
        folder.remove(&[begun, metadata[..1].to_vec()].concat()).unwrap();
        write_part(case, &home.parent, &target, 0, 1);
        let made = job(&journal, case, &target, case.several()).unwrap().unwrap().commit().unwrap();
        assert!(snapshot(&made) == expected, "{}", case.label);
    }
}

#[test]
fn who_shares_clears_nothing_and_who_is_alone_takes_over() {
    for (case, home) in stores() {
        let formats = SinkFormats::default();
        let first = Journal::open(&formats, &home.parent, &other(), shared()).unwrap();
        let target = home.target("image");
        let old = job(&first, case, &target, case.several()).unwrap().unwrap().sink();
        let image = noise(old.info(), SEED);
        let error = open(&home.parent, shared()).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("image was not given, is a; other was 1, is not given; sigma was not given, is 2"),
            "{error}"
        );

        let alone = open(&home.parent, JournalOptions::default()).unwrap();
        let made = job(&alone, case, &target, case.several()).unwrap().unwrap();
        let sink = made.sink();
        write_units(&sink, &image, [0]);
        // Nothing of the other gets into it.
        let before = sink.read(0).unwrap().unwrap();
        let zeros =
            patchweave_pixel::TypedArray::zeros(made.spec().pixel_type, &sink.info().unit(0).unwrap().size);
        let error = old.write(0, zeros.unwrap().view()).unwrap_err();
        assert!(matches!(error, SinkError::TakenOver { .. }), "{error}");
        assert!(sink.read(0).unwrap().unwrap().view() == before.view(), "{}", case.label);
        let error = job(&first, case, &home.target("second"), case.several()).err().unwrap();
        assert!(matches!(error, SinkError::TakenOver { .. }), "{error}");
        // Whoever comes late does not end what is not its own.
        first.close().unwrap();
        assert_eq!(Journal::begun(&formats, &home.parent).unwrap(), Some(about()));
    }
}

#[test]
fn who_is_alone_replaces_what_stands_there_and_who_shares_does_not() {
    for (case, home) in stores() {
        let target = home.target("image");
        let before = snapshot(&in_order(case, &target, 1));
        let journal = open(&home.parent, shared()).unwrap();
        let error = job(&journal, case, &target, case.several()).err().unwrap();
        assert!(matches!(error, SinkError::Appeared { .. }), "{error}");
        let journal = open(&home.parent, JournalOptions { replaces: true, ..shared() }).unwrap();
        let error = job(&journal, case, &target, case.several()).err().unwrap().to_string();
        assert!(
            error.contains("got one of several processes that would replace what stands there"),
            "{error}"
        );
        assert!(home.snapshot("image") == before, "{}", case.label);

        let replacing = JournalOptions { replaces: true, ..JournalOptions::default() };
        let journal = open(&home.parent, replacing).unwrap();
        let made = job(&journal, case, &target, case.several()).unwrap().unwrap();
        assert!(!home.stands("image"));
        let sink = made.sink();
        write_units(&sink, &noise(sink.info(), SEED), 0..sink.info().units.n_units());
        made.commit().unwrap();
        journal.close().unwrap();
        assert!(home.snapshot("image") == snapshot(&in_order(case, &home.target("other"), SEED)));
    }
}

/// What is there of an image whose old pixels were not all removed is removed by who is alone, and by nobody else.
#[test]
fn what_was_replaced_by_half_is_begun_anew_by_who_is_alone() {
    for (case, home) in stores() {
        let target = home.target("image");
        let replacing = JournalOptions { replaces: true, ..JournalOptions::default() };
        drop(job(&open(&home.parent, replacing).unwrap(), case, &target, case.several()).unwrap());
        let folder = home.objects();
        folder.remove(&named(&folder, "begun.json")).unwrap();
        folder.put("image/0/c/9/9", b"old".to_vec()).unwrap();
        let error = job(&open(&home.parent, shared()).unwrap(), case, &target, case.several()).err().unwrap();
        assert!(matches!(error, SinkError::Unfit { .. }), "{error}");
        let made =
            job(&open(&home.parent, replacing).unwrap(), case, &target, case.several()).unwrap().unwrap();
        let sink = made.sink();
        write_units(&sink, &noise(sink.info(), SEED), 0..sink.info().units.n_units());
        made.commit().unwrap();
        assert!(
            home.snapshot("image") == snapshot(&in_order(case, &home.target("other"), SEED)),
            "{}",
            case.label
        );
    }
}

#[test]
fn what_is_given_up_goes_with_the_journal_and_what_is_finished_stays() {
    for (case, home) in stores() {
        let journal = open(&home.parent, shared()).unwrap();
        for name in ["done", "given-up"] {
            write_part(case, &home.parent, &home.target(name), 0, if name == "done" { 1 } else { 2 });
        }
        let late = job(&journal, case, &home.target("given-up"), case.several()).unwrap().unwrap();
        let done = job(&journal, case, &home.target("done"), case.several()).unwrap().unwrap();
        done.commit().unwrap();
        journal.close().unwrap();
        assert_eq!(home.names(), ["done"]);
        let sink = late.sink();
        let error = sink.write(1, part(&noise(sink.info(), SEED), sink.info(), 1)).unwrap_err();
        assert!(matches!(error, SinkError::TakenOver { .. }), "{error}");
        assert_eq!(home.names(), ["done"]);
    }
}
