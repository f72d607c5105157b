//! The stream of an asynchronous program is that of a loop, and one thread can wait for several of them.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::sync::Arc;

use futures_util::{StreamExt, future};
use patchweave::construct::{BasicPatchConstr, Dataset, PatchExtractor};
use patchweave::geometry::Extent;
use patchweave::loader::{Batch, BatchStream, Loader, LoaderError, LoaderOptions, Order};
use patchweave::patching::RandomPatching;
use patchweave::stack::ArrayStack;
use patchweave_testkit::ramp;

fn loader(n_workers: usize, prefetch_batches: usize) -> Loader {
    let image = ArrayStack::new(ramp::<u16>(&[120, 90]), &"YX".parse().unwrap()).unwrap();
    let images = PatchExtractor::new(vec![Arc::new(image)]).unwrap();
    let patching = RandomPatching::new(images.shapes(), Extent::new(&[8, 8]).unwrap()).unwrap();
    let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, images, None, None).unwrap()), 3);
    let order = Order::Shuffled;
    Loader::new(
        dataset,
        LoaderOptions { batch_size: 7, order, n_workers, prefetch_batches, ..Default::default() },
    )
    .unwrap()
}

type Seen = (usize, Vec<usize>, Vec<f32>);

fn seen(batch: Result<Batch, LoaderError>) -> Seen {
    let batch = batch.unwrap();
    (batch.batch_idx(), batch.indices().collect(), batch.inputs().iter().copied().collect())
}

async fn collected(stream: BatchStream) -> Vec<Seen> {
    stream.map(seen).collect().await
}

#[test]
fn streams_are_those_of_loops() {
    let expected: Vec<Seen> = loader(1, 1).epoch(2).unwrap().map(seen).collect();
    let one = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let many = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    for (n_workers, prefetch_batches) in [(1, 1), (2, 1), (3, 8)] {
        let loader = loader(n_workers, prefetch_batches);
        for runtime in [&one, &many] {
            // Three streams, one waiting thread.
            let streams = (0..3).map(|_| collected(loader.epoch(2).unwrap().into_stream()));
            let all = runtime.block_on(future::join_all(streams));
            assert!(all.iter().all(|batches| *batches == expected), "{n_workers} workers");
        }
    }
}

#[test]
fn streams_may_be_dropped_anywhere() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for n_taken in 0..5 {
        let loader = loader(2, 2);
        let n_seen = runtime.block_on(async {
            let mut stream = loader.epoch(0).unwrap().into_stream();
            let n_seen = stream.by_ref().take(n_taken).count().await;
            assert_eq!(stream.batches().stats().n_batches, n_taken);
            n_seen
        });
        assert_eq!(n_seen, n_taken);
    }
}
