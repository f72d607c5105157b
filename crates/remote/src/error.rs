//! Why objects behind a URL cannot be read or written.

use std::io;

use super::cause::Cause;

/// Why an object cannot be read or written; who asked for it names it.
///
/// ```
/// use patchweave_remote::{RemoteOptions, connect};
///
/// let folder = connect("http://localhost/image.zarr", &RemoteOptions::default())?;
/// let error = folder.put("zarr.json", Vec::new()).unwrap_err();
/// assert_eq!(error.to_string(), "nothing is written over plain HTTP, expected s3:// or gs://");
/// # Ok::<(), patchweave_remote::RemoteError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// The URL cannot be understood, or no client be made for it.
    #[error("{url} cannot be connected to")]
    Connect {
        /// The URL.
        url: String,
        /// What the client says.
        source: object_store::Error,
    },
    /// The URL has a scheme that is not known.
    #[error("got {scheme}://, expected s3://, gs://, http:// or https://")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// A setting has no known name.
    #[error("unknown setting {key}")]
    Setting {
        /// The name.
        key: String,
    },
    /// The endpoint has no TLS, and nobody said that it need not.
    #[error("got the endpoint {endpoint}, expected https:// unless {setting}=true")]
    Plain {
        /// The endpoint.
        endpoint: String,
        /// The setting that allows it.
        setting: &'static str,
    },
    /// There are no credentials, and nobody said that none are needed.
    #[error(
        "got no credentials{}, set {needed}, {public}=true for a public bucket, or reading.remote.instance_credentials: \
         true on a machine of the cloud that has a role (files of other programs such as ~/.aws are not read)",
        missing.map(|name| format!(" because {name} is not set")).unwrap_or_default()
    )]
    NoCredentials {
        /// The settings that hold credentials.
        needed: &'static str,
        /// The setting that says that there need be none.
        public: &'static str,
        /// The setting that is missing beside another.
        missing: Option<&'static str>,
    },
    /// The thread for requests cannot be started.
    #[error("the thread for requests cannot be started")]
    Runtime(#[from] &'static io::Error),
    /// The process was forked from one that had made requests.
    #[error(
        "this process was forked from one that had read over the network and has none of its threads, start processes \
         with `spawn` instead of `fork`"
    )]
    Forked,
    /// The thread for requests has let go of this one.
    #[error("the request was stopped")]
    Stopped,
    /// What the server said at last, or that it said nothing.
    #[error(transparent)]
    Failed(#[from] Cause),
    /// The object ends before what was asked for.
    #[error("got a shorter object, expected the bytes that were asked for in it")]
    Range,
    /// The server only gives objects.
    #[error("nothing is written over plain HTTP, expected s3:// or gs://")]
    ReadOnly,
    /// The object is larger than the caller allows.
    #[error("got {size} bytes, expected at most {limit}")]
    TooLarge {
        /// Its bytes.
        size: u64,
        /// The bytes that are allowed.
        limit: u64,
    },
}

impl RemoteError {
    /// Whether the server refused the object, which some do for what is not there.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, RemoteError::Failed(Cause::Answered { answer, .. }) if answer.is_refusal())
    }
}
