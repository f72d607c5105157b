//! Reading sizes and overlaps along the spatial axes.

use patchweave_geometry::{Extent, Overlaps, PerAxis};

use super::reader::{Block, Reader, Value};
use super::scalar::{count, positive};
use crate::plan::Space;
use crate::text::counted;

/// Reads a size along two or three axes; along as many as `space` has, if it is known.
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
        Err(error) => reader.refuse_found(value, error.to_string(), "a smaller size"),
    }
}

/// Reads a size that is equal along `Y` and `X`, as rotations by 90 degrees require.
pub(crate) fn square_extent(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    space: Option<Space<'_>>,
) -> Option<Extent> {
    let size = extent(reader, value, space)?;
    if is_square(&size) { Some(size) } else { refuse_oblong(reader, value, &size) }
}

/// Refuses a size that differs along `Y` and `X`.
pub(crate) fn refuse_oblong<T>(reader: &mut Reader<'_>, value: &Value<'_>, size: &Extent) -> Option<T> {
    reader.refuse_found(
        value,
        format!("got {size}"),
        "the same size along Y and X, because patches are rotated by 90 degrees",
    )
}

/// Whether a size is equal along `Y` and `X`.
pub(crate) fn is_square(size: &Extent) -> bool {
    let [_, y, x] = size.to_zyx();
    y == x
}

/// Which overlaps are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parity {
    Any,
    /// Neighbouring tiles are cropped to the middle of their overlap.
    Even,
}

/// Reads overlaps: one per axis, each smaller than the size along that axis.
///
/// Without a size, because it was refused, only the numbers are checked.
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
        let expected =
            format!("{}, one per axis of patch_size", counted(size.n_axes(), "overlap", "overlaps"));
        return reader.refuse(value, expected);
    }
    let read: Vec<_> =
        entries.iter().zip(size.iter()).map(|(entry, size)| overlap(reader, entry, size, parity)).collect();
    let overlaps: Vec<usize> = read.into_iter().collect::<Option<_>>()?;
    PerAxis::new(&overlaps).ok()
}

/// Reads overlaps of tiles whose size is not known yet: an even number along each axis of `space`, if that is known.
pub(crate) fn even_overlaps(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    space: Option<Space<'_>>,
) -> Option<Overlaps> {
    let expected = match space {
        Some(Space { axes, n_spatial }) => format!("a list of {n_spatial} overlaps for axes {axes}"),
        None => "a list of 2 (YX) or 3 (ZYX) overlaps".into(),
    };
    let fits = |n: usize| space.map_or(matches!(n, 2 | 3), |space| n == space.n_spatial);
    let Some(entries) = value.entries().filter(|entries| fits(entries.len())) else {
        return reader.refuse(value, expected);
    };
    let even = |entry| {
        let overlap = count(reader, entry, 0..=usize::MAX)?;
        if overlap.is_multiple_of(2) { Some(overlap) } else { reader.refuse(entry, "an even number") }
    };
    let read: Vec<_> = entries.iter().map(even).collect();
    PerAxis::new(&read.into_iter().collect::<Option<Vec<usize>>>()?).ok()
}

fn overlap(reader: &mut Reader<'_>, value: &Value<'_>, size: usize, parity: Parity) -> Option<usize> {
    let overlap = count(reader, value, 0..=usize::MAX)?;
    let has_parity = parity == Parity::Any || overlap.is_multiple_of(2);
    if has_parity && overlap < size {
        return Some(overlap);
    }
    let kind = match parity {
        Parity::Any => "a number",
        Parity::Even => "an even number",
    };
    reader.refuse(value, format!("{kind} smaller than the patch size {size}"))
}

/// Overlaps of 0 along all axes of `size`.
pub(crate) fn no_overlaps(size: &Extent) -> Overlaps {
    size.per_axis().map(|_| 0)
}

/// Reads the `patch_size` of a block.
pub(crate) fn patch_size(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    space: Option<Space<'_>>,
    read: impl FnOnce(&mut Reader<'_>, &Value<'_>, Option<Space<'_>>) -> Option<Extent>,
) -> Option<Extent> {
    block.need(reader, "patch_size", "a list of sizes", |reader, value| read(reader, value, space))
}
