//! Which parts of images patches are drawn from: background drawn rarely, foreground often.

use ndarray::{Array4, s};
use patchweave_geometry::{Extent, PatchSpec, PerAxis, coordinate};
use patchweave_patching::{GridCell, SampleWeights, StratifiedPatching};
use patchweave_transform::{Judgement, PatchFilter, Seen};
use rayon::prelude::*;

use crate::{ConstructError, PatchExtractor};

/// Blocks of one sample's map of weights that are held at most; larger images get coarser maps.
const MAX_BLOCKS: usize = 1 << 22;

/// The cells of one sample that were found to be background.
#[derive(Debug, Clone, PartialEq)]
pub struct BackgroundCells {
    /// Which stack.
    pub data_idx: usize,
    /// Which sample.
    pub sample_idx: usize,
    /// Which cells of its grid, in row-major order.
    pub cells: Vec<GridCell>,
    /// How many cells the grid has.
    pub n_cells: usize,
    /// The largest values that the filter saw in them; nothing without background.
    pub seen: Option<Seen>,
}

impl BackgroundCells {
    /// Whether the whole sample is background.
    pub fn is_all(&self) -> bool {
        self.cells.len() >= self.n_cells
    }
}

/// The weights of one sample, and what they were made of.
#[derive(Debug, Clone)]
pub struct WeightMap {
    /// Which stack.
    pub data_idx: usize,
    /// Which sample.
    pub sample_idx: usize,
    /// The weights of its blocks.
    pub weights: SampleWeights,
    /// Its largest pixel in raw intensity units; negative infinity where none is a number.
    pub largest: f32,
}

/// Looks at every cell of a stratified strategy once and draws background with `probability` times the chance of
/// the rest.
///
/// A cell is judged by a window of twice the patch size that starts with it, zeros beyond the image, in channel
/// `channel` of `images`, which are the images of the strategy or masks of the same size. Cells that are no
/// background keep the factor they have, so several filters may follow each other; the last one that rejects a
/// cell decides. Runs on the caller's rayon pool; `keep_going` may end the work by `false`.
///
/// # Errors
/// [`ConstructError::Channels`], [`ConstructError::Interrupted`], [`ConstructError::Patching`] if the images are
/// not those of the strategy or the probability is not from 0 to 1, [`ConstructError::Stack`] if one cannot be read.
pub fn thin_out_background(
    patching: &mut StratifiedPatching,
    images: &PatchExtractor,
    channel: usize,
    filter: &PatchFilter,
    probability: f64,
    keep_going: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<BackgroundCells>, ConstructError> {
    images.check_channels(Some(&[channel]))?;
    patching.check_images(images.shapes())?;
    let patch_size = patching.size();
    let doubled: Vec<usize> = patch_size.iter().map(|size| size.saturating_mul(2)).collect();
    let window = Extent::new(&doubled)?;
    let mut found = Vec::new();
    for (data_idx, shape) in images.shapes().iter().enumerate() {
        let all: Vec<GridCell> = patching.all_cells(data_idx)?.collect();
        for sample_idx in 0..shape.n_samples {
            let is_background = |cell: &GridCell| {
                if !keep_going() {
                    return Err(ConstructError::Interrupted);
                }
                let coords =
                    cell.map_indexed(|axis, at| coordinate(at.saturating_mul(patch_size.as_slice()[axis])));
                let spec = PatchSpec { data_idx, sample_idx, coords, patch_size: window };
                let block = images.extract(&spec, Some(&[channel]))?;
                let Judgement { is_background, seen } = filter.judge(block.view());
                Ok(is_background.then(|| (*cell, of_image(seen, &block, &spec, &shape.extent))))
            };
            let judged: Vec<Option<(GridCell, Seen)>> =
                all.par_iter().map(is_background).collect::<Result<_, _>>()?;
            let seen = judged.iter().flatten().map(|(_, seen)| *seen).reduce(Seen::largest);
            let cells: Vec<GridCell> = judged.into_iter().flatten().map(|(cell, _)| cell).collect();
            let factors: Vec<(GridCell, f64)> = cells.iter().map(|&cell| (cell, probability)).collect();
            patching.set_probabilities(data_idx, sample_idx, &factors)?;
            found.push(BackgroundCells { data_idx, sample_idx, cells, n_cells: all.len(), seen });
        }
    }
    Ok(found)
}

/// What a filter saw, with the largest pixel of the image rather than of the zeros beyond it.
fn of_image(seen: Seen, block: &Array4<f32>, spec: &PatchSpec, image: &Extent) -> Seen {
    let Seen::Max { share, .. } = seen else { return seen };
    let start = spec.coords.to_zyx(0);
    let size = image.to_zyx();
    let n_inside: [usize; 3] = std::array::from_fn(|axis| {
        let n = size[axis].saturating_sub(usize::try_from(start[axis]).unwrap_or(0));
        n.min(block.shape()[axis + 1])
    });
    if n_inside == block.shape()[1..] {
        return seen;
    }
    let [z, y, x] = n_inside;
    let inside = block.slice(s![.., ..z, ..y, ..x]);
    Seen::Max { pixel: inside.iter().copied().fold(f32::NEG_INFINITY, f32::max), share }
}

/// Maps of weights for every sample of some images, read once, from one channel.
///
/// `weight` turns a pixel into its weight: the pixel itself for a map of probabilities, 1 or 0 for foreground
/// above a threshold. Maps are exact up to 4 Mi pixels; of larger images the weights of neighbouring pixels are
/// summed over the smallest square blocks that are few enough. `keep_going` may end the work by `false`.
///
/// # Errors
/// [`ConstructError::Channels`], [`ConstructError::Weight`] for a weight that is negative, infinite or no number,
/// [`ConstructError::Interrupted`], [`ConstructError::Stack`] if an image cannot be read.
pub fn weight_maps(
    images: &PatchExtractor,
    channel: usize,
    weight: impl Fn(f32) -> f64 + Sync,
    keep_going: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<WeightMap>, ConstructError> {
    images.check_channels(Some(&[channel]))?;
    let places = images
        .shapes()
        .iter()
        .enumerate()
        .flat_map(|(data_idx, shape)| (0..shape.n_samples).map(move |sample_idx| (data_idx, sample_idx)));
    places
        .map(|(data_idx, sample_idx)| {
            let image = images.shapes()[data_idx].extent;
            let edge = block_edge(&image);
            let edges: Vec<usize> = image.iter().map(|n| edge.min(n)).collect();
            let block = Extent::new(&edges)?;
            let grid = image.per_axis().map_indexed(|axis, n| n.div_ceil(block.as_slice()[axis]));
            let rows: Vec<(Vec<f64>, f32)> = rows(&grid)
                .into_par_iter()
                .map(|(z, y)| {
                    if !keep_going() {
                        return Err(ConstructError::Interrupted);
                    }
                    let spec = row_of_blocks((data_idx, sample_idx), [z, y], &image, &block)?;
                    let pixels = images.extract(&spec, Some(&[channel]))?;
                    let mut sums = vec![0.0; grid[grid.n_axes() - 1]];
                    let mut largest = f32::NEG_INFINITY;
                    for ((_, z, y, x), &pixel) in pixels.indexed_iter() {
                        let weight = weight(pixel);
                        if !(weight >= 0.0 && weight.is_finite()) {
                            let [z0, y0, _] = spec.coords.to_zyx(0);
                            let source_name =
                                images.info(data_idx).map_or_else(String::new, |info| info.source.clone());
                            let zyx = [z0 + coordinate(z), y0 + coordinate(y), coordinate(x)];
                            return Err(ConstructError::Weight { source_name, sample_idx, zyx, weight });
                        }
                        sums[x / edge] += weight;
                        largest = largest.max(pixel);
                    }
                    Ok((sums, largest))
                })
                .collect::<Result<_, _>>()?;
            let largest = rows.iter().map(|(_, largest)| *largest).fold(f32::NEG_INFINITY, f32::max);
            let sums: Vec<f64> = rows.into_iter().flat_map(|(sums, _)| sums).collect();
            let weights = SampleWeights::new(image, block, sums)?;
            Ok(WeightMap { data_idx, sample_idx, weights, largest })
        })
        .collect()
}

/// The rows of blocks of a grid, as places along Z and Y.
fn rows(grid: &PerAxis<usize>) -> Vec<(usize, usize)> {
    let [n_z, n_y, _] = grid.to_zyx(1);
    (0..n_z).flat_map(|z| (0..n_y).map(move |y| (z, y))).collect()
}

/// The pixels of one row of blocks.
fn row_of_blocks(
    (data_idx, sample_idx): (usize, usize),
    [z, y]: [usize; 2],
    image: &Extent,
    block: &Extent,
) -> Result<PatchSpec, ConstructError> {
    let sizes = block.to_zyx();
    let limits = image.to_zyx();
    let start = [z * sizes[0], y * sizes[1], 0];
    let size = [sizes[0].min(limits[0] - start[0]), sizes[1].min(limits[1] - start[1]), limits[2]];
    let axes = image.per_axis();
    let coords = axes.of_zyx(start).to_coords();
    let patch_size = axes.of_zyx(size).try_into()?;
    Ok(PatchSpec { data_idx, sample_idx, coords, patch_size })
}

/// The smallest power of two whose blocks are few enough.
fn block_edge(image: &Extent) -> usize {
    let n_blocks = |edge: usize| image.iter().map(|n| n.div_ceil(edge)).fold(1_usize, usize::saturating_mul);
    (0..usize::BITS - 1).map(|power| 1 << power).find(|&edge| n_blocks(edge) <= MAX_BLOCKS).unwrap_or(1)
}
