//! Windows of images on other machines: their chunks are asked for together, so that one trip there and back serves many.

use tracing::trace_span;

use super::{ChunkSource, ChunkedStack, Part, touched};
use crate::budget::Permit;
use crate::cache::{Claim, Claimed, Found};
use crate::{PatchViewMut, StackError};

/// A chunk that this thread is to decode, and the part of the window that it is needed for.
struct Task<'a> {
    parts: [&'a Part; 6],
    place: Vec<usize>,
    /// Given back when the chunk is in the cache and copied.
    held: Option<(Claimed, Permit)>,
}

impl<S: ChunkSource> ChunkedStack<S> {
    /// Copies a window of an image whose chunks are far away; `parts` has one entry per axis of `STCZYX`.
    ///
    /// As many chunks as the source wants and the budget gives are claimed, fetched at once and decoded as they arrive,
    /// then the next ones. A thread that waits for its turn in the budget holds nothing that others could wait for.
    pub(super) fn read_together(
        &self,
        parts: &[Vec<Part>; 6],
        out: &mut PatchViewMut<'_>,
    ) -> Result<(), StackError> {
        let mut rest = touched(parts).peekable();
        let mut in_work = Vec::new();
        while rest.peek().is_some() {
            let mut tasks: Vec<Task<'_>> = Vec::new();
            while tasks.len() < self.source.n_together()
                && let Some(&parts) = rest.peek()
            {
                let place = self.place(parts);
                let key = self.key(&place);
                let found = match self.cache.look(key) {
                    Some(Found::Kept(chunk)) => Claim::Kept(chunk),
                    Some(Found::InWork(_)) => Claim::InWork,
                    None => {
                        let permit = if tasks.is_empty() {
                            Some(self.in_flight.take(self.need))
                        } else {
                            self.in_flight.try_take(self.need)
                        };
                        let Some(permit) = permit else { break };
                        match self.cache.claim(key) {
                            Claim::Claimed(claimed) => {
                                let held = Some((claimed, permit));
                                tasks.push(Task { parts, place, held });
                                rest.next();
                                continue;
                            }
                            found => found,
                        }
                    }
                };
                rest.next();
                match found {
                    Claim::Kept(chunk) => self.copy(&chunk.as_chunk(), &place, parts, out)?,
                    _ => in_work.push(parts),
                }
            }
            if !tasks.is_empty() {
                self.decode_tasks(&mut tasks, out)?;
            }
        }
        in_work.into_iter().try_for_each(|parts| self.copy_chunk(parts, true, out).map(drop))
    }

    /// Decodes the chunks of tasks and copies what the window needs of them; all of them end up in the cache, whatever
    /// happens to one.
    #[cold]
    fn decode_tasks(&self, tasks: &mut [Task<'_>], out: &mut PatchViewMut<'_>) -> Result<(), StackError> {
        let _span = trace_span!("decode", image = self.info.source, chunks = tasks.len()).entered();
        let places: Vec<Vec<usize>> = tasks.iter().map(|task| task.place.clone()).collect();
        let places: Vec<&[usize]> = places.iter().map(Vec::as_slice).collect();
        let mut outcome = Ok(());
        self.source.decode_together(&places, &mut |number, decoded| {
            let Some(task) = tasks.get_mut(number) else { return };
            let Some((claimed, permit)) = task.held.take() else { return };
            let copied = claimed
                .end(decoded)
                .and_then(|chunk| self.copy(&chunk.as_chunk(), &task.place, task.parts, out));
            drop(permit);
            if outcome.is_ok() {
                outcome = copied;
            }
        });
        outcome?;
        // A source that leaves one out has it decoded by itself.
        let forgotten = tasks.iter_mut().filter_map(|task| task.held.take().map(|_| task.parts));
        let forgotten: Vec<[&Part; 6]> = forgotten.collect();
        forgotten.into_iter().try_for_each(|parts| self.copy_chunk(parts, true, out).map(drop))
    }
}
