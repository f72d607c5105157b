//! The order in which the tiles of an image are predicted: the one in which the least has to be kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::PredictError;
use crate::open_image::{OpenImage, OpenOutput};

/// Images whose tiles take no more than this are predicted row by row.
const SMALL_BYTES: usize = 64 << 20;

/// The tiles that have to be predicted, in the order in which the least of them is kept at once.
///
/// That is row by row, or unit by unit of one of the targets: where units are much larger than tiles, rows of tiles would keep
/// whole rows of units waiting.
pub(crate) fn tile_order(image: &OpenImage) -> Result<Vec<usize>, PredictError> {
    let mut best = image.needed()?;
    let all: usize = image
        .outputs()
        .iter()
        .map(|output| output.most_bytes().saturating_mul(best.len()))
        .fold(0, usize::saturating_add);
    if all <= SMALL_BYTES {
        return Ok(best);
    }
    let mut least = most_kept(image, &best)?;
    for order in orders_by_unit(image, &best)? {
        let kept = most_kept(image, &order)?;
        if kept < least {
            (least, best) = (kept, order);
        }
    }
    Ok(best)
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

    /// Lets go of the tiles that nothing waits for now that one is there; returns their bytes.
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

/// The tiles in the order in which the units of each target need them.
fn orders_by_unit(image: &OpenImage, tiles: &[usize]) -> Result<Vec<Vec<usize>>, PredictError> {
    let mut orders = Vec::new();
    for output in image.outputs() {
        for target_idx in 0..output.n_targets() {
            let mut left: BTreeSet<usize> = tiles.iter().copied().collect();
            let mut order = Vec::with_capacity(tiles.len());
            for unit_idx in output.unwritten(target_idx) {
                let needed = output.tiles_of(target_idx, unit_idx)?;
                order.extend(needed.into_iter().flatten().filter(|tile_idx| left.remove(tile_idx)));
            }
            // What only other targets need.
            order.extend(left);
            orders.push(order);
        }
    }
    Ok(orders)
}
