//! The stack of an array whose values are stored as they are.

use std::sync::Arc;

use patchweave_stack::{ArrayPlace, Identity, ImageStack, StackError, StackInfo, StoredArray};

use super::blocks::{BlockFile, Blocks};
use super::error::io_error;
use super::header::Header;
use crate::OpenRequest;
use crate::chunked::ChunkedStack;
use crate::file_axes::{FileAxes, StoredAxes};

/// Where the values of an array lie.
pub(super) struct Place {
    pub file: Arc<BlockFile>,
    pub start: u64,
    /// The end of what may be read: of the file, or of the member of an archive.
    pub end: u64,
    /// Where the member of an archive starts.
    pub member: Option<u64>,
}

/// The stack of values that are stored as they are.
pub(super) fn stored(
    request: &OpenRequest<'_>,
    stack: &str,
    header: &Header,
    place: Place,
) -> Result<Arc<dyn ImageStack>, StackError> {
    check_size(stack, header, place.end.saturating_sub(place.start))?;
    let (mut info, axes) = info(request, stack, header)?;
    let options = request.options;
    info.is_in_place = place.file.may_map();
    let Place { file, start, member, .. } = place;
    let place = match member {
        Some(start) => ArrayPlace::Member(start),
        None => ArrayPlace::Values { start, n_bytes: header.n_bytes },
    };
    info.identity = Identity::of_object(StoredArray {
        file: file.id().map_err(io_error(stack, "find the file"))?,
        place,
    });
    let source = Blocks::new(stack.to_owned(), file, start, header.clone(), options.decoded_chunk_bytes);
    let chunk = source.block().to_vec();
    Ok(Arc::new(ChunkedStack::new(source, info, axes, chunk, options)))
}

/// What is known of an array, and its axes.
pub(super) fn info(
    request: &OpenRequest<'_>,
    stack: &str,
    header: &Header,
) -> Result<(StackInfo, StoredAxes), StackError> {
    let shape = &header.shape;
    let axes = FileAxes::unknown(shape.len()).stored(stack, request.wanted_axes(), shape)?;
    let mut info = StackInfo::new(stack, header.pixel_type, axes.layout.clone());
    info.format = Some(match header.version {
        Some((major, minor)) => format!("NPY {major}.{minor}"),
        None => "raw values".to_owned(),
    });
    Ok((info, axes))
}

/// Whether there are as many bytes as the header promises.
fn check_size(stack: &str, header: &Header, available: u64) -> Result<(), StackError> {
    if available >= header.n_bytes {
        return Ok(());
    }
    Err(StackError::damaged(
        stack,
        "the values",
        format!("{available} bytes"),
        format!("{} for {:?} values of {}", header.n_bytes, header.shape, header.pixel_type),
    ))
}
