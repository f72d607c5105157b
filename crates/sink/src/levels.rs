//! The levels of an image: sizes, places and scales; no pixels.

use patchweave_geometry::{ArrayLayout, Axis, GeometryError};

use crate::{ImageSpec, LevelAxes};

/// A `Z` pixel that is not longer than this many `Y` pixels gets larger with the levels.
const FLAT: f64 = 2.0;

/// From this size on along `Y` and `X` an image needs no smaller level.
const SMALL: usize = 256;

impl ImageSpec {
    /// Whether levels get smaller along an axis.
    #[must_use]
    pub fn is_halved(&self, axis: Axis) -> bool {
        match (axis, self.level_axes) {
            (Axis::Y | Axis::X, _) | (Axis::Z, LevelAxes::Zyx) => true,
            (Axis::S | Axis::T | Axis::C, _) | (Axis::Z, LevelAxes::Yx) => false,
            (Axis::Z, LevelAxes::Auto) => self.pixel_size.is_none_or(|size| {
                let [z, y, _] = size.to_zyx(1.0);
                z <= FLAT * y
            }),
        }
    }

    /// How many pixels of level 0 a pixel of a level has along an axis.
    #[must_use]
    pub fn level_factor(&self, level: usize, axis: Axis) -> usize {
        let doubled = u32::try_from(level).ok().and_then(|level| 1_usize.checked_shl(level));
        if self.is_halved(axis) { doubled.unwrap_or(usize::MAX) } else { 1 }
    }

    /// Axes and shape of a level: sizes are halved upwards.
    ///
    /// # Errors
    /// None for a layout that exists; the type says so.
    pub fn level_layout(&self, level: usize) -> Result<ArrayLayout, GeometryError> {
        let axes = self.layout.axes();
        let sizes = axes.as_slice().iter().zip(self.layout.shape());
        let sizes: Vec<usize> =
            sizes.map(|(axis, size)| size.div_ceil(self.level_factor(level, *axis))).collect();
        ArrayLayout::new(axes.clone(), &sizes)
    }

    /// As many levels as it takes until `Y` and `X` have 256 pixels at most.
    #[must_use]
    pub fn enough_levels(&self) -> usize {
        let [_, y, x] = self.layout.image_shape().extent.to_zyx();
        let mut largest = y.max(x);
        let mut n_levels = 1;
        while largest > SMALL {
            largest = largest.div_ceil(2);
            n_levels += 1;
        }
        n_levels
    }
}

#[cfg(test)]
mod tests {
    use patchweave_geometry::PerAxis;
    use patchweave_pixel::PixelType;

    use super::*;

    fn spec(axes: &str, shape: &[usize]) -> ImageSpec {
        ImageSpec::new(ArrayLayout::new(axes.parse().unwrap(), shape).unwrap(), PixelType::U8)
    }

    #[test]
    fn sizes_are_halved_upwards() {
        let mut spec = spec("TCZYX", &[3, 2, 5, 1025, 7]);
        let shape = |spec: &ImageSpec, level| spec.level_layout(level).unwrap().shape().to_vec();
        assert_eq!(shape(&spec, 0), [3, 2, 5, 1025, 7]);
        assert_eq!(shape(&spec, 2), [3, 2, 2, 257, 2]);
        assert_eq!(shape(&spec, 31), [3, 2, 1, 1, 1]);
        spec.level_axes = LevelAxes::Yx;
        assert_eq!(shape(&spec, 1), [3, 2, 5, 513, 4]);
        assert_eq!(spec.enough_levels(), 4);
    }

    #[test]
    fn flat_pixels_keep_their_depth() {
        let mut spec = spec("ZYX", &[8, 8, 8]);
        assert!(spec.is_halved(Axis::Z));
        for (z, is_halved) in [(0.2, true), (0.21, false)] {
            spec.pixel_size = Some(PerAxis::new(&[z, 0.1, 0.1]).unwrap());
            assert_eq!(spec.is_halved(Axis::Z), is_halved);
            assert!(spec.is_halved(Axis::Y) && !spec.is_halved(Axis::C));
        }
        spec.level_axes = LevelAxes::Zyx;
        assert!(spec.is_halved(Axis::Z));
    }
}
