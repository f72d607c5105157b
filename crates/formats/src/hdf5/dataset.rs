//! A dataset with pixels of its own: which pixels it has, where they lie and how they are stored.

use hdf5_reader::Dataset;
use hdf5_reader::messages::layout::DataLayout;
use hdf5_reader::messages::{HdfMessage, MSG_DATA_LAYOUT};
use patchweave_stack::StackError;

use super::datatype::numbers;
use super::error::hdf5_error;
use super::located::Node;
use super::opener::Opener;
use super::pixels::{Body, Pixels, bad_shape, shape_of};
use super::{filters, header};
use crate::blocks::block;

/// The pixels of a dataset of the file, or of one it links to, that has pixels of its own.
///
/// # Errors
/// [`StackError`] if its pixels cannot be read, whatever the reason: nothing is left for the first patch to find.
pub(super) fn stored(
    opener: &Opener<'_>,
    node: &Node,
    dataset: &Dataset,
    inside: &str,
) -> Result<Pixels, StackError> {
    let stack = opener.name(inside);
    let message = dataset.raw_datatype().map_err(hdf5_error(&stack, inside))?;
    let (pixel_type, order) = numbers(&stack, dataset.dtype(), &message)?;
    let shape = shape_of(&stack, dataset.shape(), pixel_type)?;
    let limit = opener.request.options.decoded_chunk_bytes;
    let stored = Stored::of(opener, node, dataset, &stack)?;
    let (chunk, is_chunked) = match dataset.chunks() {
        Some(chunks) => {
            let chunk: Vec<usize> = chunks.iter().map(|&n| usize::try_from(n).unwrap_or(0)).collect();
            if chunk.len() != shape.len() || chunk.contains(&0) {
                let got = format!("chunks of {chunk:?}");
                return Err(bad_shape(&stack, got, "one size above 0 per dimension"));
            }
            (chunk, true)
        }
        None if stored.place.is_some() => (shape.clone(), false),
        None => (block(&shape, pixel_type.n_bytes(), limit), false),
    };
    let decoded = chunk.iter().try_fold(pixel_type.n_bytes(), |n, &chunk| n.checked_mul(chunk));
    if stored.place.is_none() && decoded.is_none_or(|n_bytes| n_bytes > limit) {
        return Err(StackError::ChunkTooLarge { stack, chunk, pixel_type, limit });
    }
    let Stored { compression, place } = stored;
    Ok(Pixels {
        stack,
        body: Body::Own(Box::new(dataset.clone())),
        pixel_type,
        stored_type: pixel_type,
        order,
        shape,
        chunk,
        is_chunked,
        compression,
        place,
        objects: opener.object(node).map(|object| vec![object]),
        notes: Vec::new(),
    })
}

/// How the pixels of a dataset are stored.
#[derive(Default)]
struct Stored {
    compression: Option<String>,
    place: Option<u64>,
}

impl Stored {
    /// What the header says, if all of it can be read.
    fn of(opener: &Opener<'_>, node: &Node, dataset: &Dataset, stack: &str) -> Result<Self, StackError> {
        let unsupported =
            |what, hint: &'static str| StackError::Unsupported { stack: stack.to_owned(), what, hint };
        let header = node.file.get_or_parse_header(node.address);
        let header = header.map_err(hdf5_error(stack, "its header"))?;
        let mut stored = Stored::default();
        for message in &header.messages {
            match message {
                HdfMessage::FilterPipeline(pipeline) if !pipeline.filters.is_empty() => {
                    if let Some(what) = filters::unknown(&pipeline.filters) {
                        return Err(unsupported(
                            what,
                            "rewrite the file with `h5repack -f GZIP=4 old.h5 new.h5`, where the filter is installed",
                        ));
                    }
                    if has_bare_edges(node, dataset).map_err(hdf5_error(stack, "its header"))? {
                        return Err(unsupported(
                            "a dataset whose chunks at the edges are stored without its filters".to_owned(),
                            "copy its pixels into a dataset of their own, as h5py does with new['raw'] = old['raw'][:]",
                        ));
                    }
                    stored.compression = Some(filters::all(&pipeline.filters));
                }
                HdfMessage::DataLayout(message) if !node.is_linked => {
                    if let DataLayout::Contiguous { address, size } = message.layout {
                        stored.place = opener.place(address, size, dataset);
                    }
                }
                HdfMessage::ExternalFiles(_) => {
                    return Err(unsupported(
                        "a dataset with external storage".to_owned(),
                        "copy them into the file, as h5py does with new['raw'] = old['raw'][:]",
                    ));
                }
                _ => {}
            }
        }
        Ok(stored)
    }
}

/// Whether chunks that stick out of the dataset are stored without its filters, which the reader does not know.
fn has_bare_edges(node: &Node, dataset: &Dataset) -> Result<bool, hdf5_reader::error::Error> {
    let chunks = dataset.chunks().unwrap_or_default();
    if dataset.shape().iter().zip(&chunks).all(|(size, chunk)| size.checked_rem(u64::from(*chunk)) == Some(0))
    {
        return Ok(false);
    }
    let messages = header::messages(&node.file, node.address)?;
    let layout = messages.iter().find(|message| message.kind == MSG_DATA_LAYOUT);
    // Version, class and flags of the layout of chunks.
    Ok(layout.is_some_and(|layout| matches!(layout.body[..], [4 | 5, 2, flags, ..] if flags & 1 == 1)))
}

impl Opener<'_> {
    /// The place of the file that contiguous pixels have, if it is mapped and has all of them.
    fn place(&self, address: u64, size: u64, dataset: &Dataset) -> Option<u64> {
        let n_bytes = dataset.raw_byte_len().ok().filter(|&n| n > 0 && n as u64 == size)?;
        let start = address.checked_add(self.file.superblock().base_address)?;
        let len = self.in_place.as_ref()?.open().and_then(|file| file.metadata()).ok()?.len();
        start.checked_add(n_bytes as u64).filter(|end| *end <= len).map(|_| start)
    }
}
