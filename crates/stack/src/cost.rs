//! What reading patches costs because images are stored in chunks.

use patchweave_geometry::{Axis, Extent};

use crate::StackInfo;

/// Beyond so many chunks along an axis, those at its ends are not told apart from the others.
const MOST_CHUNKS: usize = 1 << 16;

impl StackInfo {
    /// How many pixels are decoded on average for each pixel of a patch at a random place, if nothing is cached.
    ///
    /// The patch has all channels and one sample; where it is larger than the image it has what there is. Without
    /// chunks, or where pixels are read in place, nothing is decoded in vain and the factor is 1. An extent of another
    /// rank than the image's gives `None`.
    ///
    /// ```
    /// use patchweave_geometry::{ArrayLayout, Extent};
    /// use patchweave_pixel::PixelType;
    /// use patchweave_stack::StackInfo;
    ///
    /// let layout = ArrayLayout::new("ZYX".parse()?, &[100, 512, 512])?;
    /// let mut info = StackInfo::new("volume.zarr", PixelType::U16, layout);
    /// info.chunks = Some(vec![1, 512, 512]);
    /// let factor = info.amplification(&Extent::new(&[64, 64, 64])?).unwrap();
    /// assert_eq!(factor, 64.0, "whole planes for 64 × 64 of their pixels");
    /// # Ok::<(), patchweave_geometry::GeometryError>(())
    /// ```
    #[must_use]
    pub fn amplification(&self, patch: &Extent) -> Option<f64> {
        let shape = self.shape();
        if patch.n_axes() != shape.extent.n_axes() {
            return None;
        }
        let Some(chunks) = self.decoded_chunks() else { return Some(1.0) };
        let [z, y, x] = patch.to_zyx();
        let along = |axis: Axis| {
            let Some(dimension) = self.layout.axes().position(axis) else { return 1.0 };
            let n = self.layout.shape()[dimension];
            let wanted = match axis {
                Axis::S | Axis::T => 1,
                Axis::C => n,
                Axis::Z => z.min(n),
                Axis::Y => y.min(n),
                Axis::X => x.min(n),
            };
            decoded(n, wanted, chunks.get(dimension).copied().unwrap_or(n).max(1)) / as_float(wanted)
        };
        Some(Axis::ALL.into_iter().map(along).product())
    }
}

/// How many positions are decoded on average for `wanted` neighbouring ones out of `n`, in chunks of `chunk`.
fn decoded(n: usize, wanted: usize, chunk: usize) -> f64 {
    let n_starts = n - wanted + 1;
    if n.div_ceil(chunk) > MOST_CHUNKS {
        return as_float(wanted + chunk - 1);
    }
    let of_chunk = |start: usize| {
        let end = (start + chunk).min(n);
        // The starts of patches that touch this chunk.
        let first = (start + 1).saturating_sub(wanted);
        let last = end.min(n_starts);
        as_float(last - first) * as_float(end - start)
    };
    (0..n).step_by(chunk).map(of_chunk).sum::<f64>() / as_float(n_starts)
}

#[expect(clippy::cast_precision_loss, reason = "sizes of images are exact as floats")]
fn as_float(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_average_is_that_over_all_starts(n in 1_usize..60, wanted in 1_usize..60, chunk in 1_usize..70) {
            let wanted = wanted.min(n);
            let mut total = 0;
            for start in 0..=n - wanted {
                let first = start / chunk;
                let last = (start + wanted - 1) / chunk;
                total += ((last + 1) * chunk).min(n) - first * chunk;
            }
            let expected = as_float(total) / as_float(n - wanted + 1);
            prop_assert!((decoded(n, wanted, chunk) - expected).abs() < 1e-9 * expected);
        }
    }
}
