//! The values of a region of a dataset as bytes, whatever type the file gives them.

use hdf5_reader::error::Error;
use hdf5_reader::{ByteOrder as FileOrder, Dataset, Datatype, H5Type, SliceInfo, SliceInfoElem};
use patchweave_pixel::{ByteOrder, PixelType};

use super::datatype::pixel_type;

/// The values of a region in C order and in the byte order of this machine.
pub(super) fn read(
    dataset: &Dataset,
    pixel_type: PixelType,
    start: &[usize],
    size: &[usize],
) -> Result<Vec<u8>, Error> {
    let part = |(&start, &size): (&usize, &usize)| SliceInfoElem::Slice {
        start: start as u64,
        end: (start + size) as u64,
        step: 1,
    };
    let selection = SliceInfo { selections: start.iter().zip(size).map(part).collect() };
    if let Datatype::Enum { .. } = dataset.dtype() {
        return match pixel_type.n_bytes() {
            1 => plain::<1>(dataset, &selection),
            2 => plain::<2>(dataset, &selection),
            4 => plain::<4>(dataset, &selection),
            _ => plain::<8>(dataset, &selection),
        };
    }
    match pixel_type {
        PixelType::U8 => typed::<u8>(dataset, &selection),
        PixelType::U16 => typed::<u16>(dataset, &selection),
        PixelType::U32 => typed::<u32>(dataset, &selection),
        PixelType::U64 => typed::<u64>(dataset, &selection),
        PixelType::I8 => typed::<i8>(dataset, &selection),
        PixelType::I16 => typed::<i16>(dataset, &selection),
        PixelType::I32 => typed::<i32>(dataset, &selection),
        PixelType::I64 => typed::<i64>(dataset, &selection),
        PixelType::F32 => typed::<f32>(dataset, &selection),
        PixelType::F64 => typed::<f64>(dataset, &selection),
        PixelType::Bool => plain::<1>(dataset, &selection),
        PixelType::F16 => plain::<2>(dataset, &selection),
    }
}

fn typed<T: H5Type + bytemuck::Pod>(dataset: &Dataset, selection: &SliceInfo) -> Result<Vec<u8>, Error> {
    let (values, _) = dataset.read_slice::<T>(selection)?.into_raw_vec_and_offset();
    Ok(bytemuck::allocation::try_cast_vec(values)
        .unwrap_or_else(|(_, values)| bytemuck::cast_slice(&values).to_vec()))
}

fn plain<const N: usize>(dataset: &Dataset, selection: &SliceInfo) -> Result<Vec<u8>, Error> {
    let (values, _) = dataset.read_slice::<Plain<N>>(selection)?.into_raw_vec_and_offset();
    Ok(values.into_iter().flat_map(|Plain(bytes)| bytes).collect())
}

/// A value of a type that the reader does not know, as its bytes in the order of this machine.
#[derive(Clone)]
struct Plain<const N: usize>([u8; N]);

impl<const N: usize> Plain<N> {
    fn of(bytes: &[u8], is_swapped: bool) -> Option<Self> {
        let mut value: [u8; N] = *bytes.first_chunk()?;
        if is_swapped {
            value.reverse();
        }
        Some(Plain(value))
    }
}

fn is_swapped(datatype: &Datatype) -> bool {
    pixel_type(datatype).is_some_and(|(_, order)| order != ByteOrder::NATIVE)
}

impl<const N: usize> H5Type for Plain<N> {
    fn hdf5_type() -> Datatype {
        Datatype::Bitfield { size: u8::try_from(N).unwrap_or(u8::MAX), byte_order: FileOrder::LittleEndian }
    }

    fn from_bytes(bytes: &[u8], datatype: &Datatype) -> Result<Self, Error> {
        let too_short = || Error::InvalidData(format!("{} bytes of {N}", bytes.len()));
        Plain::of(bytes, is_swapped(datatype)).ok_or_else(too_short)
    }

    fn element_size(_: &Datatype) -> usize {
        N
    }

    fn decode_vec(raw: &[u8], datatype: &Datatype, count: usize) -> Option<Result<Vec<Self>, Error>> {
        let is_swapped = is_swapped(datatype);
        let values = raw.get(..count.checked_mul(N)?)?.chunks_exact(N);
        Some(Ok(values.filter_map(|bytes| Plain::of(bytes, is_swapped)).collect()))
    }
}
