//! The kind of source: arrays in memory, or files of a format.

/// The kind of source of the images.
///
/// A run reads files, thus neither [`Array`](Self::Array) nor [`Czi`](Self::Czi). A `data_config` on its own may have
/// any of them.
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
    /// HDF5 files; not a type of CAREamics.
    Hdf5,
    /// NumPy files, NPY and NPZ; not a type of CAREamics.
    Npy,
    /// CZI files.
    Czi,
    /// The format is chosen by the extension of every path, including formats that a program adds.
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

    const ALL: [DataType; 7] = [
        DataType::Array,
        DataType::Tiff,
        DataType::Zarr,
        DataType::Hdf5,
        DataType::Npy,
        DataType::Czi,
        DataType::Custom,
    ];

    /// The data type with a name, if there is one.
    pub fn from_name(name: &str) -> Option<DataType> {
        DataType::ALL.into_iter().find(|data_type| data_type.name() == name)
    }

    /// The default of `in_memory`.
    pub fn in_memory_by_default(self) -> bool {
        !matches!(self, DataType::Zarr | DataType::Hdf5 | DataType::Npy | DataType::Czi)
    }

    /// The only value that `in_memory` may have, if both are not allowed.
    pub(crate) fn only_in_memory(self) -> Option<bool> {
        match self {
            DataType::Array => Some(true),
            DataType::Zarr | DataType::Czi => Some(false),
            DataType::Tiff | DataType::Hdf5 | DataType::Npy | DataType::Custom => None,
        }
    }

    /// Whether such files may hold resolution pyramids.
    pub(crate) fn has_pyramids(self) -> bool {
        matches!(self, DataType::Zarr | DataType::Hdf5 | DataType::Custom)
    }
}
