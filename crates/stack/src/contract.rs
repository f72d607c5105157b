//! What an image source has to do, and what every one of them can do because of that.

use ndarray::{Array4, ArrayViewMut4, Axis, s};
use patchweave_geometry::{GeometryError, InsideRegion, Region, try_zeros};

use crate::{Exactness, StackError, StackInfo};

/// Where a patch is written: `CZYX` in `f32`, planes have depth 1.
pub type PatchViewMut<'a> = ArrayViewMut4<'a, f32>;

/// A part of one sample that is known to exist: the sample, the channels and the region are all inside.
#[derive(Debug, Clone, Copy)]
pub struct InsideWindow<'a> {
    /// Which sample of the canonical form.
    pub sample_idx: usize,
    /// Which channels, in this order; `None` means all, and it always is where there is only one.
    pub channels: Option<&'a [usize]>,
    /// Which pixels.
    pub region: InsideRegion,
}

/// One image source of any kind and size.
///
/// To read a format of your own, implement the two methods and hand the stack to a patch extractor. Checking
/// of arguments and zero-filling outside the image are done by [`ImageStackExt::read_into`].
///
/// ```
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::PixelType;
/// use patchweave_stack::{ImageStack, ImageStackExt, InsideWindow, PatchViewMut, StackError, StackInfo};
///
/// /// An image whose pixel at (y, x) is 100 y + x.
/// struct Ramp(StackInfo);
///
/// impl ImageStack for Ramp {
///     fn info(&self) -> &StackInfo {
///         &self.0
///     }
///
///     fn read_inside(&self, window: &InsideWindow<'_>, mut out: PatchViewMut<'_>) -> Result<(), StackError> {
///         let [_, y0, x0] = window.region.start;
///         for ((_, _, y, x), value) in out.indexed_iter_mut() {
///             *value = (100 * (y0 + y) + x0 + x) as f32;
///         }
///         Ok(())
///     }
/// }
///
/// let layout = ArrayLayout::new("YX".parse()?, &[50, 60])?;
/// let ramp = Ramp(StackInfo::new("ramp", PixelType::F32, layout));
/// let patch = ramp.read_patch(0, None, &patchweave_geometry::Region {
///     start: patchweave_geometry::PerAxis::new(&[48, -1])?,
///     size: patchweave_geometry::Extent::new(&[3, 3])?,
/// })?;
/// assert_eq!(patch.as_slice().unwrap(), [0.0, 4800.0, 4801.0, 0.0, 4900.0, 4901.0, 0.0, 0.0, 0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ImageStack: Send + Sync {
    /// What is known about the image without reading pixels.
    fn info(&self) -> &StackInfo;

    /// Reads a window that lies inside the image into `out`, whose shape is that of the window.
    ///
    /// # Errors
    /// [`StackError`] if the source cannot deliver the pixels; `out` may then be partly written.
    fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError>;

    /// Whether the pixels of a window, before they became `f32`, are values of `f32`; for [`ExactStack`](crate::ExactStack),
    /// which asks after it has read the window.
    ///
    /// Implement it where pixels are wider than `f32` and may be labels.
    ///
    /// # Errors
    /// As [`read_inside`](Self::read_inside).
    fn exactness(&self, _window: &InsideWindow<'_>) -> Result<Exactness, StackError> {
        Ok(Exactness::Unknown)
    }
}

macro_rules! forward_stack {
    ($($pointer:ty),*) => {$(
        impl<S: ImageStack + ?Sized> ImageStack for $pointer {
            fn info(&self) -> &StackInfo {
                (**self).info()
            }

            fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
                (**self).read_inside(window, out)
            }

            fn exactness(&self, window: &InsideWindow<'_>) -> Result<Exactness, StackError> {
                (**self).exactness(window)
            }
        }
    )*};
}

forward_stack!(&S, Box<S>, std::sync::Arc<S>);

/// What every [`ImageStack`] can do.
pub trait ImageStackExt: ImageStack {
    /// Reads any region of a sample into `out`; what lies outside the image becomes zero.
    ///
    /// `channels` lists source channels in the order they are wanted, repeats allowed; `None` means all.
    /// `out` has the shape `CZYX` of the selected channels and the region.
    ///
    /// # Errors
    /// [`StackError::Window`] if the sample or a channel does not exist, the list of channels is empty, or
    /// the ranks or the shape of `out` do not agree; otherwise what the source reports.
    fn read_into(
        &self,
        sample_idx: usize,
        channels: Option<&[usize]>,
        region: &Region,
        mut out: PatchViewMut<'_>,
    ) -> Result<(), StackError> {
        let info = self.info();
        let shape = info.shape();
        let in_window = |source| StackError::Window { stack: info.source.clone(), source };
        shape.check_sample(sample_idx).map_err(in_window)?;
        if let Some(channels) = channels {
            shape.check_channels(channels).map_err(in_window)?;
        }
        let inside = region.clip(&shape.extent).map_err(in_window)?;
        let [z, y, x] = region.size.to_zyx();
        let wanted = [channels.map_or(shape.n_channels, <[usize]>::len), z, y, x];
        if out.shape() != wanted {
            let expected = "the selected channels and the region as CZYX";
            return Err(in_window(GeometryError::ArrayRank { shape: out.shape().to_vec(), expected }));
        }
        let Some(inside) = inside else {
            out.fill(0.0);
            return Ok(());
        };
        if inside.size != [z, y, x] {
            out.fill(0.0);
        }
        let [oz, oy, ox] = inside.offset;
        let [nz, ny, nx] = inside.size;
        let part = out.slice_mut(s![.., oz..oz + nz, oy..oy + ny, ox..ox + nx]);
        if shape.n_channels > 1 {
            return self.read_inside(&InsideWindow { sample_idx, channels, region: inside }, part);
        }
        // A selection from one channel can only repeat it: read once, then copy.
        let (mut first, mut repeats) = part.split_at(Axis(0), 1);
        self.read_inside(&InsideWindow { sample_idx, channels: None, region: inside }, first.view_mut())?;
        for mut repeat in repeats.axis_iter_mut(Axis(0)) {
            repeat.assign(&first.index_axis(Axis(0), 0));
        }
        Ok(())
    }

    /// Reads any region of a sample as an array of its own, `CZYX` in `f32`.
    ///
    /// # Errors
    /// As [`read_into`](Self::read_into), and [`StackError::OutOfMemory`].
    fn read_patch(
        &self,
        sample_idx: usize,
        channels: Option<&[usize]>,
        region: &Region,
    ) -> Result<Array4<f32>, StackError> {
        let [z, y, x] = region.size.to_zyx();
        let n_channels = channels.map_or(self.info().shape().n_channels, <[usize]>::len);
        let shape = [n_channels, z, y, x];
        let patch = try_zeros(&shape).and_then(|values| Array4::from_shape_vec(shape, values).ok());
        let mut patch =
            patch.ok_or_else(|| StackError::OutOfMemory { stack: self.info().source.clone(), shape })?;
        self.read_into(sample_idx, channels, region, patch.view_mut())?;
        Ok(patch)
    }
}

impl<S: ImageStack + ?Sized> ImageStackExt for S {}
