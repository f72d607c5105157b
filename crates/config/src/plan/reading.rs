//! How images are read: memory, links, and what becomes of pixels that are missing or not finite.

use super::remote::RemotePlan;

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
