//! Which chunks the arrays have and which of them a window touches; integers only.

use std::ops::Range;

use patchweave_geometry::grid_places;

use crate::LargeSpec;
use crate::names::ArrayName;

/// A chunk of one of the caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChunkKey {
    pub(crate) array: ArrayName,
    /// 0 for weights, which all images share.
    pub(crate) image: usize,
    /// Place in the grid of chunks, `ZYX`.
    pub(crate) at: [usize; 3],
}

impl ChunkKey {
    pub(crate) fn new(array: ArrayName, image: usize, at: [usize; 3]) -> Self {
        ChunkKey { array, image: if array == ArrayName::NormaCache { 0 } else { image }, at }
    }
}

/// Chunks of the size of a window over images `C(Z)YX`; all sizes `ZYX`, planes have depth 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tiling {
    pub(crate) n_images: usize,
    pub(crate) n_channels: usize,
    pub(crate) image: [usize; 3],
    pub(crate) chunk: [usize; 3],
    pub(crate) is_3d: bool,
}

impl Tiling {
    pub(crate) fn new(spec: &LargeSpec, n_channels: usize) -> Self {
        let image = spec.quilt().grid().image();
        let window = spec.quilt().grid().window();
        Tiling {
            n_images: spec.n_images(),
            n_channels,
            image: image.to_zyx(),
            chunk: window.to_zyx(),
            is_3d: image.n_axes() == 3,
        }
    }

    /// `(Z)YX` of `ZYX`.
    pub(crate) fn own<'a>(&self, zyx: &'a [usize; 3]) -> &'a [usize] {
        &zyx[usize::from(!self.is_3d)..]
    }

    /// Shape of an array of pixels and of its chunks; the journal has others.
    pub(crate) fn shapes(&self, array: ArrayName) -> (Vec<usize>, Vec<usize>) {
        let image = self.own(&self.image);
        let chunk = self.own(&self.chunk);
        if array == ArrayName::NormaCache {
            return (image.to_vec(), chunk.to_vec());
        }
        ([&[self.n_images, self.n_channels], image].concat(), [&[1, self.n_channels], chunk].concat())
    }

    /// Values of a chunk.
    pub(crate) fn n_values(&self, array: ArrayName) -> usize {
        let n_pixels: usize = self.chunk.iter().product();
        if array == ArrayName::NormaCache { n_pixels } else { n_pixels * self.n_channels }
    }

    /// The name of a chunk inside its array.
    pub(crate) fn chunk_idx(&self, key: &ChunkKey) -> Vec<u64> {
        let leading: &[usize] = if key.array == ArrayName::NormaCache { &[] } else { &[key.image, 0] };
        leading.iter().chain(self.own(&key.at)).map(|&at| at as u64).collect()
    }

    /// Number of chunks along `ZYX`.
    pub(crate) fn n_chunks(&self) -> [usize; 3] {
        std::array::from_fn(|axis| self.image[axis].div_ceil(self.chunk[axis]))
    }

    /// Every place in the grid of chunks, row by row.
    pub(crate) fn places(&self) -> impl Iterator<Item = [usize; 3]> + use<> {
        grid_places(self.n_chunks().map(|n| 0..n))
    }

    /// The places that a window touches, at most two along every axis.
    pub(crate) fn touched(&self, start: [usize; 3]) -> impl Iterator<Item = [usize; 3]> + use<> {
        let chunk = self.chunk;
        grid_places(std::array::from_fn(|axis| {
            start[axis] / chunk[axis]..start[axis].div_ceil(chunk[axis]) + 1
        }))
    }

    /// The pixels of an image that a chunk holds, along `ZYX`.
    pub(crate) fn pixels(&self, at: [usize; 3]) -> [Range<usize>; 3] {
        std::array::from_fn(|axis| {
            let start = at[axis] * self.chunk[axis];
            start..(start + self.chunk[axis]).min(self.image[axis])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchweave_geometry::{Extent, PerAxis};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_window_touches_the_chunks_that_share_a_pixel_with_it(
            axes in prop::collection::vec((1_usize..6, 0_usize..12, 1_usize..7), 2..=3),
            index in any::<prop::sample::Index>(),
        ) {
            let sizes = |f: fn(&(usize, usize, usize)) -> usize| axes.iter().map(f).collect::<Vec<_>>();
            let image = Extent::new(&sizes(|axis| axis.0 + axis.1)).unwrap();
            let window = Extent::new(&sizes(|axis| axis.0)).unwrap();
            let step = PerAxis::new(&sizes(|axis| axis.2)).unwrap();
            let spec = LargeSpec::new(2, image, window, step).unwrap();
            let tiling = Tiling::new(&spec, 3);
            let (_, start) = spec.position(index.index(spec.n_patches())).unwrap();
            let start = start.to_zyx(0);
            let shares = |at: &[usize; 3]| {
                tiling.pixels(*at).iter().enumerate().all(|(axis, pixels)| {
                    pixels.start < start[axis] + tiling.chunk[axis] && start[axis] < pixels.end
                })
            };
            let expected: Vec<_> = tiling.places().filter(shares).collect();
            prop_assert_eq!(tiling.touched(start).collect::<Vec<_>>(), expected);
        }
    }
}
