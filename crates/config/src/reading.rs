//! The section `reading`: what reading images may take, and which files it may follow links to.

use crate::reader::{Reader, Value};
use crate::remote::{RemotePlan, remote};
use crate::scalar::{Names, count, truth};

/// What becomes of planes and files that an OME-TIFF promises and does not have.
///
/// ```
/// use patchweave_config::MissingPlanes;
///
/// assert_eq!(MissingPlanes::default().name(), "fail");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingPlanes {
    /// The image is refused.
    #[default]
    Fail,
    /// They are zeros, with a warning.
    Zeros,
}

impl MissingPlanes {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            MissingPlanes::Fail => "fail",
            MissingPlanes::Zeros => "zeros",
        }
    }
}

const MISSING_PLANES: Names<'_, MissingPlanes> =
    Names { known: &[("fail", MissingPlanes::Fail), ("zeros", MissingPlanes::Zeros)], refused: &[] };

/// How images are read.
///
/// ```
/// use std::path::Path;
///
/// let text = "
/// output: out
/// reading: {cache_mib: 64, in_flight_mib: 512, links_outside: true}
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: a.tiff, models: [identity]}
/// ";
/// let reading = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?.reading;
/// assert_eq!((reading.cache_bytes, reading.chunk_bytes), (64 << 20, 1 << 30));
/// assert_eq!(reading.in_flight_bytes, 512 << 20);
/// assert!(reading.links_outside && reading.map_files);
/// assert_eq!(reading.non_finite, patchweave_config::NonFinitePlan::Keep);
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadingPlan {
    /// Bytes of decoded chunks that are kept for all images together.
    pub cache_bytes: usize,
    /// Bytes that one chunk, strip or tile may decode to.
    pub chunk_bytes: usize,
    /// Bytes of chunks that are fetched and decoded at a time, by all threads together.
    pub in_flight_bytes: usize,
    /// Whether uncompressed pixels are read from mapped files.
    pub map_files: bool,
    /// Whether metadata may name files outside of the folder of an image.
    pub links_outside: bool,
    /// What becomes of patches with pixels that are infinite or no number.
    pub non_finite: NonFinitePlan,
    /// How images behind URLs are read.
    pub remote: RemotePlan,
    /// What becomes of planes that an OME-TIFF promises and does not have.
    pub missing_planes: MissingPlanes,
}

/// What becomes of patches with pixels that are infinite or no number.
///
/// ```
/// use patchweave_config::NonFinitePlan;
///
/// assert_eq!(NonFinitePlan::default(), NonFinitePlan::Keep);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NonFinitePlan {
    /// They are delivered, and told once for every image.
    #[default]
    Keep,
    /// They are errors.
    Fail,
}

const NON_FINITE: Names<'_, NonFinitePlan> =
    Names { known: &[("keep", NonFinitePlan::Keep), ("fail", NonFinitePlan::Fail)], refused: &[] };

impl Default for ReadingPlan {
    /// 256 MiB of chunks, 1 GiB for one of them and in flight, files are mapped, no links to outside, all pixels are kept.
    fn default() -> Self {
        ReadingPlan {
            cache_bytes: 256 << 20,
            chunk_bytes: 1 << 30,
            in_flight_bytes: 1 << 30,
            map_files: true,
            links_outside: false,
            non_finite: NonFinitePlan::Keep,
            remote: RemotePlan::default(),
            missing_planes: MissingPlanes::Fail,
        }
    }
}

const KEYS: &[&str] = &[
    "cache_mib",
    "chunk_mib",
    "in_flight_mib",
    "map_files",
    "links_outside",
    "non_finite",
    "remote",
    "missing_planes",
];

const MIB: usize = 1 << 20;

/// The section `reading`; defaults stand in for what is refused.
pub(crate) fn reading(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<ReadingPlan> {
    let block = value.block(reader)?.only(reader, KEYS);
    let default = ReadingPlan::default();
    let cache = block.or(reader, "cache_mib", default.cache_bytes / MIB, |reader, value| {
        count(reader, value, 0..=usize::MAX / MIB)
    });
    let chunk = block.or(reader, "chunk_mib", default.chunk_bytes / MIB, |reader, value| {
        count(reader, value, 1..=usize::MAX / MIB)
    });
    let in_flight = block.or(reader, "in_flight_mib", default.in_flight_bytes / MIB, |reader, value| {
        count(reader, value, 1..=usize::MAX / MIB)
    });
    let map_files = block.or(reader, "map_files", default.map_files, truth);
    let links_outside = block.or(reader, "links_outside", default.links_outside, truth);
    let non_finite =
        block.or(reader, "non_finite", default.non_finite, |reader, value| NON_FINITE.read(reader, value));
    let remote = block.or(reader, "remote", default.remote, remote);
    let missing_planes = block.or(reader, "missing_planes", default.missing_planes, |reader, value| {
        MISSING_PLANES.read(reader, value)
    });
    Some(ReadingPlan {
        cache_bytes: cache.map_or(default.cache_bytes, |mib| mib * MIB),
        chunk_bytes: chunk.map_or(default.chunk_bytes, |mib| mib * MIB),
        in_flight_bytes: in_flight.map_or(default.in_flight_bytes, |mib| mib * MIB),
        map_files: map_files.unwrap_or(default.map_files),
        links_outside: links_outside.unwrap_or(default.links_outside),
        non_finite: non_finite.unwrap_or(default.non_finite),
        remote: remote.unwrap_or(default.remote),
        missing_planes: missing_planes.unwrap_or(default.missing_planes),
    })
}
