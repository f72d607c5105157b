//! Images that grow from predicted patches; finished only when nothing is missing.

use ndarray::{ArrayView4, Axis};
use patchweave_geometry::{ImageShape, PatchSpec, Region, RegionSpec, TileSpec};
use patchweave_quilt::{KeptPart, KeptParts, StitchError};
use patchweave_sink::{BlockSink, Location};

use crate::PredictError;
use crate::band::{Band, Gap, rows_of};

/// The image a patch belongs to.
#[derive(Clone, Copy)]
pub(crate) struct Image<'a> {
    pub data_idx: usize,
    pub name: &'a str,
    pub shape: &'a ImageShape,
}

/// Writes patches to the sinks of their images, one image after the other.
pub(crate) struct Writer<F> {
    make_sinks: F,
    n_images: usize,
    /// The image that is opened next.
    next_image: usize,
    open: Option<OpenImage>,
    written: Vec<Location>,
}

/// The image that is being written.
struct OpenImage {
    data_idx: usize,
    name: String,
    shape: ImageShape,
    sinks: Vec<Box<dyn BlockSink>>,
    band: Option<Band>,
    /// Rows of tiles and whole samples, over the full width.
    rows: KeptParts,
    /// Samples that came in one piece.
    n_whole: usize,
    has_tiles: bool,
}

impl<F> Writer<F>
where
    F: FnMut(usize, usize) -> Result<Vec<Box<dyn BlockSink>>, PredictError>,
{
    /// Makes the sinks of each of so many images from its number and the number of predicted channels.
    pub fn new(n_images: usize, make_sinks: F) -> Self {
        Writer { make_sinks, n_images, next_image: 0, open: None, written: Vec::new() }
    }

    /// Writes the pixels `CZYX` of a patch.
    pub fn write(
        &mut self,
        index: usize,
        spec: &RegionSpec,
        pixels: ArrayView4<'_, f32>,
        image: Image<'_>,
    ) -> Result<(), PredictError> {
        let open = self.open_image(index, pixels.len_of(Axis(0)), &image)?;
        match spec {
            RegionSpec::Tile(tile) => open.write_tile(index, tile, pixels),
            RegionSpec::Patch(patch) => open.write_sample(index, patch, pixels),
            RegionSpec::Uncorrelated(_) => Err(PredictError::Uncorrelated { index }),
        }
    }

    /// Finishes the last image and returns the places of all.
    pub fn finish(mut self) -> Result<Vec<Location>, PredictError> {
        self.finish_image()?;
        self.check_next(self.n_images)?;
        Ok(self.written)
    }

    /// Checks that no image is left out before image `data_idx`.
    fn check_next(&self, data_idx: usize) -> Result<(), PredictError> {
        let missing = self.next_image;
        let n_images = self.n_images;
        if missing < data_idx {
            Err(PredictError::ImageMissing { data_idx: missing, n_images })
        } else {
            Ok(())
        }
    }

    /// Makes sure that the sinks are those of an image; images come in ascending order.
    fn open_image(
        &mut self,
        index: usize,
        n_channels: usize,
        image: &Image<'_>,
    ) -> Result<&mut OpenImage, PredictError> {
        let data_idx = image.data_idx;
        match &self.open {
            Some(open) if open.data_idx > data_idx => {
                return Err(PredictError::ImageOrder { index, data_idx, image: image.name.to_owned() });
            }
            Some(open) if open.data_idx < data_idx => self.finish_image()?,
            _ => {}
        }
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                self.check_next(data_idx)?;
                self.next_image = data_idx + 1;
                OpenImage {
                    data_idx,
                    name: image.name.to_owned(),
                    shape: *image.shape,
                    sinks: (self.make_sinks)(data_idx, n_channels)?,
                    band: None,
                    rows: KeptParts::default(),
                    n_whole: 0,
                    has_tiles: false,
                }
            }
        };
        Ok(self.open.insert(open))
    }

    fn finish_image(&mut self) -> Result<(), PredictError> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        open.write_band()?;
        open.check_complete()?;
        for sink in open.sinks {
            self.written.push(sink.finish()?);
        }
        Ok(())
    }
}

impl OpenImage {
    fn write_tile(
        &mut self,
        index: usize,
        tile: &TileSpec,
        pixels: ArrayView4<'_, f32>,
    ) -> Result<(), PredictError> {
        self.has_tiles = true;
        let n_channels = pixels.len_of(Axis(0));
        let part = KeptPart::of(tile).ok_or_else(|| self.in_front(tile, n_channels))?;
        let mut band = self.band_of(index, tile, &part, n_channels)?;
        if band.has(&part) {
            return Err(self.twice(index, tile));
        }
        let gap = band.gap_before(part.start[2]);
        band.place(pixels, tile, &part).map_err(|source| self.unfit(source))?;
        self.check_gap(gap)?;
        self.band = Some(band);
        Ok(())
    }

    /// The band that a tile belongs to; the one before it is written when another one starts.
    fn band_of(
        &mut self,
        index: usize,
        tile: &TileSpec,
        part: &KeptPart,
        n_channels: usize,
    ) -> Result<Band, PredictError> {
        if let Some(band) = self.band.take_if(|band| band.holds(part)) {
            return Ok(band);
        }
        self.write_band()?;
        if self.rows.contains(&rows_of(part)) {
            return Err(self.twice(index, tile));
        }
        Band::of(part, n_channels, self.shape.extent.to_zyx()[2]).map_err(|too_large| {
            PredictError::RowTooLarge {
                data_idx: self.data_idx,
                image: self.name.clone(),
                shape: too_large.0,
            }
        })
    }

    /// The refusal of a tile that would be kept in front of its image.
    fn in_front(&self, tile: &TileSpec, n_channels: usize) -> PredictError {
        let [z, y, x] = self.shape.extent.to_zyx();
        self.unfit(StitchError::OutsideImage {
            stitch_coords: tile.stitch_coords,
            crop_size: tile.crop_size,
            image: vec![n_channels, z, y, x],
        })
    }

    fn unfit(&self, source: StitchError) -> PredictError {
        PredictError::Stitch { data_idx: self.data_idx, image: self.name.clone(), source }
    }

    fn twice(&self, index: usize, tile: &TileSpec) -> PredictError {
        PredictError::TileTwice {
            index,
            data_idx: self.data_idx,
            image: self.name.clone(),
            sample_idx: tile.patch.sample_idx,
            stitch_coords: tile.stitch_coords,
        }
    }

    fn write_sample(
        &mut self,
        index: usize,
        patch: &PatchSpec,
        pixels: ArrayView4<'_, f32>,
    ) -> Result<(), PredictError> {
        let data_idx = self.data_idx;
        let image = || self.name.clone();
        let got = patch.region();
        let expected = self.shape.extent;
        if got != Region::whole(expected) {
            return Err(PredictError::NotWhole { index, data_idx, image: image(), got, expected });
        }
        let got = patch.sample_idx;
        let expected = self.n_whole;
        if got != expected {
            return Err(PredictError::SampleOrder { index, data_idx, image: image(), got, expected });
        }
        self.write_block(patch.sample_idx, [0; 3], pixels)?;
        let [z, y, _] = self.shape.extent.to_zyx();
        self.rows.insert(KeptPart { sample_idx: patch.sample_idx, start: [0; 3], size: [z, y, 1] });
        self.n_whole += 1;
        Ok(())
    }

    fn write_band(&mut self) -> Result<(), PredictError> {
        let Some(band) = self.band.take() else { return Ok(()) };
        self.check_gap(band.gap_at_end())?;
        self.rows.insert(band.rows);
        self.write_block(band.rows.sample_idx, band.rows.start, band.pixels.view())
    }

    fn check_gap(&self, gap: Option<Gap>) -> Result<(), PredictError> {
        let Some(Gap { start: got, end: expected }) = gap else { return Ok(()) };
        Err(PredictError::Gap { data_idx: self.data_idx, image: self.name.clone(), got, expected })
    }

    fn write_block(
        &mut self,
        sample_idx: usize,
        start: [usize; 3],
        block: ArrayView4<'_, f32>,
    ) -> Result<(), PredictError> {
        for sink in &mut self.sinks {
            sink.write_block(sample_idx, start, block)?;
        }
        Ok(())
    }

    fn check_complete(&self) -> Result<(), PredictError> {
        let [z, y, _] = self.shape.extent.to_zyx();
        let Some((sample_idx, gap)) = self.rows.first_gap(self.shape.n_samples, [z, y, 1]) else {
            return Ok(());
        };
        let data_idx = self.data_idx;
        let image = self.name.clone();
        if !self.has_tiles {
            let got = self.n_whole;
            let expected = self.shape.n_samples;
            return Err(PredictError::ImageIncomplete { data_idx, image, got, expected });
        }
        let at = self.shape.extent.per_axis().of_zyx(gap);
        Err(PredictError::Uncovered { data_idx, image, sample_idx, at })
    }
}
