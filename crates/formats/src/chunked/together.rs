//! Windows of images on other machines: their chunks are asked for together, so that one trip there and back serves many.

use std::collections::BTreeSet;

use patchweave_stack::StackError;
use tracing::trace_span;

use super::{ChunkSource, ChunkedStack, Part, touched};
use crate::budget::Permit;
use crate::cache::{Claim, Claimed, Found};
use crate::chunk::Chunk;

/// A chunk that this thread is to decode, and the part of the window that it is needed for.
struct Task<'a> {
    parts: [&'a Part; 6],
    place: Vec<usize>,
    /// Given back when the chunk is in the cache and was handed over.
    held: Option<(Claimed, Permit)>,
}

/// Takes a chunk with its place in the grid and what a window needs of it.
pub(super) type Each<'a> = dyn FnMut(&Chunk<'_>, &[usize], [&Part; 6]) -> Result<(), StackError> + 'a;

impl<S: ChunkSource> ChunkedStack<S> {
    /// Hands over every chunk of a window of an image whose chunks are far away, with its place and what the window needs
    /// of it; `parts` has one entry per axis of `STCZYX`.
    ///
    /// As many chunks as the source wants and the budget gives are claimed, fetched at once and decoded as they arrive,
    /// then the next ones. A thread that waits for its turn in the budget holds nothing that others could wait for.
    pub(super) fn read_together(
        &self,
        parts: &[Vec<Part>; 6],
        each: &mut Each<'_>,
    ) -> Result<(), StackError> {
        let mut rest = touched(parts).peekable();
        let mut in_work = Vec::new();
        while rest.peek().is_some() {
            let mut tasks: Vec<Task<'_>> = Vec::new();
            let mut beside = BTreeSet::new();
            while tasks.len() < self.source.n_together()
                && let Some(&parts) = rest.peek()
            {
                let place = self.place(parts);
                let key = self.key(&place);
                let found = match self.cache.look(key) {
                    Some(Found::Kept(chunk)) => Claim::Kept(chunk),
                    Some(Found::InWork(_)) => Claim::InWork,
                    None => {
                        let (need, new) = self.need_of(&place, &beside);
                        let permit = if tasks.is_empty() {
                            Some(self.in_flight.take(need))
                        } else {
                            self.in_flight.try_take(need)
                        };
                        let Some(permit) = permit else { break };
                        match self.cache.claim(key) {
                            Claim::Claimed(claimed) => {
                                let held = Some((claimed, permit));
                                tasks.push(Task { parts, place, held });
                                beside.extend(new);
                                rest.next();
                                continue;
                            }
                            found => found,
                        }
                    }
                };
                rest.next();
                match found {
                    Claim::Kept(chunk) => each(&chunk.as_chunk(), &place, parts)?,
                    _ => in_work.push(parts),
                }
            }
            if !tasks.is_empty() {
                self.decode_tasks(&mut tasks, each)?;
            }
        }
        in_work.into_iter().try_for_each(|parts| self.wait_for(parts, each))
    }

    /// Decodes the chunks of tasks and hands them over; all of them end up in the cache, whatever
    /// happens to one.
    #[cold]
    fn decode_tasks(&self, tasks: &mut [Task<'_>], each: &mut Each<'_>) -> Result<(), StackError> {
        let _span = trace_span!("decode", image = self.info.source, chunks = tasks.len()).entered();
        let places: Vec<Vec<usize>> = tasks.iter().map(|task| task.place.clone()).collect();
        let places: Vec<&[usize]> = places.iter().map(Vec::as_slice).collect();
        let mut outcome = Ok(());
        self.source.decode_together(&places, &mut |number, decoded| {
            let Some(task) = tasks.get_mut(number) else { return };
            let Some((claimed, permit)) = task.held.take() else { return };
            let copied =
                claimed.end(decoded).and_then(|chunk| each(&chunk.as_chunk(), &task.place, task.parts));
            drop(permit);
            if outcome.is_ok() {
                outcome = copied;
            }
        });
        outcome?;
        // A source that leaves one out has it decoded by itself.
        let forgotten = tasks.iter_mut().filter_map(|task| task.held.take().map(|_| task.parts));
        let forgotten: Vec<[&Part; 6]> = forgotten.collect();
        forgotten.into_iter().try_for_each(|parts| self.wait_for(parts, each))
    }

    fn wait_for(&self, parts: [&Part; 6], each: &mut Each<'_>) -> Result<(), StackError> {
        self.with_chunk(parts, true, |chunk, place| each(chunk, place, parts)).map(drop)
    }
}
