//! What every image source can do: reading any region, checked and filled with zeros outside the image.

use ndarray::{Array4, ArrayViewMut4, Axis, Ix4, s};
use patchweave_geometry::{GeometryError, Region, try_zeros};
use patchweave_pixel::{Pixel, TypedArray, TypedPixel, TypedViewMut, with_typed};

use crate::{ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};

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
        out: PatchViewMut<'_>,
    ) -> Result<(), StackError> {
        let wanted = Wanted { sample_idx, channels, region };
        wanted.read(self.info(), out, |window, part| self.read_inside(window, part))
    }

    /// As [`read_into`](Self::read_into), for memory of the image's own pixel type: nothing is rounded.
    ///
    /// # Errors
    /// As [`read_into`](Self::read_into), and what [`read_typed_inside`](ImageStack::read_typed_inside) refuses.
    fn read_typed_into(
        &self,
        sample_idx: usize,
        channels: Option<&[usize]>,
        region: &Region,
        out: TypedViewMut<'_>,
    ) -> Result<(), StackError> {
        let info = self.info();
        info.check_typed(&out)?;
        let wanted = Wanted { sample_idx, channels, region };
        with_typed!(TypedViewMut, out, out => {
            let shape = out.shape().to_vec();
            let out = out.into_dimensionality::<Ix4>();
            wanted.read(info, out.map_err(|_| wanted.other_shape(info, shape))?, |window, part| {
                self.read_typed_inside(window, TypedPixel::typed_view_mut(part.into_dyn()))
            })
        })
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
        let shape = Wanted { sample_idx, channels, region }.shape(self.info());
        let patch = try_zeros(&shape).and_then(|values| Array4::from_shape_vec(shape, values).ok());
        let mut patch =
            patch.ok_or_else(|| StackError::OutOfMemory { stack: self.info().source.clone(), shape })?;
        self.read_into(sample_idx, channels, region, patch.view_mut())?;
        Ok(patch)
    }

    /// Reads any region of a sample as an array of its own, `CZYX` in the image's own pixel type.
    ///
    /// # Errors
    /// As [`read_typed_into`](Self::read_typed_into), and [`StackError::OutOfMemory`].
    ///
    /// ```
    /// use ndarray::arr2;
    /// use patchweave_geometry::Region;
    /// use patchweave_pixel::TypedView;
    /// use patchweave_stack::{ArrayStack, ImageStack, ImageStackExt};
    ///
    /// let labels = ArrayStack::new(arr2(&[[0_u64, 16_777_217]]).into_dyn(), &"YX".parse()?)?;
    /// let whole = Region::whole(labels.info().shape().extent);
    /// let typed = labels.read_typed(0, None, &whole)?;
    /// assert!(matches!(typed.view(), TypedView::U64(pixels) if pixels[[0, 0, 0, 1]] == 16_777_217));
    /// assert_eq!(labels.read_patch(0, None, &whole)?[[0, 0, 0, 1]], 16_777_216.0, "f32 rounds");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn read_typed(
        &self,
        sample_idx: usize,
        channels: Option<&[usize]>,
        region: &Region,
    ) -> Result<TypedArray, StackError> {
        let info = self.info();
        let shape = Wanted { sample_idx, channels, region }.shape(info);
        let patch = TypedArray::zeros(info.pixel_type, &shape);
        let mut patch = patch.ok_or_else(|| StackError::OutOfMemory { stack: info.source.clone(), shape })?;
        self.read_typed_into(sample_idx, channels, region, patch.view_mut())?;
        Ok(patch)
    }
}

impl<S: ImageStack + ?Sized> ImageStackExt for S {}

/// A part of an image that may lie outside, or not exist.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    sample_idx: usize,
    channels: Option<&'a [usize]>,
    region: &'a Region,
}

impl Wanted<'_> {
    /// The shape of the result, `CZYX`.
    fn shape(&self, info: &StackInfo) -> [usize; 4] {
        let [z, y, x] = self.region.size.to_zyx();
        [self.channels.map_or(info.shape().n_channels, <[usize]>::len), z, y, x]
    }

    fn other_shape(&self, info: &StackInfo, shape: Vec<usize>) -> StackError {
        let expected = "the selected channels and the region as CZYX";
        StackError::Window {
            stack: info.source.clone(),
            source: GeometryError::ArrayRank { shape, expected },
        }
    }

    /// Reads what lies inside with `read`; the rest of `out` becomes zero.
    fn read<T: Pixel>(
        &self,
        info: &StackInfo,
        mut out: ArrayViewMut4<'_, T>,
        read: impl Fn(&InsideWindow<'_>, ArrayViewMut4<'_, T>) -> Result<(), StackError>,
    ) -> Result<(), StackError> {
        let Wanted { sample_idx, channels, region } = *self;
        let shape = info.shape();
        let in_window = |source| StackError::Window { stack: info.source.clone(), source };
        shape.check_sample(sample_idx).map_err(in_window)?;
        if let Some(channels) = channels {
            shape.check_channels(channels).map_err(in_window)?;
        }
        let inside = region.clip(&shape.extent).map_err(in_window)?;
        if out.shape() != self.shape(info) {
            return Err(self.other_shape(info, out.shape().to_vec()));
        }
        let Some(inside) = inside else {
            out.fill(T::default());
            return Ok(());
        };
        if inside.size != region.size.to_zyx() {
            out.fill(T::default());
        }
        let [oz, oy, ox] = inside.offset;
        let [nz, ny, nx] = inside.size;
        let part = out.slice_mut(s![.., oz..oz + nz, oy..oy + ny, ox..ox + nx]);
        if shape.n_channels > 1 {
            return read(&InsideWindow { sample_idx, channels, region: inside }, part);
        }
        // A selection from one channel can only repeat it: read once, then copy.
        let (mut first, mut repeats) = part.split_at(Axis(0), 1);
        read(&InsideWindow { sample_idx, channels: None, region: inside }, first.view_mut())?;
        for mut repeat in repeats.axis_iter_mut(Axis(0)) {
            repeat.assign(&first.index_axis(Axis(0), 0));
        }
        Ok(())
    }
}
