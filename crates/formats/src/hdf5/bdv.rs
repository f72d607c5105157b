//! The layout of BigDataViewer: `t00000/s00/0/cells`, by time point, setup and resolution level.

use hdf5_reader::error::Error;
use hdf5_reader::group::Group;
use patchweave_geometry::Axis;
use patchweave_pixel::PixelType;
use patchweave_stack::StackError;

use super::dataset::Pixels;
use super::grid::Level;
use super::imaris_info::ImageInfo;
use super::{Found, Opener, attributes, hdf5_error, numbered};
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
        with_sign(Pixels::new(opener, &dataset, &inside)?, meant)
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

/// The pixels of a dataset with the sign that BigDataViewer gives them, if it is one of BigDataViewer's.
pub(super) fn signed(opener: &Opener<'_>, pixels: Pixels, inside: &str) -> Result<Pixels, StackError> {
    let parts: Vec<&str> = inside.split('/').filter(|part| !part.is_empty()).collect();
    let [time, setup, level, "cells"] = *parts.as_slice() else { return Ok(pixels) };
    let is_number = |text: Option<&str>| text.is_some_and(|text| text.parse::<u32>().is_ok());
    if !is_number(time.strip_prefix('t')) || !is_number(setup.strip_prefix('s')) || !is_number(Some(level)) {
        return Ok(pixels);
    }
    let root = opener.file.root_group().map_err(hdf5_error(&pixels.stack, "the file"))?;
    match root.group(setup) {
        // Every setup has a group of its own beside the time points.
        Ok(_) => with_sign(pixels, meant_type(opener, &root, setup)?),
        Err(_) => Ok(pixels),
    }
}

/// What `dataType` of a setup says about its pixels; files of older programs do not have it.
fn meant_type(opener: &Opener<'_>, root: &Group, setup: &str) -> Result<Option<PixelType>, StackError> {
    let failed = hdf5_error(&opener.name(setup), setup);
    let group = match root.group(setup) {
        Err(Error::GroupNotFound(_)) => return Ok(None),
        group => group.map_err(&failed)?,
    };
    match group.attribute("dataType") {
        Err(Error::AttributeNotFound(_)) => return Ok(None),
        attribute => attribute.map_err(&failed)?,
    };
    let text = attributes::text(&group, "dataType").unwrap_or_default();
    match PixelType::from_name(&text.to_lowercase()) {
        Some(pixel_type) => Ok(Some(pixel_type)),
        None => Err(StackError::Unsupported {
            stack: opener.name(setup),
            what: format!("`dataType` \"{text}\""),
            hint: "BigDataViewer has int8 to int64, uint8 to uint64, float32 and float64",
        }),
    }
}

/// Pixels as `dataType` says; without it they are unsigned, which older programs declare as signed where they have
/// 16 bits.
fn with_sign(pixels: Pixels, meant: Option<PixelType>) -> Result<Pixels, StackError> {
    match (meant, pixels.pixel_type) {
        (Some(meant), _) => pixels.taken_for(meant),
        (None, PixelType::I16) => pixels.taken_for(PixelType::U16),
        (None, _) => Ok(pixels),
    }
}
