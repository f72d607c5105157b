//! What the file system refuses is told, and nothing that is not whole gets its name.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use patchweave_geometry::ArrayLayout;
use patchweave_pixel::PixelType;
use patchweave_sink::{ImageSpec, Job, SinkError, SinkFormats};

use crate::common::names;
use crate::processes::{Order, command};
use crate::table::{CASES, Case};
use crate::written::{noise, write_units};

fn start(case: &Case, path: &Path) -> Result<Job, SinkError> {
    Job::start(&SinkFormats::default(), path, Some(case.format), case.several())
}

fn formats_with_files() -> impl Iterator<Item = &'static Case> {
    CASES.iter().filter(|case| case.has_files())
}

fn with_causes(error: &SinkError) -> String {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

#[cfg(unix)]
#[test]
fn folders_that_may_not_be_written_are_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.path().join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write everywhere");
        return;
    }
    for case in formats_with_files() {
        let error = start(case, &folder.path().join("image")).err().unwrap();
        let told = with_causes(&error);
        assert!(told.contains("image") && told.to_lowercase().contains("permission denied"), "{told}");
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(names(folder.path()).is_empty());
}

#[test]
fn files_are_no_folders() {
    for case in formats_with_files() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "precious").unwrap();
        let error = start(case, &folder.path().join("file").join("image")).err().unwrap();
        assert!(error.to_string().starts_with("could not create the folder of"), "{error}");
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"precious");
    }
}

#[test]
fn folders_in_the_way_stay() {
    for case in formats_with_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        let job = start(case, &path).unwrap();
        let sink = job.sink();
        write_units(&sink, &noise(sink.info(), 1), 0..sink.info().units.n_units());
        fs::create_dir(&path).unwrap();
        fs::write(path.join("notes"), "precious").unwrap();
        for error in [start(case, &path).err().unwrap(), job.commit().unwrap_err()] {
            match case.is_store() {
                true => assert!(matches!(error, SinkError::NotAStore { .. }), "{error}"),
                false => assert!(matches!(error, SinkError::FolderInTheWay { .. }), "{error}"),
            }
        }
        assert_eq!(names(folder.path()), ["image"]);
        assert_eq!(names(&path), ["notes"]);
    }
}

/// Another program may have written it meanwhile.
#[test]
fn what_appears_meanwhile_stays_and_so_does_the_work() {
    for case in formats_with_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        let other = folder.path().join("other");
        let whole = |path: &Path| {
            let job = Job::resume(&SinkFormats::default(), path, Some(case.format), case.several()).unwrap();
            let sink = job.sink();
            write_units(&sink, &noise(sink.info(), 1), 0..sink.info().units.n_units());
            job
        };
        let job = whole(&path);
        whole(&other).commit().unwrap();
        fs::rename(&other, &path).unwrap();
        let error = job.commit().unwrap_err();
        assert!(matches!(error, SinkError::Appeared { .. }), "{error}");
        fs::rename(&path, &other).unwrap();
        let job = Job::resume(&SinkFormats::default(), &path, Some(case.format), case.several()).unwrap();
        assert!(job.is_resumed() && job.sink().is_written(0).unwrap(), "{}", case.label);
        job.commit().unwrap();
        assert_eq!(names(folder.path()), ["image", "other"], "{}", case.label);
        // What stood there before is replaced.
        whole(&path).commit().unwrap();
        assert_eq!(names(folder.path()), ["image", "other"], "{}", case.label);
    }
}

/// The folder may go before, between or after the units.
#[test]
fn what_has_lost_its_folder_is_not_finished() {
    for case in formats_with_files() {
        for n_before in [0, 1, usize::MAX] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("image");
            let job = start(case, &path).unwrap();
            let sink = job.sink();
            let n_units = sink.info().units.n_units();
            let image = noise(sink.info(), 2);
            let n_before = n_before.min(n_units);
            write_units(&sink, &image, 0..n_before);
            fs::remove_dir_all(folder.path().join(&names(folder.path())[0])).unwrap();
            for unit_idx in n_before..n_units {
                let written = sink.write(unit_idx, crate::written::part(&image, sink.info(), unit_idx));
                let error = written.unwrap_err();
                assert!(error.to_string().contains("image"), "{error}");
            }
            let error = job.commit().unwrap_err();
            assert!(error.to_string().contains("image"), "{error}");
            assert!(names(folder.path()).is_empty(), "{} {:?}", case.label, names(folder.path()));
        }
    }
}

#[test]
fn stores_without_their_metadata_get_no_name() {
    for case in formats_with_files().filter(|case| case.is_store()) {
        let folder = tempfile::tempdir().unwrap();
        let job = start(case, &folder.path().join("image")).unwrap();
        fs::remove_dir_all(folder.path().join(&names(folder.path())[0]).join("new")).unwrap();
        let sink = job.sink();
        write_units(&sink, &noise(sink.info(), 2), 0..sink.info().units.n_units());
        let error = job.commit().unwrap_err();
        assert!(error.to_string().starts_with("could not find the metadata that was written of"), "{error}");
        assert!(names(folder.path()).is_empty());
    }
}

/// Files that may have 100 blocks of 512 or 1024 bytes stand for a disk that is full.
#[cfg(unix)]
#[test]
fn full_disks_are_told() {
    for case in formats_with_files() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("image");
        let axes = if case.format == "png" { "YX" } else { "CYX" };
        let shape = [3, 300, 400];
        let layout = ArrayLayout::new(axes.parse().unwrap(), &shape[3 - axes.len()..]).unwrap();
        let mut spec = case.spec(layout, PixelType::U16);
        spec.chunks = Some([1, 300, 400][3 - axes.len()..].to_vec());
        let order = Order::Fail { target: target.clone(), format: case.format.into(), spec: spec.into() };
        let child = command(&order);
        let mut limited = Command::new("sh");
        limited.args(["-c", "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\""]);
        limited.arg(child.get_program()).args(child.get_args());
        limited.envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = limited.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{} {told}", case.label);
        assert!(told.contains("failed: could not") && told.contains("image"), "{told}");
        assert!(told.to_lowercase().contains("file too large"), "{told}");
        assert!(names(folder.path()).is_empty(), "{}", case.label);
    }
}

/// Writes an image, and tells why that fails.
pub fn fail(target: &Path, format: &str, spec: ImageSpec) {
    let whole = || -> Result<(), SinkError> {
        let job = Job::start(&SinkFormats::default(), target, Some(format), spec.clone())?;
        let sink = job.sink();
        let image = noise(sink.info(), 4);
        for unit_idx in 0..sink.info().units.n_units() {
            sink.write(unit_idx, crate::written::part(&image, sink.info(), unit_idx))?;
        }
        job.commit().map(drop)
    };
    eprintln!("failed: {}", with_causes(&whole().unwrap_err()));
}
