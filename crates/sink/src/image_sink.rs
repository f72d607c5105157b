//! The contract of images that are being written unit by unit.

use std::path::{Path, PathBuf};

use patchweave_pixel::{PixelType, TypedArray, TypedView};

use crate::{SinkError, Unit, UnitGrid};

/// What is known of an image that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkInfo {
    /// What messages call the image: where it will stand.
    pub target: PathBuf,
    /// The units, and the axes in which their pixels are written.
    pub units: UnitGrid,
    /// The type of the pixels.
    pub pixel_type: PixelType,
}

impl SinkInfo {
    /// The unit of that number, for pixels that fit it.
    ///
    /// # Errors
    /// [`SinkError::NoUnit`] or [`SinkError::UnitPixels`].
    pub fn check(&self, unit_idx: usize, pixels: &TypedView<'_>) -> Result<Unit, SinkError> {
        let unit = self.unit(unit_idx)?;
        if pixels.shape() == unit.size && pixels.pixel_type() == self.pixel_type {
            return Ok(unit);
        }
        Err(SinkError::UnitPixels {
            path: self.target.clone(),
            unit_idx,
            got: pixels.shape().to_vec(),
            got_type: pixels.pixel_type(),
            expected: unit.size,
            expected_type: self.pixel_type,
        })
    }

    /// The unit of that number.
    ///
    /// # Errors
    /// [`SinkError::NoUnit`].
    pub fn unit(&self, unit_idx: usize) -> Result<Unit, SinkError> {
        let n_units = self.units.n_units();
        let none = || SinkError::NoUnit { path: self.target.clone(), unit_idx, n_units };
        self.units.unit(unit_idx).ok_or_else(none)
    }

    /// The error of sizes that were checked and still do not fit; a fault of this crate.
    pub(crate) fn unexpected(&self, source: Box<dyn std::error::Error + Send + Sync>) -> SinkError {
        SinkError::Encoder { action: "put together a unit of", path: self.target.clone(), source }
    }

    pub(crate) fn layout_error(&self, source: patchweave_geometry::GeometryError) -> SinkError {
        SinkError::Layout { path: self.target.clone(), source }
    }

    /// A unit of which all pixels are 0.
    ///
    /// # Errors
    /// [`SinkError::OutOfMemory`].
    pub fn zeros(&self, unit: &Unit) -> Result<TypedArray, SinkError> {
        zeros(&self.target, self.pixel_type, &unit.size)
    }
}

pub(crate) fn zeros(path: &Path, pixel_type: PixelType, shape: &[usize]) -> Result<TypedArray, SinkError> {
    let none = || SinkError::OutOfMemory { path: path.into(), shape: shape.to_vec() };
    TypedArray::zeros(pixel_type, shape).ok_or_else(none)
}

/// An image that is being written, unit by unit, by threads and processes that share it.
///
/// A unit is what a format writes as a whole: a shard or chunk of Zarr, a row of tiles or a strip of TIFF. Units come in
/// any order, from anybody who has joined the [`Job`](crate::Job); writing one again with the same pixels leaves the same
/// bytes. Two who write the same unit at the same time must bring the same pixels.
///
/// ```
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::{PixelType, TypedArray};
/// use patchweave_sink::{ImageSink, ImageSpec, Job, SinkFormats};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("zeros.tif");
/// let layout = ArrayLayout::new("TYX".parse()?, &[2, 6, 8])?;
/// let job = Job::start(&SinkFormats::default(), &path, Some("tiff"), ImageSpec::new(layout, PixelType::U32))?;
/// let sink = job.sink();
/// for unit_idx in 0..sink.info().units.n_units() {
///     let unit = sink.info().unit(unit_idx)?;
///     sink.write(unit_idx, TypedArray::zeros(PixelType::U32, &unit.size).unwrap().view())?;
///     assert!(sink.is_written(unit_idx)?);
/// }
/// assert!(!path.exists());
/// job.commit()?;
/// assert!(path.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ImageSink: Send + Sync {
    /// What is known of the image.
    fn info(&self) -> &SinkInfo;

    /// Writes a unit: all of its pixels, in the axes of the grid.
    ///
    /// # Errors
    /// [`SinkError::NoUnit`] or [`SinkError::UnitPixels`] for pixels that do not fit, otherwise the failure to write; the
    /// unit is not written then, and can be tried again.
    fn write(&self, unit_idx: usize, pixels: TypedView<'_>) -> Result<(), SinkError>;

    /// Whether a unit was written, by whomever.
    ///
    /// # Errors
    /// [`SinkError::NoUnit`], or the failure to look.
    fn is_written(&self, unit_idx: usize) -> Result<bool, SinkError>;

    /// Which units were written, all at once: over a network that takes as long as [`is_written`](Self::is_written) for one.
    ///
    /// # Errors
    /// The failure to look.
    fn written(&self) -> Result<Vec<bool>, SinkError> {
        (0..self.info().units.n_units()).map(|unit_idx| self.is_written(unit_idx)).collect()
    }

    /// The pixels of a unit that was written; `None` before that.
    ///
    /// # Errors
    /// [`SinkError::NoUnit`], or the failure to read.
    fn read(&self, unit_idx: usize) -> Result<Option<TypedArray>, SinkError>;
}

impl<S: ImageSink + ?Sized> ImageSink for std::sync::Arc<S> {
    fn info(&self) -> &SinkInfo {
        (**self).info()
    }

    fn write(&self, unit_idx: usize, pixels: TypedView<'_>) -> Result<(), SinkError> {
        (**self).write(unit_idx, pixels)
    }

    fn is_written(&self, unit_idx: usize) -> Result<bool, SinkError> {
        (**self).is_written(unit_idx)
    }

    fn written(&self) -> Result<Vec<bool>, SinkError> {
        (**self).written()
    }

    fn read(&self, unit_idx: usize) -> Result<Option<TypedArray>, SinkError> {
        (**self).read(unit_idx)
    }
}
