//! Why objects behind a URL cannot be read.

use std::io;

use super::cause::Cause;

/// Why an object cannot be read; who asked for it names it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoteError {
    #[error("{url} cannot be connected to")]
    Connect { url: String, source: object_store::Error },
    #[error("unknown setting {key}")]
    Setting { key: String },
    #[error("got the endpoint {endpoint}, expected https:// unless {setting}=true")]
    Plain { endpoint: String, setting: &'static str },
    #[error(
        "got no credentials{}, set {needed}, {public}=true for a public bucket, or reading.remote.instance_credentials: \
         true on a machine of the cloud that has a role (files of other programs such as ~/.aws are not read)",
        missing.map(|name| format!(" because {name} is not set")).unwrap_or_default()
    )]
    NoCredentials { needed: &'static str, public: &'static str, missing: Option<&'static str> },
    #[error("the thread for requests cannot be started")]
    Runtime(#[from] &'static io::Error),
    #[error(
        "this process was forked from one that had read over the network and has none of its threads, start processes \
         with `spawn` instead of `fork`"
    )]
    Forked,
    #[error("the request was stopped")]
    Stopped,
    #[error(transparent)]
    Failed(#[from] Cause),
    #[error("got a shorter object, expected the bytes that were asked for in it")]
    Range,
    #[error("got {size} bytes, expected at most {limit}")]
    TooLarge { size: u64, limit: u64 },
}

impl RemoteError {
    /// Whether the server refused the object, which some do for what is not there.
    pub fn is_refusal(&self) -> bool {
        matches!(self, RemoteError::Failed(Cause::Answered { answer, .. }) if answer.is_refusal())
    }
}
