//! Images with pixels that are infinite or no number, told once each at the end of the epoch that found them.

use std::collections::{BTreeMap, BTreeSet};

use patchweave_geometry::PatchSpec;
use patchweave_loader::{Batch, NotFiniteSample};

use crate::console::counted;
use crate::{Console, Failure};

/// So many images of an epoch are named.
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
            let patches = counted(n_patches, "patch", "patches");
            let place = first.map_or_else(String::new, |PatchSpec { sample_idx, coords, patch_size, .. }| {
                let which = if n_patches > 1 { ", the first one" } else { "" };
                format!("{which} at {coords:?} of sample {sample_idx}, size {patch_size}")
            });
            format!(
                "warning: {source}: pixels of the {role} are infinite or no number and were delivered so in {patches}{place}; \
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails panics")]
mod tests {
    use super::*;
    use patchweave_geometry::{Coords, Extent};

    #[test]
    fn places_are_told_where_there_are_some() {
        let spec = PatchSpec {
            data_idx: 0,
            sample_idx: 2,
            coords: Coords::new(&[0, 16]).unwrap(),
            patch_size: Extent::new(&[8, 8]).unwrap(),
        };
        for (n_patches, first, expected) in [
            (1, Some(spec), "in 1 patch at [0, 16] of sample 2, size 8 × 8; "),
            (3, Some(spec), "in 3 patches, the first one at [0, 16] of sample 2, size 8 × 8; "),
            (1, None, "in 1 patch; "),
            (3, None, "in 3 patches; "),
        ] {
            let mut images = NotFiniteImages::default();
            images.images.insert(("a.tif".to_owned(), "input"), Found { n_patches, first });
            let lines = images.lines();
            assert!(
                lines.len() == 1 && lines[0].contains(&format!("were delivered so {expected}")),
                "{lines:?}"
            );
            // Only once, however many epochs there are.
            images.images.insert(("a.tif".to_owned(), "input"), Found { n_patches, first });
            assert!(images.lines().is_empty());
        }
    }

    #[test]
    fn ten_images_are_named_and_the_rest_is_counted() {
        let mut images = NotFiniteImages::default();
        for number in 0..13 {
            images.images.insert((format!("{number}.tif"), "target"), Found { n_patches: 1, first: None });
        }
        let lines = images.lines();
        assert_eq!((lines.len(), lines[10].as_str()), (11, "warning: 3 images more with such pixels"));
    }
}
