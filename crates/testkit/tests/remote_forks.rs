//! A process that was forked has none of the threads that requests run on: it is told, and does not hang.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "support/in_fork.rs"]
mod in_fork;
mod support;

use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use patchweave_formats::{FileFormat, OpenOptions, ReadBudget, open};
use patchweave_geometry::{Axes, Region};
use patchweave_stack::{ImageStack, ImageStackExt, with_causes};
use patchweave_testkit::{Faults, Server};

use in_fork::in_fork;
use support::{AXES, write_array};

fn axes() -> Axes {
    AXES.parse().unwrap()
}

fn whole(stack: &dyn ImageStack) -> Region {
    Region::whole(stack.info().shape().extent)
}

/// What reading says, down to the cause.
fn told(outcome: Result<(), patchweave_stack::StackError>) -> String {
    outcome.map_or_else(|error| with_causes(&error), |()| "it was read".to_owned())
}

/// One test, because a fork sees what every thread of the process has done.
#[test]
fn forked_processes_are_refused_or_work() {
    let folder = tempfile::tempdir().unwrap();
    write_array(&folder.path().join("a.zarr"), "/", |_| {});
    let server = Server::start(folder.path(), Faults::default());
    let path = format!("http://{}/a.zarr", server.address);
    let path = Path::new(&path);
    let is_refused = |text: &str| {
        text.contains("this process was forked")
            && text.ends_with("start processes with `spawn` instead of `fork`")
    };

    // Before the first request of the parent, a child may read on its own.
    let is_fine = in_fork(|| {
        let stack = open(path, FileFormat::Zarr, Some(&axes()), &OpenOptions::default()).unwrap().remove(0);
        stack.read_patch(0, None, &whole(&*stack)).is_ok()
    });
    assert!(is_fine);

    let options = OpenOptions::default();
    let stack = open(path, FileFormat::Zarr, Some(&axes()), &options).unwrap().remove(0);
    let fresh = OpenOptions::default();
    let other = open(path, FileFormat::Zarr, Some(&axes()), &fresh).unwrap().remove(0);
    stack.read_patch(0, None, &whole(&*stack)).unwrap();
    let is_fine = in_fork(|| {
        let read = |stack: &dyn ImageStack| told(stack.read_patch(0, None, &whole(stack)).map(drop));
        let opened = told(open(path, FileFormat::Zarr, Some(&axes()), &options).map(drop));
        is_refused(&read(&*stack)) && is_refused(&read(&*other)) && is_refused(&opened)
    });
    assert!(is_fine);
    other.read_patch(0, None, &whole(&*other)).unwrap();

    // What threads of the parent were doing when it forked keeps no child waiting that reads files.
    let mut options = OpenOptions::default();
    options.in_flight = ReadBudget::new(1);
    let local =
        open(&folder.path().join("a.zarr"), FileFormat::Zarr, Some(&axes()), &options).unwrap().remove(0);
    let slow =
        Server::start(folder.path(), Faults { delay: Duration::from_millis(100), ..Faults::default() });
    let far = format!("http://{}/a.zarr", slow.address);
    let far = open(Path::new(&far), FileFormat::Zarr, Some(&axes()), &options).unwrap().remove(0);
    let n_before = slow.n_requests();
    let start = Barrier::new(2);
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            far.read_patch(0, None, &whole(&*far)).unwrap();
            is_done.store(true, Ordering::Release);
        });
        start.wait();
        // Until the other thread waits for answers: locks that it holds for moments would be held in the child for good.
        while options.in_flight.taken() == 0 || slow.n_requests() == n_before {
            std::thread::yield_now();
        }
        let is_fine = in_fork(|| local.read_patch(0, None, &whole(&*local)).is_ok());
        assert!(is_fine && !is_done.load(Ordering::Acquire), "the budget was taken when the process forked");
    });
}
