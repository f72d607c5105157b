//! Batches for programs that wait for many things at once.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_core::Stream;

use crate::{Batch, Batches, LoaderError};

/// The batches of one epoch as a stream, for any runtime.
///
/// The threads and all else are those of [`Batches`]; only waiting is different. Dropping this joins the threads, which takes
/// as long as the patches that are being made.
///
/// ```
/// use std::sync::Arc;
///
/// use futures_util::StreamExt;
/// use ndarray::Array;
/// use patchweave_construct::{BasicPatchConstr, Dataset, PatchExtractor};
/// use patchweave_geometry::Extent;
/// use patchweave_loader::{Loader, LoaderOptions};
/// use patchweave_patching::RandomPatching;
/// use patchweave_stack::ArrayStack;
///
/// # let image = Array::from_elem((64, 64), 7_u8).into_dyn();
/// # let images = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse()?)?)])?;
/// # let patching = RandomPatching::new(images.shapes(), Extent::new(&[16, 16])?)?;
/// # let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, images, None, None)?), 1);
/// let loader = Loader::new(dataset, LoaderOptions { batch_size: 4, ..Default::default() })?;
/// let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
/// let n_patches = runtime.block_on(async {
///     let mut batches = loader.epoch(0)?.into_stream();
///     let mut n_patches = 0;
///     while let Some(batch) = batches.next().await {
///         n_patches += batch?.len();
///     }
///     Ok::<_, patchweave_loader::LoaderError>(n_patches)
/// })?;
/// assert_eq!(n_patches, 16);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BatchStream {
    batches: Batches,
    waiting: Option<Instant>,
}

impl Batches {
    /// These batches for a program that must not block while it waits for them.
    ///
    /// Batches are chosen on the thread that polls; for the chunk-aware order that takes up to a second for every 2^20 patches.
    pub fn into_stream(self) -> BatchStream {
        BatchStream { batches: self, waiting: None }
    }
}

impl BatchStream {
    /// The batches behind it: counts, statistics and where the stream stands.
    pub fn batches(&self) -> &Batches {
        &self.batches
    }
}

impl fmt::Debug for BatchStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BatchStream").field(&self.batches).finish()
    }
}

impl Stream for BatchStream {
    type Item = Result<Batch, LoaderError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let BatchStream { batches, waiting } = &mut *self;
        if let Some(end) = batches.end() {
            return Poll::Ready(end.map(Err));
        }
        let mut next = batches.try_next();
        if next.is_none() {
            // A batch that comes between the two looks wakes in vain.
            batches.waiting().register(context.waker());
            next = batches.try_next();
        }
        let Some(batch) = next else {
            waiting.get_or_insert_with(Instant::now);
            return Poll::Pending;
        };
        if let Some(since) = waiting.take() {
            batches.add_wait(since);
        }
        Poll::Ready(Some(batches.hand_over(batch)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.batches.size_hint()
    }
}
