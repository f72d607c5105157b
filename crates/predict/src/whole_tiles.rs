//! The pixels of whole images, out of their tiles: every pixel once, as models get it.

use std::cell::RefCell;
use std::sync::Arc;

use ndarray::{Array4, ArrayView4, s};
use patchweave_construct::{ConstructError, Dataset, Sample, Scratch};
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

/// Some images, tile by tile.
pub(crate) struct Tiles<'a> {
    pub dataset: &'a Dataset,
    pub images: Vec<TiledImage<'a>>,
}

/// Why the pixels were not shown to the last one.
#[derive(Debug, Clone)]
pub(crate) enum Stop {
    Interrupted,
    /// A tile that cannot be read.
    Damaged {
        data_idx: usize,
        tile_idx: usize,
        source: Arc<ConstructError>,
    },
}

/// The pixels of some images, shown as long as somebody wants them.
pub(crate) struct WholeTiles<'a> {
    tiles: Tiles<'a>,
    n_channels: usize,
    goes_on: RefCell<&'a mut dyn FnMut() -> bool>,
    stopped: RefCell<Option<Stop>>,
}

/// What a model is told that is to stop reading.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
struct Interrupted;

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

impl Tiles<'_> {
    /// Reads a tile and keeps what it alone has.
    fn read(&self, image: &TiledImage<'_>, tile_idx: usize) -> Result<Array4<f32>, Unread> {
        let spec = image.grid.spec(image.data_idx, tile_idx);
        let no_tile = || format!("image {} has no tile {tile_idx}", image.data_idx);
        let spec = spec.ok_or_else(|| Unread::Other(no_tile().into()))?;
        let index = image.first_index + tile_idx;
        let sample = self.dataset.layout(index).and_then(|layout| Sample::zeros(&layout));
        let mut sample = sample.map_err(|error| Unread::Other(error.into()))?;
        let read = self.dataset.write(index, 0, &mut Scratch::default(), sample.view_mut());
        let data_idx = image.data_idx;
        let damaged = |source| Stop::Damaged { data_idx, tile_idx, source: Arc::new(source) };
        read.map_err(|source| Unread::Stopped(damaged(source)))?;
        Ok(image.own(&spec, &sample.input))
    }
}

/// Why a tile was not read: because of the image, or of what is asked for.
enum Unread {
    Stopped(Stop),
    Other(Cause),
}

impl<'a> WholeTiles<'a> {
    /// Shows the pixels of these images as long as `goes_on` says so, which is asked again and again while they are read.
    pub fn new(tiles: Tiles<'a>, n_channels: usize, goes_on: &'a mut dyn FnMut() -> bool) -> Self {
        WholeTiles { tiles, n_channels, goes_on: RefCell::new(goes_on), stopped: RefCell::new(None) }
    }

    /// Why the pixels were not shown to the last one, if they were not.
    pub fn stopped(&self) -> Option<Stop> {
        self.stopped.borrow().clone()
    }

    /// Stops, and says what a model is told of it.
    fn stop(&self, stop: Stop) -> Cause {
        let cause: Cause = match &stop {
            Stop::Interrupted => Interrupted.into(),
            Stop::Damaged { source, .. } => Arc::clone(source).into(),
        };
        self.stopped.replace(Some(stop));
        cause
    }
}

impl WholePixels for WholeTiles<'_> {
    fn n_channels(&self) -> usize {
        self.n_channels
    }

    fn is_one_tile(&self) -> bool {
        self.tiles.images.iter().map(|image| image.tiles().len()).sum::<usize>() == 1
    }

    fn each_block(
        &self,
        look: &mut dyn FnMut(ArrayView4<'_, f32>) -> Result<(), Cause>,
    ) -> Result<(), Cause> {
        let n_at_once = rayon::current_num_threads().max(1);
        let of_images = &self.tiles;
        for image in &of_images.images {
            let tiles: Vec<usize> = image.tiles().collect();
            for tiles in tiles.chunks(n_at_once) {
                if !(self.goes_on.borrow_mut())() {
                    return Err(self.stop(Stop::Interrupted));
                }
                let read: Vec<Result<Array4<f32>, Unread>> =
                    tiles.par_iter().map(|tile_idx| of_images.read(image, *tile_idx)).collect();
                for block in read {
                    let block = block.map_err(|unread| match unread {
                        Unread::Stopped(stop) => self.stop(stop),
                        Unread::Other(cause) => cause,
                    })?;
                    look(block.view())?;
                }
            }
        }
        Ok(())
    }
}
