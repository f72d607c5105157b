//! Which thresholds would keep which part of an image.

use ndarray::{Array3, Array4, ArrayView3, ArrayView4, Axis, Zip};
use patchweave_geometry::Extent;

use super::mask::covered_share;
use super::shannon::entropy;
use super::share::share;
use super::sliding_max::{Border, sliding_max};
use super::windows::Windows;
use crate::Moments;
use crate::contiguous::contiguous;
use crate::moments::to_f64;

/// What a filter map shows.
///
/// ```
/// use patchweave_transform::{FilterMapKind, MaskFilter, PatchFilter};
///
/// let filter = PatchFilter::from(MaskFilter::new(0.25)?);
/// assert_eq!(filter.map_kind(), FilterMapKind::Mask);
/// # Ok::<(), patchweave_transform::FilterError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum FilterMapKind {
    /// One map: the highest threshold that a share of the widened pixels reaches.
    Max {
        /// The share, 0.5 to the number of axes unless given; below 0 is like 0 and above 1 like 1.
        coverage: Option<f64>,
    },
    /// Two maps: mean and population standard deviation, in raw intensity units.
    MeanStd,
    /// One map: entropy in bits.
    Shannon,
    /// One map: the share of pixels that are not 0, for images that are masks.
    Mask,
}

/// The largest value of the windows that cover a pixel, for every pixel of an image, and at least 0.
///
/// ```
/// use ndarray::Array3;
/// use patchweave_geometry::Extent;
/// use patchweave_transform::{FilterMap, FilterMapKind};
///
/// let image = Array3::from_shape_fn([1, 8, 8], |(_, y, _)| if y < 4 { 0.0 } else { 100.0 });
/// let map = FilterMap::new(image.view(), &Extent::new(&[2, 2])?, FilterMapKind::Mask);
/// assert_eq!((map.values()[[0, 0, 1, 3]], map.values()[[0, 0, 3, 3]]), (0.0, 0.5));
/// assert!(map.keep(&[0.4])[[0, 3, 3]] && !map.keep(&[0.5])[[0, 3, 3]]);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FilterMap {
    values: Array4<f32>,
}

impl FilterMap {
    /// The map of an image `ZYX` of one channel, in raw intensity units.
    ///
    /// Windows are twice as large as a patch, begin at every cell of the stratified grid of patches, and
    /// have zeros where they leave the image. With a patch of two axes every plane has its own map. Values
    /// that are no number, because a pixel is none, count as 0. All values are 0 if the image is smaller than
    /// a patch by two pixels or more, for then there is no window.
    ///
    /// The maximum filter of [`FilterMapKind::Max`] has the size of the patch and sees one window at a time,
    /// with symmetric borders, unlike that of [`MaxFilter`](crate::MaxFilter).
    pub fn new(image: ArrayView3<'_, f32>, patch_size: &Extent, kind: FilterMapKind) -> Self {
        let [z, y, x] = patch_size.to_zyx();
        let is_volume = patch_size.n_axes() == 3;
        let windows = Windows::new(image.dim().into(), [is_volume.then_some(z), Some(y), Some(x)]);
        let values = match kind {
            FilterMapKind::Max { coverage } => {
                let coverage = coverage.unwrap_or(if is_volume { 0.125 } else { 0.25 });
                let filter = if is_volume { [1, z, y, x] } else { [1, 1, y, x] };
                windows.measure(image, |block| [level(block, filter, coverage)])
            }
            FilterMapKind::MeanStd => windows.measure(image, |block| {
                let (mean, std) = Moments::of(&contiguous(&block.view())).population();
                [round(mean), round(std)]
            }),
            FilterMapKind::Shannon => windows.measure(image, |block| [round(entropy(block.view()))]),
            FilterMapKind::Mask => windows.measure(image, |block| [round(covered_share(block.view()))]),
        };
        FilterMap { values: windows.spread(values) }
    }

    /// Maps and `ZYX`, one value per map and pixel.
    pub fn values(&self) -> ArrayView4<'_, f32> {
        self.values.view()
    }

    /// Which pixels, `ZYX`, exceed their threshold in each map; maps without threshold exclude nothing.
    pub fn keep(&self, thresholds: &[f64]) -> Array3<bool> {
        let (_, n_z, n_y, n_x) = self.values.dim();
        let mut keep = Array3::from_elem([n_z, n_y, n_x], true);
        for (map, &threshold) in self.values.axis_iter(Axis(0)).zip(thresholds) {
            let threshold = round(threshold);
            Zip::from(&mut keep).and(&map).for_each(|keep, &value| *keep &= value > threshold);
        }
        keep
    }
}

/// The highest level that the share `coverage` of the widened pixels reaches; changes the block.
fn level(block: &mut Array4<f32>, filter: [usize; 4], coverage: f64) -> f32 {
    let shape = block.dim().into();
    let Some(pixels) = block.as_slice_mut() else { return f32::NAN };
    sliding_max(pixels, shape, filter, Border::Symmetric);
    let n = to_f64(pixels.len() as u64);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of pixels")]
    let nearest = (coverage.clamp(0.0, 1.0) * n).round() as usize;
    // The product is rounded, but whether a share is reached is decided by the quotient.
    let n_needed = if share(nearest, pixels.len()) >= coverage { nearest } else { nearest + 1 };
    let place = n_needed.clamp(1, pixels.len()) - 1;
    *pixels.select_nth_unstable_by(place, |a, b| b.total_cmp(a)).1
}

#[expect(clippy::cast_possible_truncation, reason = "maps have f32 values")]
fn round(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The largest value that the share of pixels reaches, found by trying all.
        #[test]
        fn a_level_is_reached_by_its_share(
            pixels in prop::collection::vec(-3_i8..4, 1..60),
            coverage in prop_oneof![0.0_f64..=1.0, (1_u8..60, 1_u8..60).prop_map(|(a, b)| share(a.min(b).into(), b.into()))],
        ) {
            let pixels: Vec<f32> = pixels.into_iter().map(f32::from).collect();
            let reaches = |level: f32| share(pixels.iter().filter(|p| **p >= level).count(), pixels.len()) >= coverage;
            let expected = pixels.iter().copied().filter(|&pixel| reaches(pixel)).fold(f32::NEG_INFINITY, f32::max);
            let mut block = Array4::from_shape_vec([1, 1, 1, pixels.len()], pixels.clone()).unwrap();
            prop_assert_eq!(level(&mut block, [1; 4], coverage), expected);
        }
    }

    fn extent(sizes: &[usize]) -> Extent {
        Extent::new(sizes).unwrap()
    }

    #[test]
    fn planes_have_maps_of_their_own() {
        let image = Array3::from_shape_fn([3, 6, 5], |(z, y, x)| (7 * z + 5 * y * x % 11) as f32);
        for kind in [FilterMapKind::Max { coverage: None }, FilterMapKind::MeanStd, FilterMapKind::Shannon] {
            let map = FilterMap::new(image.view(), &extent(&[2, 3]), kind);
            for z in 0..3 {
                let plane = image.slice(ndarray::s![z..=z, .., ..]);
                let own = FilterMap::new(plane, &extent(&[2, 3]), kind);
                assert_eq!(map.values().index_axis(Axis(1), z), own.values().index_axis(Axis(1), 0));
            }
        }
    }

    #[test]
    fn a_patch_larger_than_the_image_gives_zeros() {
        let image = Array3::from_elem([1, 4, 4], 9.0);
        let map = FilterMap::new(image.view(), &extent(&[2, usize::MAX / 8]), FilterMapKind::MeanStd);
        assert_eq!(map.values(), Array4::<f32>::zeros([2, 1, 4, 4]));
    }

    #[test]
    fn every_threshold_has_its_map() {
        let image = Array3::from_shape_fn([1, 4, 4], |(_, _, x)| if x < 2 { 4.0 } else { 8.0 });
        let map = FilterMap::new(image.view(), &extent(&[2, 2]), FilterMapKind::MeanStd);
        let means = map.values().index_axis(Axis(0), 0).to_owned();
        assert!(map.keep(&[]).iter().all(|keep| *keep));
        assert_eq!(map.keep(&[5.0]), means.mapv(|mean| mean > 5.0));
        assert!(map.keep(&[0.0, 1e9]).iter().all(|keep| !keep));
    }
}
