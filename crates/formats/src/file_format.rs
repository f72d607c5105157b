//! The formats of this crate by name.

/// The formats of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileFormat {
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

impl FileFormat {
    /// All of them, whether or not they can be opened.
    pub(crate) const ALL: [FileFormat; 5] =
        [FileFormat::Tiff, FileFormat::Zarr, FileFormat::Hdf5, FileFormat::Npy, FileFormat::Czi];

    /// What names of such files end in, in lower case and without the dot.
    pub(crate) fn extensions(self) -> &'static [&'static str] {
        match self {
            FileFormat::Tiff => &["tif", "tiff", "btf", "tf8"],
            FileFormat::Zarr => &["zarr", "zarr.zip", "zip", "ozx"],
            FileFormat::Hdf5 => &["h5", "hdf5", "ims"],
            FileFormat::Npy => &["npy", "npz"],
            FileFormat::Czi => &["czi"],
        }
    }

    /// The name of the format.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FileFormat::Tiff => "tiff",
            FileFormat::Zarr => "zarr",
            FileFormat::Hdf5 => "hdf5",
            FileFormat::Npy => "npy",
            FileFormat::Czi => "czi",
        }
    }
}
