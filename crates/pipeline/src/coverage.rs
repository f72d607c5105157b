//! Which tiles of images were predicted: their number and a picture.

use std::path::PathBuf;

use ndarray::Array2;
use patchweave_construct::PatchConstrExt;
use patchweave_geometry::{Region, TileGrid};
use patchweave_predict::cut_shape;
use patchweave_view::{Picture, ViewError};

use crate::outputs::coverage_name;
use crate::{Outcome, PipelineError, Prediction, UnreadTile};

/// The most pixels of a side of a picture.
const MOST: usize = 512;

impl Prediction {
    /// Removes the pictures of an earlier prediction, where this one may make some.
    pub(crate) fn remove_coverage(&self) -> Result<(), PipelineError> {
        if self.options.skip.is_some() {
            for image in &self.images {
                self.folder.remove(&coverage_name(&image.name))?;
            }
        }
        Ok(())
    }

    /// How many tiles were left out because nothing is in them, and of how many; images that were given up do not count.
    /// `None` of a part.
    ///
    /// # Errors
    /// [`PipelineError::Construct`] if tiles do not belong to single images.
    pub fn count_left_out(&self, outcome: &Outcome) -> Result<Option<(usize, usize)>, PipelineError> {
        let Some(left_out) = &outcome.left_out else { return Ok(None) };
        let (mut n_left_out, mut n_tiles) = (0, 0);
        for data_idx in (0..self.images.len()).filter(|data_idx| !outcome.given_up.contains(data_idx)) {
            n_left_out += left_out.get(&data_idx).map_or(0, Vec::len);
            n_tiles += self.dataset.constr().patch_indices(data_idx)?.len();
        }
        Ok(Some((n_left_out, n_tiles)))
    }

    /// Draws which tiles of an image were predicted, for predictions that leave some out, and says where the picture is:
    /// white where all of it was, black where tiles were left out, red where they could not be read.
    ///
    /// # Errors
    /// [`PipelineError`] if it cannot be drawn or written.
    pub fn coverage_picture(
        &self,
        data_idx: usize,
        outcome: &Outcome,
    ) -> Result<Option<PathBuf>, PipelineError> {
        let (Some(left_out), Some(image), Some(_)) =
            (&outcome.left_out, self.images.get(data_idx), self.options.skip)
        else {
            return Ok(None);
        };
        if outcome.given_up.contains(&data_idx) {
            return Ok(None);
        }
        let infos = self.models.iter().map(|model| model.model.info());
        let shape = cut_shape(&self.tiling, infos, image.stack.info().shape())?;
        let left_out = left_out.get(&data_idx).map_or(&[][..], Vec::as_slice);
        let unread: Vec<_> =
            outcome.bad_tiles.iter().filter(|tile| tile.data_idx == data_idx).cloned().collect();
        let picture = coverage(&self.tiling.grid(shape)?, left_out, &unread)?;
        self.folder.write(&coverage_name(&image.name), &picture.encode_png()?).map(Some)
    }
}

/// Draws which part of an image was predicted, seen along Z and over all samples: white where all of it was, black where tiles
/// were left out, red where they could not be read.
///
/// # Errors
/// [`ViewError`] if the picture cannot be made.
fn coverage(grid: &TileGrid, left_out: &[usize], unread: &[UnreadTile]) -> Result<Picture, ViewError> {
    let [n_z, n_y, n_x] = grid.shape().extent.to_zyx();
    let over = n_y.max(n_x).div_ceil(MOST).max(1);
    let depth = n_z.saturating_mul(grid.shape().n_samples).max(1);
    let size = [n_y.div_ceil(over), n_x.div_ceil(over)];
    let mut shares = [Array2::<f32>::zeros(size), Array2::<f32>::zeros(size)];
    let mut add = |kind: usize, region: &Region| {
        let starts = region.start.to_zyx(0).map(|start| usize::try_from(start).unwrap_or(0));
        let sizes = region.size.to_zyx();
        let deep = sizes[0].min(n_z.saturating_sub(starts[0]));
        #[expect(clippy::cast_precision_loss, reason = "a shade of grey")]
        let share = deep as f32 / depth as f32;
        let range = |axis: usize, n: usize| {
            let end = (starts[axis] + sizes[axis]).div_ceil(over).min(n);
            (starts[axis].div_ceil(over)).min(end)..end
        };
        let part = ndarray::s![range(1, size[0]), range(2, size[1])];
        shares[kind].slice_mut(part).iter_mut().for_each(|pixel| *pixel += share);
    };
    for tile in left_out.iter().filter_map(|tile_idx| grid.spec(0, *tile_idx)) {
        add(0, &tile.kept());
    }
    for region in unread.iter().filter_map(UnreadTile::region) {
        add(1, &region);
    }
    let [left_out, unread] = shares;
    let mut rgb = Vec::with_capacity(3 * left_out.len());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 255")]
    let level = |share: f32| (255.0 * share.clamp(0.0, 1.0)).round() as u8;
    for (left_out, unread) in left_out.iter().zip(&unread) {
        let predicted = 1.0 - left_out;
        rgb.extend([level(predicted.max(*unread)), level(predicted - unread), level(predicted - unread)]);
    }
    Picture::from_rgb(size[1], size[0], rgb)
}

#[cfg(test)]
mod tests {
    use patchweave_geometry::{Extent, ImageShape, PerAxis};
    use patchweave_predict::Tiling;

    use super::*;

    fn grid(shape: &[usize], size: &[usize]) -> TileGrid {
        let overlaps = PerAxis::new(&vec![0; size.len()]).unwrap();
        let tiling = Tiling::Tiles { size: Extent::new(size).unwrap(), overlaps };
        tiling.grid(ImageShape::from_slice(shape).unwrap()).unwrap()
    }

    #[test]
    fn every_pixel_has_the_shade_of_what_was_predicted_there() {
        let grid = grid(&[1, 1, 20, 30], &[10, 10]);
        let unread = UnreadTile {
            data_idx: 0,
            image: "image".into(),
            sample_idx: 0,
            start: vec![10, 20],
            size: vec![10, 10],
            reason: "damaged".into(),
            of_statistics: false,
            is_renewed: false,
        };
        let picture = coverage(&grid, &[0, 4], &[unread]).unwrap();
        assert_eq!((picture.width(), picture.height()), (30, 20));
        for (x, y) in (0..30).flat_map(|x| (0..20).map(move |y| (x, y))) {
            let expected = match (x / 10, y / 10) {
                (0, 0) | (1, 1) => [0, 0, 0],
                (2, 1) => [255, 0, 0],
                _ => [255, 255, 255],
            };
            assert_eq!(picture.pixel(x, y), Some(expected), "{x} {y}");
        }
    }

    #[test]
    fn volumes_and_samples_are_shades() {
        // Two of eight tiles over the same place.
        let grid = grid(&[2, 1, 40, 8, 8], &[10, 8, 8]);
        let picture = coverage(&grid, &[1, 6], &[]).unwrap();
        assert_eq!(picture.pixel(3, 3), Some([191, 191, 191]));
    }

    #[test]
    fn pictures_of_large_images_are_small() {
        let grid = grid(&[1, 1, 5000, 300], &[100, 100]);
        let all: Vec<usize> = (0..grid.n_tiles()).collect();
        let picture = coverage(&grid, &all, &[]).unwrap();
        assert_eq!((picture.width(), picture.height()), (30, 500));
        assert!(picture.as_rgb().iter().all(|level| *level == 0));
    }
}
