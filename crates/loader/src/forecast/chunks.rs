//! Which chunks a sample needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use patchweave_construct::{Dataset, ImageMetadata, PatchRole, RoleSources};
use patchweave_geometry::{Axis, Extent, PatchSpec, PerAxis, Region, RegionSpec};

use crate::order::{SampleChunks, as_f64};

/// A chunk: which image, and where in its grid along `STCZYX`.
pub(super) type ChunkKey = (usize, [usize; 6]);

/// An image that chunks are decoded from.
pub(super) struct Image {
    /// Its place in the list.
    pub number: usize,
    /// Chunks along `STCZYX`.
    chunk: [usize; 6],
    shape: [usize; 6],
    samples: SampleChunks,
    extent: Extent,
    /// Bytes of a decoded chunk.
    pub chunk_bytes: f64,
    /// How many chunks it has.
    pub n_chunks: f64,
}

/// All images that samples were found to come from, by name.
#[derive(Default)]
pub(super) struct ImageList {
    images: BTreeMap<(usize, String), Option<Image>>,
}

impl Image {
    fn new(number: usize, metadata: &ImageMetadata) -> Option<Self> {
        let chunks = metadata.chunks.as_ref().filter(|_| !metadata.is_in_place)?;
        let layout = &metadata.original;
        let at = |axis: Axis, sizes: &[usize]| {
            layout.axes().position(axis).and_then(|at| sizes.get(at)).map_or(1, |&size| size.max(1))
        };
        let shape = Axis::ALL.map(|axis| at(axis, layout.shape()));
        let chunk = Axis::ALL.map(|axis| at(axis, chunks));
        let n_chunks = shape.iter().zip(&chunk).map(|(n, chunk)| as_f64(n.div_ceil(*chunk))).product();
        let chunk_bytes =
            chunk.iter().map(|n| as_f64(*n)).product::<f64>() * as_f64(metadata.pixel_bytes.max(1));
        Some(Image {
            number,
            chunk,
            shape,
            samples: SampleChunks::of(metadata),
            extent: metadata.data_shape.extent,
            chunk_bytes,
            n_chunks,
        })
    }

    /// Calls `found` with every chunk that a window of a sample touches; `channel` alone, or all of them.
    fn touched(
        &self,
        sample_idx: usize,
        region: &Region,
        channel: Option<usize>,
        found: &mut impl FnMut(ChunkKey),
    ) {
        let Ok(Some(inside)) = region.clip(&self.extent) else { return };
        let n_c = self.shape[2];
        let c_chunk = self.chunk[2];
        let [s, t] = self.samples.chunk_of(sample_idx);
        let channels = match channel {
            Some(channel) => channel.min(n_c - 1) / c_chunk..channel.min(n_c - 1) / c_chunk + 1,
            None => 0..n_c.div_ceil(c_chunk),
        };
        let along = |axis: usize| {
            let pixels = inside.range(axis);
            let chunk = self.chunk[3 + axis];
            pixels.start / chunk..(pixels.end - 1) / chunk + 1
        };
        for c in channels {
            for z in along(0) {
                for y in along(1) {
                    along(2).for_each(|x| found((self.number, [s, t, c, z, y, x])));
                }
            }
        }
    }
}

impl ImageList {
    /// Calls `found` with every chunk that a sample needs, and with the bytes it has when it is decoded.
    ///
    /// Images in memory, and those that are read where they lie, have none.
    pub fn chunks_of(
        &mut self,
        set: usize,
        dataset: &Dataset,
        spec: &RegionSpec,
        mut found: impl FnMut(ChunkKey, f64),
    ) {
        for role in [PatchRole::Input, PatchRole::Target] {
            let Some(metadata) = dataset.metadata(role, spec) else { continue };
            let context = dataset.constr().sources().of(role).and_then(RoleSources::context);
            let region = |patch: &PatchSpec| {
                let Some(Ok(window)) = context.map(|context| context.window(&patch.patch_size)) else {
                    return patch.region();
                };
                around(patch, window)
            };
            match spec {
                RegionSpec::Uncorrelated(spec) if role == PatchRole::Input => {
                    for (channel, patch) in spec.channels.iter().enumerate() {
                        let source = metadata.channels.get(channel);
                        let name = source.map_or(&metadata.source, |source| &source.source);
                        if let Some(image) = self.image(set, name, &metadata) {
                            let bytes = image.chunk_bytes;
                            let of = Some(channel);
                            image.touched(patch.sample_idx, &region(patch), of, &mut |key| found(key, bytes));
                        }
                    }
                }
                // The target is cut from the same places.
                RegionSpec::Uncorrelated(_) => {}
                RegionSpec::Patch(_) | RegionSpec::Tile(_) => {
                    let Some(patch) = spec.patch() else { continue };
                    if let Some(image) = self.image(set, &metadata.source, &metadata) {
                        let bytes = image.chunk_bytes;
                        image.touched(patch.sample_idx, &region(patch), None, &mut |key| found(key, bytes));
                    }
                }
            }
        }
    }

    /// Bytes of all chunks of all images that were seen.
    pub fn all_bytes(&self) -> f64 {
        self.images.values().flatten().map(|image| image.chunk_bytes * image.n_chunks).sum()
    }

    /// Chunks of all images that were seen.
    pub fn n_chunks(&self) -> f64 {
        self.images.values().flatten().map(|image| image.n_chunks).sum()
    }

    fn image(&mut self, set: usize, name: &str, metadata: &Arc<ImageMetadata>) -> Option<&Image> {
        let number = self.images.len();
        let image = self.images.entry((set, name.to_owned()));
        image.or_insert_with(|| Image::new(number, metadata)).as_ref()
    }
}

/// A window with the patch in its middle.
fn around(patch: &PatchSpec, window: Extent) -> Region {
    let size = window.to_zyx();
    let inner = patch.patch_size.to_zyx();
    let first = 3 - patch.coords.n_axes();
    let start: PerAxis<i64> = patch.coords.map_indexed(|axis, at| {
        let margin = size[first + axis].saturating_sub(inner[first + axis]) / 2;
        at.saturating_sub(i64::try_from(margin).unwrap_or(i64::MAX))
    });
    Region { start, size: window }
}
