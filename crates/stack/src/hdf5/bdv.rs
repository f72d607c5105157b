//! The layout of BigDataViewer: `t00000/s00/0/cells`, by time point, setup and resolution level.

use hdf5_reader::group::Group;
use patchweave_geometry::Axis;

use super::dataset::Pixels;
use super::grid::Level;
use super::{Found, Opener, hdf5_error, numbered};
use crate::StackError;
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
    let part = |time: usize| {
        let inside = format!("t{time:05}/s{setup:02}/{level}/cells");
        let groups = [format!("t{time:05}"), format!("s{setup:02}"), level.to_string()];
        let group = groups.iter().try_fold(root.clone(), |group, name| group.group(name));
        let dataset = group.and_then(|group| group.dataset("cells"));
        let dataset = dataset.map_err(hdf5_error(&opener.name(&inside), &inside))?;
        // BigDataViewer has no other pixels than unsigned ones of 16 bits, and declares them as signed.
        Ok(Pixels::new(opener, &dataset, &inside)?.without_sign())
    };
    let parts: Vec<Pixels> = (0..n_times).map(part).collect::<Result<_, _>>()?;
    Ok(Level {
        name: opener.name(&format!("s{setup:02}/{level}")),
        format: "BigDataViewer HDF5",
        leading: vec![n_times],
        shape: parts.first().map_or_else(Vec::new, |part| part.shape.clone()),
        parts,
        axes: FileAxes::new([Axis::T, Axis::Z, Axis::Y, Axis::X].map(Some).to_vec()),
        pixel_size: None,
    })
}
