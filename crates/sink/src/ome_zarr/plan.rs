//! The sizes of chunks and shards; no pixels.

use std::path::Path;

use patchweave_geometry::Axis;

use super::options::{OmeZarrOptions, OmeZarrVersion, Sharding};
use crate::{ImageSpec, SinkError};

/// What readers commonly allow.
const CHUNK_BYTES_LIMIT: u64 = u32::MAX as u64;

/// Shards that are chosen have at most so many bytes before compression.
const SHARD_BYTES: usize = 16 << 20;

/// The sizes of chunks and, if they are packed, of shards, for an array of some axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChunkPlan {
    pub chunk: Vec<usize>,
    pub shard: Option<Vec<usize>>,
}

impl ChunkPlan {
    /// The plan for all levels: sizes are those of level 0, and levels that are smaller have one chunk.
    pub fn new(
        path: &Path,
        spec: &ImageSpec,
        axes: &[Axis],
        options: &OmeZarrOptions,
    ) -> Result<Self, SinkError> {
        let size = |axis: &Axis| spec.layout.size_of(*axis).unwrap_or(1);
        let given = |sizes: &Option<Vec<usize>>| -> Option<Vec<usize>> {
            let sizes = sizes.as_ref()?;
            let of = |axis: &Axis| spec.layout.axes().position(*axis).and_then(|at| sizes.get(at)).copied();
            Some(axes.iter().map(|axis| of(axis).unwrap_or(1)).collect())
        };
        let chunk: Vec<usize> = match given(&spec.chunks) {
            Some(chunk) => chunk,
            None => axes.iter().map(|axis| chosen_chunk(spec, *axis, options)).collect(),
        };
        let chunk: Vec<usize> =
            chunk.iter().zip(axes).map(|(chunk, axis)| (*chunk).min(size(axis))).collect();
        let n_bytes = chunk.iter().fold(spec.pixel_type.n_bytes(), |n, size| n.saturating_mul(*size));
        if n_bytes as u64 > CHUNK_BYTES_LIMIT {
            let what = "bytes in a chunk";
            return Err(SinkError::TooLarge {
                path: path.into(),
                what,
                got: n_bytes,
                limit: CHUNK_BYTES_LIMIT,
            });
        }
        let shape: Vec<usize> = axes.iter().map(size).collect();
        let shard = match given(&spec.shards) {
            Some(_) if options.version == OmeZarrVersion::V04 => {
                let got = "shards".to_owned();
                let expected = "none, or OME-Zarr 0.5: version 0.4 has none".to_owned();
                return Err(SinkError::Unfit { path: path.into(), got, expected });
            }
            Some(shard) => Some(checked_shard(path, &shape, &chunk, &shard)?),
            None if options.version == OmeZarrVersion::V04 || options.sharding == Sharding::None => None,
            None => Some(chosen_shard(&shape, &chunk, axes, n_bytes)),
        };
        let shard = shard.filter(|shard| *shard != chunk);
        Ok(ChunkPlan { chunk, shard })
    }

    /// The plan of an array of this shape: no chunks behind those that it has.
    pub fn of_shape(&self, shape: &[usize]) -> Self {
        let sizes = shape.iter().zip(&self.chunk);
        let chunk: Vec<usize> = sizes.map(|(n, chunk)| (*chunk).min(*n)).collect();
        let Some(shard) = &self.shard else { return ChunkPlan { chunk, shard: None } };
        let sizes = shape.iter().zip(&chunk).zip(&self.chunk).zip(shard);
        let shard: Vec<usize> = sizes
            .map(|(((n, chunk), whole), shard)| (shard / whole * chunk).min(n.div_ceil(*chunk) * chunk))
            .collect();
        let shard = Some(shard).filter(|shard| *shard != chunk);
        ChunkPlan { chunk, shard }
    }

    /// What is one file.
    pub fn object(&self) -> &[usize] {
        self.shard.as_deref().unwrap_or(&self.chunk)
    }
}

/// The size of a chunk near that of common patches, or for one file per chunk of about two megabytes.
fn chosen_chunk(spec: &ImageSpec, axis: Axis, options: &OmeZarrOptions) -> usize {
    let is_deep = spec.layout.size_of(Axis::Z).is_some_and(|depth| depth > 1);
    let is_file = options.version == OmeZarrVersion::V04 || options.sharding == Sharding::None;
    match (axis, is_deep) {
        (Axis::S | Axis::T | Axis::C, _) => 1,
        (Axis::Z, _) => {
            if is_file {
                64
            } else {
                32
            }
        }
        (Axis::Y | Axis::X, true) => 128,
        (Axis::Y | Axis::X, false) => {
            if is_file {
                1024
            } else {
                256
            }
        }
    }
}

/// Shards of whole chunks, doubled along `X`, `Y` and `Z` in turns while they are small and the image goes on.
fn chosen_shard(shape: &[usize], chunk: &[usize], axes: &[Axis], chunk_bytes: usize) -> Vec<usize> {
    let mut shard = chunk.to_vec();
    let mut n_bytes = chunk_bytes;
    loop {
        let before = n_bytes;
        for axis in [Axis::X, Axis::Y, Axis::Z] {
            let Some(at) = axes.iter().position(|other| *other == axis) else { continue };
            if shard[at] < shape[at] && n_bytes.saturating_mul(2) <= SHARD_BYTES {
                shard[at] *= 2;
                n_bytes *= 2;
            }
        }
        if n_bytes == before {
            return shard;
        }
    }
}

/// Shards as given: multiples of chunks, cut to the chunks that there are.
fn checked_shard(
    path: &Path,
    shape: &[usize],
    chunk: &[usize],
    given: &[usize],
) -> Result<Vec<usize>, SinkError> {
    let sizes = shape.iter().zip(chunk).zip(given);
    let cut: Vec<usize> = sizes.map(|((n, chunk), shard)| (*shard).min(n.div_ceil(*chunk) * chunk)).collect();
    if cut.iter().zip(chunk).all(|(shard, chunk)| shard % chunk == 0) {
        return Ok(cut);
    }
    let got = format!("shards of {given:?}");
    Err(SinkError::Unfit {
        path: path.into(),
        got,
        expected: format!("multiples of the chunks of {chunk:?}"),
    })
}
