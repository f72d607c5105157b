//! The keys `data_type` and `in_memory`.

use crate::plan::DataType;
use crate::read::rules::Rules;
use crate::read::values::{Block, Names, Reader, Value, truth};

/// The data types of the reference.
const REFERENCE: Names<'_, DataType> = Names {
    known: &[
        ("array", DataType::Array),
        ("tiff", DataType::Tiff),
        ("zarr", DataType::Zarr),
        ("czi", DataType::Czi),
        ("custom", DataType::Custom),
    ],
    refused: &[("ome_zarr", "is read with data_type zarr")],
};

const OWN: Names<'_, DataType> = Names {
    known: &[
        ("array", DataType::Array),
        ("tiff", DataType::Tiff),
        ("zarr", DataType::Zarr),
        ("hdf5", DataType::Hdf5),
        ("npy", DataType::Npy),
        ("czi", DataType::Czi),
        ("custom", DataType::Custom),
    ],
    refused: &[("ome_zarr", "is read with data_type zarr")],
};

const FILES: Names<'_, DataType> = Names {
    known: &[
        ("tiff", DataType::Tiff),
        ("zarr", DataType::Zarr),
        ("hdf5", DataType::Hdf5),
        ("npy", DataType::Npy),
        ("custom", DataType::Custom),
    ],
    refused: &[
        ("array", "is only available in the library"),
        ("czi", "is not supported: convert to OME-Zarr or OME-TIFF with bioformats2raw or Fiji"),
        ("ome_zarr", "is read with data_type zarr"),
        ("npz", "is read with data_type npy"),
    ],
};

/// Reads the key `data_type`.
pub(crate) fn data_type(reader: &mut Reader<'_>, block: &Block<'_>, rules: Rules) -> Option<DataType> {
    let names = match (rules.for_run, rules.has_additions) {
        (true, _) => FILES,
        (false, true) => OWN,
        (false, false) => REFERENCE,
    };
    block.need(reader, "data_type", &names.expected(), |reader, value| names.read(reader, value))
}

/// Reads the key `in_memory`; without a known data type both values are accepted.
pub(crate) fn in_memory(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    data_type: Option<DataType>,
) -> Option<bool> {
    let default = data_type.is_none_or(DataType::in_memory_by_default);
    block.or(reader, "in_memory", default, |reader, value| fitting(reader, value, data_type))
}

fn fitting(reader: &mut Reader<'_>, value: &Value<'_>, data_type: Option<DataType>) -> Option<bool> {
    let in_memory = truth(reader, value)?;
    match data_type.and_then(|data_type| Some((data_type, data_type.only_in_memory()?))) {
        Some((data_type, only)) if only != in_memory => {
            reader.refuse(value, format!("{only} with data_type {}", data_type.name()))
        }
        _ => Some(in_memory),
    }
}
