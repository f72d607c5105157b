//! How images behind URLs are read.

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
    /// The most requests at the same time, over all images and threads.
    pub requests: usize,
    /// After how many seconds without data a request fails.
    pub idle_seconds: u64,
    /// How often a request is tried before it counts as failed.
    pub tries: u32,
    /// Whether the metadata service of the cloud machine may be asked for credentials.
    pub instance_credentials: bool,
}

impl Default for RemotePlan {
    /// 16 requests, 30 seconds, 4 tries, no metadata service.
    fn default() -> Self {
        RemotePlan { requests: 16, idle_seconds: 30, tries: 4, instance_credentials: false }
    }
}
