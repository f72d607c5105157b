//! What the images are, and whether they are held in memory.

use crate::reader::{Block, Reader, Value};
use crate::rules::Rules;
use crate::scalar::{Names, truth};

/// What the images are.
///
/// The plan of a run has files, thus neither [`Array`](Self::Array) nor [`Czi`](Self::Czi); a `data_config` that is
/// read by itself may have any.
///
/// ```
/// use patchweave_config::DataType;
///
/// assert_eq!(DataType::Zarr.name(), "zarr");
/// assert_eq!(DataType::from_name("tif"), None);
/// assert!(DataType::Tiff.in_memory_by_default() && !DataType::Zarr.in_memory_by_default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataType {
    /// Arrays in memory.
    Array,
    /// TIFF files.
    Tiff,
    /// Zarr arrays or OME-Zarr images.
    Zarr,
    /// HDF5 files; an addition to the types of the reference.
    Hdf5,
    /// NumPy files, NPY and NPZ; an addition to the types of the reference.
    Npy,
    /// CZI files.
    Czi,
    /// The format that the ending of every path names, formats of a program's own among them.
    Custom,
}

impl DataType {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            DataType::Array => "array",
            DataType::Tiff => "tiff",
            DataType::Zarr => "zarr",
            DataType::Hdf5 => "hdf5",
            DataType::Npy => "npy",
            DataType::Czi => "czi",
            DataType::Custom => "custom",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<DataType> {
        OWN.find(name)
    }

    /// Whether images are held in memory where the configuration does not say.
    pub fn in_memory_by_default(self) -> bool {
        !matches!(self, DataType::Zarr | DataType::Hdf5 | DataType::Npy | DataType::Czi)
    }

    /// The value that `in_memory` must have, if it has no choice.
    fn only_in_memory(self) -> Option<bool> {
        match self {
            DataType::Array => Some(true),
            DataType::Zarr | DataType::Czi => Some(false),
            DataType::Tiff | DataType::Hdf5 | DataType::Npy | DataType::Custom => None,
        }
    }

    /// Whether such files may hold an image at several resolutions.
    pub(crate) fn has_pyramids(self) -> bool {
        matches!(self, DataType::Zarr | DataType::Hdf5 | DataType::Custom)
    }
}

/// Those of the reference.
const REFERENCE: Names<'_, DataType> = Names {
    known: &[
        ("array", DataType::Array),
        ("tiff", DataType::Tiff),
        ("zarr", DataType::Zarr),
        ("czi", DataType::Czi),
        ("custom", DataType::Custom),
    ],
    refused: &[("ome_zarr", "is read as zarr")],
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
    refused: &[("ome_zarr", "is read as zarr")],
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
        ("array", "can only be given from the library"),
        ("czi", "is not supported: convert to OME-Zarr or OME-TIFF with bioformats2raw or Fiji"),
        ("ome_zarr", "is read as zarr"),
        ("npz", "is read as npy"),
    ],
};

/// The `data_type` of `data_config`.
pub(crate) fn data_type(reader: &mut Reader<'_>, block: &Block<'_>, rules: Rules) -> Option<DataType> {
    let names = match (rules.for_run, rules.has_additions) {
        (true, _) => FILES,
        (false, true) => OWN,
        (false, false) => REFERENCE,
    };
    block.need(reader, "data_type", &names.expected(), |reader, value| names.read(reader, value))
}

/// The `in_memory` of `data_config`; without a known type any value is taken.
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
