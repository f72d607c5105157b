//! The order in which the tiles of an image are predicted: the one in which the least has to be kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::PredictError;
use crate::open_image::{OpenImage, OpenOutput};

/// Images whose tiles take no more than this are predicted row by row.
const SMALL_BYTES: usize = 64 << 20;

/// Tiles in the order in which they are predicted.
pub(crate) struct TileOrder {
    pub tiles: Vec<usize>,
    /// The bytes of tiles that are kept at once, at most.
    pub n_bytes_kept: usize,
}

/// The tiles that have to be predicted, in the order in which the least of them is kept at once.
///
/// That is row by row, or unit by unit of one of the targets: where units are much larger than tiles, rows of tiles would keep
/// whole rows of units waiting. Units come along one axis or another: tiles that reach into the next units wait until these
/// come, and along the longest axis these are the fewest.
pub(crate) fn tile_order(image: &OpenImage) -> Result<TileOrder, PredictError> {
    tile_order_above(image, SMALL_BYTES)
}

/// As [`tile_order`], with another limit for what is predicted row by row.
fn tile_order_above(image: &OpenImage, small_bytes: usize) -> Result<TileOrder, PredictError> {
    let mut best = image.needed()?;
    let all: usize = image
        .outputs()
        .iter()
        .map(|output| output.most_bytes().saturating_mul(best.len()))
        .fold(0, usize::saturating_add);
    if all <= small_bytes {
        return Ok(TileOrder { tiles: best, n_bytes_kept: all });
    }
    let mut least = most_kept(image, &best)?;
    for order in orders_by_unit(image, &best)? {
        let kept = most_kept(image, &order)?;
        if kept < least {
            (least, best) = (kept, order);
        }
    }
    Ok(TileOrder { tiles: best, n_bytes_kept: least })
}

/// How many bytes of tiles are kept at once, at most, if they come in this order.
pub(crate) fn most_kept(image: &OpenImage, order: &[usize]) -> Result<usize, PredictError> {
    let mut kept = 0;
    let mut most = 0;
    let mut waits: Vec<Waits> = image.outputs().iter().map(|_| Waits::default()).collect();
    for &tile_idx in order {
        for (output, waits) in image.outputs().iter().zip(&mut waits) {
            kept += waits.keep(output, tile_idx)?;
        }
        most = most.max(kept);
        for (output, waits) in image.outputs().iter().zip(&mut waits) {
            kept -= waits.release(output, tile_idx)?;
        }
    }
    Ok(most)
}

/// Which tiles of an output units wait for, and which units wait for tiles.
#[derive(Default)]
struct Waits {
    /// Tiles that a unit of a target lacks.
    missing: BTreeMap<(usize, usize), usize>,
    /// Units that are not whole and have a tile.
    waiting: BTreeMap<usize, usize>,
}

impl Waits {
    /// Keeps a tile, of which the bytes are returned.
    fn keep(&mut self, output: &OpenOutput, tile_idx: usize) -> Result<usize, PredictError> {
        let n_units = output.units(tile_idx)?.len();
        if n_units == 0 {
            return Ok(0);
        }
        self.waiting.insert(tile_idx, n_units);
        Ok(output.n_bytes(tile_idx))
    }

    /// Releases the tiles for which no unit waits any more, once this one is there; returns their bytes.
    fn release(&mut self, output: &OpenOutput, tile_idx: usize) -> Result<usize, PredictError> {
        let mut n_bytes = 0;
        for (target_idx, unit_idx) in output.units(tile_idx)? {
            let tiles = || output.tiles_of(target_idx, unit_idx);
            let key = (target_idx, unit_idx);
            let missing = match self.missing.get_mut(&key) {
                Some(missing) => missing,
                None => self.missing.entry(key).or_insert(tiles()?.iter().map(Vec::len).sum()),
            };
            *missing -= 1;
            if *missing > 0 {
                continue;
            }
            self.missing.remove(&key);
            for tile_idx in tiles()?.into_iter().flatten() {
                let Some(waiting) = self.waiting.get_mut(&tile_idx) else { continue };
                *waiting -= 1;
                if *waiting == 0 {
                    self.waiting.remove(&tile_idx);
                    n_bytes += output.n_bytes(tile_idx);
                }
            }
        }
        Ok(n_bytes)
    }
}

/// The tiles in the orders in which the units of each target need them, along every axis.
fn orders_by_unit(image: &OpenImage, tiles: &[usize]) -> Result<Vec<Vec<usize>>, PredictError> {
    let mut orders = Vec::new();
    for output in image.outputs() {
        for target_idx in 0..output.n_targets() {
            for units in output.sweeps(target_idx) {
                let mut left: BTreeSet<usize> = tiles.iter().copied().collect();
                let mut order = Vec::with_capacity(tiles.len());
                for unit_idx in units {
                    let needed = output.tiles_of(target_idx, unit_idx)?;
                    order.extend(needed.into_iter().flatten().filter(|tile_idx| left.remove(tile_idx)));
                }
                // What only other targets need.
                order.extend(left);
                if !orders.contains(&order) {
                    orders.push(order);
                }
            }
        }
    }
    Ok(orders)
}

#[cfg(test)]
mod tests {
    use patchweave_geometry::{ArrayLayout, Extent, ImageShape, PerAxis};
    use patchweave_model::{Identity, Model};
    use patchweave_pixel::{PixelMap, PixelType};
    use patchweave_sink::{ImageSpec, Job, SinkFormats};
    use patchweave_transform::Normalizer;
    use proptest::prelude::*;

    use super::*;
    use crate::open_image::Plan;
    use crate::{Blend, OutputImage, Target, Tiling};

    /// An image of two samples whose target has units of this size.
    fn open(
        size: [usize; 2],
        tile: [usize; 2],
        overlap: [usize; 2],
        unit: [usize; 2],
        blend: &Blend,
    ) -> OpenImage {
        let identity = Identity::new();
        let normalizer = Normalizer::none();
        let plan = Plan {
            tiling: Tiling::Tiles {
                size: Extent::new(&tile).unwrap(),
                overlaps: PerAxis::new(&overlap).unwrap(),
            },
            blend,
            models: vec![identity.info()],
            unit: [1; 3],
            n_channels: 1,
            leaves: false,
            part: crate::Part::default(),
            anew: &[],
            n_tiles: 1,
            normalizer: &normalizer,
            skip: None,
        };
        let shape = [2, 1, size[0], size[1]];
        let mut targets = |_: &OutputImage<'_>| {
            let mut spec =
                ImageSpec::new(ArrayLayout::new("SCYX".parse().unwrap(), &shape).unwrap(), PixelType::F32);
            spec.chunks = Some(vec![1, 1, unit[0], unit[1]]);
            let job = Job::start(&SinkFormats::default(), "result".as_ref(), Some("memory"), spec)?;
            Ok(vec![Target::new(job, PixelMap::to(PixelType::F32))])
        };
        let shape = ImageShape::from_slice(&shape).unwrap();
        let all_tiles = 0..plan.n_tiles;
        let named = (0, "image".into(), shape);
        OpenImage::open(named, &all_tiles, &plan, &mut targets, &mut Vec::new()).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_tile_comes_once_and_no_more_is_kept_than_row_by_row(
            size in prop::array::uniform2(1_usize..60), tile in prop::array::uniform2(1_usize..12),
            overlap in prop::array::uniform2(0_usize..12), unit in prop::array::uniform2(1_usize..40), crops: bool,
        ) {
            let overlap = [overlap[0] % tile[0], overlap[1] % tile[1]];
            let image = open(size, tile, overlap, unit, if crops { &Blend::Crop } else { &Blend::Hann });
            let by_row = image.needed().unwrap();
            let TileOrder { tiles: mut order, n_bytes_kept } = tile_order_above(&image, 0).unwrap();
            prop_assert_eq!(most_kept(&image, &order).unwrap(), n_bytes_kept);
            prop_assert!(most_kept(&image, &order).unwrap() <= most_kept(&image, &by_row).unwrap());
            order.sort_unstable();
            prop_assert_eq!(order, by_row);
        }
    }

    #[test]
    fn tiles_that_reach_into_other_units_wait_along_the_shorter_axis() {
        for (size, is_wide) in [([64, 1024], true), ([1024, 64], false)] {
            let image = open(size, [24, 24], [0, 0], [32, 32], &Blend::Crop);
            let kept = tile_order_above(&image, 0).unwrap().n_bytes_kept;
            let least = |n_pixels: usize| n_pixels * 24 * size_of::<f32>();
            // A column of the wide image and a row of the tall one, and the units at work.
            assert!(kept <= least(64 + 6 * 24), "{kept} of {size:?}");
            let sweeps = image.outputs()[0].sweeps(0);
            let units = if is_wide { sweeps.first() } else { sweeps.last() };
            let mut left: BTreeSet<usize> = image.needed().unwrap().into_iter().collect();
            let mut order = Vec::new();
            for unit_idx in units.unwrap() {
                let needed = image.outputs()[0].tiles_of(0, *unit_idx).unwrap();
                order.extend(needed.into_iter().flatten().filter(|tile_idx| left.remove(tile_idx)));
            }
            assert!(most_kept(&image, &order).unwrap() > 4 * kept, "the other way");
        }
    }

    #[test]
    fn wide_images_in_tall_units_do_not_keep_whole_rows_of_units() {
        let image = open([128, 2048], [16, 16], [0, 0], [64, 64], &Blend::Crop);
        let order = tile_order_above(&image, 0).unwrap().tiles;
        let bytes = |n_rows: usize, n_pixels: usize| n_rows * n_pixels * size_of::<f32>();
        // Row by row, all units of a row wait for its last row of tiles; unit by unit, none waits.
        let by_row = image.needed().unwrap();
        assert_eq!(most_kept(&image, &by_row).unwrap(), bytes(48, 2048) + bytes(16, 64));
        assert_eq!(most_kept(&image, &order).unwrap(), bytes(64, 64));
        assert_eq!(tile_order(&image).unwrap().tiles, by_row, "a small image");
    }
}
