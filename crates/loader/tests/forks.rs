//! A process that was forked has none of the threads: it is told, and does not hang.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "../../testkit/tests/support/in_fork.rs"]
mod in_fork;
mod support;

use patchweave_loader::{Loader, LoaderError, LoaderOptions};

use in_fork::in_fork;
use support::dataset;

#[test]
fn forked_processes_are_refused() {
    let options = LoaderOptions { batch_size: 4, n_workers: 3, prefetch_batches: 4, ..Default::default() };
    let loader = Loader::new(dataset(&[[160, 160]], 1), options).unwrap();
    let mut batches = loader.epoch(0).unwrap();
    let held = batches.next().unwrap().unwrap();
    let is_refused = in_fork(|| {
        let is_new_refused = matches!(loader.epoch(0), Err(LoaderError::Forked));
        let is_next_refused = matches!(batches.next(), Some(Err(LoaderError::Forked)));
        let is_over = batches.next().is_none() && batches.stats().n_batches == 1;
        let is_forecast_refused = matches!(loader.forecast(0, 0), Err(LoaderError::Forked))
            && matches!(loader.probe(0, std::time::Duration::ZERO), Err(LoaderError::Forked));
        // All of them go without waiting for threads or locks that are elsewhere.
        drop((held, batches, loader));
        is_new_refused && is_next_refused && is_over && is_forecast_refused
    });
    assert!(is_refused);
}

#[test]
fn the_parent_goes_on() {
    let options = LoaderOptions { batch_size: 4, n_workers: 2, ..Default::default() };
    let loader = Loader::new(dataset(&[[80, 80]], 1), options).unwrap();
    let mut batches = loader.epoch(0).unwrap();
    batches.next().unwrap().unwrap();
    assert!(in_fork(|| true));
    assert_eq!(batches.filter(Result::is_ok).count(), 24);
}

#[test]
fn a_loader_that_is_made_after_the_fork_works() {
    let is_fine = in_fork(|| {
        let options = LoaderOptions { batch_size: 4, n_workers: 2, ..Default::default() };
        let loader = Loader::new(dataset(&[[80, 80]], 1), options).unwrap();
        loader.epoch(0).unwrap().filter(Result::is_ok).count() == 25
    });
    assert!(is_fine);
}

#[test]
fn the_refusal_says_what_to_do() {
    let text = LoaderError::Forked.to_string();
    assert!(text.contains("forked") && text.contains("`spawn` instead of `fork`"), "{text}");
}
