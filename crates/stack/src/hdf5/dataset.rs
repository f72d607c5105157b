//! One dataset: which pixels it has, where they lie, and reading a part of them.

use hdf5_reader::messages::HdfMessage;
use hdf5_reader::messages::layout::DataLayout;
use hdf5_reader::{ByteOrder as FileOrder, Datatype, H5Type, SliceInfo, SliceInfoElem};
use patchweave_pixel::{ByteOrder, PixelType};

use super::{Opener, hdf5_error};
use crate::StackError;
use crate::blocks::block;
use crate::identity::Object;

/// A dataset whose pixels can be read.
#[derive(Clone)]
pub(super) struct Pixels {
    pub stack: String,
    dataset: hdf5_reader::Dataset,
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
    /// Which dataset of which file it is, if that could be found out.
    pub object: Option<Object>,
}

/// The type of pixels, if a dataset has any.
pub(super) fn pixel_type(datatype: &Datatype) -> Option<(PixelType, ByteOrder)> {
    let native = |order: &FileOrder| match order {
        FileOrder::LittleEndian => ByteOrder::Little,
        FileOrder::BigEndian => ByteOrder::Big,
    };
    match datatype {
        Datatype::FixedPoint { size, signed, byte_order } => {
            let pixel_type = match (size, signed) {
                (1, false) => PixelType::U8,
                (2, false) => PixelType::U16,
                (4, false) => PixelType::U32,
                (8, false) => PixelType::U64,
                (1, true) => PixelType::I8,
                (2, true) => PixelType::I16,
                (4, true) => PixelType::I32,
                (8, true) => PixelType::I64,
                _ => return None,
            };
            Some((pixel_type, native(byte_order)))
        }
        Datatype::FloatingPoint { size, byte_order } => {
            let pixel_type = match size {
                2 => PixelType::F16,
                4 => PixelType::F32,
                8 => PixelType::F64,
                _ => return None,
            };
            Some((pixel_type, native(byte_order)))
        }
        // Truth values, as Python writes them.
        Datatype::Enum { base, members } if members.len() == 2 => match **base {
            Datatype::FixedPoint { size: 1, .. } => Some((PixelType::Bool, ByteOrder::NATIVE)),
            _ => None,
        },
        _ => None,
    }
}

impl Pixels {
    /// A dataset of the file or of one it links to.
    pub fn new(
        opener: &Opener<'_>,
        dataset: &hdf5_reader::Dataset,
        inside: &str,
    ) -> Result<Self, StackError> {
        let stack = opener.name(inside);
        let Some((pixel_type, order)) = pixel_type(dataset.dtype()) else {
            return Err(StackError::Unsupported {
                stack,
                what: "a dataset of other values than numbers".to_owned(),
                hint: "name a dataset of truth values, integers or floats",
            });
        };
        let damaged = |got: String, expected: &str| StackError::Damaged {
            stack: stack.clone(),
            place: "the shape".to_owned(),
            got,
            expected: expected.to_owned(),
        };
        let sizes: Result<Vec<usize>, _> = dataset.shape().iter().map(|&n| usize::try_from(n)).collect();
        let shape = sizes
            .ok()
            .filter(|shape| {
                let n_bytes = shape.iter().try_fold(pixel_type.n_bytes(), |n, &size| n.checked_mul(size));
                n_bytes.is_some_and(|n| n > 0 && isize::try_from(n).is_ok())
            })
            .ok_or_else(|| {
                damaged(format!("{:?}", dataset.shape()), "sizes above 0 that fit into memory addresses")
            })?;
        let limit = opener.request.options.decoded_chunk_bytes;
        let stored = Stored::of(opener, dataset);
        let (chunk, is_chunked) = match dataset.chunks() {
            Some(chunks) => {
                let chunk: Vec<usize> = chunks.iter().map(|&n| usize::try_from(n).unwrap_or(0)).collect();
                if chunk.len() != shape.len() || chunk.contains(&0) {
                    return Err(damaged(format!("chunks of {chunk:?}"), "one size above 0 per dimension"));
                }
                (chunk, true)
            }
            None if stored.place.is_some() => (shape.clone(), false),
            None => (block(&shape, pixel_type.n_bytes(), limit), false),
        };
        let decoded =
            chunk.iter().zip(&shape).try_fold(pixel_type.n_bytes(), |n, (&chunk, _)| n.checked_mul(chunk));
        if stored.place.is_none() && decoded.is_none_or(|n_bytes| n_bytes > limit) {
            return Err(StackError::ChunkTooLarge { stack, chunk, pixel_type, limit });
        }
        let object = opener.object(inside, dataset);
        let dataset = dataset.clone();
        let Stored { compression, place } = stored;
        let stored_type = pixel_type;
        Ok(Pixels {
            stack,
            dataset,
            pixel_type,
            stored_type,
            order,
            shape,
            chunk,
            is_chunked,
            compression,
            place,
            object,
        })
    }

    /// The same bits without a sign, where they are signed numbers of 16.
    pub fn without_sign(self) -> Self {
        match self.pixel_type {
            PixelType::I16 => Pixels { pixel_type: PixelType::U16, ..self },
            _ => self,
        }
    }

    /// The pixels of a region in C order and in the byte order of this machine.
    pub fn read(&self, start: &[usize], size: &[usize]) -> Result<Vec<u8>, StackError> {
        let part = |(&start, &size): (&usize, &usize)| SliceInfoElem::Slice {
            start: start as u64,
            end: (start + size) as u64,
            step: 1,
        };
        let selection = SliceInfo { selections: start.iter().zip(size).map(part).collect() };
        let read = match self.stored_type {
            PixelType::U8 => self.bytes_of::<u8>(&selection),
            PixelType::U16 => self.bytes_of::<u16>(&selection),
            PixelType::U32 => self.bytes_of::<u32>(&selection),
            PixelType::U64 => self.bytes_of::<u64>(&selection),
            PixelType::I8 => self.bytes_of::<i8>(&selection),
            PixelType::I16 => self.bytes_of::<i16>(&selection),
            PixelType::I32 => self.bytes_of::<i32>(&selection),
            PixelType::I64 => self.bytes_of::<i64>(&selection),
            PixelType::F32 => self.bytes_of::<f32>(&selection),
            PixelType::F64 => self.bytes_of::<f64>(&selection),
            PixelType::Bool => self.plain_bytes::<1>(&selection),
            PixelType::F16 => self.plain_bytes::<2>(&selection),
        };
        read.map_err(hdf5_error(&self.stack, &format!("the region from {start:?} of size {size:?}")))
    }

    fn bytes_of<T: H5Type + bytemuck::Pod>(
        &self,
        selection: &SliceInfo,
    ) -> Result<Vec<u8>, hdf5_reader::error::Error> {
        let (values, _) = self.dataset.read_slice::<T>(selection)?.into_raw_vec_and_offset();
        Ok(bytemuck::allocation::try_cast_vec(values)
            .unwrap_or_else(|(_, values)| bytemuck::cast_slice(&values).to_vec()))
    }

    fn plain_bytes<const N: usize>(
        &self,
        selection: &SliceInfo,
    ) -> Result<Vec<u8>, hdf5_reader::error::Error> {
        let (values, _) = self.dataset.read_slice::<Plain<N>>(selection)?.into_raw_vec_and_offset();
        Ok(values.into_iter().flat_map(|Plain(bytes)| bytes).collect())
    }
}

/// A value of a type that the reader does not know, as its bytes in the order of this machine.
#[derive(Clone)]
struct Plain<const N: usize>([u8; N]);

impl<const N: usize> H5Type for Plain<N> {
    fn hdf5_type() -> Datatype {
        Datatype::Bitfield { size: u8::try_from(N).unwrap_or(u8::MAX), byte_order: FileOrder::LittleEndian }
    }

    fn from_bytes(bytes: &[u8], datatype: &Datatype) -> Result<Self, hdf5_reader::error::Error> {
        let too_short = || hdf5_reader::error::Error::InvalidData(format!("{} bytes of {N}", bytes.len()));
        let mut value: [u8; N] = *bytes.first_chunk().ok_or_else(too_short)?;
        if pixel_type(datatype).is_some_and(|(_, order)| order != ByteOrder::NATIVE) {
            value.reverse();
        }
        Ok(Plain(value))
    }

    fn element_size(_: &Datatype) -> usize {
        N
    }
}

/// How the pixels of a dataset are stored, as far as its header can be looked at.
#[derive(Default)]
struct Stored {
    compression: Option<String>,
    place: Option<u64>,
}

impl Stored {
    /// Hardly anything is known where links lead to other files, whose headers stand elsewhere.
    fn of(opener: &Opener<'_>, dataset: &hdf5_reader::Dataset) -> Self {
        let mut stored = Stored::default();
        if opener.links.is_used() {
            let is_chunked = dataset.chunks().is_some();
            stored.compression = is_chunked.then(|| "whatever the linked file says".to_owned());
            return stored;
        }
        let Ok(header) = opener.file.get_or_parse_header(dataset.address()) else { return stored };
        let mut is_elsewhere = false;
        for message in &header.messages {
            match message {
                HdfMessage::FilterPipeline(pipeline) => {
                    let names = pipeline.filters.iter().map(|filter| filter_name(filter.id));
                    stored.compression = Some(names.collect::<Vec<_>>().join("+"));
                }
                HdfMessage::DataLayout(message) => {
                    if let DataLayout::Contiguous { address, size } = message.layout {
                        stored.place = opener.place(address, size, dataset);
                    }
                }
                HdfMessage::ExternalFiles(_) => is_elsewhere = true,
                _ => {}
            }
        }
        stored.place = stored.place.filter(|_| !is_elsewhere);
        stored
    }
}

impl Opener<'_> {
    /// The place of the file that contiguous pixels have, if it is mapped and has all of them.
    fn place(&self, address: u64, size: u64, dataset: &hdf5_reader::Dataset) -> Option<u64> {
        let n_bytes = dataset.raw_byte_len().ok().filter(|&n| n > 0 && n as u64 == size)?;
        let start = address.checked_add(self.file.superblock().base_address)?;
        let len = self.in_place.as_ref()?.open().and_then(|file| file.metadata()).ok()?.len();
        start.checked_add(n_bytes as u64).filter(|end| *end <= len).map(|_| start)
    }
}

fn filter_name(id: u16) -> String {
    match id {
        1 => "deflate".to_owned(),
        2 => "shuffle".to_owned(),
        3 => "fletcher32".to_owned(),
        4 => "szip".to_owned(),
        5 => "nbit".to_owned(),
        6 => "scaleoffset".to_owned(),
        32001 => "blosc".to_owned(),
        32004 => "lz4".to_owned(),
        32008 => "bitshuffle".to_owned(),
        32015 => "zstd".to_owned(),
        32026 => "blosc2".to_owned(),
        other => format!("filter {other}"),
    }
}
