//! The layout of BigDataViewer: `t00000/s00/0/cells`, by time point, setup and resolution level.

use hdf5_reader::group::Group;
use patchweave_geometry::Axis;
use patchweave_stack::StackError;

use super::any_dataset::pixels_of;
use super::bdv_sign::{meant_type, with_sign};
use super::error::hdf5_error;
use super::found::Found;
use super::grid::Level;
use super::imaris_info::ImageInfo;
use super::numbered::numbered;
use super::opener::Opener;
use super::pixels::Pixels;
use crate::file_axes::FileAxes;

/// One image per setup, if the file is laid out as BigDataViewer does.
pub(super) fn find<'a>(opener: &'a Opener<'_>, root: &Group) -> Result<Option<Vec<Found<'a>>>, StackError> {
    let first = match root.group("t00000") {
        Ok(first) if first.group("s00").is_ok() => first,
        _ => return Ok(None),
    };
    let n_times = numbered(opener, root, "t", "")?;
    let n_setups = numbered(opener, &first, "s", "t00000")?;
    let image = |setup: usize| {
        let name = format!("t00000/s{setup:02}");
        let group = first.group(&format!("s{setup:02}")).map_err(hdf5_error(&opener.name(&name), &name))?;
        let n_levels = numbered(opener, &group, "", &name)?;
        let root = root.clone();
        let open = move |level| times(opener, &root, n_times, setup, level);
        Ok(Found { name: format!("s{setup:02}"), n_levels, open: Box::new(open) })
    };
    let images: Result<Vec<Found<'a>>, StackError> = (0..n_setups).map(image).collect();
    images.map(Some)
}

/// One level of a setup with one dataset per time point.
fn times(
    opener: &Opener<'_>,
    root: &Group,
    n_times: usize,
    setup: usize,
    level: usize,
) -> Result<Level, StackError> {
    let meant = meant_type(opener, root, &format!("s{setup:02}"))?;
    let part = |time: usize| {
        let inside = format!("t{time:05}/s{setup:02}/{level}/cells");
        let groups = [format!("t{time:05}"), format!("s{setup:02}"), level.to_string()];
        let group = groups.iter().try_fold(root.clone(), |group, name| group.group(name));
        let dataset = group.and_then(|group| opener.dataset(&group, "cells"));
        let dataset = dataset.map_err(hdf5_error(&opener.name(&inside), &inside))?;
        with_sign(pixels_of(opener, &dataset, &inside)?, meant)
    };
    let parts: Vec<Pixels> = (0..n_times).map(part).collect::<Result<_, _>>()?;
    Ok(Level {
        name: opener.name(&format!("s{setup:02}/{level}")),
        format: "BigDataViewer HDF5",
        leading: vec![n_times],
        shape: parts.first().map_or_else(Vec::new, |part| part.shape.clone()),
        parts,
        axes: FileAxes::new([Axis::T, Axis::Z, Axis::Y, Axis::X].map(Some).to_vec()),
        info: ImageInfo::default(),
    })
}
