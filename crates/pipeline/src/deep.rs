//! Every pixel of a configuration's images read once, to find what is damaged before a run does.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use patchweave_config::{Findings, NonFinitePlan, Problem, RunPlan};
use patchweave_convert::{ConvertError, PartRead, Parts, Running, each_part};
use patchweave_stack::{ImageKey, ImageStack, with_causes};

use crate::role::with_identity;
use crate::{Images, PipelineError};

/// An image is given up once so many of its parts could not be read.
const MOST_DAMAGED: usize = 16;

/// How far reading every pixel is.
///
/// ```
/// assert_eq!(patchweave_pipeline::DeepProgress::default().n_done, 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeepProgress {
    /// Parts of images that were read.
    pub n_done: usize,
    /// Those that there are.
    pub n_parts: usize,
}

/// What [`CheckedRun::load_reading`](crate::CheckedRun::load_reading) has read.
///
/// ```
/// assert_eq!(patchweave_pipeline::DeepReport::default().n_images, 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeepReport {
    /// Images, each counted once.
    pub n_images: usize,
    /// Bytes of all pixels that could be read, as they are when they are decoded.
    pub n_bytes: u64,
}

/// An image that is read, and where the configuration names it.
struct Named<'a> {
    plan: &'a RunPlan,
    key: String,
    source: String,
}

/// What was found of an image.
#[derive(Default)]
struct Found {
    /// The first part that cannot be read, and why.
    first: Option<(usize, String)>,
    n_damaged: usize,
    n_not_finite: u64,
}

/// Reads every pixel of all images of a plan and of those that it mixes in, levels that scales are read from included; each
/// once, whoever names it how often. Chunks that a store does not have are what it says of them: no damage.
///
/// Runs on as many threads as there are cores. `progress` is asked after every part, from any thread, and may end the work by
/// `false`. Images that cannot be read are problems, those with pixels that are infinite or no number warnings.
///
/// # Errors
/// [`PipelineError::Interrupted`], and [`PipelineError::Convert`] if threads cannot be started.
pub(crate) fn read_everything(
    plan: &RunPlan,
    images: &Images,
    progress: &(dyn Fn(DeepProgress) -> bool + Sync),
) -> Result<(DeepReport, Findings), PipelineError> {
    let mut findings = Findings::default();
    let mut named = Vec::new();
    let mut parts = Vec::new();
    let mut n_images = 0;
    let mixed = images.mixed.iter().map(|mixed| (&mixed.plan, &mixed.images));
    let mut seen = HashSet::new();
    for (plan, images) in std::iter::once((plan, images)).chain(mixed) {
        for (image, stack, is_first_level) in named_stacks(plan, images, &mut seen) {
            n_images += usize::from(is_first_level);
            match Parts::new(stack) {
                Ok(of_image) => {
                    named.push(image);
                    parts.push(of_image);
                }
                Err(error) => findings.problems.push(image.problem(with_causes(&error))),
            }
        }
    }
    let n_parts = parts.iter().map(Parts::n_parts).sum();
    let (n_done, n_bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
    let found = Mutex::new(BTreeMap::<usize, Found>::new());
    let locked = || found.lock().unwrap_or_else(PoisonError::into_inner);
    let read = each_part(&parts, Running::default(), &|image_idx, part_idx| {
        let is_given_up = locked().get(&image_idx).is_some_and(Found::is_given_up);
        if !is_given_up {
            match parts[image_idx].read(part_idx) {
                Ok(PartRead { n_not_finite: 0, n_bytes: read }) => {
                    n_bytes.fetch_add(read, Ordering::Relaxed);
                }
                Ok(read) => {
                    n_bytes.fetch_add(read.n_bytes, Ordering::Relaxed);
                    locked().entry(image_idx).or_default().n_not_finite += read.n_not_finite;
                }
                Err(error) => locked().entry(image_idx).or_default().add(part_idx, &error),
            }
        }
        progress(DeepProgress { n_done: n_done.fetch_add(1, Ordering::Relaxed) + 1, n_parts })
    });
    read.map_err(|error| match error {
        ConvertError::Interrupted => PipelineError::Interrupted,
        error => error.into(),
    })?;
    for (image_idx, found) in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let image = &named[image_idx];
        if found.n_not_finite > 0 {
            let pixels = if found.n_not_finite == 1 { "pixel is" } else { "pixels are" };
            let told = format!("{} {pixels} infinite or no number", found.n_not_finite);
            if image.plan.reading.non_finite == NonFinitePlan::Fail {
                findings.problems.push(image.problem(told));
            } else {
                findings
                    .warnings
                    .push(image.plan.warning_at(&image.key, format!("{}: {told}", image.source)));
            }
        }
        findings.problems.extend(found.damage().map(|damage| image.problem(damage)));
    }
    Ok((DeepReport { n_images, n_bytes: n_bytes.into_inner() }, findings))
}

/// The stacks of all roles that no other role had, level by level, with their places, and whether they are an image's first
/// level.
fn named_stacks<'a>(
    plan: &'a RunPlan,
    images: &Images,
    seen: &mut HashSet<ImageKey>,
) -> Vec<(Named<'a>, Arc<dyn ImageStack>, bool)> {
    let mut all = Vec::new();
    for (source, role) in images.roles.iter() {
        let known = role.levels.iter().zip(&role.identities).zip(&role.entries);
        for ((levels, identity), entry) in known {
            for (level, stack) in levels.iter().enumerate() {
                let info = stack.info();
                let key = match level {
                    0 => ImageKey::of(&with_identity(info, identity)),
                    _ => ImageKey::of(info),
                };
                if key.is_some_and(|key| !seen.insert(key)) {
                    continue;
                }
                let key = format!("{}[{entry}]", source.key());
                let named = Named { plan, key, source: info.source.clone() };
                all.push((named, Arc::clone(stack), level == 0));
            }
        }
    }
    all
}

impl Named<'_> {
    fn problem(&self, found: String) -> Problem {
        let expected = "an image that can be read to its last pixel; write it again, or leave it out";
        self.plan.problem_at(&self.key, found, expected)
    }
}

impl Found {
    fn add(&mut self, part_idx: usize, error: &ConvertError) {
        self.n_damaged += 1;
        if self.first.as_ref().is_none_or(|(first, _)| part_idx < *first) {
            self.first = Some((part_idx, with_causes(error)));
        }
    }

    fn is_given_up(&self) -> bool {
        self.n_damaged >= MOST_DAMAGED
    }

    /// What is damaged of the image, if anything is.
    fn damage(self) -> Option<String> {
        let is_given_up = self.is_given_up();
        let (_, reason) = self.first?;
        Some(match self.n_damaged - 1 {
            n if is_given_up => format!("{reason}; at least {n} more parts of it cannot be read"),
            0 => reason,
            1 => format!("{reason}; 1 more part of it cannot be read"),
            n => format!("{reason}; {n} more parts of it cannot be read"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_is_told_and_how_many_more() {
        let refused = |budget| ConvertError::Budget { needed: 2 << 20, budget };
        let mut found = Found::default();
        found.add(3, &refused(3 << 20));
        found.add(1, &refused(1 << 20));
        let told = found.damage().unwrap();
        assert!(told.contains("of 1 MiB") && told.ends_with("; 1 more part of it cannot be read"), "{told}");
        let mut found = Found::default();
        (0..MOST_DAMAGED).for_each(|part_idx| found.add(part_idx, &refused(0)));
        assert!(found.is_given_up());
        assert!(found.damage().unwrap().ends_with("; at least 15 more parts of it cannot be read"));
        assert_eq!(Found::default().damage(), None);
    }
}
