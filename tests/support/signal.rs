//! A command that runs on its own and is interrupted, as by Ctrl-C, or killed.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{PATCHWEAVE, Place};

/// Where a prediction keeps what is not finished.
pub const JOURNAL: &str = "out/.patchweave-journal";

const PATIENCE: Duration = Duration::from_secs(60);

/// Starts `patchweave` in the folder of a test.
pub fn start<S: AsRef<OsStr>>(place: &Place, arguments: &[S]) -> Child {
    let mut command = Command::new(PATCHWEAVE);
    command.args(arguments).current_dir(place.path("")).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits for something that a command does.
#[track_caller]
pub fn wait_until(is_done: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_done() {
        assert!(Instant::now() < deadline, "waited for {PATIENCE:?}");
        sleep(Duration::from_millis(1));
    }
}

/// Sends the signal of Ctrl-C; returns how the process ended and what it complained about.
#[track_caller]
pub fn interrupt(child: Child) -> (Option<i32>, String) {
    send(&child, "-INT");
    wait(child)
}

/// Sends a signal, as `kill` calls it.
#[track_caller]
pub fn send(child: &Child, signal: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
}

/// Waits for a process; returns how it ended, nothing if by a signal, and what it complained about.
#[track_caller]
pub fn wait(mut child: Child) -> (Option<i32>, String) {
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("still running after {PATIENCE:?}");
        }
        sleep(Duration::from_millis(5));
    }
    let mut complaint = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    (child.wait().unwrap().code(), complaint)
}

/// Starts `patchweave` and kills it at a moment, or once it has ended.
pub fn killed_when<S: AsRef<OsStr>>(place: &Place, arguments: &[S], is_moment: impl Fn() -> bool) {
    let child = RefCell::new(start(place, arguments));
    let has_ended = || child.borrow_mut().try_wait().unwrap().is_some();
    wait_until(|| is_moment() || has_ended());
    child.borrow_mut().kill().unwrap();
    child.borrow_mut().wait().unwrap();
}

/// How many units are known to be written, smaller levels not counted.
pub fn n_written(place: &Place) -> usize {
    let mut n = 0;
    let mut folders = vec![(place.path(JOURNAL), false)];
    while let Some((folder, is_done)) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let is_units = is_done || entry.path().ends_with("done/0");
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push((entry.path(), is_units)),
                _ => n += usize::from(is_done),
            }
        }
    }
    n
}
