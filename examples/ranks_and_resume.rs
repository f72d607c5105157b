//! Deals an epoch out to two ranks, stops in the middle, and goes on with three: the stream stays the same.
//!
//!     cargo run --release --example ranks_and_resume

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::sync::Arc;

use ndarray::Array;
use patchweave::construct::{BasicPatchConstr, Dataset, PatchExtractor};
use patchweave::geometry::Extent;
use patchweave::loader::{Loader, LoaderOptions, LoaderState, Order, Shard};
use patchweave::patching::RandomPatching;
use patchweave::stack::ArrayStack;

/// The same in every process: data, seed, batch size and order decide about the stream.
fn loader(shard: Shard, n_workers: usize) -> Result<Loader, Box<dyn Error>> {
    let image = Array::from_shape_simple_fn((512, 512), || 7_u16).into_dyn();
    let images = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse()?)?)])?;
    let patching = RandomPatching::new(images.shapes(), Extent::new(&[64, 64])?)?;
    let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, images, None, None)?), 42);
    let options =
        LoaderOptions { batch_size: 4, order: Order::Shuffled, shard, n_workers, ..Default::default() };
    Ok(Loader::new(dataset, options)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut state = None;
    for rank in 0..2 {
        let loader = loader(Shard { rank, world_size: 2, ..Default::default() }, 1)?;
        let mut batches = loader.epoch(0)?;
        for batch in batches.by_ref().take(3) {
            let batch = batch?;
            println!(
                "rank {rank} of 2: batch {:2} with patches {:?}",
                batch.batch_idx(),
                batch.indices().collect::<Vec<_>>()
            );
        }
        // A few numbers, which a checkpoint keeps beside the weights of the network.
        state = Some(serde_json::to_string(&batches.state())?);
    }
    let text = state.ok_or("there are two ranks")?;
    println!("stopped at {text}");

    let state: LoaderState = serde_json::from_str(&text)?;
    for rank in 0..3 {
        let loader = loader(Shard { rank, world_size: 3, ..Default::default() }, 2)?;
        for batch in loader.resume(&state)? {
            let batch = batch?;
            println!(
                "rank {rank} of 3: batch {:2} with patches {:?}",
                batch.batch_idx(),
                batch.indices().collect::<Vec<_>>()
            );
        }
    }
    Ok(())
}
