//! Batches in memory of the caller: it is asked for, used again, handed out and freed; and what happens if it fails.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use patchweave_loader::{Batch, Loader, LoaderError, LoaderOptions};
use patchweave_memory::{Block, Memory, MemoryError, SystemMemory};
use support::dataset;

/// Counts its blocks.
#[derive(Debug, Default)]
struct Counting {
    n_allocated: AtomicUsize,
    n_held: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Counted {
    block: Box<dyn Block>,
    n_held: Arc<AtomicUsize>,
}

impl Counting {
    fn n_allocated(&self) -> usize {
        self.n_allocated.load(Ordering::Relaxed)
    }

    fn n_held(&self) -> usize {
        self.n_held.load(Ordering::Relaxed)
    }
}

impl Memory for Counting {
    fn allocate(&self, n_bytes: usize) -> Result<Box<dyn Block>, MemoryError> {
        self.n_allocated.fetch_add(1, Ordering::Relaxed);
        self.n_held.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Counted { block: SystemMemory.allocate(n_bytes)?, n_held: Arc::clone(&self.n_held) }))
    }
}

impl Block for Counted {
    fn bytes(&self) -> &[u8] {
        self.block.bytes()
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self.block.bytes_mut()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.n_held.fetch_sub(1, Ordering::Relaxed);
    }
}

fn options() -> LoaderOptions {
    LoaderOptions { batch_size: 2, n_workers: 2, prefetch_batches: 1, ..Default::default() }
}

fn loader() -> Loader {
    Loader::new(dataset(&[[40, 48]], 3), options()).unwrap()
}

#[test]
fn buffers_outlive_the_loader_and_are_freed() {
    let memory = Arc::new(Counting::default());
    let loader = loader().with_memory(memory.clone());
    let batches: Vec<Batch> = loader.epoch(0).unwrap().map(Result::unwrap).collect();
    let expected: Vec<Vec<f32>> =
        batches.iter().map(|batch| batch.inputs().iter().copied().collect()).collect();
    assert!(expected.len() > 1);
    let buffers: Vec<_> = batches.into_iter().map(Batch::into_buffers).collect();
    drop(loader);
    assert_eq!(memory.n_held(), expected.len());
    for ((inputs, targets), expected) in buffers.iter().zip(&expected) {
        assert_eq!(inputs[..], expected[..]);
        assert!(targets.is_none());
        assert_eq!(inputs.as_ptr().addr() % 64, 0);
    }
    drop(buffers);
    assert_eq!(memory.n_held(), 0);
}

#[test]
fn memory_goes_from_batch_to_batch() {
    let memory = Arc::new(Counting::default());
    let loader = loader().with_memory(memory.clone());
    let n_batches = loader.epoch(0).unwrap().map(|batch| drop(batch.unwrap())).count();
    assert!(n_batches > 3 && memory.n_allocated() <= 3, "{} for {n_batches} batches", memory.n_allocated());
    drop(loader);
    assert_eq!(memory.n_held(), 0);
}

#[test]
fn other_options_keep_the_memory() {
    let memory = Arc::new(Counting::default());
    let loader = loader().with_memory(memory.clone());
    let other = loader.with_options(LoaderOptions { batch_size: 3, ..options() }).unwrap();
    drop(other.epoch(0).unwrap().next().unwrap().unwrap());
    assert!(memory.n_allocated() > 0);
}

/// Fails in one way or another.
#[derive(Debug)]
enum Failing {
    TooShort,
    Fails,
    Panics,
}

impl Memory for Failing {
    fn allocate(&self, n_bytes: usize) -> Result<Box<dyn Block>, MemoryError> {
        match self {
            Failing::TooShort => SystemMemory.allocate(n_bytes / 2),
            Failing::Fails => Err(MemoryError::Other("no device".into())),
            // Unlike `panic!` this prints nothing.
            Failing::Panics => std::panic::resume_unwind(Box::new("no driver")),
        }
    }
}

/// Every batch is an error, and the epoch goes on to its end.
fn errors(memory: Failing) -> Vec<LoaderError> {
    let loader = loader().with_memory(Arc::new(memory));
    let batches = loader.epoch(0).unwrap();
    let n_batches = batches.n_batches();
    let errors: Vec<_> = batches.map(|batch| batch.map(|_| ()).unwrap_err()).collect();
    assert_eq!(errors.len(), n_batches);
    errors
}

#[test]
fn memory_that_fails_is_an_error_of_the_batch() {
    for error in errors(Failing::TooShort) {
        assert!(matches!(error, LoaderError::Memory(MemoryError::Unfit { .. })), "{error}");
    }
    for error in errors(Failing::Fails) {
        assert!(matches!(error, LoaderError::Memory(MemoryError::Other(_))), "{error}");
        let source = error.source().unwrap();
        assert_eq!(source.source().unwrap().to_string(), "no device");
    }
}

#[test]
fn memory_that_panics_is_an_error_of_the_batch() {
    for (at, error) in errors(Failing::Panics).into_iter().enumerate() {
        assert_eq!(error.to_string(), format!("batch {at}: allocating its memory panicked: no driver"));
    }
}
