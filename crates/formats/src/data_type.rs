//! The formats of this crate by name.

/// The formats of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataType {
    /// TIFF files: BigTIFF, ImageJ and OME-TIFF among them.
    Tiff,
    /// Zarr stores, OME-Zarr among them.
    Zarr,
    /// HDF5 files: Imaris, BigDataViewer and ilastik among them.
    Hdf5,
    /// NumPy files, NPY and NPZ.
    Npy,
    /// CZI files, which are only known to be refused with advice.
    Czi,
}

impl DataType {
    /// All of them, whether or not they can be opened.
    pub(crate) const ALL: [DataType; 5] =
        [DataType::Tiff, DataType::Zarr, DataType::Hdf5, DataType::Npy, DataType::Czi];

    /// What names of such files end in, in lower case and without the dot.
    pub(crate) fn extensions(self) -> &'static [&'static str] {
        match self {
            DataType::Tiff => &["tif", "tiff", "btf", "tf8"],
            DataType::Zarr => &["zarr", "zarr.zip", "zip"],
            DataType::Hdf5 => &["h5", "hdf5", "ims"],
            DataType::Npy => &["npy", "npz"],
            DataType::Czi => &["czi"],
        }
    }

    /// The name of the format.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            DataType::Tiff => "tiff",
            DataType::Zarr => "zarr",
            DataType::Hdf5 => "hdf5",
            DataType::Npy => "npy",
            DataType::Czi => "czi",
        }
    }
}
