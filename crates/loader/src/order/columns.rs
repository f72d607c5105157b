//! How an image is cut into columns that are gone through from end to end.
//!
//! In a plain shuffle, a chunk is needed again long after the cache has dropped it. If patches come in order along one axis
//! of a column, a chunk is needed only while the sweep passes it. Wide columns share fewer chunks with their neighbours, but
//! more chunks are in use at a time: the widest columns that fit into the cache decode least.

/// The sizes that matter, all along `ZYX`; `patch` is what is read for a patch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub image: [usize; 3],
    /// Chunks of the whole image where it is not chunked.
    pub chunk: [usize; 3],
    pub patch: [usize; 3],
}

/// Columns of an image: whole chunks wide, and as long as the image along one axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Columns {
    /// The axis of `ZYX` along which columns run.
    pub sweep: usize,
    /// The size of a column along `ZYX` in pixels.
    pub size: [usize; 3],
    /// How many times a chunk is needed by columns, on average.
    pub amplification: f64,
    /// Pixels of chunks that are in use at a time while a column is gone through.
    pub pixels_in_use: f64,
}

impl Columns {
    /// The widest columns of which no more than `budget` pixels are in use at a time, if patches that start within
    /// `slab` pixels of a column are mixed; at least one chunk wide.
    pub fn fitting(sizes: Sizes, slab: f64, budget: f64) -> Self {
        let Sizes { image, chunk, patch } = sizes;
        // Along this axis a patch spans most chunks, so that columns that end there would cost most.
        let span = |axis: usize| {
            let is_cut = image[axis] > chunk[axis];
            if is_cut { as_f64(patch[axis]) / as_f64(chunk[axis]) } else { 0.0 }
        };
        let sweep = (0..3).fold(0, |best, axis| if span(axis) > span(best) { axis } else { best });
        let mut size = std::array::from_fn(|axis| if axis == sweep { image[axis] } else { chunk[axis] });
        let mut columns = Columns::of(sizes, sweep, size, slab);
        loop {
            let halo = |axis: &usize| as_f64(patch[*axis] - 1) / as_f64(size[*axis]);
            let growing = (0..3).filter(|&axis| size[axis] < image[axis]);
            let Some(axis) = growing.max_by(|a, b| halo(a).total_cmp(&halo(b))) else { return columns };
            // A step of an eighth keeps the number of steps small for wide images.
            let n_chunks = size[axis] / chunk[axis];
            size[axis] = (n_chunks + (n_chunks / 8).max(1)).saturating_mul(chunk[axis]).min(image[axis]);
            let wider = Columns::of(sizes, sweep, size, slab);
            if wider.pixels_in_use > budget {
                return columns;
            }
            columns = wider;
        }
    }

    fn of(sizes: Sizes, sweep: usize, size: [usize; 3], slab: f64) -> Self {
        let Sizes { image, chunk, patch } = sizes;
        let mut amplification = 1.0;
        let mut width = 1.0;
        let mut section = 1.0;
        for axis in (0..3).filter(|&axis| axis != sweep) {
            let whole = size[axis] >= image[axis];
            // Patches reach into the next column.
            let halo = if whole { 0.0 } else { as_f64(patch[axis] - 1) };
            amplification *= 1.0 + halo / as_f64(size[axis]);
            width *= as_f64(size[axis]);
            section *= (as_f64(size[axis]) + halo + as_f64(chunk[axis])).min(as_f64(image[axis]));
        }
        let depth = slab / width + as_f64(patch[sweep]) + as_f64(chunk[sweep]);
        let pixels_in_use = section * depth.min(as_f64(image[sweep]));
        Columns { sweep, size, amplification, pixels_in_use }
    }

    /// The column in which a patch starts, and how far along it.
    pub fn place_of(&self, start: [i64; 3]) -> ([usize; 3], usize) {
        let start = start.map(|at| usize::try_from(at).unwrap_or(0));
        let mut column = std::array::from_fn(|axis| start[axis] / self.size[axis].max(1));
        column[self.sweep] = 0;
        (column, start[self.sweep])
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes of images are exact as floats")]
pub(crate) fn as_f64(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sizes(max: usize) -> impl Strategy<Value = [usize; 3]> {
        [1..max, 1..max, 1..max]
    }

    proptest! {
        #[test]
        fn columns_are_whole_chunks_within_the_image(
            image in sizes(300), chunk in sizes(80), patch in sizes(70), slab in 1.0..1e6, budget in 1.0..1e8,
        ) {
            let chunk: [usize; 3] = std::array::from_fn(|axis| chunk[axis].min(image[axis]));
            let patch: [usize; 3] = std::array::from_fn(|axis| patch[axis].min(image[axis]));
            let columns = Columns::fitting(Sizes { image, chunk, patch }, slab, budget);
            for axis in 0..3 {
                let size = columns.size[axis];
                prop_assert!(size == image[axis] || size.is_multiple_of(chunk[axis]), "{columns:?}");
                prop_assert!(axis != columns.sweep || size == image[axis]);
            }
            prop_assert!(columns.amplification >= 1.0);
            let more = Columns::fitting(Sizes { image, chunk, patch }, slab, 2.0 * budget);
            prop_assert!(more.amplification <= columns.amplification + 1e-9, "{more:?} {columns:?}");
        }
    }

    #[test]
    fn thin_chunks_are_swept_along_z() {
        let sizes = Sizes { image: [256, 512, 512], chunk: [1, 512, 512], patch: [64, 64, 64] };
        let columns = Columns::fitting(sizes, 1e6, 1e6);
        assert_eq!((columns.sweep, columns.size, columns.amplification), (0, [256, 512, 512], 1.0));
    }

    #[test]
    fn an_image_in_one_piece_is_one_column() {
        let sizes = Sizes { image: [1, 70, 90], chunk: [1, 70, 90], patch: [1, 64, 64] };
        let columns = Columns::fitting(sizes, 1e6, 1.0);
        assert_eq!(columns.place_of([0, -5, 60]), ([0, 0, 0], 0));
        assert_eq!(columns.size, [1, 70, 90]);
    }
}
