//! Crop and place: every tile gives the part of it that is kept.

use ndarray::{Array5, ArrayView4, ArrayView5, ArrayViewMut4, Axis, s};
use patchweave_geometry::{Coords, Extent, ImageShape, TileSpec, try_zeros};

use crate::{KeptPart, KeptParts};

/// Why a tile or sample could not be placed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StitchError {
    /// An image that the machine has no memory for.
    #[error("there is no memory for an image of shape {shape:?}")]
    OutOfMemory {
        /// The shape, `SC(Z)YX`.
        shape: ImageShape,
    },
    /// A tile whose pixels are not those its spec names.
    #[error(
        "got a tile of shape {got:?} for a spec of size {patch_size:?}, the image has {n_channels} channels"
    )]
    TileShape {
        /// Shape of the pixels, `CZYX`.
        got: Vec<usize>,
        /// Size in the spec.
        patch_size: Extent,
        /// Channels of the image.
        n_channels: usize,
    },
    /// A crop that leaves its tile.
    #[error("crop at {crop_coords:?} of size {crop_size:?} leaves its tile of size {patch_size:?}")]
    CropOutside {
        /// First kept pixel.
        crop_coords: Coords,
        /// Size of the kept part.
        crop_size: Extent,
        /// Size of the tile.
        patch_size: Extent,
    },
    /// A crop that leaves the image.
    #[error("tile at {stitch_coords:?} of size {crop_size:?} leaves the image of shape {image:?}")]
    OutsideImage {
        /// Place of the crop.
        stitch_coords: Coords,
        /// Size of the crop.
        crop_size: Extent,
        /// Shape of the image, `CZYX`.
        image: Vec<usize>,
    },
    /// A sample that is not as large as those of its image.
    #[error("got a sample of shape {got:?}, the image has samples of shape {expected:?}")]
    SampleShape {
        /// Shape of the pixels, `CZYX`.
        got: Vec<usize>,
        /// Shape of one sample of the image, `CZYX`.
        expected: Vec<usize>,
    },
    /// A sample that the image does not have.
    #[error("tile belongs to sample {sample_idx}, the image has {n_samples}")]
    NoSuchSample {
        /// The sample of the tile.
        sample_idx: usize,
        /// How many there are.
        n_samples: usize,
    },
    /// A tile whose part of the image was placed before.
    #[error("got the tile at {stitch_coords:?} of sample {sample_idx} a second time")]
    TileTwice {
        /// The sample.
        sample_idx: usize,
        /// First pixel of the part.
        stitch_coords: Coords,
    },
    /// A sample that was placed in one piece before.
    #[error("got sample {sample_idx} a second time")]
    SampleTwice {
        /// The sample.
        sample_idx: usize,
    },
}

/// Copies the kept part of a tile to its place in a sample; both are `CZYX`.
///
/// # Errors
/// [`StitchError`] if tile, spec and image do not agree; nothing is written then.
pub fn place_tile(
    tile: ArrayView4<'_, f32>,
    spec: &TileSpec,
    mut image: ArrayViewMut4<'_, f32>,
) -> Result<(), StitchError> {
    let patch_size = spec.patch.patch_size;
    let [z, y, x] = patch_size.to_zyx();
    let n_channels = image.len_of(Axis(0));
    if tile.shape() != [n_channels, z, y, x] {
        return Err(StitchError::TileShape { got: tile.shape().to_vec(), patch_size, n_channels });
    }
    let crop_size = spec.crop_size;
    let from = ranges(&spec.crop_coords, &crop_size, [z, y, x]).ok_or(StitchError::CropOutside {
        crop_coords: spec.crop_coords,
        crop_size,
        patch_size,
    })?;
    let size = [image.len_of(Axis(1)), image.len_of(Axis(2)), image.len_of(Axis(3))];
    let to = ranges(&spec.stitch_coords, &crop_size, size).ok_or_else(|| StitchError::OutsideImage {
        stitch_coords: spec.stitch_coords,
        crop_size,
        image: image.shape().to_vec(),
    })?;
    let [from_z, from_y, from_x] = from;
    let [to_z, to_y, to_x] = to;
    image.slice_mut(s![.., to_z, to_y, to_x]).assign(&tile.slice(s![.., from_z, from_y, from_x]));
    Ok(())
}

/// The pixels from `start` over `size`, if they all lie within `limits`.
fn ranges(start: &Coords, size: &Extent, limits: [usize; 3]) -> Option<[std::ops::Range<usize>; 3]> {
    let start = start.to_zyx(0);
    let size = size.to_zyx();
    let range = |axis: usize| {
        let first = usize::try_from(start[axis]).ok()?;
        let end = first.checked_add(size[axis]).filter(|&end| end <= limits[axis])?;
        Some(first..end)
    };
    Some([range(0)?, range(1)?, range(2)?])
}

/// An image in memory that grows tile by tile; later tiles overwrite what they share with earlier ones, missing ones stay 0.
///
/// A tile that comes twice is refused, see [`KeptParts`].
///
/// ```
/// use ndarray::Array4;
/// use patchweave_geometry::{Extent, ImageShape, RegionSpec};
/// use patchweave_patching::{PatchRng, Patching, TiledPatching};
/// use patchweave_quilt::Stitcher;
///
/// let shape = ImageShape::from_slice(&[1, 1, 10, 10])?;
/// let patching = TiledPatching::new(&[shape], Extent::new(&[6, 6])?, None)?;
/// let mut stitcher = Stitcher::new(shape)?;
/// for index in 0..patching.n_patches() {
///     let spec = patching.spec(index, &mut PatchRng::for_patch(0, 0, index))?;
///     let tile = Array4::from_elem([1, 1, 6, 6], index as f32);
///     stitcher.place(tile.view(), spec.tile().unwrap())?;
/// }
/// assert!(stitcher.is_complete());
/// assert_eq!(stitcher.image()[[0, 0, 0, 9, 9]], 3.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Stitcher {
    image: Array5<f32>,
    kept: KeptParts,
}

impl Stitcher {
    /// An empty image of shape `SC(Z)YX`, where `C` is the number of channels of the tiles.
    ///
    /// # Errors
    /// [`StitchError::OutOfMemory`].
    pub fn new(shape: ImageShape) -> Result<Self, StitchError> {
        let no_memory = StitchError::OutOfMemory { shape };
        let values = try_zeros(&shape.to_vec()).ok_or(no_memory.clone())?;
        let [z, y, x] = shape.extent.to_zyx();
        let image = Array5::from_shape_vec([shape.n_samples, shape.n_channels, z, y, x], values);
        Ok(Stitcher { image: image.map_err(|_| no_memory)?, kept: KeptParts::default() })
    }

    /// Places a tile `CZYX`.
    ///
    /// # Errors
    /// [`StitchError`] if the tile does not fit the image or was placed before; the image stays as it was then.
    pub fn place(&mut self, tile: ArrayView4<'_, f32>, spec: &TileSpec) -> Result<(), StitchError> {
        let sample_idx = spec.patch.sample_idx;
        let n_samples = self.image.len_of(Axis(0));
        if sample_idx >= n_samples {
            return Err(StitchError::NoSuchSample { sample_idx, n_samples });
        }
        let part = KeptPart::of(spec);
        if part.is_some_and(|part| self.kept.contains(&part)) {
            return Err(StitchError::TileTwice { sample_idx, stitch_coords: spec.stitch_coords });
        }
        place_tile(tile, spec, self.image.index_axis_mut(Axis(0), sample_idx))?;
        if let Some(part) = part {
            self.kept.insert(part);
        }
        Ok(())
    }

    /// Places a sample in one piece, `CZYX`.
    ///
    /// ```
    /// use ndarray::Array4;
    /// use patchweave_geometry::ImageShape;
    /// use patchweave_quilt::Stitcher;
    ///
    /// let mut stitcher = Stitcher::new(ImageShape::from_slice(&[2, 1, 4, 5])?)?;
    /// for sample_idx in [1, 0] {
    ///     stitcher.place_sample(Array4::from_elem([1, 1, 4, 5], sample_idx as f32).view(), sample_idx)?;
    /// }
    /// assert!(stitcher.is_complete());
    /// assert_eq!(stitcher.image()[[1, 0, 0, 3, 4]], 1.0);
    ///
    /// let error = stitcher.place_sample(Array4::zeros([1, 1, 4, 4]).view(), 0).unwrap_err();
    /// let text = "got a sample of shape [1, 1, 4, 4], the image has samples of shape [1, 1, 4, 5]";
    /// assert_eq!(error.to_string(), text);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StitchError`] if the sample does not fit the image or was placed before; the image stays as it was then.
    pub fn place_sample(
        &mut self,
        sample: ArrayView4<'_, f32>,
        sample_idx: usize,
    ) -> Result<(), StitchError> {
        let n_samples = self.image.len_of(Axis(0));
        if sample_idx >= n_samples {
            return Err(StitchError::NoSuchSample { sample_idx, n_samples });
        }
        let mut place = self.image.index_axis_mut(Axis(0), sample_idx);
        if sample.shape() != place.shape() {
            let got = sample.shape().to_vec();
            let expected = place.shape().to_vec();
            return Err(StitchError::SampleShape { got, expected });
        }
        let size = [1, 2, 3].map(|axis| place.len_of(Axis(axis)));
        if !self.kept.insert(KeptPart { sample_idx, start: [0; 3], size }) {
            return Err(StitchError::SampleTwice { sample_idx });
        }
        place.assign(&sample);
        Ok(())
    }

    /// Whether tiles or samples were placed over every pixel; looks at all that were placed, not at pixels.
    pub fn is_complete(&self) -> bool {
        let (n_samples, _, z, y, x) = self.image.dim();
        self.kept.first_gap(n_samples, [z, y, x]).is_none()
    }

    /// The image so far, `SCZYX`.
    pub fn image(&self) -> ArrayView5<'_, f32> {
        self.image.view()
    }

    /// The image, `SCZYX`; planes have depth 1.
    pub fn into_image(self) -> Array5<f32> {
        self.image
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array4;
    use patchweave_geometry::PerAxis;
    use patchweave_patching::{PatchRng, Patching, TiledPatching};
    use proptest::prelude::*;

    /// Cuts a tile out of an image; zero outside.
    fn cut(image: &Array5<f32>, spec: &TileSpec) -> Array4<f32> {
        let [z, y, x] = spec.patch.patch_size.to_zyx();
        let start = spec.patch.coords.to_zyx(0).map(|start| usize::try_from(start).unwrap());
        let s = spec.patch.sample_idx;
        let c = image.len_of(Axis(1));
        Array4::from_shape_fn([c, z, y, x], |(c, z, y, x)| {
            *image.get([s, c, start[0] + z, start[1] + y, start[2] + x]).unwrap_or(&0.0)
        })
    }

    fn stitch_of_tiles(shape: &[usize], tile: &[usize], overlaps: &[usize]) -> (Array5<f32>, Array5<f32>) {
        let shape = ImageShape::from_slice(shape).unwrap();
        let tile = Extent::new(tile).unwrap();
        let overlaps = PerAxis::new(overlaps).unwrap();
        let patching = TiledPatching::new(&[shape], tile, Some(overlaps)).unwrap();
        let mut stitcher = Stitcher::new(shape).unwrap();
        let mut value = 0.0;
        let image = stitcher.image.map(|_| {
            value += 1.0;
            value
        });
        for index in 0..patching.n_patches() {
            let spec = patching.spec(index, &mut PatchRng::for_patch(0, 0, index)).unwrap();
            let tile = spec.tile().unwrap();
            stitcher.place(cut(&image, tile).view(), tile).unwrap();
        }
        assert!(stitcher.is_complete());
        (image, stitcher.into_image())
    }

    proptest! {
        #[test]
        fn stitching_tiles_gives_the_image_in_2d(
            n in (1_usize..3, 1_usize..3, 1_usize..40, 1_usize..40),
            tile in (1_usize..20, 1_usize..20),
            overlap in (0_usize..20, 0_usize..20),
        ) {
            let even = |overlap: usize, tile: usize| overlap % tile / 2 * 2;
            let overlaps = [even(overlap.0, tile.0), even(overlap.1, tile.1)];
            let (image, stitched) = stitch_of_tiles(&[n.0, n.1, n.2, n.3], &[tile.0, tile.1], &overlaps);
            prop_assert_eq!(image, stitched);
        }

        #[test]
        fn stitching_tiles_gives_the_image_in_3d(
            n in (1_usize..12, 1_usize..12, 1_usize..12),
            tile in (1_usize..8, 1_usize..8, 1_usize..8),
            overlap in (0_usize..8, 0_usize..8, 0_usize..8),
        ) {
            // Odd overlaps as well: crops then share a pixel, which holds the same value in both.
            let overlaps = [overlap.0 % tile.0, overlap.1 % tile.1, overlap.2 % tile.2];
            let (image, stitched) = stitch_of_tiles(&[1, 2, n.0, n.1, n.2], &[tile.0, tile.1, tile.2], &overlaps);
            prop_assert_eq!(image, stitched);
        }
    }

    #[test]
    fn tiles_that_do_not_fit_are_refused() {
        let shape = ImageShape::from_slice(&[1, 1, 8, 8]).unwrap();
        let patching = TiledPatching::new(&[shape], Extent::new(&[8, 8]).unwrap(), None).unwrap();
        let spec = patching.spec(0, &mut PatchRng::for_patch(0, 0, 0)).unwrap();
        let tile = *spec.tile().unwrap();
        let mut stitcher = Stitcher::new(shape).unwrap();
        let error = stitcher.place(Array4::zeros([2, 1, 8, 8]).view(), &tile).unwrap_err();
        assert_eq!(
            error.to_string(),
            "got a tile of shape [2, 1, 8, 8] for a spec of size [8, 8], the image has 1 channels"
        );
        let moved = TileSpec { stitch_coords: PerAxis::new(&[1, 0]).unwrap(), ..tile };
        let error = stitcher.place(Array4::zeros([1, 1, 8, 8]).view(), &moved).unwrap_err();
        assert_eq!(error.to_string(), "tile at [1, 0] of size [8, 8] leaves the image of shape [1, 1, 8, 8]");
        assert!(!stitcher.is_complete());
    }

    #[test]
    fn what_comes_twice_is_refused_and_does_not_stand_for_another() {
        let shape = ImageShape::from_slice(&[2, 1, 8, 16]).unwrap();
        let patching = TiledPatching::new(&[shape], Extent::new(&[8, 8]).unwrap(), None).unwrap();
        let mut stitcher = Stitcher::new(shape).unwrap();
        let mut place = |index: usize| {
            let spec = patching.spec(index, &mut PatchRng::for_patch(0, 0, index)).unwrap();
            let placed = stitcher.place(Array4::zeros([1, 1, 8, 8]).view(), spec.tile().unwrap());
            placed.map(|()| stitcher.is_complete()).map_err(|error| error.to_string())
        };
        assert_eq!(place(1), Ok(false));
        assert_eq!(place(1), Err("got the tile at [0, 8] of sample 0 a second time".to_owned()));
        assert_eq!([3, 0, 2].map(&mut place), [Ok(false), Ok(false), Ok(true)]);

        let mut stitcher = Stitcher::new(shape).unwrap();
        stitcher.place_sample(Array4::ones([1, 1, 8, 16]).view(), 1).unwrap();
        let error = stitcher.place_sample(Array4::zeros([1, 1, 8, 16]).view(), 1).unwrap_err();
        assert_eq!(error.to_string(), "got sample 1 a second time");
        assert_eq!(stitcher.image()[[1, 0, 0, 0, 0]], 1.0, "the first one stays");
    }

    #[test]
    fn images_beyond_all_memory_are_refused() {
        let shape = ImageShape::from_slice(&[1, 1 << 20, 1 << 20, 1 << 20]).unwrap();
        let error = Stitcher::new(shape).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no memory for an image of shape [1, 1048576, 1048576, 1048576]"
        );
    }
}
