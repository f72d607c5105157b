//! Several processes write one image, and those that are killed are followed by others.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use patchweave_sink::{ImageSpec, Job, JobToken, SinkError, SinkFormats};
use serde::{Deserialize, Serialize};

use crate::common::names;
use crate::table::{CASES, Case};
use crate::units::in_order;
use crate::written::{noise, snapshot, write_units};

/// What a child is told to do.
const ORDER: &str = "PATCHWEAVE_TEST_ORDER";
const SEED: u64 = 11;

#[derive(Serialize, Deserialize)]
pub enum Order {
    /// Join and write every second unit.
    Half(Box<JobToken>, usize),
    /// Go on with an image, write the first units that are missing, and end at once.
    Abort { target: PathBuf, format: String, spec: Box<ImageSpec>, n_units: usize },
    /// Write all units until something fails, and tell what did.
    Fail { target: PathBuf, format: String, spec: Box<ImageSpec> },
}

/// Does nothing unless it is run in a process of its own by another test.
#[test]
fn child() {
    let Ok(order) = std::env::var(ORDER) else { return };
    match serde_json::from_str(&order).unwrap() {
        Order::Half(token, first) => match Job::join(&SinkFormats::default(), &token) {
            Err(error) => panic!("refused: {error}"),
            Ok(job) => {
                let sink = job.sink();
                let n_units = sink.info().units.n_units();
                write_units(&sink, &noise(sink.info(), SEED), (first..n_units).step_by(2));
            }
        },
        Order::Abort { target, format, spec, n_units } => {
            let job = Job::resume(&SinkFormats::default(), &target, Some(&format), *spec).unwrap();
            let sink = job.sink();
            write_units(&sink, &noise(sink.info(), SEED), 0..n_units);
            std::process::abort();
        }
        Order::Fail { target, format, spec } => crate::failures::fail(&target, &format, *spec),
    }
}

/// A process that follows an order.
pub fn command(order: &Order) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["processes::child", "--exact", "--nocapture"]);
    command.env(ORDER, serde_json::to_string(order).unwrap());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn spawn(order: &Order) -> Child {
    command(order).spawn().unwrap()
}

fn wait(child: Child) -> Output {
    child.wait_with_output().unwrap()
}

fn formats_with_files() -> impl Iterator<Item = &'static Case> {
    CASES.iter().filter(|case| case.has_files())
}

fn resume(case: &Case, path: &Path, spec: ImageSpec) -> Result<Job, SinkError> {
    Job::resume(&SinkFormats::default(), path, Some(case.format), spec)
}

#[test]
fn two_processes_write_the_same_bytes_as_one() {
    for case in formats_with_files() {
        let folder = tempfile::tempdir().unwrap();
        let alone = snapshot(&in_order(case, &folder.path().join("alone"), SEED));
        let path = folder.path().join("together");
        let job = Job::start(&SinkFormats::default(), &path, Some(case.format), case.several()).unwrap();
        let token = || Box::new(job.token().clone());
        let children = [0, 1].map(|first| spawn(&Order::Half(token(), first)));
        for child in children {
            let output = wait(child);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
        assert!(snapshot(&job.commit().unwrap()) == alone, "{}", case.label);
        assert_eq!(names(folder.path()), ["alone", "together"]);
    }
}

#[test]
fn other_processes_do_not_join_in_memory() {
    let case = CASES.iter().find(|case| !case.has_files()).unwrap();
    let job =
        Job::start(&SinkFormats::default(), "cells".as_ref(), Some(case.format), case.several()).unwrap();
    let output = wait(spawn(&Order::Half(Box::new(job.token().clone()), 0)));
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected =
        "refused: cells is made in the memory of another process, which only its own threads can join";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn what_a_killed_process_has_written_is_kept() {
    for case in formats_with_files() {
        let folder = tempfile::tempdir().unwrap();
        let alone = snapshot(&in_order(case, &folder.path().join("alone"), SEED));
        let target = folder.path().join("image");
        let spec = Box::new(case.several());
        let format = case.format.to_owned();
        let output = wait(spawn(&Order::Abort { target: target.clone(), format, spec, n_units: 2 }));
        assert!(!output.status.success());
        assert!(!target.exists(), "{}", case.label);

        let job = resume(case, &target, case.several()).unwrap();
        assert!(job.is_resumed(), "{}", case.label);
        let sink = job.sink();
        let n_units = sink.info().units.n_units();
        let image = noise(sink.info(), SEED);
        let missing: Vec<usize> =
            (0..n_units).filter(|unit_idx| !sink.is_written(*unit_idx).unwrap()).collect();
        assert_eq!(missing, (2..n_units).collect::<Vec<_>>());
        write_units(&sink, &image, missing);
        assert!(snapshot(&job.commit().unwrap()) == alone, "{}", case.label);
        assert_eq!(names(folder.path()), ["alone", "image"]);
    }
}

#[test]
fn what_was_left_is_gone_on_with_by_one_and_only_for_the_same_image() {
    for case in formats_with_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        let first = resume(case, &path, case.several()).unwrap();
        assert!(!first.is_resumed());
        let sink = first.sink();
        write_units(&sink, &noise(sink.info(), SEED), [0]);
        let error = resume(case, &path, case.several()).err().unwrap();
        assert!(matches!(error, SinkError::Busy { .. }), "{error}");
        first.leave();
        let second = resume(case, &path, case.several()).unwrap();
        assert!(second.is_resumed() && second.sink().is_written(0).unwrap(), "{}", case.label);
        second.leave();

        let mut other = case.several();
        other.origin = Some("another file".into());
        let third = resume(case, &path, other).unwrap();
        assert!(!third.is_resumed() && !third.sink().is_written(0).unwrap(), "{}", case.label);
        drop(third);
        assert!(names(folder.path()).is_empty(), "{}", case.label);
    }
}

/// What was written before the machine was started again need not have reached the disk.
#[cfg(target_os = "linux")]
#[test]
fn work_of_before_a_restart_of_the_machine_is_begun_anew() {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    for case in formats_with_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        let first = resume(case, &path, case.several()).unwrap();
        let sink = first.sink();
        write_units(&sink, &noise(sink.info(), SEED), [0]);
        first.leave();
        let begun = folder.path().join(&names(folder.path())[0]).join("work/begun.json");
        let text = std::fs::read_to_string(&begun).unwrap();
        assert!(text.contains(boot.trim()), "{text}");
        std::fs::write(&begun, text.replace(boot.trim(), "another")).unwrap();
        let second = resume(case, &path, case.several()).unwrap();
        assert!(!second.is_resumed() && !second.sink().is_written(0).unwrap(), "{}", case.label);
    }
}
