//! Images that grow from predicted patches; finished only when nothing is missing.

use std::path::PathBuf;

use ndarray::{ArrayView4, Axis};
use patchweave_geometry::{ImageShape, PatchSpec, Region, RegionSpec, TileSpec};
use patchweave_quilt::{KeptPart, KeptParts};
use patchweave_sink::ImageSink;

use crate::PredictError;
use crate::band::{Band, Gap, rows_of, start_x};

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
    open: Option<OpenImage>,
    written: Vec<PathBuf>,
}

/// The image that is being written.
struct OpenImage {
    data_idx: usize,
    name: String,
    shape: ImageShape,
    sinks: Vec<Box<dyn ImageSink>>,
    band: Option<Band>,
    /// Rows of tiles and whole samples, over the full width.
    rows: KeptParts,
    /// Samples that came in one piece.
    n_whole: usize,
}

impl<F> Writer<F>
where
    F: FnMut(usize, usize) -> Result<Vec<Box<dyn ImageSink>>, PredictError>,
{
    /// Makes the sinks of an image from its number and the number of predicted channels.
    pub fn new(make_sinks: F) -> Self {
        Writer { make_sinks, open: None, written: Vec::new() }
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

    /// Finishes the last image and returns the paths of all.
    pub fn finish(mut self) -> Result<Vec<PathBuf>, PredictError> {
        self.finish_image()?;
        Ok(self.written)
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
            None => OpenImage {
                data_idx,
                name: image.name.to_owned(),
                shape: *image.shape,
                sinks: (self.make_sinks)(data_idx, n_channels)?,
                band: None,
                rows: KeptParts::default(),
                n_whole: 0,
            },
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
        let mut band = self.band_of(index, tile, pixels.len_of(Axis(0)))?;
        if band.has(tile) {
            return Err(self.twice(index, tile));
        }
        let gap = band.gap_before(start_x(tile));
        band.place(pixels, tile).map_err(|source| PredictError::Stitch {
            data_idx: self.data_idx,
            image: self.name.clone(),
            source,
        })?;
        self.check_gap(gap)?;
        self.band = Some(band);
        Ok(())
    }

    /// The band that a tile belongs to; the one before it is written when another one starts.
    fn band_of(&mut self, index: usize, tile: &TileSpec, n_channels: usize) -> Result<Band, PredictError> {
        if let Some(band) = self.band.take_if(|band| band.holds(tile)) {
            return Ok(band);
        }
        self.write_band()?;
        if self.rows.contains(&rows_of(tile)) {
            return Err(self.twice(index, tile));
        }
        Band::of(tile, n_channels, self.shape.extent.to_zyx()[2]).map_err(|too_large| {
            PredictError::RowTooLarge {
                data_idx: self.data_idx,
                image: self.name.clone(),
                shape: too_large.0,
            }
        })
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
        if self.n_whole > 0 {
            let got = self.n_whole;
            let expected = self.shape.n_samples;
            return Err(PredictError::ImageIncomplete { data_idx, image, got, expected });
        }
        let at = self.shape.extent.per_axis().of_zyx(gap);
        Err(PredictError::Uncovered { data_idx, image, sample_idx, at })
    }
}
