//! Which pixels a patch uses, and from which starts other patches would use one of them.

use std::collections::HashMap;
use std::ops::Range;

use patchweave_geometry::{Context, Extent, GeometryError, PatchSpec, coordinate, grid_places};

use crate::start_box::StartBox;

/// The pixels of an image that a patch uses at any scale and after padding: a product over `ZYX`.
#[derive(Debug, Clone)]
pub(crate) struct Pixels([Vec<Range<usize>>; 3]);

impl Pixels {
    pub fn of(patch: &PatchSpec, image: &Extent, context: &Context) -> Result<Self, GeometryError> {
        let axes = context.axes(&patch.coords, &patch.patch_size, image)?;
        Ok(Pixels(axes.map(|axis| axis.runs())))
    }

    /// The same pixels where every position along Z has other positions instead: none, one or several.
    pub fn at_depths(self, depths: &[(usize, usize)]) -> Self {
        let Pixels([z, y, x]) = self;
        let moved = depths.iter().filter(|(from, _)| z.iter().any(|run| run.contains(from)));
        Pixels([merged(moved.map(|&(_, to)| to..to + 1).collect()), y, x])
    }

    /// A pixel that two patches share.
    pub fn shared(&self, other: &Pixels) -> Option<[usize; 3]> {
        let mut pixel = [0; 3];
        for (axis, at) in pixel.iter_mut().enumerate() {
            *at = first_shared(&self.0[axis], &other.0[axis])?;
        }
        Some(pixel)
    }
}

fn first_shared(a: &[Range<usize>], b: &[Range<usize>]) -> Option<usize> {
    let overlaps = a.iter().flat_map(|a| b.iter().map(move |b| a.start.max(b.start)..a.end.min(b.end)));
    overlaps.filter(|shared| !shared.is_empty()).map(|shared| shared.start).min()
}

/// Ascending ranges along an axis that do not touch.
type Runs = Vec<Range<usize>>;

/// Finds the starts of patches of one size in one image that use pixels of given patches.
#[derive(Debug)]
pub(crate) struct Conflicts {
    context: Context,
    image: Extent,
    patch_size: Extent,
    window: [usize; 3],
    /// Starts along an axis by axis and the pixels that are used there.
    known: HashMap<(usize, Runs), Runs>,
}

impl Conflicts {
    /// Patches of `patch_size` in `image`, with their context.
    pub fn new(context: Context, image: Extent, patch_size: Extent) -> Result<Self, GeometryError> {
        let window = context.window(&patch_size)?.to_zyx();
        Ok(Conflicts { context, image, patch_size, window, known: HashMap::new() })
    }

    /// The starts inside the image that use a pixel of `other`, as disjoint boxes.
    pub fn with(&mut self, other: &PatchSpec) -> Result<Vec<StartBox>, GeometryError> {
        self.with_pixels(&Pixels::of(other, &self.image, &self.context)?)
    }

    /// The starts inside the image that use one of some pixels, as disjoint boxes.
    pub fn with_pixels(&mut self, Pixels(used): &Pixels) -> Result<Vec<StartBox>, GeometryError> {
        let mut along: [Vec<Range<usize>>; 3] = Default::default();
        for (axis, ranges) in along.iter_mut().enumerate() {
            let key = (axis, used[axis].clone());
            *ranges = match self.known.get(&key) {
                Some(known) => known.clone(),
                None => {
                    let found = self.along(axis, &used[axis])?;
                    self.known.insert(key, found.clone());
                    found
                }
            };
        }
        Ok(grid_places(along.each_ref().map(|ranges| ranges.iter()))
            .map(|ranges| StartBox {
                low: ranges.map(|range| range.start),
                high: ranges.map(|range| range.end),
            })
            .collect())
    }

    /// The starts along an axis whose windows use one of some pixels, as ascending ranges that do not touch.
    ///
    /// Where the largest window lies inside the image, the starts follow from its ends. Elsewhere starts are tried
    /// one by one.
    fn along(&self, axis: usize, used: &[Range<usize>]) -> Result<Vec<Range<usize>>, GeometryError> {
        let inside = self.inside(axis);
        let mut found = self.overlapping(axis, used, &inside);
        for near in self.candidates(axis, used) {
            let before = near.start..near.end.min(inside.start);
            let behind = near.start.max(inside.end)..near.end;
            for start in before.chain(behind) {
                if first_shared(&self.runs(axis, start)?, used).is_some() {
                    found.push(start..start + 1);
                }
            }
        }
        Ok(merged(found))
    }

    fn n_starts(&self, axis: usize) -> usize {
        self.image.to_zyx()[axis].saturating_sub(self.patch_size.to_zyx()[axis]) + 1
    }

    /// How far the largest window reaches beyond the start of its patch.
    fn reach_before(&self, axis: usize) -> usize {
        self.window[axis] / 2 - self.patch_size.to_zyx()[axis] / 2
    }

    /// The starts whose largest window lies inside the image.
    fn inside(&self, axis: usize) -> Range<usize> {
        let n = self.image.to_zyx()[axis];
        let before = self.reach_before(axis);
        let end = (n + before + 1).saturating_sub(self.window[axis]).min(self.n_starts(axis));
        if before < end { before..end } else { 0..0 }
    }

    /// Those starts of `inside` whose windows hold one of some pixels.
    fn overlapping(&self, axis: usize, used: &[Range<usize>], inside: &Range<usize>) -> Vec<Range<usize>> {
        let before = self.reach_before(axis);
        let of_run = |run: &Range<usize>| {
            let low = (run.start + before + 1).saturating_sub(self.window[axis]).max(inside.start);
            low..run.end.saturating_add(before).min(inside.end)
        };
        used.iter().map(of_run).filter(|starts| !starts.is_empty()).collect()
    }

    /// The pixels of the largest window along one axis.
    fn runs(&self, axis: usize, start: usize) -> Result<Vec<Range<usize>>, GeometryError> {
        let mut zyx = [0; 3];
        zyx[axis] = coordinate(start);
        let coords = self.image.per_axis().of_zyx(zyx);
        Ok(self.context.axes(&coords, &self.patch_size, &self.image)?[axis].runs())
    }

    /// Starts among which all conflicts are, ascending.
    ///
    /// No padding reaches further from the centre of a patch than its largest window is long, but for the way
    /// around the image.
    fn candidates(&self, axis: usize, used: &[Range<usize>]) -> Vec<Range<usize>> {
        let n = self.image.to_zyx()[axis];
        let p = self.patch_size.to_zyx()[axis];
        let n_starts = self.n_starts(axis);
        if n_starts == 1 {
            return std::iter::once(0..1).collect();
        }
        let reach = coordinate(self.window[axis].saturating_add(1));
        let n = coordinate(n);
        let half = coordinate(p / 2);
        let clamp = |at: i64| usize::try_from(at).map_or(0, |at| at.min(n_starts));
        let near = used.iter().flat_map(|run| {
            [-n, 0, n].map(|around| {
                let low = (coordinate(run.start) + around - half).saturating_sub(reach);
                let high = (coordinate(run.end) + around - half).saturating_add(reach);
                clamp(low)..clamp(high)
            })
        });
        merged(near.collect())
    }
}

/// Ranges in ascending order, joined where they touch or overlap.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchweave_geometry::{ContextPadding, PerAxis};
    use proptest::prelude::*;

    const PADDINGS: [ContextPadding; 4] = [
        ContextPadding::Reflect,
        ContextPadding::WrapWindow,
        ContextPadding::WrapImage,
        ContextPadding::Constant,
    ];

    proptest! {
        /// A start is in one of the boxes exactly if its patch shares a pixel with the other patch.
        #[test]
        fn boxes_hold_the_starts_that_share_pixels(
            image in prop::array::uniform2(1_usize..22), size in prop::array::uniform2(1_usize..5),
            other_start in prop::array::uniform2(-3_i64..22), other_size in prop::array::uniform2(1_usize..7),
            n_scales in 1_usize..4, padding in 0_usize..4,
        ) {
            let context = Context::new(n_scales, PADDINGS[padding]).unwrap();
            let [image, size, other_size] = [image, size, other_size].map(|sizes| Extent::new(&sizes).unwrap());
            let spec = |coords: [i64; 2], patch_size| {
                PatchSpec { data_idx: 0, sample_idx: 0, coords: PerAxis::new(&coords).unwrap(), patch_size }
            };
            let other = spec(other_start, other_size);
            let used = Pixels::of(&other, &image, &context).unwrap();
            let boxes = Conflicts::new(context, image, size).unwrap().with(&other).unwrap();
            let last = |axis: usize| image.as_slice()[axis].saturating_sub(size.as_slice()[axis]);
            for (y, x) in (0..=last(0)).flat_map(|y| (0..=last(1)).map(move |x| (y, x))) {
                let train = spec([coordinate(y), coordinate(x)], size);
                let shared = Pixels::of(&train, &image, &context).unwrap().shared(&used);
                let times = boxes.iter().filter(|one| one.contains([0, y, x])).count();
                prop_assert_eq!(times, usize::from(shared.is_some()), "start {:?}", (y, x));
            }
        }
    }
}
