//! The patches of an image one after the other.

use patchweave_construct::{Dataset, PatchConstrExt};
use patchweave_patching::{Draw, PatchIndices, PatchRng, Permutation, Round};

use crate::LoaderError;

/// Groups of patches: the groups in random order, and in each its patches in random order.
///
/// It takes memory for the groups, not for the patches.
///
/// ```
/// use patchweave_loader::GroupOrder;
/// use patchweave_patching::{PatchIndices, Round};
///
/// let groups = vec![PatchIndices::Range(0..8), PatchIndices::Range(8..11), PatchIndices::Range(11..12)];
/// let mut order = GroupOrder::new(groups, 42, Round::from(0));
/// let mut all: Vec<usize> = (0..order.len()).map(|place| order.at(place)).collect();
/// all.sort();
/// assert_eq!(all, (0..12).collect::<Vec<_>>());
/// ```
#[derive(Debug)]
pub struct GroupOrder {
    /// In the order of the round, each with the place behind its last patch.
    groups: Vec<(usize, PatchIndices)>,
    seed: u64,
    round: Round,
    /// The order inside the group that was asked for last.
    inside: Option<(usize, Permutation)>,
}

impl GroupOrder {
    /// The order of these groups in a round.
    pub fn new(groups: Vec<PatchIndices>, seed: u64, round: Round) -> Self {
        let order = Permutation::new(groups.len(), seed, round);
        let mut groups: Vec<_> = groups.into_iter().map(Some).collect();
        let mut end = 0;
        let mut sorted = Vec::with_capacity(groups.len());
        for place in 0..groups.len() {
            if let Some(group) = groups[order.at(place)].take() {
                end += group.len();
                sorted.push((end, group));
            }
        }
        GroupOrder { groups: sorted, seed, round, inside: None }
    }

    /// The images of a data set as groups.
    ///
    /// # Errors
    /// As [`images`].
    pub(crate) fn of(dataset: &Dataset, round: Round) -> Result<Self, LoaderError> {
        Ok(GroupOrder::new(images(dataset)?, dataset.seed(), round))
    }

    /// How many patches there are.
    #[expect(clippy::len_without_is_empty, reason = "an order is asked for places, not for emptiness")]
    pub fn len(&self) -> usize {
        self.groups.last().map_or(0, |(end, _)| *end)
    }

    /// The patch at a place; places from the end on stay where they are.
    pub fn at(&mut self, place: usize) -> usize {
        let group = self.groups.partition_point(|(end, _)| *end <= place);
        let Some((end, indices)) = self.groups.get(group) else { return place };
        let inside = match &self.inside {
            Some((of, inside)) if *of == group => inside,
            _ => {
                // The first stream is that of the groups themselves.
                let mut rng = PatchRng::for_place(self.seed, self.round, Draw::Order, group + 1);
                &self.inside.insert((group, Permutation::drawn(indices.len(), &mut rng))).1
            }
        };
        indices.get(inside.at(place + indices.len() - end)).unwrap_or(place)
    }
}

/// The patches of each image.
///
/// # Errors
/// [`LoaderError::NoGroups`] if patches do not belong to single images, [`LoaderError::GroupCount`] if some belong to none.
pub(crate) fn images(dataset: &Dataset) -> Result<Vec<PatchIndices>, LoaderError> {
    let n_images = dataset.constr().input_shapes().len();
    let of_image = |data_idx| dataset.constr().patch_indices(data_idx).cloned();
    let groups: Vec<PatchIndices> =
        (0..n_images).map(of_image).collect::<Result<_, _>>().map_err(LoaderError::NoGroups)?;
    let got = groups.iter().map(PatchIndices::len).sum();
    let expected = dataset.n_patches();
    if got == expected { Ok(groups) } else { Err(LoaderError::GroupCount { got, expected }) }
}
