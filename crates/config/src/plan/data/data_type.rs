//! What the images are: arrays in memory, or files of a format.

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

    const ALL: [DataType; 7] = [
        DataType::Array,
        DataType::Tiff,
        DataType::Zarr,
        DataType::Hdf5,
        DataType::Npy,
        DataType::Czi,
        DataType::Custom,
    ];

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<DataType> {
        DataType::ALL.into_iter().find(|data_type| data_type.name() == name)
    }

    /// Whether images are held in memory where the configuration does not say.
    pub fn in_memory_by_default(self) -> bool {
        !matches!(self, DataType::Zarr | DataType::Hdf5 | DataType::Npy | DataType::Czi)
    }

    /// The value that `in_memory` must have, if it has no choice.
    pub(crate) fn only_in_memory(self) -> Option<bool> {
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
