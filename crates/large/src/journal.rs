//! The journal: how often every patch was added, and what the attributes say about the quilt.

use std::collections::BTreeSet;

use ndarray::{ArrayD, Axis, Dimension, Slice};
use patchweave_geometry::{Extent, PerAxis, WindowGrid, try_lazy_zeros};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::arrays::DiskArray;
use crate::{LargeError, LargeSpec};

/// Under this key the attributes of the journal hold what the quilt is.
const KEY: &str = "patchweave";
const FORMAT: u32 = 1;

/// Most windows of a chunk along one axis: a chunk has 512 KiB at most.
const CHUNK_SIDES: [usize; 3] = [32, 64, 64];

/// What the journal tells about the quilt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attributes {
    format: u32,
    pub(crate) n_images: usize,
    pub(crate) n_channels: usize,
    pub(crate) image: Extent,
    pub(crate) window: Extent,
    pub(crate) step: PerAxis<usize>,
    pub(crate) border: Option<PerAxis<i64>>,
    pub(crate) border_weight: f64,
}

impl Attributes {
    pub(crate) fn new(spec: &LargeSpec, n_channels: usize) -> Self {
        let grid = spec.quilt().grid();
        Attributes {
            format: FORMAT,
            n_images: spec.n_images(),
            n_channels,
            image: grid.image(),
            window: grid.window(),
            step: grid.step(),
            border: spec.quilt().border(),
            border_weight: spec.border_weight(),
        }
    }

    pub(crate) fn of(journal: &DiskArray) -> Result<Self, LargeError> {
        let foreign = |reason: String| LargeError::Foreign { path: journal.folder().into(), reason };
        let value =
            journal.attributes().get(KEY).ok_or_else(|| foreign(format!("it has no attribute {KEY}")))?;
        let format = value.get("format").unwrap_or(&Value::Null);
        if format != FORMAT {
            return Err(foreign(format!("got format {format}, expected {FORMAT}")));
        }
        Attributes::deserialize(value).map_err(|error| foreign(error.to_string()))
    }

    pub(crate) fn spec(&self) -> Result<LargeSpec, LargeError> {
        let spec = LargeSpec::new(self.n_images, self.image, self.window, self.step)?;
        let border: Vec<i64> = self.border.map(|border| border.as_slice().to_vec()).unwrap_or_default();
        spec.with_border(border, self.border_weight)
    }

    /// The first entry in which `other` differs, with the value here and there.
    pub(crate) fn difference(&self, other: &Attributes) -> Option<(&'static str, String, String)> {
        let entries = |of: &Attributes| {
            [
                ("the number of images", of.n_images.to_string()),
                ("the number of channels", of.n_channels.to_string()),
                ("the size of images", of.image.to_string()),
                ("the window", of.window.to_string()),
                ("the step", format!("{:?}", of.step)),
                ("the border", of.border.map_or_else(|| "none".to_owned(), |border| format!("{border:?}"))),
                ("the weight of the border", of.border_weight.to_string()),
            ]
        };
        let pairs = entries(self).into_iter().zip(entries(other));
        pairs
            .into_iter()
            .find(|(here, there)| here != there)
            .map(|((what, here), (_, there))| (what, here, there))
    }

    pub(crate) fn to_json(&self) -> Map<String, Value> {
        // Plain numbers, none of which is a NaN.
        let value = serde_json::to_value(self).unwrap_or_default();
        Map::from_iter([(KEY.to_owned(), value)])
    }
}

/// Counts of patches, `N(Z)YX` over the grid of windows.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    counts: ArrayD<u32>,
    chunk: Vec<usize>,
    n_added: u64,
    changed: BTreeSet<Vec<usize>>,
}

impl Journal {
    /// A journal without patches.
    pub(crate) fn new(spec: &LargeSpec) -> Result<Self, LargeError> {
        let times = spec.quilt().times();
        let shape: Vec<usize> = [spec.n_images()].into_iter().chain(times.iter()).collect();
        let sides = times.of_zyx(CHUNK_SIDES);
        let chunk =
            [1].into_iter().chain(times.iter().zip(sides.iter()).map(|(n, side)| n.min(side))).collect();
        let no_memory = || LargeError::OutOfMemory { shape: shape.clone() };
        let counts = try_lazy_zeros(&[spec.n_patches()]).ok_or_else(no_memory)?;
        let counts = ArrayD::from_shape_vec(shape.as_slice(), counts).map_err(|_| no_memory())?;
        Ok(Journal { counts, chunk, n_added: 0, changed: BTreeSet::new() })
    }

    /// Reads all counts.
    pub(crate) fn load(&mut self, disk: &DiskArray) -> Result<(), LargeError> {
        for idx in self.chunk_places() {
            let Some(values) = disk.read::<u32>(&wide(&idx))? else { continue };
            let chunk = ArrayD::from_shape_vec(self.chunk.as_slice(), values);
            let chunk =
                chunk.map_err(|error| crate::error::zarr_error("read a chunk of", disk.folder())(error))?;
            let mut place = self.counts.view_mut();
            let mut inside = chunk.view();
            for (axis, (&at, &side)) in idx.iter().zip(&self.chunk).enumerate() {
                let end = (at * side + side).min(place.len_of(Axis(axis)));
                place.slice_axis_inplace(Axis(axis), Slice::from(at * side..end));
                inside.slice_axis_inplace(Axis(axis), Slice::from(0..end - at * side));
            }
            place.assign(&inside);
        }
        self.n_added = self.counts.iter().map(|&count| u64::from(count)).sum();
        Ok(())
    }

    pub(crate) fn shape(&self) -> &[usize] {
        self.counts.shape()
    }

    pub(crate) fn chunk(&self) -> &[usize] {
        &self.chunk
    }

    pub(crate) fn counts(&self) -> &ArrayD<u32> {
        &self.counts
    }

    /// How many patches were added, repeated ones included.
    pub(crate) fn n_added(&self) -> u64 {
        self.n_added
    }

    pub(crate) fn count(&self, index: usize) -> u32 {
        self.counts.as_slice().and_then(|counts| counts.get(index)).copied().unwrap_or(0)
    }

    /// The first patch of an image that was added and of which a chunk of pixels holds a part.
    pub(crate) fn patch_in_chunk(&self, grid: &WindowGrid, image: usize, at: &[usize]) -> Option<usize> {
        let mut counts = self.counts.view();
        counts.slice_axis_inplace(Axis(0), Slice::from(image..image + 1));
        let mut first = vec![image];
        for (axis, (&at, &side)) in at.iter().zip(grid.window().as_slice()).enumerate() {
            let touches = |&start: &usize| start / side == at || (start / side + 1 == at && start % side > 0);
            let starts = || grid.axes()[axis].starts();
            let n_before = starts().take_while(|start| !touches(start)).count();
            let n_touching = starts().skip(n_before).take_while(touches).count();
            counts.slice_axis_inplace(Axis(axis + 1), Slice::from(n_before..n_before + n_touching));
            first.push(n_before);
        }
        let (place, _) = counts.indexed_iter().find(|(_, count)| **count > 0)?;
        let place = place.slice().iter().zip(&first).skip(1).map(|(at, first)| at + first);
        let index =
            place.zip(self.counts.shape().iter().skip(1)).fold(image, |index, (at, n)| index * n + at);
        Some(index)
    }

    /// Counts a patch that was added `n` more times.
    pub(crate) fn add(&mut self, index: usize, n: u32) {
        let mut rest = index;
        let mut place = vec![0; self.counts.ndim()];
        for (axis, &size) in self.counts.shape().iter().enumerate().rev() {
            place[axis] = rest % size / self.chunk[axis];
            rest /= size;
        }
        if let Some(count) = self.counts.as_slice_mut().and_then(|counts| counts.get_mut(index)) {
            *count = count.saturating_add(n);
            self.n_added += u64::from(n);
            self.changed.insert(place);
        }
    }

    /// Writes the chunks that changed.
    pub(crate) fn write(&self, disk: &DiskArray) -> Result<(), LargeError> {
        for idx in &self.changed {
            let mut chunk = ArrayD::<u32>::zeros(self.chunk.as_slice());
            let mut place = self.counts.view();
            let mut inside = chunk.view_mut();
            for (axis, (&at, &side)) in idx.iter().zip(&self.chunk).enumerate() {
                let end = (at * side + side).min(place.len_of(Axis(axis)));
                place.slice_axis_inplace(Axis(axis), Slice::from(at * side..end));
                inside.slice_axis_inplace(Axis(axis), Slice::from(0..end - at * side));
            }
            inside.assign(&place);
            disk.write(&wide(idx), chunk.as_slice().unwrap_or_default())?;
        }
        Ok(())
    }

    pub(crate) fn all_saved(&mut self) {
        self.changed.clear();
    }

    fn chunk_places(&self) -> Vec<Vec<usize>> {
        let n: Vec<usize> =
            self.counts.shape().iter().zip(&self.chunk).map(|(size, side)| size.div_ceil(*side)).collect();
        ndarray::indices(n.as_slice()).into_iter().map(|place| place.slice().to_vec()).collect()
    }
}

fn wide(idx: &[usize]) -> Vec<u64> {
    idx.iter().map(|&at| at as u64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchweave_pixel::PixelType;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn counts_come_back_from_the_disk(
            sides in prop::collection::vec(1_usize..90, 2..=3),
            added in prop::collection::vec((any::<prop::sample::Index>(), 1_u32..4), 1..30),
        ) {
            let volume = if sides.len() == 3 { 20 } else { 90 };
            let image: Vec<usize> = sides.iter().map(|side| *side.min(&volume)).collect();
            let ones = vec![1; image.len()];
            let spec = LargeSpec::new(
                2, Extent::new(&image).unwrap(), Extent::new(&ones).unwrap(), PerAxis::new(&ones).unwrap(),
            ).unwrap();
            let mut journal = Journal::new(&spec).unwrap();
            for (index, n) in added {
                journal.add(index.index(spec.n_patches()), n);
            }
            let folder = tempfile::tempdir().unwrap();
            let disk =
                DiskArray::new(folder.path(), journal.shape(), journal.chunk(), PixelType::U32, Map::new()).unwrap();
            journal.write(&disk).unwrap();
            let mut loaded = Journal::new(&spec).unwrap();
            loaded.load(&disk).unwrap();
            prop_assert_eq!(loaded.counts(), journal.counts());
            prop_assert_eq!(loaded.n_added(), journal.n_added());
        }

        #[test]
        fn chunks_know_the_patches_that_they_hold_a_part_of(
            axes in prop::collection::vec((1_usize..6, 0_usize..12, 1_usize..7), 2..=3),
            added in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        ) {
            let sizes = |f: fn(&(usize, usize, usize)) -> usize| axes.iter().map(f).collect::<Vec<_>>();
            let spec = LargeSpec::new(
                2,
                Extent::new(&sizes(|axis| axis.0 + axis.1)).unwrap(),
                Extent::new(&sizes(|axis| axis.0)).unwrap(),
                PerAxis::new(&sizes(|axis| axis.2)).unwrap(),
            ).unwrap();
            let mut journal = Journal::new(&spec).unwrap();
            let mut added: Vec<usize> = added.iter().map(|index| index.index(spec.n_patches())).collect();
            added.sort_unstable();
            added.iter().for_each(|&index| journal.add(index, 1));
            let tiling = crate::tiling::Tiling::new(&spec, 1);
            for (image, at) in (0..2).flat_map(|image| tiling.places().map(move |at| (image, at))) {
                let expected = added.iter().copied().find(|&index| {
                    let (of, start) = spec.position(index).unwrap();
                    of == image && tiling.touched(start.to_zyx(0)).any(|touched| touched == at)
                });
                let got = journal.patch_in_chunk(spec.quilt().grid(), image, tiling.own(&at));
                prop_assert_eq!(got, expected);
            }
        }
    }
}
