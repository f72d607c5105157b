//! Models that predict the tiles of an image with what they know of all of it.

use std::collections::BTreeMap;

use patchweave_construct::Dataset;
use patchweave_geometry::{ImageShape, TileGrid};
use patchweave_model::{Model, ModelError, Whole};

use crate::whole_tiles::{TiledImage, WholeTiles};

/// The images of a run and their tiles.
pub(crate) struct Images<'a> {
    pub dataset: &'a Dataset,
    pub shapes: &'a [ImageShape],
    pub grids: &'a [TileGrid],
    pub n_channels: usize,
}

impl Images<'_> {
    /// An image, at one of its samples or all of them.
    fn image(&self, data_idx: usize, sample_idx: Option<usize>) -> Option<TiledImage<'_>> {
        let (shape, grid) = (*self.shapes.get(data_idx)?, self.grids.get(data_idx)?);
        let first_index = self.grids.iter().take(data_idx).map(TileGrid::n_tiles).sum();
        Some(TiledImage { data_idx, shape, grid, first_index, sample_idx })
    }

    fn tiles<'t>(&'t self, images: impl Iterator<Item = Option<TiledImage<'t>>>) -> WholeTiles<'t> {
        WholeTiles { dataset: self.dataset, n_channels: self.n_channels, images: images.flatten().collect() }
    }
}

/// What a model became that knows more than a tile; nothing where it wants to know no more.
type Knowing = Option<Box<dyn Model>>;

/// Models, and what became of them for whole images.
pub(crate) struct ByImage<'a> {
    models: Vec<&'a dyn Model>,
    of_run: Vec<Knowing>,
    /// By image and sample, model by model.
    of_images: BTreeMap<(usize, usize), Vec<Knowing>>,
}

impl<'a> ByImage<'a> {
    /// Asks every model for one that knows all images.
    pub fn new(models: &[&'a dyn Model], images: &Images<'_>) -> Result<Self, ModelError> {
        let all = images.tiles((0..images.shapes.len()).map(|data_idx| images.image(data_idx, None)));
        let of_run = models.iter().map(|model| model.for_whole(Whole::Run, &all));
        let of_run = of_run.collect::<Result<_, _>>()?;
        Ok(ByImage { models: models.to_vec(), of_run, of_images: BTreeMap::new() })
    }

    /// Asks every model for one that knows an image, unless it was asked before.
    pub fn know(
        &mut self,
        data_idx: usize,
        sample_idx: usize,
        images: &Images<'_>,
    ) -> Result<(), ModelError> {
        if self.of_images.contains_key(&(data_idx, sample_idx)) {
            return Ok(());
        }
        let whole = images.tiles(std::iter::once(images.image(data_idx, Some(sample_idx))));
        let ask = |(model, of_run): (&&dyn Model, &Knowing)| {
            of_run.as_deref().unwrap_or(*model).for_whole(Whole::Image, &whole)
        };
        let known = self.models.iter().zip(&self.of_run).map(ask).collect::<Result<_, _>>()?;
        self.of_images.insert((data_idx, sample_idx), known);
        Ok(())
    }

    /// Forgets what is known of images, which are done.
    pub fn forget(&mut self) {
        self.of_images.clear();
    }

    /// The model that predicts the tiles of an image, where it is not the model itself.
    pub fn of(&self, model_idx: usize, data_idx: usize, sample_idx: usize) -> Option<&dyn Model> {
        let known = self.of_images.get(&(data_idx, sample_idx)).and_then(|known| known.get(model_idx));
        let of_run = || self.of_run.get(model_idx).and_then(Option::as_deref);
        known.and_then(Option::as_deref).or_else(of_run)
    }
}
