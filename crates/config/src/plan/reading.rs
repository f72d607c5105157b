//! How images are read: memory limits, links, missing planes, and pixels that are not finite.

use super::remote::RemotePlan;

/// What to do about planes and files that the metadata of an OME-TIFF lists but that do not exist.
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
    /// They are read as zeros, with a warning.
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
    /// Size of the cache of decoded chunks in bytes, which all images share.
    pub cache_bytes: usize,
    /// The largest decoded size of one chunk, strip or tile in bytes.
    pub chunk_bytes: usize,
    /// The most bytes of chunks that are fetched and decoded at the same time, over all threads.
    pub in_flight_bytes: usize,
    /// Whether uncompressed pixels are read from memory-mapped files.
    pub map_files: bool,
    /// Whether links and metadata may refer to files outside the folder of an image.
    pub links_outside: bool,
    /// What to do about patches with pixels that are infinite or NaN.
    pub non_finite: NonFinitePlan,
    /// How images behind URLs are read.
    pub remote: RemotePlan,
    /// What to do about planes that the metadata of an OME-TIFF lists but that do not exist.
    pub missing_planes: MissingPlanes,
}

/// What to do about patches with pixels that are infinite or NaN.
///
/// ```
/// use patchweave_config::NonFinitePlan;
///
/// assert_eq!(NonFinitePlan::default(), NonFinitePlan::Keep);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NonFinitePlan {
    /// They are delivered, with one warning per image.
    #[default]
    Keep,
    /// They are errors.
    Fail,
}

impl Default for ReadingPlan {
    /// A cache of 256 MiB, 1 GiB per chunk and in flight, mapped files, no links to the outside, all pixels kept.
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
