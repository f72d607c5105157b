//! How objects behind URLs are reached: settings, limits, and what all images share.

use std::fmt;
#[cfg(feature = "client")]
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "client")]
use tokio::sync::{Semaphore, SemaphorePermit};

#[cfg(feature = "client")]
use super::clients::Clients;

/// How objects behind URLs are read and written.
///
/// Credentials and endpoints come from the environment, as other programs take them:
///
/// * `s3://`: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL` for
///   servers that are not Amazon's, `AWS_ALLOW_HTTP=true` for those without TLS, and `AWS_SKIP_SIGNATURE=true` for
///   public buckets without credentials;
/// * `gs://`: `GOOGLE_APPLICATION_CREDENTIALS`, `GOOGLE_SERVICE_ACCOUNT`, `GOOGLE_SKIP_SIGNATURE=true`, and
///   `GOOGLE_BASE_URL` for servers that are not Google's.
///
/// `memory://` is a store of the process that has no server: for tests, and to try something.
///
/// `settings` come on top of them under the same names; where they name a key, an endpoint or a region, no other part of
/// it is taken from the environment. A variable that is empty counts as not set. The bucket is always that of the URL.
///
/// Images that are opened or written with clones of the options share connections and credentials.
///
/// ```
/// use patchweave_remote::{RemoteOptions, RequestLimit};
///
/// let mut options = RemoteOptions::default();
/// assert_eq!((options.tries, options.requests.get()), (4, 16));
/// options.settings.push(("AWS_SKIP_SIGNATURE".into(), "true".into()));
/// options.requests = RequestLimit::new(64);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RemoteOptions {
    /// Names and values as in the environment, in either case, which go before those found there.
    pub settings: Vec<(String, String)>,
    /// How often an object is asked for before it counts as unreadable; at least once.
    pub tries: u32,
    /// How long a server may send nothing, before its answer or in the middle of it; a slow answer is waited for.
    pub idle: Duration,
    /// The pause after the first failure, about; later ones are longer, up to 15 seconds.
    pub back_off: Duration,
    /// How many requests are under way at a time. Clones of the options share it.
    pub requests: RequestLimit,
    /// Whether the metadata service of the cloud machine that this runs on may be asked for credentials.
    ///
    /// It answers on such machines only; elsewhere the question takes long and goes to whoever has the address. Roles
    /// of containers and web identities need no leave, because the variables that describe them are one.
    pub instance_credentials: bool,
    /// What clones of the options share.
    #[cfg(feature = "client")]
    pub(super) clients: Clients,
}

impl Default for RemoteOptions {
    /// 4 tries a tenth of a second apart at first, 30 seconds without a byte, 16 requests at a time, no metadata service.
    fn default() -> Self {
        RemoteOptions {
            settings: Vec::new(),
            tries: 4,
            idle: Duration::from_secs(30),
            back_off: Duration::from_millis(100),
            requests: RequestLimit::new(16),
            instance_credentials: false,
            #[cfg(feature = "client")]
            clients: Clients::default(),
        }
    }
}

/// What a semaphore can count.
#[cfg(feature = "client")]
const MOST_REQUESTS: usize = Semaphore::MAX_PERMITS;
#[cfg(not(feature = "client"))]
const MOST_REQUESTS: usize = usize::MAX >> 3;

/// How many requests are under way at a time, over all threads and images that share it.
///
/// ```
/// use patchweave_remote::RequestLimit;
///
/// assert_eq!((RequestLimit::new(8).get(), RequestLimit::new(0).get()), (8, 1));
/// ```
#[derive(Clone)]
pub struct RequestLimit {
    n: usize,
    #[cfg(feature = "client")]
    free: Arc<Semaphore>,
}

impl RequestLimit {
    /// At most `n` requests at a time, at least one.
    #[must_use]
    pub fn new(n: usize) -> Self {
        let n = n.clamp(1, MOST_REQUESTS);
        RequestLimit {
            n,
            #[cfg(feature = "client")]
            free: Arc::new(Semaphore::new(n)),
        }
    }

    /// The most that are under way.
    #[must_use]
    pub fn get(&self) -> usize {
        self.n
    }

    /// Waits until a request may go; it may until the result is dropped.
    #[cfg(feature = "client")]
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.free.acquire().await.ok()
    }
}

impl fmt::Debug for RequestLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestLimit").field(&self.n).finish()
    }
}
