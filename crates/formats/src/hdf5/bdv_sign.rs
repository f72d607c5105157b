//! Whether pixels have a sign, as files of BigDataViewer tell it.

use hdf5_reader::error::Error;
use hdf5_reader::group::Group;
use patchweave_pixel::PixelType;
use patchweave_stack::StackError;

use super::attributes;
use super::error::hdf5_error;
use super::opener::Opener;
use super::pixels::Pixels;

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
pub(super) fn meant_type(
    opener: &Opener<'_>,
    root: &Group,
    setup: &str,
) -> Result<Option<PixelType>, StackError> {
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
pub(super) fn with_sign(pixels: Pixels, meant: Option<PixelType>) -> Result<Pixels, StackError> {
    match (meant, pixels.pixel_type) {
        (Some(meant), _) => pixels.taken_for(meant),
        (None, PixelType::I16) => pixels.taken_for(PixelType::U16),
        (None, _) => Ok(pixels),
    }
}
