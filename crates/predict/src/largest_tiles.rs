//! The largest tiles that models take and memory has room for.

use patchweave_geometry::{Extent, ImageShape, Overlaps};
use patchweave_model::{Model, ModelInfo, Scale};

use crate::memory::batch_bytes;
use crate::output_grid::{common_unit, least_common_multiple};
use crate::{PredictError, Tiling};

/// Sizes along `Y` and `X` that are tried, the smallest first: what a size needs may take as much memory to find out.
const SIZES: [usize; 19] =
    [8, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192];
/// Tiles of volumes are so much flatter than they are wide: microscopes see less far along `Z`.
const FLATNESS: usize = 4;

/// The largest tiles of images of these shapes that all models take, if batches of `batch_size` of them with what models need
/// are to fit into `memory` bytes.
///
/// Along an axis along which images are smaller, tiles are as large as the largest of them. Without `overlaps` neighbours
/// overlap by twice the halo of the models, and by so much more that tiles start where networks that work in steps want it.
///
/// ```
/// use patchweave_geometry::{Extent, ImageShape, PerAxis};
/// use patchweave_model::{Gaussian, Model};
/// use patchweave_predict::{Tiling, largest_tiles};
///
/// let gaussian = Gaussian::new(2.0)?;
/// let image = ImageShape::from_slice(&[1, 1, 20_000, 500])?;
/// let tiles = largest_tiles(&[&gaussian], &[image], None, 1, 1, 64 << 20)?;
/// let (size, overlaps) = (Extent::new(&[3072, 500])?, PerAxis::new(&[16, 16])?);
/// assert_eq!(tiles, Tiling::Tiles { size, overlaps });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`PredictError::NoRoom`] if not even small tiles fit, [`PredictError::Model`] if no size is taken by all models, or a model
/// cannot tell what it needs.
pub fn largest_tiles(
    models: &[&dyn Model],
    images: &[ImageShape],
    overlaps: Option<Overlaps>,
    n_channels: usize,
    batch_size: usize,
    memory: usize,
) -> Result<Tiling, PredictError> {
    let Some(first) = images.first() else { return Ok(Tiling::Whole) };
    let infos = || models.iter().map(|model| model.info());
    let axes = first.extent.per_axis();
    let largest = images.iter().fold([1; 3], |largest, image| {
        let sizes = image.extent.to_zyx();
        std::array::from_fn(|axis| largest[axis].max(sizes[axis]))
    });
    let overlaps = overlaps.unwrap_or_else(|| axes.of_zyx(overlaps_of(infos())));
    let needed = overlaps.to_zyx(0);
    let (mut found, mut least) = (None, usize::MAX);
    for wanted in SIZES {
        let wanted =
            [(wanted / FLATNESS).max(8).min(largest[0]), wanted.min(largest[1]), wanted.min(largest[2])];
        let size = common_fit(infos(), wanted);
        // What is between the overlaps of a tile is what it adds.
        if (0..3).any(|axis| size[axis] < largest[axis] && size[axis] <= needed[axis]) || found == Some(size)
        {
            continue;
        }
        let [z, y, x] = size;
        let bytes = batch_bytes(models, [batch_size, n_channels, z, y, x])?;
        if bytes > memory {
            least = bytes;
            break;
        }
        found = Some(size);
    }
    let Some(size) = found else { return Err(PredictError::NoRoom { needed: least, memory }) };
    let size = Extent::new(axes.of_zyx(size).as_slice())?;
    // Tiles as large as the image need no overlap, but one that is smaller than they are.
    let overlaps =
        overlaps.map_indexed(|axis, overlap| overlap.min(largest_even_below(size.as_slice()[axis])));
    Ok(Tiling::Tiles { size, overlaps })
}

/// The largest even number below another.
fn largest_even_below(n: usize) -> usize {
    n.saturating_sub(1) & !1
}

/// Twice the halo of the models along `ZYX`, rounded up to what tiles of networks with steps and outputs of fewer pixels want.
fn overlaps_of<'m>(models: impl Iterator<Item = &'m ModelInfo> + Clone) -> [usize; 3] {
    let unit = common_unit(models.clone());
    std::array::from_fn(|axis| {
        let halos = models.clone().map(|model| model.halo()[axis]);
        let halo = halos.map(|sides| sides.before.max(sides.after)).max().unwrap_or(0);
        let has_scales =
            |model: &ModelInfo| model.outputs.iter().any(|output| output.scale[axis] != Scale::Same);
        let steps = models.clone().map(|model| model.input.sizes[axis].step().max(1));
        let step = steps.fold(2 * unit[axis], least_common_multiple);
        if halo == 0 && !models.clone().any(has_scales) { 0 } else { (2 * halo).next_multiple_of(step) }
    })
}

/// The size of at most `wanted` pixels that all models take, as far as one after the other can find it.
fn common_fit<'m>(models: impl Iterator<Item = &'m ModelInfo> + Clone, wanted: [usize; 3]) -> [usize; 3] {
    let mut size = wanted;
    // Every turn makes it smaller until all agree, or a model wants more again.
    for _ in 0..16 {
        let next = models.clone().fold(size, |size, model| model.fit(size));
        if next == size {
            break;
        }
        size = next;
    }
    size
}

#[cfg(test)]
mod tests {
    use patchweave_geometry::PerAxis;
    use patchweave_model::{FnModel, Identity, InputInfo, ModelInfo, OutputInfo, Sides, SizeRule};

    use super::*;

    fn network(halo: usize, rule: SizeRule, scale: Scale) -> impl Model {
        let input = InputInfo::planes().with_sizes([SizeRule::Fixed(1), rule, rule]);
        let halo = [Sides::both(0), Sides::both(halo), Sides::both(halo)];
        let output = OutputInfo::new("out").with_halo(halo).with_scale([Scale::Same, scale, scale]);
        FnModel::new(ModelInfo::new("net", input, vec![output]), |_, _: &mut [_]| Ok(()))
    }

    fn shape(sizes: &[usize]) -> ImageShape {
        ImageShape::from_slice(sizes).unwrap()
    }

    #[test]
    fn sizes_are_those_that_all_models_take() {
        let steps = network(20, SizeRule::Steps { min: 16, step: 16 }, Scale::Same);
        let half = network(3, SizeRule::Any, Scale::Over(3));
        let image = shape(&[1, 1, 5000, 5000]);
        for memory in [1_usize << 20, 16 << 20, 256 << 20, 1 << 40] {
            let models: [&dyn Model; 2] = [&steps, &half];
            let Tiling::Tiles { size, overlaps } =
                largest_tiles(&models, &[image], None, 1, 1, memory).unwrap()
            else {
                panic!("tiles are wanted")
            };
            let [_, y, x] = size.to_zyx();
            assert_eq!((y % 48, x % 48), (0, 0), "{size}");
            assert_eq!(overlaps, PerAxis::new(&[48, 48]).unwrap(), "of at least 40");
            assert!(batch_bytes(&models, [1, 1, 1, y, x]).unwrap() <= memory);
            for model in models {
                model.info().check([1, 1, 1, y, x]).unwrap();
            }
        }
    }

    #[test]
    fn more_memory_gives_no_smaller_tiles() {
        let identity = Identity::new();
        let image = shape(&[2, 1, 300, 4000, 3000]);
        let mut before = 0;
        for shift in 16..44 {
            let found = largest_tiles(&[&identity], &[image], None, 1, 2, 1 << shift);
            let Ok(Tiling::Tiles { size, .. }) = found else {
                assert!(matches!(found, Err(PredictError::NoRoom { .. })) && before == 0);
                continue;
            };
            assert!(size.n_pixels() >= before);
            before = size.n_pixels();
        }
        assert_eq!(before, image.extent.n_pixels(), "in the end it is the whole image");
    }

    #[test]
    fn fixed_sizes_are_taken_and_too_little_memory_is_told() {
        let fixed = network(4, SizeRule::Fixed(256), Scale::Same);
        let images = [shape(&[1, 1, 100, 90]), shape(&[1, 1, 1000, 90])];
        let tiles = largest_tiles(&[&fixed], &images, None, 1, 1, 64 << 20).unwrap();
        let (size, overlaps) = (Extent::new(&[256, 256]).unwrap(), PerAxis::new(&[8, 8]).unwrap());
        assert_eq!(tiles, Tiling::Tiles { size, overlaps });
        let error = largest_tiles(&[&fixed], &images, None, 1, 1, 1000).unwrap_err().to_string();
        assert!(error.starts_with("the smallest tiles that the models take need "), "{error}");
    }
}
