//! How well an order mixes.

use std::collections::BTreeSet;

use patchweave_geometry::PatchSpec;

use crate::order::as_f64;

/// Batches of so many different sources are told apart; those with more count as this many.
const MAX_SOURCES: usize = 64;

/// How well the patches of an epoch are mixed, as far as it was looked at.
///
/// A source is a chunk of an image, or the image where it has no chunks. Neighbours are patches that follow one another.
/// Compare the numbers with those of [`Order::Shuffled`](crate::Order::Shuffled) on the same data.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Mixing {
    /// Different images in a batch, on average.
    pub images_per_batch: f64,
    /// Different sources in a batch, on average.
    pub sources_per_batch: f64,
    /// The share of neighbours that come from the same sample of the same image, from 0 to 1.
    pub same_image: f64,
    /// How far apart neighbours are that come from the same sample of an image, in pixels, on average.
    pub mean_distance: f64,
    /// How many batches have at least so many sources; the first entry stands for none.
    at_least: [u32; MAX_SOURCES + 1],
}

impl Mixing {
    /// The share of batches that mix at least `n_sources` sources, from 0 to 1; more than 64 count as 64.
    #[must_use]
    pub fn share_of_batches_with(&self, n_sources: usize) -> f64 {
        let n = self.at_least[n_sources.min(MAX_SOURCES)];
        if self.at_least[0] > 0 { f64::from(n) / f64::from(self.at_least[0]) } else { 0.0 }
    }
}

/// Where patches come from, added up batch by batch.
#[derive(Debug)]
pub(crate) struct Mixer {
    last: Option<(usize, PatchSpec)>,
    n_in_batch: usize,
    n_pairs: usize,
    n_same_image: usize,
    distance: f64,
    n_images: usize,
    n_sources: usize,
    n_batches: usize,
    at_least: [u32; MAX_SOURCES + 1],
    images: BTreeSet<(usize, usize)>,
    sources: BTreeSet<(usize, usize, Option<[usize; 6]>)>,
}

impl Default for Mixer {
    fn default() -> Self {
        Mixer {
            last: None,
            n_in_batch: 0,
            n_pairs: 0,
            n_same_image: 0,
            distance: 0.0,
            n_images: 0,
            n_sources: 0,
            n_batches: 0,
            at_least: [0; MAX_SOURCES + 1],
            images: BTreeSet::new(),
            sources: BTreeSet::new(),
        }
    }
}

impl Mixer {
    /// The next patch: its data set, its place if it is known, and the first chunk that it needs.
    pub fn add(&mut self, dataset: usize, patch: Option<&PatchSpec>, chunk: Option<[usize; 6]>) {
        self.n_in_batch += 1;
        if let Some(patch) = patch {
            if let Some((of, last)) = &self.last {
                self.n_pairs += 1;
                if (*of, last.data_idx, last.sample_idx) == (dataset, patch.data_idx, patch.sample_idx) {
                    self.n_same_image += 1;
                    self.distance += distance(last, patch);
                }
            }
            self.last = Some((dataset, *patch));
            self.images.insert((dataset, patch.data_idx));
            self.sources.insert((dataset, patch.data_idx, chunk));
        }
    }

    /// The patches that follow are those of the next batch.
    pub fn end_batch(&mut self) {
        if self.n_in_batch == 0 {
            return;
        }
        self.n_in_batch = 0;
        self.n_batches += 1;
        self.n_images += self.images.len();
        self.n_sources += self.sources.len();
        let n_sources = self.sources.len().min(MAX_SOURCES);
        self.at_least[..=n_sources].iter_mut().for_each(|n| *n += 1);
        self.images.clear();
        self.sources.clear();
    }

    /// What was seen; the batch that was looked at last may not have been seen as a whole and counts only if there is no other.
    pub fn finish(mut self) -> Mixing {
        if self.n_batches == 0 {
            self.end_batch();
        }
        let share = |sum: f64, n: usize| if n > 0 { sum / as_f64(n) } else { 0.0 };
        Mixing {
            images_per_batch: share(as_f64(self.n_images), self.n_batches),
            sources_per_batch: share(as_f64(self.n_sources), self.n_batches),
            same_image: share(as_f64(self.n_same_image), self.n_pairs),
            mean_distance: share(self.distance, self.n_same_image),
            at_least: self.at_least,
        }
    }
}

fn distance(one: &PatchSpec, other: &PatchSpec) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "distances in images are exact as floats")]
    let square = |(a, b): (i64, i64)| ((a - b) as f64).powi(2);
    let one = one.coords.to_zyx(0);
    let other = other.coords.to_zyx(0);
    one.into_iter().zip(other).map(square).sum::<f64>().sqrt()
}
