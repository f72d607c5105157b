//! An image in parts that together hold every pixel once, cut along the chunks that it is stored in.

use std::sync::Arc;

use patchweave_pixel::{Pixel, PixelMap, with_typed};
use patchweave_sink::UnitGrid;
use patchweave_stack::{ImageStack, StackInfo};
use rayon::prelude::*;

use crate::running::in_pool;
use crate::{ConvertError, Running, Selection, Source};

/// Smaller chunks are read together until a part has so many pixels.
const PIXELS: usize = 1 << 18;
/// A part is in memory as it is decoded and as it is handed over.
const COPIES: u64 = 2;

/// An image in parts that together hold every pixel once; a part has whole chunks, so that nothing is decoded twice.
///
/// ```
/// use std::sync::Arc;
///
/// use patchweave_convert::Parts;
/// use patchweave_stack::ArrayStack;
///
/// let image = ndarray::arr2(&[[1.0_f32, f32::NAN], [3.0, 4.0]]).into_dyn();
/// let parts = Parts::new(Arc::new(ArrayStack::new(image, &"YX".parse()?)?))?;
/// assert_eq!(parts.n_parts(), 1);
/// let read = parts.read(0)?;
/// assert_eq!((read.n_bytes, read.n_not_finite), (16, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Parts {
    source: Source,
    grid: UnitGrid,
}

/// What reading a part has found.
///
/// ```
/// assert_eq!(patchweave_convert::PartRead::default().n_bytes, 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartRead {
    /// Bytes of its pixels, as they are when they are decoded.
    pub n_bytes: u64,
    /// Pixels that are infinite or no number.
    pub n_not_finite: u64,
}

impl Parts {
    /// Cuts an image.
    ///
    /// # Errors
    /// [`ConvertError::Geometry`] if its chunks are no sizes.
    pub fn new(stack: Arc<dyn ImageStack>) -> Result<Self, ConvertError> {
        let map = PixelMap::to(stack.info().pixel_type);
        let source = Source::new(stack, Selection::whole(), map)?;
        let info = source.stack().info();
        let grid = UnitGrid::new(source.layout().clone(), &part_size(info));
        let grid =
            grid.map_err(|error| ConvertError::Geometry { stack: info.source.clone(), source: error })?;
        Ok(Parts { source, grid })
    }

    /// How many there are.
    #[must_use]
    pub fn n_parts(&self) -> usize {
        self.grid.n_units()
    }

    /// Bytes of the pixels of the largest one.
    #[must_use]
    pub fn most_bytes(&self) -> u64 {
        let n_bytes = self.source.stack().info().pixel_type.n_bytes() as u64;
        self.grid.unit_size().iter().fold(n_bytes, |n, size| n.saturating_mul(*size as u64))
    }

    /// Reads one; nothing is found in a part that there is not.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn read(&self, part_idx: usize) -> Result<PartRead, ConvertError> {
        let Some(part) = self.grid.unit(part_idx) else { return Ok(PartRead::default()) };
        let (pixels, _) = self.source.read(self.grid.layout(), &part)?;
        let pixel_type = self.source.stack().info().pixel_type;
        let n_pixels = part.size.iter().map(|size| *size as u64).product::<u64>();
        let n_not_finite = match !pixel_type.is_integer() {
            true => with_typed!(TypedView, pixels.view(), view => n_not_finite(view.iter())),
            false => 0,
        };
        Ok(PartRead { n_bytes: n_pixels * pixel_type.n_bytes() as u64, n_not_finite })
    }
}

/// Visits every part of some images, by their places, on several threads: about in order, so that neighbours find what was
/// decoded for the part before. There are fewer threads where parts are so large that they would not fit into the memory.
///
/// # Errors
/// [`ConvertError::Interrupted`] once `visit` says `false`, and [`ConvertError::Threads`].
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use patchweave_convert::{Parts, Running, each_part};
/// use patchweave_stack::ArrayStack;
///
/// let axes = "YX".parse()?;
/// let stack = |n| ArrayStack::new(ndarray::Array2::<u16>::ones((n, 400)).into_dyn(), &axes);
/// let images = [Parts::new(Arc::new(stack(3000)?))?, Parts::new(Arc::new(stack(20)?))?];
/// let n_bytes = AtomicU64::new(0);
/// each_part(&images, Running::default(), &|image_idx, part_idx| {
///     let read = images[image_idx].read(part_idx).unwrap_or_default();
///     n_bytes.fetch_add(read.n_bytes, Ordering::Relaxed);
///     true
/// })?;
/// assert_eq!(n_bytes.into_inner(), 2 * 3020 * 400);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn each_part(
    images: &[Parts],
    running: Running,
    visit: &(dyn Fn(usize, usize) -> bool + Sync),
) -> Result<(), ConvertError> {
    let most_bytes = images.iter().map(Parts::most_bytes).max().unwrap_or(0).saturating_mul(COPIES);
    let fitting = usize::try_from(running.memory_bytes / most_bytes.max(1)).unwrap_or(usize::MAX);
    let parts_of =
        |(image_idx, parts): (usize, &Parts)| (0..parts.n_parts()).map(move |part_idx| (image_idx, part_idx));
    in_pool(running.n_threads.clamp(1, fitting.max(1)), || {
        images.iter().enumerate().flat_map(parts_of).par_bridge().try_for_each(|(image_idx, part_idx)| {
            if visit(image_idx, part_idx) { Ok(()) } else { Err(ConvertError::Interrupted) }
        })
    })
}

fn n_not_finite<'a, T: Pixel>(pixels: impl Iterator<Item = &'a T>) -> u64 {
    pixels.filter(|pixel| !pixel.to_f64().is_finite()).count() as u64
}

/// A chunk, or a pixel of an image without them, and as many of its neighbours as fit, those first that lie next in memory.
fn part_size(info: &StackInfo) -> Vec<usize> {
    let shape = info.layout.shape();
    let chunk = |at: usize| info.chunks.as_ref().and_then(|chunks| chunks.get(at).copied()).unwrap_or(1);
    let mut size: Vec<usize> = shape.iter().enumerate().map(|(at, n)| chunk(at).min(*n)).collect();
    let mut n_pixels = size.iter().fold(1_usize, |n, size| n.saturating_mul(*size));
    for (along, n) in size.iter_mut().zip(shape).rev() {
        let grown = along.saturating_mul((PIXELS / n_pixels.max(1)).max(1)).min(*n);
        n_pixels = (n_pixels / (*along).max(1)).saturating_mul(grown);
        *along = grown;
        if grown < *n {
            break;
        }
    }
    size
}

#[cfg(test)]
mod tests {
    use patchweave_geometry::ArrayLayout;
    use patchweave_pixel::PixelType;

    use super::*;

    #[track_caller]
    fn sized(axes: &str, shape: &[usize], chunks: Option<&[usize]>) -> Vec<usize> {
        let layout = ArrayLayout::new(axes.parse().unwrap(), shape).unwrap();
        let mut info = StackInfo::new("image", PixelType::U16, layout);
        info.chunks = chunks.map(<[usize]>::to_vec);
        let size = part_size(&info);
        for ((size, n), chunk) in size.iter().zip(shape).zip(chunks.unwrap_or(&vec![1; shape.len()])) {
            assert!(size.is_multiple_of(*chunk) || size == n, "{size} of {n} in chunks of {chunk}");
        }
        size
    }

    #[test]
    fn parts_are_whole_chunks() {
        assert_eq!(sized("ZYX", &[90, 2000, 3000], Some(&[4, 512, 512])), [4, 512, 512]);
        assert_eq!(sized("YX", &[2000, 3000], Some(&[1, 3000])), [87, 3000]);
        assert_eq!(sized("ZYX", &[9, 100, 100], Some(&[1, 64, 64])), [9, 100, 100]);
        assert_eq!(sized("CYX", &[3, 5000, 5000], None), [1, 52, 5000]);
        assert_eq!(sized("YXC", &[5000, 1 << 20, 3], None), [1, 87_381, 3]);
        assert_eq!(sized("YX", &[7, 5], Some(&[512, 512])), [7, 5]);
    }
}
