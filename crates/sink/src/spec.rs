//! What is to be written, and in which format.

use std::path::Path;

use patchweave_geometry::{ArrayLayout, PerAxis};
use patchweave_pixel::PixelType;

use crate::{Durability, SinkError};

/// A file format for images.
///
/// ```
/// use patchweave_sink::Format;
///
/// assert_ne!(Format::Tiff, Format::OmeZarr);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// One uncompressed TIFF file with the array in its own axes, stored in C order, in the byte order of
    /// the machine.
    ///
    /// Pages are the last two axes, or, if the last axis is `C`, the last three with the channels as samples
    /// of a pixel: RGB for three channels of uint8 or uint16, otherwise gray with extra samples. Truth values
    /// are stored as uint8. Files beyond 4 GiB become BigTIFF. `T`, `Z` and `C` in this order before `YX`,
    /// none of size 1, make an ImageJ hyperstack if the pixel type is one that ImageJ has (uint8, uint16,
    /// float32); all other files carry their axes and shape as JSON, in the form that tifffile calls shaped.
    Tiff,
    /// A folder with an OME-Zarr 0.5 image (Zarr version 3) of one resolution level, its axes in the order
    /// `TCZYX`; several samples `S` become a collection of images `0`, `1`, … (`bioformats2raw.layout`).
    ///
    /// Chunks are compressed with Zstandard; chunks that hold nothing but 0 are not stored.
    OmeZarr,
}

/// What is to be written: the array and what else its file says about it.
///
/// ```
/// use patchweave_geometry::{ArrayLayout, PerAxis};
/// use patchweave_pixel::PixelType;
/// use patchweave_sink::ImageSpec;
///
/// let layout = ArrayLayout::new("ZYX".parse()?, &[16, 512, 512])?;
/// let mut spec = ImageSpec::new(layout, PixelType::F32);
/// spec.pixel_size = Some(PerAxis::new(&[0.5, 0.1, 0.1])?);
/// assert_eq!(spec.name, "image");
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ImageSpec {
    /// Axes and shape of the result in its own axes.
    pub layout: ArrayLayout,
    /// The type that values are converted to.
    pub pixel_type: PixelType,
    /// The image's name in the metadata of an OME-Zarr; a TIFF has none.
    pub name: String,
    /// Micrometres per pixel along `(Z)YX`, positive.
    pub pixel_size: Option<PerAxis<f64>>,
    /// The chunk shape of an OME-Zarr in the order of the layout's axes, cut to the size of the image; the
    /// entry of `S` is not used. `None` means 128 along `Y` and `X` and 1 along the others.
    pub chunks: Option<Vec<usize>>,
    /// What is on the disk once the image has its name; everything by default.
    pub durability: Durability,
}

impl ImageSpec {
    /// An image called "image" without pixel size and with default chunks.
    pub fn new(layout: ArrayLayout, pixel_type: PixelType) -> Self {
        let name = "image".into();
        let durability = Durability::default();
        ImageSpec { layout, pixel_type, name, pixel_size: None, chunks: None, durability }
    }

    pub(crate) fn check(&self, path: &Path) -> Result<(), SinkError> {
        let n_spatial = self.layout.axes().n_spatial();
        if let Some(pixel_size) = &self.pixel_size {
            let is_length = |size: f64| size.is_finite() && size > 0.0;
            if pixel_size.n_axes() != n_spatial || !pixel_size.iter().all(is_length) {
                return Err(SinkError::PixelSize {
                    path: path.into(),
                    got: pixel_size.as_slice().to_vec(),
                    n_spatial,
                });
            }
        }
        match &self.chunks {
            Some(chunks) if chunks.len() != self.layout.shape().len() || chunks.contains(&0) => {
                Err(SinkError::Chunks {
                    path: path.into(),
                    got: chunks.clone(),
                    axes: self.layout.axes().clone(),
                })
            }
            _ => Ok(()),
        }
    }
}
