//! One dataset: which pixels it has, where they lie, and reading a part of them.

use std::sync::Arc;

use hdf5_reader::messages::layout::DataLayout;
use hdf5_reader::messages::{HdfMessage, MSG_DATA_LAYOUT};
use hdf5_reader::{Dataset, Datatype};
use patchweave_pixel::{ByteOrder, PixelType};
use patchweave_stack::{StackError, StoredArray};

use super::datatype::{called, odd_bits, pixel_type};
use super::located::Located;
use super::virtual_dataset::{self, Declared, Virtual};
use super::{Opener, filters, hdf5_error, header, values};
use crate::blocks::block;

/// A dataset whose pixels can be read.
#[derive(Clone)]
pub(super) struct Pixels {
    pub stack: String,
    body: Body,
    pub pixel_type: PixelType,
    /// The type that the file names, of the same size.
    stored_type: PixelType,
    pub order: ByteOrder,
    pub shape: Vec<usize>,
    /// What is decoded at once.
    pub chunk: Vec<usize>,
    /// Whether the file is chunked.
    pub is_chunked: bool,
    pub compression: Option<String>,
    /// Where all pixels lie one after the other, if they do.
    pub place: Option<u64>,
    /// The dataset and its file, then those that pixels come from where it is virtual; nothing if a file cannot be told.
    pub objects: Option<Vec<StoredArray>>,
    /// What people should know.
    pub notes: Vec<String>,
}

#[derive(Clone)]
enum Body {
    Own(Box<Dataset>),
    Virtual(Arc<Virtual>),
}

impl Pixels {
    /// A dataset of the file or of one it links to.
    ///
    /// # Errors
    /// [`StackError`] if its pixels cannot be read, whatever the reason: nothing is left for the first patch to find.
    pub fn new(opener: &Opener<'_>, located: &Located, inside: &str) -> Result<Self, StackError> {
        let stack = opener.name(inside);
        let Some(dataset) = &located.dataset else {
            return Pixels::of_virtual(opener, located, stack, inside);
        };
        let message = dataset.raw_datatype().map_err(hdf5_error(&stack, inside))?;
        let (pixel_type, order) = numbers(&stack, dataset.dtype(), &message)?;
        let shape = shape_of(&stack, dataset.shape(), pixel_type)?;
        let limit = opener.request.options.decoded_chunk_bytes;
        let stored = Stored::of(opener, located, dataset, &stack)?;
        let (chunk, is_chunked) = match dataset.chunks() {
            Some(chunks) => {
                let chunk: Vec<usize> = chunks.iter().map(|&n| usize::try_from(n).unwrap_or(0)).collect();
                if chunk.len() != shape.len() || chunk.contains(&0) {
                    let got = format!("chunks of {chunk:?}");
                    return Err(damaged(&stack, got, "one size above 0 per dimension"));
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
            objects: opener.object(&located.node).map(|object| vec![object]),
            notes: Vec::new(),
        })
    }

    fn of_virtual(
        opener: &Opener<'_>,
        located: &Located,
        stack: String,
        inside: &str,
    ) -> Result<Self, StackError> {
        let node = &located.node;
        let declared = Declared::new(node).map_err(|error| virtual_dataset::failed(&stack, inside, error))?;
        let (pixel_type, order) = numbers(&stack, &declared.datatype, &declared.datatype_bytes)?;
        let shape = shape_of(&stack, &declared.shape, pixel_type)?;
        let sources = declared.open(opener, node, &stack, (pixel_type, order), &shape)?;
        Ok(Pixels {
            pixel_type,
            stored_type: pixel_type,
            // Bytes are those of this machine when they are read.
            order: ByteOrder::NATIVE,
            shape,
            chunk: sources.block.clone(),
            is_chunked: sources.is_chunked,
            compression: sources.compression.clone(),
            place: None,
            objects: opener.object(node).and_then(|own| sources.objects(own)),
            notes: sources.notes.clone(),
            body: Body::Virtual(Arc::new(sources)),
            stack,
        })
    }

    /// Whether the pixels are those of other datasets.
    pub fn is_virtual(&self) -> bool {
        matches!(self.body, Body::Virtual(_))
    }

    /// The same bits taken for numbers of another type.
    ///
    /// # Errors
    /// [`StackError::Damaged`] if they have another size, or only one of both is a type of integers.
    pub fn taken_for(self, pixel_type: PixelType) -> Result<Self, StackError> {
        let stored = self.stored_type;
        let is_sign = stored.is_integer() && pixel_type.is_integer();
        if stored == pixel_type || (is_sign && stored.n_bytes() == pixel_type.n_bytes()) {
            return Ok(Pixels { pixel_type, ..self });
        }
        Err(StackError::damaged(
            self.stack,
            "the type of its pixels",
            stored.name().to_owned(),
            format!("{} as `dataType` of its setup says", pixel_type.name()),
        ))
    }

    /// The same pixels, not read where they lie.
    pub fn in_blocks(self, limit: usize) -> Self {
        if self.place.is_none() {
            return self;
        }
        let chunk = block(&self.shape, self.pixel_type.n_bytes(), limit);
        Pixels { chunk, place: None, ..self }
    }

    /// The pixels of a region in C order and in the byte order of this machine.
    pub fn read(&self, start: &[usize], size: &[usize]) -> Result<Vec<u8>, StackError> {
        let dataset = match &self.body {
            Body::Own(dataset) => dataset,
            Body::Virtual(sources) => return sources.read(start, size),
        };
        // The product was proven to be small when the dataset was opened.
        let chunk_bytes = self.chunk.iter().product::<usize>() * self.pixel_type.n_bytes();
        let read = || values::read(dataset, self.stored_type, start, size);
        let read = if self.is_chunked { filters::with_chunks_of(chunk_bytes, read) } else { read() };
        read.map_err(hdf5_error(&self.stack, &format!("the region from {start:?} of size {size:?}")))
    }
}

/// The pixels that the values of a dataset are; `message` is the datatype as it stands in the file.
fn numbers(stack: &str, datatype: &Datatype, message: &[u8]) -> Result<(PixelType, ByteOrder), StackError> {
    let unsupported = |what: String, hint: &'static str| StackError::Unsupported {
        stack: stack.to_owned(),
        what: format!("a dataset of {what}"),
        hint,
    };
    match (pixel_type(datatype), odd_bits(message)) {
        (None, _) => Err(unsupported(called(datatype), "name a dataset of truth values, integers or floats")),
        (_, Some(odd)) => Err(unsupported(odd, "store its values as usual integers or floats")),
        (Some(numbers), None) => Ok(numbers),
    }
}

fn damaged(stack: &str, got: String, expected: &str) -> StackError {
    let place = "the shape".to_owned();
    StackError::damaged(stack, place, got, expected)
}

/// The sizes of a dataset, whose pixels could be counted in memory.
fn shape_of(stack: &str, shape: &[u64], pixel_type: PixelType) -> Result<Vec<usize>, StackError> {
    let sizes: Result<Vec<usize>, _> = shape.iter().map(|&n| usize::try_from(n)).collect();
    let fits = |shape: &Vec<usize>| {
        let n_bytes = shape.iter().try_fold(pixel_type.n_bytes(), |n, &size| n.checked_mul(size));
        n_bytes.is_some_and(|n| n > 0 && isize::try_from(n).is_ok())
    };
    let expected = "sizes above 0 that fit into memory addresses";
    sizes.ok().filter(fits).ok_or_else(|| damaged(stack, format!("{shape:?}"), expected))
}

/// How the pixels of a dataset are stored.
#[derive(Default)]
struct Stored {
    compression: Option<String>,
    place: Option<u64>,
}

impl Stored {
    /// What the header says, if all of it can be read.
    fn of(
        opener: &Opener<'_>,
        located: &Located,
        dataset: &Dataset,
        stack: &str,
    ) -> Result<Self, StackError> {
        let unsupported =
            |what, hint: &'static str| StackError::Unsupported { stack: stack.to_owned(), what, hint };
        let header = located.node.file.get_or_parse_header(located.node.address);
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
                    if has_bare_edges(located, dataset).map_err(hdf5_error(stack, "its header"))? {
                        return Err(unsupported(
                            "a dataset whose chunks at the edges are stored without its filters".to_owned(),
                            "copy its pixels into a dataset of their own, as h5py does with new['raw'] = old['raw'][:]",
                        ));
                    }
                    stored.compression = Some(filters::all(&pipeline.filters));
                }
                HdfMessage::DataLayout(message) if !located.node.is_linked => {
                    if let DataLayout::Contiguous { address, size } = message.layout {
                        stored.place = opener.place(address, size, dataset);
                    }
                }
                HdfMessage::ExternalFiles(_) => {
                    return Err(unsupported(
                        "a dataset whose pixels are in files of their own (external storage)".to_owned(),
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
fn has_bare_edges(located: &Located, dataset: &Dataset) -> Result<bool, hdf5_reader::error::Error> {
    let chunks = dataset.chunks().unwrap_or_default();
    if dataset.shape().iter().zip(&chunks).all(|(size, chunk)| size.checked_rem(u64::from(*chunk)) == Some(0))
    {
        return Ok(false);
    }
    let messages = header::messages(&located.node.file, located.node.address)?;
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
