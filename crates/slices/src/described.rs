//! What is known of a stack of slices, told by the image it reads.

use patchweave_geometry::{ArrayLayout, Axes, Axis, PerAxis};
use patchweave_stack::{Identity, StackInfo};

use crate::{Accumulation, SlicesError};

/// What is known of the result.
pub(crate) fn info_of(
    source: &StackInfo,
    n_channels: usize,
    accumulation: Accumulation,
    z_slices: &[usize],
) -> Result<StackInfo, SlicesError> {
    let shape = source.shape();
    let [_, y, x] = shape.extent.to_zyx();
    let n_z = z_slices.len();
    let (axes, sizes): (Axes, _) = match accumulation {
        Accumulation::Planes => {
            ("SCYX".parse()?, vec![shape.n_samples.saturating_mul(n_z), n_channels, y, x])
        }
        Accumulation::Volume => ("SCZYX".parse()?, vec![shape.n_samples, n_channels, n_z, y, x]),
    };
    let chunks = source.chunks.as_ref().map(|chunks| {
        let in_source = |axis| source.layout.axes().position(axis).and_then(|at| chunks.get(at)).copied();
        // Slices of a chunk stay neighbours where all are taken in order.
        let is_whole = n_z == shape.extent.to_zyx()[0] && z_slices.is_sorted_by(|a, b| a < b);
        let depth = in_source(Axis::Z).filter(|depth| is_whole && n_z.is_multiple_of(*depth)).unwrap_or(1);
        let size = |&axis: &Axis| match axis {
            Axis::C => n_channels,
            Axis::S if accumulation == Accumulation::Planes => depth,
            Axis::Z => depth,
            other => in_source(other).unwrap_or(1),
        };
        axes.as_slice().iter().map(size).collect::<Vec<_>>()
    });
    let mut info = StackInfo::new(source.source.clone(), source.pixel_type, ArrayLayout::new(axes, &sizes)?);
    info.chunks = chunks;
    info.pixel_size = source.pixel_size.and_then(|size| {
        let [z, y, x] = size.to_zyx(0.0);
        match accumulation {
            Accumulation::Planes => PerAxis::new(&[y, x]).ok(),
            Accumulation::Volume => PerAxis::new(&[z * spacing(z_slices)? as f64, y, x]).ok(),
        }
    });
    info.translation = source.translation.and_then(|place| {
        let [z, y, x] = place.to_zyx(0.0);
        match accumulation {
            Accumulation::Planes => PerAxis::new(&[y, x]).ok(),
            Accumulation::Volume => PerAxis::new(&[first_slice(source, z, z_slices)?, y, x]).ok(),
        }
    });
    info.format.clone_from(&source.format);
    info.compression.clone_from(&source.compression);
    info.is_in_place = source.is_in_place;
    info.identity = Identity::made_of(&source.identity);
    Ok(info)
}

/// Where the first selected slice is, if slices follow each other as in the image.
fn first_slice(source: &StackInfo, origin: f64, z_slices: &[usize]) -> Option<f64> {
    let first = z_slices.first().filter(|_| z_slices.is_sorted_by(|a, b| a < b))?;
    if *first == 0 {
        return Some(origin);
    }
    let [depth, ..] = source.pixel_size?.to_zyx(0.0);
    Some(origin + *first as f64 * depth)
}

/// How far selected slices are apart, if they are regularly.
fn spacing(z_slices: &[usize]) -> Option<usize> {
    let mut steps = z_slices.windows(2).map(|pair| pair[0].abs_diff(pair[1]));
    match steps.next() {
        None => Some(1),
        Some(0) => None,
        Some(first) => steps.all(|step| step == first).then_some(first),
    }
}
