//! The section `reading.remote`: how images behind URLs are read.

use crate::reader::{Reader, Value};
use crate::scalar::{count, integer, truth};

/// How images behind URLs are read.
///
/// ```
/// use std::path::Path;
///
/// let text = "
/// output: out
/// reading: {remote: {requests: 64, idle_seconds: 120}}
/// data_config:
///   {mode: predicting, data_type: zarr, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: s3://bucket/a.zarr, models: [identity]}
/// ";
/// let remote = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?.reading.remote;
/// assert_eq!((remote.requests, remote.idle_seconds, remote.tries), (64, 120, 4));
/// assert!(!remote.instance_credentials);
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemotePlan {
    /// How many requests are under way at a time, over all images and threads.
    pub requests: usize,
    /// How many seconds a server may send nothing.
    pub idle_seconds: u64,
    /// How often an object is asked for before it counts as unreadable.
    pub tries: u32,
    /// Whether the metadata service of the cloud machine that this runs on may be asked for credentials.
    pub instance_credentials: bool,
}

impl Default for RemotePlan {
    /// 16 requests, 30 seconds, 4 tries, no metadata service.
    fn default() -> Self {
        RemotePlan { requests: 16, idle_seconds: 30, tries: 4, instance_credentials: false }
    }
}

const KEYS: &[&str] = &["requests", "idle_seconds", "tries", "instance_credentials"];

/// More requests than any server likes.
const MAX_REQUESTS: usize = 4096;

/// A day.
const MAX_IDLE: u64 = 86_400;

/// The section `reading.remote`; defaults stand in for what is refused.
pub(crate) fn remote(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<RemotePlan> {
    let block = value.block(reader)?.only(reader, KEYS);
    let default = RemotePlan::default();
    let requests = block
        .or(reader, "requests", default.requests, |reader, value| count(reader, value, 1..=MAX_REQUESTS));
    let idle = block.or(reader, "idle_seconds", default.idle_seconds, |reader, value| {
        integer(reader, value, 1..=MAX_IDLE)
    });
    let tries = block.or(reader, "tries", default.tries, |reader, value| {
        u32::try_from(integer(reader, value, 1..=100)?).ok()
    });
    let instance_credentials = block.or(reader, "instance_credentials", default.instance_credentials, truth);
    Some(RemotePlan {
        requests: requests.unwrap_or(default.requests),
        idle_seconds: idle.unwrap_or(default.idle_seconds),
        tries: tries.unwrap_or(default.tries),
        instance_credentials: instance_credentials.unwrap_or(default.instance_credentials),
    })
}
