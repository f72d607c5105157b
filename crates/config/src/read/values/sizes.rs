//! Sizes and overlaps along the spatial axes.

use patchweave_geometry::{Extent, Overlaps, PerAxis};

use super::reader::{Block, Reader, Value};
use super::scalar::{count, positive};
use crate::plan::Space;
use crate::text::counted;

/// Two or three sizes of at least 1; as many as the axes have, where these are known.
pub(crate) fn extent(reader: &mut Reader<'_>, value: &Value<'_>, space: Option<Space<'_>>) -> Option<Extent> {
    let expected = match space {
        Some(Space { axes, n_spatial }) => format!("a list of {n_spatial} sizes for axes {axes}"),
        None => "a list of 2 (YX) or 3 (ZYX) sizes".into(),
    };
    let Some(entries) = value.entries() else {
        return reader.refuse(value, expected);
    };
    let sizes: Vec<_> = entries.iter().map(|entry| positive(reader, entry)).collect();
    let fits = match space {
        Some(space) => sizes.len() == space.n_spatial,
        None => matches!(sizes.len(), 2 | 3),
    };
    if !fits {
        return reader.refuse(value, expected);
    }
    let sizes: Vec<usize> = sizes.into_iter().collect::<Option<_>>()?;
    match Extent::new(&sizes) {
        Ok(extent) => Some(extent),
        Err(error) => reader.refuse_found(value, error.to_string(), "fewer pixels"),
    }
}

/// A size whose last two values agree, because patches are turned by quarter turns.
pub(crate) fn square_extent(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    space: Option<Space<'_>>,
) -> Option<Extent> {
    let size = extent(reader, value, space)?;
    if is_square(&size) { Some(size) } else { refuse_oblong(reader, value, &size) }
}

/// Refuses a size whose last two values differ.
pub(crate) fn refuse_oblong<T>(reader: &mut Reader<'_>, value: &Value<'_>, size: &Extent) -> Option<T> {
    reader.refuse_found(value, format!("got {size}"), "the same size for Y and X, so that quarter turns fit")
}

/// Whether `Y` and `X` are the same.
pub(crate) fn is_square(size: &Extent) -> bool {
    let [_, y, x] = size.to_zyx();
    y == x
}

/// Which overlaps are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parity {
    Any,
    /// So that the kept parts of neighbouring tiles meet in the middle of the overlap.
    Even,
}

/// The `overlaps` of a block: one per axis, each smaller than the size in that axis.
///
/// `size` is absent when it was refused itself; overlaps are then checked as far as possible.
pub(crate) fn overlaps(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    size: Option<Extent>,
    parity: Parity,
) -> Option<Overlaps> {
    let Some(entries) = value.entries() else {
        return reader.refuse(value, "a list with one overlap per axis of patch_size");
    };
    let Some(size) = size else {
        for entry in &entries {
            count(reader, entry, 0..=usize::MAX);
        }
        return None;
    };
    if entries.len() != size.n_axes() {
        let expected = format!("{} as in patch_size", counted(size.n_axes(), "overlap", "overlaps"));
        return reader.refuse(value, expected);
    }
    let read: Vec<_> =
        entries.iter().zip(size.iter()).map(|(entry, size)| overlap(reader, entry, size, parity)).collect();
    let overlaps: Vec<usize> = read.into_iter().collect::<Option<_>>()?;
    PerAxis::new(&overlaps).ok()
}

fn overlap(reader: &mut Reader<'_>, value: &Value<'_>, size: usize, parity: Parity) -> Option<usize> {
    let overlap = count(reader, value, 0..=usize::MAX)?;
    let (fits, kind) = match parity {
        Parity::Any => (true, "a number"),
        Parity::Even => (overlap.is_multiple_of(2), "an even number"),
    };
    if fits && overlap < size {
        return Some(overlap);
    }
    reader.refuse(value, format!("{kind} smaller than the patch size {size}"))
}

/// No overlap along any axis of `size`.
pub(crate) fn no_overlaps(size: &Extent) -> Overlaps {
    size.per_axis().map(|_| 0)
}

/// The `patch_size` of a block.
pub(crate) fn patch_size(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    space: Option<Space<'_>>,
    read: impl FnOnce(&mut Reader<'_>, &Value<'_>, Option<Space<'_>>) -> Option<Extent>,
) -> Option<Extent> {
    block.need(reader, "patch_size", "a list of sizes", |reader, value| read(reader, value, space))
}
