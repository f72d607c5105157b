//! The planes of an image, and where the arrays that it is stored in have them.

use patchweave_geometry::{ArrayLayout, Axis};

/// A plane of the canonical form `SC(Z)YX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plane {
    pub sample: usize,
    pub channel: usize,
    pub z: usize,
}

/// How the planes of an image are numbered: in the order of its dimensions, `Y` and `X` left out.
#[derive(Debug, Clone)]
pub(super) struct Planes {
    dimensions: Vec<Dimension>,
    n_times: usize,
    /// Planes in each of the arrays.
    pub per_object: usize,
    pub form: Form,
}

#[derive(Debug, Clone, Copy)]
struct Dimension {
    axis: Axis,
    /// How much of it the image shows.
    size: usize,
    stored: usize,
}

/// What two images of one array have to have in common for their planes to be the same planes, pixel by pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    /// The sizes of the array, those of 1 left out.
    sizes: Vec<usize>,
    /// Values of the array from one pixel to the next along Y and X; 0 along an axis of one pixel.
    steps: [usize; 2],
}

impl Planes {
    /// Of an image that consists of `n_objects` equal arrays; `None` if planes are spread over several of them.
    pub fn of(layout: &ArrayLayout, stored: Option<&[usize]>, n_objects: usize) -> Option<Self> {
        let sizes = layout.shape();
        let stored = stored.filter(|stored| stored.len() == sizes.len()).unwrap_or(sizes);
        let total = stored.iter().try_fold(1_usize, |n, &size| n.checked_mul(size))?;
        let in_object = total.checked_div(n_objects).filter(|n| n.checked_mul(n_objects) == Some(total))?;
        // The dimensions of an array are the last ones, as many as it takes.
        let mut first = stored.len();
        let mut n = 1_usize;
        while n < in_object {
            first = first.checked_sub(1)?;
            n = n.checked_mul(stored[first])?;
        }
        if n != in_object {
            return None;
        }
        let step = |axis: Axis| {
            let at = layout.axes().position(axis)?;
            match stored[at] {
                1 => Some(0),
                _ if at < first => None,
                _ => Some(stored[at + 1..].iter().product()),
            }
        };
        let steps = [step(Axis::Y)?, step(Axis::X)?];
        let form = Form { sizes: stored[first..].iter().copied().filter(|&size| size != 1).collect(), steps };
        let dimensions = layout.axes().as_slice().iter().zip(sizes.iter().zip(stored));
        let dimensions = dimensions
            .map(|(&axis, (&size, &stored))| Dimension { axis, size, stored })
            .filter(|dimension| !matches!(dimension.axis, Axis::Y | Axis::X));
        let dimensions: Vec<Dimension> = dimensions.collect();
        let n_planes: usize = dimensions.iter().map(|dimension| dimension.stored).product();
        Some(Planes {
            dimensions,
            n_times: layout.size_of(Axis::T).unwrap_or(1),
            per_object: n_planes / n_objects,
            form,
        })
    }

    /// The number of a plane.
    pub fn number(&self, Plane { sample, channel, z }: Plane) -> usize {
        self.dimensions.iter().fold(0, |number, dimension| {
            let at = match dimension.axis {
                Axis::S => sample / self.n_times,
                Axis::T => sample % self.n_times,
                Axis::C => channel,
                _ => z,
            };
            number * dimension.stored + at
        })
    }

    /// The plane of a number; `None` if the image does not show it.
    pub fn plane(&self, mut number: usize) -> Option<Plane> {
        let mut s = 0;
        let mut t = 0;
        let mut channel = 0;
        let mut z = 0;
        for dimension in self.dimensions.iter().rev() {
            let at = number % dimension.stored;
            number /= dimension.stored;
            if at >= dimension.size {
                return None;
            }
            match dimension.axis {
                Axis::S => s = at,
                Axis::T => t = at,
                Axis::C => channel = at,
                _ => z = at,
            }
        }
        (number == 0).then_some(Plane { sample: s * self.n_times + t, channel, z })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn layout(axes: &str, shape: &[usize]) -> ArrayLayout {
        ArrayLayout::new(axes.parse().unwrap(), shape).unwrap()
    }

    proptest! {
        /// Every plane has a number of its own, which leads back to it, also where only a part is shown.
        #[test]
        fn numbers_and_planes_are_one_to_one(
            axes in prop::sample::select(vec!["STCZYX", "TZCYX", "ZTYXC", "CYX", "YX", "TSYX", "ZYX"]),
            sizes in prop::array::uniform6(1_usize..4), more in prop::array::uniform6(0_usize..3),
        ) {
            let sizes = &sizes[..axes.len()];
            let stored: Vec<usize> = sizes.iter().zip(more).map(|(size, more)| size + more).collect();
            let layout = layout(axes, sizes);
            let shape = layout.image_shape();
            let planes = Planes::of(&layout, Some(&stored), 1).unwrap();
            let mut seen = std::collections::BTreeSet::new();
            let [n_z, ..] = shape.extent.to_zyx();
            for sample in 0..shape.n_samples {
                for channel in 0..shape.n_channels {
                    for z in 0..n_z {
                        let plane = Plane { sample, channel, z };
                        let number = planes.number(plane);
                        prop_assert!(seen.insert(number) && number < planes.per_object);
                        prop_assert_eq!(planes.plane(number), Some(plane));
                    }
                }
            }
            let shown = (0..planes.per_object + 3).filter(|&number| planes.plane(number).is_some());
            prop_assert_eq!(shown.collect::<std::collections::BTreeSet<_>>(), seen);
        }
    }

    #[test]
    fn arrays_hold_whole_planes() {
        // Pages of two channels that are stored pixel by pixel.
        let planes = Planes::of(&layout("TYXC", &[5, 4, 6, 2]), None, 5).unwrap();
        assert_eq!(planes.per_object, 2);
        assert_eq!(planes.form, Form { sizes: vec![4, 6, 2], steps: [12, 2] });
        // Sizes of 1 say nothing.
        let single = Planes::of(&layout("TZYXC", &[5, 1, 4, 6, 2]), None, 5).unwrap();
        assert_eq!(single.form, planes.form);
        // Letters of somebody who sees rows of different pages as a plane.
        assert!(Planes::of(&layout("YCX", &[5, 4, 6]), None, 5).is_none());
        assert!(Planes::of(&layout("ZYX", &[5, 4, 6]), None, 7).is_none());
        let a = layout("CYX", &[4, 4, 4]);
        let b = layout("YXC", &[4, 4, 4]);
        assert_ne!(Planes::of(&a, None, 1).unwrap().form, Planes::of(&b, None, 1).unwrap().form);
    }
}
