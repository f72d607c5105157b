//! Going through patches with several threads within a budget of memory.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use ndarray::ArrayView4;
use patchweave_geometry::RegionSpec;
use patchweave_patching::{PatchRng, Permutation};
use patchweave_transform::all_finite;
use rayon::prelude::*;

use super::options::FitOptions;
use crate::{ConstructError, Job, PatchConstr, PatchConstrExt, PatchRole, Sample, SampleLayout, Scratch};

/// Patches that one task handles; also the granularity of merging, so results do not depend on threads.
const PATCHES_PER_TASK: usize = 8;

/// Tasks between two looks at standard errors, and the most whose results are held at once.
const TASKS_PER_GROUP: usize = 32;

/// Patches of one group.
const PATCHES_PER_GROUP: usize = PATCHES_PER_TASK * TASKS_PER_GROUP;

/// The patches of a constructor, in order or shuffled.
pub(super) struct Walk<'a> {
    pub constr: &'a dyn PatchConstr,
    pub options: &'a FitOptions,
    pub keep_going: &'a (dyn Fn() -> bool + Sync),
    order: Option<Permutation>,
    n_patches: usize,
}

/// What a thread keeps for the next sample.
pub(super) struct Idle {
    /// The last sample, whose memory serves the next one if that has the same shape.
    last: Option<(SampleLayout, Sample)>,
    scratch: Scratch,
}

impl Idle {
    /// Gives the sample away that was made last.
    pub fn take_sample(&mut self) -> Option<Sample> {
        self.last.take().map(|(_, sample)| sample)
    }
}

/// What is looked at of one patch.
pub(super) struct Look<'a> {
    index: usize,
    spec: &'a RegionSpec,
    constr: &'a dyn PatchConstr,
    /// `CZYX`, of inputs the native scale alone.
    blocks: Roles<ArrayView4<'a, f32>>,
}

/// Something for the input and something for the target, where they are there and wanted.
pub(super) struct Roles<T> {
    pub input: Option<T>,
    pub target: Option<T>,
}

impl<T> Roles<T> {
    pub const NONE: Self = Roles { input: None, target: None };

    pub fn of(&mut self, role: PatchRole) -> &mut Option<T> {
        match role {
            PatchRole::Input => &mut self.input,
            PatchRole::Target => &mut self.target,
        }
    }

    /// Adds what is there of `next`.
    pub fn merge<E>(&mut self, next: Self, merge: impl Fn(&mut T, T) -> Result<(), E>) -> Result<(), E> {
        for (all, next) in [(&mut self.input, next.input), (&mut self.target, next.target)] {
            match (all, next) {
                (Some(all), Some(next)) => merge(all, next)?,
                (all @ None, next) => *all = next,
                (Some(_), None) => {}
            }
        }
        Ok(())
    }

    pub fn try_map<U, E>(self, mut map: impl FnMut(T) -> Result<U, E>) -> Result<Roles<U>, E> {
        Ok(Roles { input: self.input.map(&mut map).transpose()?, target: self.target.map(map).transpose()? })
    }
}

impl<'a> Roles<ArrayView4<'a, f32>> {
    /// The wanted blocks of a sample.
    pub fn wanted(sample: &'a Sample, constr: &dyn PatchConstr, options: &FitOptions) -> Self {
        let input = options.with_input.then(|| constr.principal_input(sample.input.view()));
        let target = sample.target.as_ref().filter(|_| options.with_target).map(|target| target.view());
        Roles { input, target }
    }

    pub fn blocks(&self) -> impl Iterator<Item = (PatchRole, ArrayView4<'a, f32>)> + use<'a> {
        let blocks = [(PatchRole::Input, self.input), (PatchRole::Target, self.target)];
        blocks.into_iter().filter_map(|(role, block)| Some((role, block?)))
    }
}

impl<'a> Look<'a> {
    pub fn blocks(&self) -> impl Iterator<Item = (PatchRole, ArrayView4<'a, f32>)> + use<'a> {
        self.blocks.blocks()
    }

    /// # Errors
    /// [`ConstructError::NotFinite`] for a value that is infinite or no number.
    pub fn check_finite(&self) -> Result<(), ConstructError> {
        match self.blocks().find(|(_, block)| !all_finite(*block)) {
            Some((role, _)) => Err(self.not_finite(role)),
            None => Ok(()),
        }
    }

    /// The error for pixels that are infinite or no number.
    pub fn not_finite(&self, patch_role: PatchRole) -> ConstructError {
        let images = self.constr.sources().of(patch_role);
        let source = images.and_then(|images| images.metadata(self.spec)).map(|image| image.source.clone());
        let role = match patch_role {
            PatchRole::Input => "input",
            PatchRole::Target => "target",
        };
        ConstructError::NotFinite { source_name: source.unwrap_or_default(), role, index: self.index }
    }
}

impl<'a> Walk<'a> {
    /// All patches of the first epoch; in random order if not all of them may be needed.
    ///
    /// # Errors
    /// [`ConstructError::NoPatches`].
    pub fn new(
        constr: &'a dyn PatchConstr,
        options: &'a FitOptions,
        keep_going: &'a (dyn Fn() -> bool + Sync),
    ) -> Result<Self, ConstructError> {
        let n_patches = constr.n_patches();
        if n_patches == 0 {
            return Err(ConstructError::NoPatches);
        }
        let order = options.tolerance.map(|_| Permutation::new(n_patches, options.seed, 0));
        Ok(Walk { constr, options, keep_going, order, n_patches })
    }

    pub fn n_patches(&self) -> usize {
        self.n_patches
    }

    /// The index of the patch at a place of the order.
    pub fn index(&self, place: usize) -> usize {
        self.order.as_ref().map_or(place, |order| order.at(place))
    }

    /// The groups of all places.
    pub fn groups(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let n_patches = self.n_patches;
        let groups = (0..n_patches).step_by(PATCHES_PER_GROUP);
        groups.map(move |first| first..first.saturating_add(PATCHES_PER_GROUP).min(n_patches))
    }

    /// Does the tasks of a group, with as many threads as the budget allows, and returns their results in order.
    ///
    /// Every thread takes `state`, and gives it back for the next group; `state_bytes` is what one takes.
    ///
    /// # Errors
    /// That of the first task that failed.
    pub fn group<S: Send, T: Send>(
        &self,
        group: Range<usize>,
        (states, state_bytes): (&States<'_, S>, usize),
        task: impl Fn(&mut S, &mut Idle, Range<usize>) -> Result<T, ConstructError> + Sync,
    ) -> Result<Vec<T>, ConstructError> {
        let n_tasks = group.len().div_ceil(PATCHES_PER_TASK);
        let n_threads = self.n_threads(&group, state_bytes)?.min(n_tasks);
        let next = AtomicUsize::new(0);
        let has_failed = AtomicBool::new(false);
        let work = |_| {
            let mut done = Vec::new();
            let (mut state, scratch) = states.take()?;
            let mut idle = Idle { last: None, scratch };
            while !has_failed.load(Ordering::Relaxed) {
                let nth = next.fetch_add(1, Ordering::Relaxed);
                let first = group.start.saturating_add(nth.saturating_mul(PATCHES_PER_TASK));
                if nth >= n_tasks {
                    break;
                }
                let result = task(&mut state, &mut idle, first..(first + PATCHES_PER_TASK).min(group.end));
                has_failed.fetch_or(result.is_err(), Ordering::Relaxed);
                done.push((nth, result));
            }
            states.give(state, idle.scratch);
            Ok(done)
        };
        let done: Vec<Vec<_>> = (0..n_threads)
            .into_par_iter()
            .with_max_len(1)
            .map(work)
            .collect::<Result<_, ConstructError>>()?;
        let mut results: Vec<_> = done.into_iter().flatten().collect();
        // Tasks begin in order, so that all before the first that failed were done.
        results.sort_by_key(|(nth, _)| *nth);
        results.into_iter().map(|(_, result)| result).collect()
    }

    /// How many samples of a group fit into the budget at a time, each with `state_bytes` beside it.
    fn n_threads(&self, group: &Range<usize>, state_bytes: usize) -> Result<usize, ConstructError> {
        let mut largest = 1;
        for place in group.clone() {
            largest = largest.max(self.n_bytes(place)?);
        }
        let at_once = self.options.max_bytes / largest.saturating_add(state_bytes);
        Ok(at_once.clamp(1, rayon::current_num_threads()))
    }

    /// Bytes of the sample at a place of the order.
    ///
    /// # Errors
    /// [`ConstructError::TooLarge`] if it does not fit into the budget.
    pub fn n_bytes(&self, place: usize) -> Result<usize, ConstructError> {
        let index = self.index(place);
        let needed = self.constr.layout(index)?.n_bytes();
        let limit = self.options.max_bytes;
        if needed > limit {
            return Err(ConstructError::TooLarge { index, needed, limit });
        }
        Ok(needed)
    }

    /// Where the samples of `places` that are held together have to end: as many as the budget holds, at least one.
    pub fn portion_end(&self, places: Range<usize>) -> Result<usize, ConstructError> {
        let mut n_bytes = 0_usize;
        for place in places.clone() {
            n_bytes = n_bytes.saturating_add(self.n_bytes(place)?);
            if n_bytes > self.options.max_bytes && place > places.start {
                return Ok(place);
            }
        }
        Ok(places.end)
    }

    /// Makes the patch at a place of the order and shows it to `look`.
    pub fn look_at<T>(
        &self,
        place: usize,
        idle: &mut Idle,
        look: impl FnOnce(&Look<'_>) -> Result<T, ConstructError>,
    ) -> Result<T, ConstructError> {
        if !(self.keep_going)() {
            return Err(ConstructError::Interrupted);
        }
        let index = self.index(place);
        let layout = self.constr.layout(index)?;
        let mut rng = PatchRng::for_patch(self.options.seed, 0, index);
        let mut sample = match idle.last.take() {
            Some((known, sample)) if known == layout => sample,
            other => {
                // Only one of them at a time.
                drop(other);
                Sample::zeros(&layout)?
            }
        };
        let job = Job::new(index, &mut rng, &mut idle.scratch);
        let spec = self.constr.construct_into(job, sample.view_mut())?;
        let blocks = Roles::wanted(&sample, self.constr, self.options);
        let seen = look(&Look { index, spec: &spec, constr: self.constr, blocks })?;
        idle.last = Some((layout, sample));
        Ok(seen)
    }
}

/// What threads keep from group to group, each with a scratch; as many as work at the same time.
pub(super) struct States<'n, S> {
    idle: Mutex<Vec<(S, Scratch)>>,
    new: Box<dyn Fn() -> Result<S, ConstructError> + Sync + 'n>,
}

impl<'n, S> States<'n, S> {
    pub fn new(new: impl Fn() -> Result<S, ConstructError> + Sync + 'n) -> Self {
        States { idle: Mutex::default(), new: Box::new(new) }
    }

    fn take(&self) -> Result<(S, Scratch), ConstructError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| Ok(((self.new)()?, Scratch::default())), Ok)
    }

    fn give(&self, state: S, scratch: Scratch) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((state, scratch));
    }

    /// All that there were.
    pub fn into_all(self) -> impl Iterator<Item = S> {
        let all = self.idle.into_inner().unwrap_or_else(PoisonError::into_inner);
        all.into_iter().map(|(state, _)| state)
    }
}
