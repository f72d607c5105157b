//! Images with pixels that are infinite or no number, told once each.

use std::collections::{BTreeMap, BTreeSet};

use patchweave_geometry::PatchSpec;
use patchweave_loader::{Batch, NotFiniteSample};

use crate::console::counted;
use crate::{Console, Failure};

/// So many images are named.
const MAX_NAMED: usize = 10;

/// Images of which batches had such pixels, in the order of their names.
#[derive(Debug, Default)]
pub(crate) struct NotFiniteImages {
    images: BTreeMap<(String, &'static str), Found>,
    /// Those that were told before.
    told: BTreeSet<(String, &'static str)>,
}

#[derive(Debug)]
struct Found {
    n_patches: usize,
    /// Where the first one was cut, if that is one place.
    first: Option<PatchSpec>,
}

impl NotFiniteImages {
    /// Looks at a batch.
    pub fn add(&mut self, batch: &Batch) {
        for NotFiniteSample { role, spec, image, .. } in batch.not_finite() {
            let source =
                image.map_or_else(|| "images that are mixed".to_owned(), |image| image.source.clone());
            let found = self.images.entry((source, role));
            let first = || Found { n_patches: 0, first: spec.patch().copied() };
            found.or_insert_with(first).n_patches += 1;
        }
    }

    /// Tells of every image that was not told before.
    pub fn tell(&mut self, console: &Console) -> Result<(), Failure> {
        self.lines().into_iter().try_for_each(|line| console.say(line))
    }

    fn lines(&mut self) -> Vec<String> {
        let mut images = std::mem::take(&mut self.images);
        images.retain(|image, _| self.told.insert(image.clone()));
        let n_more = images.len().saturating_sub(MAX_NAMED);
        let named = images.into_iter().take(MAX_NAMED).map(|((source, role), Found { n_patches, first })| {
            let patches = match n_patches {
                1 => "1 patch".to_owned(),
                n => format!("{} had them, the first one", counted(n, "patch", "patches")),
            };
            let place = first.map_or_else(String::new, |PatchSpec { sample_idx, coords, patch_size, .. }| {
                format!(" at {coords:?} of sample {sample_idx}, size {patch_size}")
            });
            format!(
                "warning: {source}: pixels of the {role} are infinite or no number and were delivered so: {patches}{place}; \
                 reading.non_finite: fail refuses them"
            )
        });
        let mut lines: Vec<String> = named.collect();
        if n_more > 0 {
            lines.push(format!("warning: {} more with such pixels", counted(n_more, "image", "images")));
        }
        lines
    }
}
