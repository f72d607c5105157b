//! The order that keeps the patches of an image together.

use patchweave_loader::GroupOrder;
use patchweave_patching::{PatchIndices, Patching, RandomPatching, Round};

use crate::golden::{OperationError, Outcomes, Request};

/// Seeds and epochs whose orders are looked at.
const N_SEEDS: u64 = 20;
const N_EPOCHS: u64 = 5;

/// The groups of a strategy, and what holds for every order of them.
pub(super) fn grouped(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let shapes = request.image_shapes("data_shapes")?;
    let patching = RandomPatching::new(&shapes, request.extent("patch_size")?)?;
    let groups: Vec<PatchIndices> = (0..shapes.len()).map(|data_idx| patching.indices_of(data_idx)).collect();
    let members: Vec<Vec<usize>> = groups.iter().map(|group| group.iter().collect()).collect();
    let mut is_contiguous = true;
    let mut has_each_once = true;
    let mut length = None;
    for (seed, epoch) in (0..N_SEEDS).flat_map(|seed| (0..N_EPOCHS).map(move |epoch| (seed, epoch))) {
        let mut order = GroupOrder::new(groups.clone(), seed, Round::from(epoch));
        if length.is_some_and(|length| length != order.len()) {
            return Err(OperationError::Law(format!("seed {seed}, epoch {epoch}: another length")));
        }
        length = Some(order.len());
        let indices: Vec<usize> = (0..order.len()).map(|place| order.at(place)).collect();
        let mut sorted = indices.clone();
        sorted.sort_unstable();
        has_each_once &= sorted == (0..patching.n_patches()).collect::<Vec<_>>();
        is_contiguous &= members.iter().all(|group| is_together(group, &indices));
    }
    Ok(Outcomes::default()
        .with("groups", members)
        .with("length", length)
        .with("each_group_contiguous", is_contiguous)
        .with("each_index_once", has_each_once))
}

/// Whether the places of a group follow one another.
fn is_together(group: &[usize], indices: &[usize]) -> bool {
    let mut places = (0..indices.len()).filter(|&place| group.contains(&indices[place]));
    let first = places.next();
    let last = places.next_back();
    match (first, last) {
        (Some(first), Some(last)) => last - first + 1 == group.len(),
        (first, _) => usize::from(first.is_some()) == group.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_are_torn_apart_are_seen() {
        assert!(
            is_together(&[3, 1], &[0, 1, 3, 2]) && is_together(&[2], &[0, 1, 2]) && is_together(&[], &[0])
        );
        assert!(!is_together(&[3, 1], &[1, 0, 3, 2]) && !is_together(&[5], &[0, 1]));
    }
}
