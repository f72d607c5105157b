//! Models that predict the tiles of an image with what they know of all of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use patchweave_construct::{ConstructError, Dataset, PatchConstrExt};
use patchweave_geometry::{ImageShape, RegionSpec, TileGrid};
use patchweave_model::{Model, Whole};

use crate::PredictError;
use crate::whole_tiles::{Stop, TiledImage, Tiles, WholeTiles};

/// The images of a run and their tiles.
pub(crate) struct Images<'a> {
    pub dataset: &'a Dataset,
    pub shapes: &'a [ImageShape],
    pub grids: &'a [TileGrid],
    pub n_channels: usize,
}

impl Images<'_> {
    /// What an image is called in messages.
    pub fn name(&self, data_idx: usize) -> String {
        let spec = self.grids.get(data_idx).and_then(|grid| grid.spec(data_idx, 0)).map(RegionSpec::from);
        let metadata = spec.and_then(|spec| self.dataset.constr().input_image_metadata(&spec));
        metadata.map_or_else(|| "unnamed".to_owned(), |metadata| metadata.source.clone())
    }

    /// An image, at one of its samples or all of them.
    fn image(&self, data_idx: usize, sample_idx: Option<usize>) -> Option<TiledImage<'_>> {
        let (shape, grid) = (*self.shapes.get(data_idx)?, self.grids.get(data_idx)?);
        let first_index = self.grids.iter().take(data_idx).map(TileGrid::n_tiles).sum();
        Some(TiledImage { data_idx, shape, grid, first_index, sample_idx })
    }

    fn tiles<'t>(&'t self, images: impl Iterator<Item = Option<TiledImage<'t>>>) -> Tiles<'t> {
        Tiles { dataset: self.dataset, images: images.flatten().collect() }
    }
}

/// A tile that cannot be read, of all that a model wants statistics of.
#[derive(Debug)]
pub(crate) struct Damage {
    pub model: String,
    pub data_idx: usize,
    pub tile_idx: usize,
    pub source: Arc<ConstructError>,
}

/// Why a model does not know what it wants to.
pub(crate) enum Unknown {
    Damaged(Damage),
    Other(PredictError),
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
    /// Asks every model for one that knows all images, as long as `goes_on` says so.
    pub fn new(
        models: &[&'a dyn Model],
        images: &Images<'_>,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<Self, PredictError> {
        let all = images.tiles((0..images.shapes.len()).map(|data_idx| images.image(data_idx, None)));
        let all = WholeTiles::new(all, images.n_channels, goes_on);
        let of_run = models.iter().map(|model| ask(*model, Whole::Run, &all));
        let of_run = of_run.collect::<Result<_, _>>().map_err(|unknown| match unknown {
            Unknown::Damaged(Damage { model, data_idx, source, .. }) => {
                PredictError::StatisticsOfAll { model, image: images.name(data_idx), source }
            }
            Unknown::Other(error) => error,
        })?;
        Ok(ByImage { models: models.to_vec(), of_run, of_images: BTreeMap::new() })
    }

    /// Asks every model for one that knows an image, unless it was asked before, as long as `goes_on` says so.
    pub fn know(
        &mut self,
        data_idx: usize,
        sample_idx: usize,
        images: &Images<'_>,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), Unknown> {
        if self.of_images.contains_key(&(data_idx, sample_idx)) {
            return Ok(());
        }
        let whole = images.tiles(std::iter::once(images.image(data_idx, Some(sample_idx))));
        let whole = WholeTiles::new(whole, images.n_channels, goes_on);
        let models = self.models.iter().zip(&self.of_run);
        let known =
            models.map(|(model, of_run)| ask(of_run.as_deref().unwrap_or(*model), Whole::Image, &whole));
        let known = known.collect::<Result<_, _>>()?;
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

/// Asks a model for one that knows all of some pixels.
fn ask(model: &dyn Model, whole: Whole, pixels: &WholeTiles<'_>) -> Result<Knowing, Unknown> {
    model.for_whole(whole, pixels).map_err(|error| match pixels.stopped() {
        Some(Stop::Interrupted) => Unknown::Other(PredictError::Interrupted),
        Some(Stop::Damaged { data_idx, tile_idx, source }) => {
            Unknown::Damaged(Damage { model: model.info().name.clone(), data_idx, tile_idx, source })
        }
        None => Unknown::Other(error.into()),
    })
}
