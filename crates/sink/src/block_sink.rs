//! The contract of images that are written in blocks of any place and size.

use ndarray::ArrayView4;

use crate::{Location, SinkError};

/// An image that is being written, block by block.
///
/// Blocks come in any order, may overlap (the last one stands) and need not be aligned to anything. What no
/// block covers is 0.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::PixelType;
/// use patchweave_sink::{ImageSpec, create};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("denoised.tif");
/// let layout = ArrayLayout::new("TYX".parse()?, &[2, 6, 8])?;
///
/// let mut sink = create(&path, "tiff", ImageSpec::new(layout, PixelType::U8))?;
/// sink.write_block(1, [0, 2, 4], Array4::from_elem((1, 1, 4, 4), 7.4).view())?;
/// let error = sink.write_block(0, [0, 4, 0], Array4::zeros((1, 1, 4, 4)).view()).unwrap_err();
/// assert!(error.to_string().ends_with(
///     "got a block at [0, 4, 0] of size [1, 4, 4], expected one inside the image of size [1, 6, 8] (ZYX)",
/// ));
///
/// assert!(!path.exists());
/// assert_eq!(sink.finish()?.path(), Some(path.as_path()));
/// assert!(path.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait BlockSink: Send {
    /// Writes one block of one sample.
    ///
    /// `start` is `ZYX` in pixels, `block` is `CZYX` with all channels of the image; planes have depth 1 and
    /// start at depth 0. Values are in the units of the result and become the nearest value of its pixel
    /// type, clamped to the range of the type; NaN becomes 0 for integers. A block without pixels changes
    /// nothing.
    ///
    /// # Errors
    /// [`SinkError::Sample`], [`SinkError::Channels`] or [`SinkError::OutOfImage`] for a block that does not
    /// fit, which leaves the sink as it was; otherwise the failure to write, after which the sink can only be
    /// dropped.
    fn write_block(
        &mut self,
        sample_idx: usize,
        start: [usize; 3],
        block: ArrayView4<'_, f32>,
    ) -> Result<(), SinkError>;

    /// Gives the image its final name and returns that; what is on the disk then says the specification.
    ///
    /// # Errors
    /// [`SinkError::Damaged`] after a failed write, [`SinkError::NotAStore`], [`SinkError::FolderInTheWay`]
    /// or [`SinkError::FileInTheWay`] if what stands there must not be replaced, [`SinkError::Io`]. The
    /// temporary is removed then.
    fn finish(self: Box<Self>) -> Result<Location, SinkError>;
}
