//! The pixels of whole images, out of their tiles: every pixel once, as models get it.

use ndarray::{Array4, ArrayView4, s};
use patchweave_construct::{Dataset, Sample, Scratch};
use patchweave_geometry::{ImageShape, TileGrid, TileSpec};
use patchweave_model::{Cause, WholePixels};
use rayon::prelude::*;

/// An image and its tiles.
pub(crate) struct TiledImage<'a> {
    pub data_idx: usize,
    /// As large as the image is, which tiles may reach beyond.
    pub shape: ImageShape,
    pub grid: &'a TileGrid,
    /// The sample of the data set that is its first tile.
    pub first_index: usize,
    /// The samples of the image that count: one, or all of them.
    pub sample_idx: Option<usize>,
}

/// The pixels of some images.
pub(crate) struct WholeTiles<'a> {
    pub dataset: &'a Dataset,
    pub n_channels: usize,
    pub images: Vec<TiledImage<'a>>,
}

impl TiledImage<'_> {
    /// The tiles that count.
    fn tiles(&self) -> std::ops::Range<usize> {
        let n_per_sample = self.grid.n_per_sample();
        match self.sample_idx {
            Some(sample_idx) => sample_idx * n_per_sample..(sample_idx + 1) * n_per_sample,
            None => 0..self.grid.n_tiles(),
        }
    }

    /// The pixels that a tile alone has of the image; none where all of them are beyond it.
    fn own(&self, spec: &TileSpec, tile: &Array4<f32>) -> Array4<f32> {
        let position = |at: i64| usize::try_from(at).unwrap_or(0);
        let starts = spec.crop_coords.to_zyx(0).map(position);
        let places = spec.stitch_coords.to_zyx(0).map(position);
        let (sizes, image) = (spec.crop_size.to_zyx(), self.shape.extent.to_zyx());
        let part = [0, 1, 2].map(|axis| {
            let size = sizes[axis].min(image[axis].saturating_sub(places[axis]));
            starts[axis]..starts[axis] + size
        });
        let [z, y, x] = part;
        tile.slice(s![.., z, y, x]).to_owned()
    }
}

impl WholeTiles<'_> {
    /// Reads a tile and keeps what it alone has.
    fn read(&self, image: &TiledImage<'_>, tile_idx: usize) -> Result<Array4<f32>, Cause> {
        let Some(spec) = image.grid.spec(image.data_idx, tile_idx) else {
            return Err(format!("image {} has no tile {tile_idx}", image.data_idx).into());
        };
        let index = image.first_index + tile_idx;
        let mut sample = Sample::zeros(&self.dataset.layout(index)?)?;
        self.dataset.write(index, 0, &mut Scratch::default(), sample.view_mut())?;
        Ok(image.own(&spec, &sample.input))
    }
}

impl WholePixels for WholeTiles<'_> {
    fn n_channels(&self) -> usize {
        self.n_channels
    }

    fn is_one_tile(&self) -> bool {
        self.images.iter().map(|image| image.tiles().len()).sum::<usize>() == 1
    }

    fn each_block(
        &self,
        look: &mut dyn FnMut(ArrayView4<'_, f32>) -> Result<(), Cause>,
    ) -> Result<(), Cause> {
        let n_at_once = rayon::current_num_threads().max(1);
        for image in &self.images {
            let tiles: Vec<usize> = image.tiles().collect();
            for tiles in tiles.chunks(n_at_once) {
                let read: Vec<Result<Array4<f32>, Cause>> =
                    tiles.par_iter().map(|tile_idx| self.read(image, *tile_idx)).collect();
                for block in read {
                    look(block?.view())?;
                }
            }
        }
        Ok(())
    }
}
