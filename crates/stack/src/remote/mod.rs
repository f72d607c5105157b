//! Objects behind a URL, read one by one or in part: S3 and Google buckets and plain HTTP servers.
//!
//! Callers are synchronous. Requests run on one runtime of this module, whatever thread they are made from, so that a
//! caller may itself be driven by a runtime. Whatever goes wrong and may go right is tried again a few times.

mod cause;
mod connect;
mod runtime;

use std::time::Duration;

use std::sync::Arc;

use futures_util::TryStreamExt;
use object_store::{GetOptions, GetRange, ObjectStore, path::Path};

pub(crate) use self::cause::Cause;
pub(crate) use self::connect::connect;
use crate::part::Part;

/// How objects behind URLs are read.
///
/// Credentials and endpoints come from the environment, as other programs take them:
///
/// * `s3://`: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL` for
///   servers that are not Amazon's, `AWS_ALLOW_HTTP=true` for those without TLS, and `AWS_SKIP_SIGNATURE=true` for
///   public buckets without credentials;
/// * `gs://`: `GOOGLE_APPLICATION_CREDENTIALS`, `GOOGLE_SERVICE_ACCOUNT`, `GOOGLE_SKIP_SIGNATURE=true`, and
///   `GOOGLE_BASE_URL` for servers that are not Google's, with the setting `ALLOW_HTTP=true` for those without TLS.
///
/// `settings` come on top of them under the same names.
///
/// ```
/// use patchweave_stack::{OpenOptions, RemoteOptions};
///
/// let mut options = OpenOptions::default();
/// options.remote.settings.push(("AWS_SKIP_SIGNATURE".into(), "true".into()));
/// assert_eq!(RemoteOptions::default().tries, 4);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RemoteOptions {
    /// Names and values as in the environment, in either case, which go before those found there.
    pub settings: Vec<(String, String)>,
    /// How often an object is asked for before it counts as unreadable; at least once.
    pub tries: u32,
    /// How long one try may take.
    pub timeout: Duration,
    /// The pause after the first failure, give or take half of it; it doubles with each further one.
    pub back_off: Duration,
}

impl Default for RemoteOptions {
    /// 4 tries of 30 seconds, a tenth of a second apart at first.
    fn default() -> Self {
        RemoteOptions {
            settings: Vec::new(),
            tries: 4,
            timeout: Duration::from_secs(30),
            back_off: Duration::from_millis(100),
        }
    }
}

/// Why an object cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoteError {
    #[error("{url} cannot be reached that way")]
    Connect { url: String, source: object_store::Error },
    #[error("the setting {key} is not known")]
    Setting { key: String },
    #[error("the threads for requests cannot be started")]
    Runtime(#[from] &'static std::io::Error),
    #[error("the request was stopped")]
    Stopped,
    #[error("{object}: cannot be read ({tries} {})", if *tries == 1 { "try" } else { "tries" })]
    Failed { object: String, tries: u32, source: Cause },
    #[error("{object}: got a shorter object, expected the bytes that were asked for in it")]
    Range { object: String },
    #[error("{object}: got {size} bytes, expected at most {limit}")]
    TooLarge { object: String, size: u64, limit: u64 },
}

impl RemoteError {
    /// Whether the server refused, which some do for what is not there.
    pub fn is_refusal(&self) -> bool {
        matches!(self, RemoteError::Failed { source, .. } if source.is_refusal())
    }
}

/// The objects whose names start alike.
#[derive(Debug, Clone)]
pub(crate) struct RemoteFolder {
    url: String,
    store: Arc<dyn ObjectStore>,
    /// What all names start with, without `/` at its ends.
    prefix: String,
    can_list: bool,
    options: RemoteOptions,
}

/// The bytes of an object that were asked for, and how many it has in all.
pub(crate) struct Object {
    pub bytes: Vec<u8>,
    pub size: u64,
}

impl RemoteFolder {
    /// The URL of an object in the folder.
    pub fn name(&self, key: &str) -> String {
        if key.is_empty() { self.url.clone() } else { format!("{}/{key}", self.url) }
    }

    /// Reads an object or a part of it; `None` if there is none.
    ///
    /// # Errors
    /// [`RemoteError`] if it cannot be read in so many tries, is shorter than the part, or the part longer than `limit`.
    pub fn get(&self, key: &str, part: Part, limit: u64) -> Result<Option<Object>, RemoteError> {
        let range = match part {
            Part::Whole => None,
            Part::Range { start, len } => match start.checked_add(len) {
                Some(end) => Some(GetRange::Bounded(start..end)),
                None => return Err(RemoteError::Range { object: self.name(key) }),
            },
            Part::Suffix(len) => Some(GetRange::Suffix(len)),
        };
        let (folder, object) = (self.clone(), self.name(key));
        let path = self.path(key)?;
        runtime::run(async move {
            let mut attempt = 0;
            loop {
                attempt += 1;
                let tried = tokio::time::timeout(
                    folder.options.timeout,
                    get_once(folder.store.as_ref(), &path, range.clone(), limit),
                );
                let source = match tried.await {
                    Ok(Ok(Got::Object(object))) => return Ok(Some(object)),
                    Ok(Ok(Got::TooLarge(size))) => return Err(RemoteError::TooLarge { object, size, limit }),
                    Ok(Err(cause)) if cause.is_missing() => return Ok(None),
                    Ok(Err(cause)) => cause,
                    Err(_) => Cause::Timeout(folder.options.timeout),
                };
                folder.pause(object.clone(), attempt, source).await?;
            }
        })?
    }

    /// The names of folders directly in a folder; `None` if the server cannot list.
    ///
    /// # Errors
    /// [`RemoteError`] if it can but does not in so many tries.
    pub fn folders(&self, key: &str) -> Result<Option<Vec<String>>, RemoteError> {
        if !self.can_list {
            return Ok(None);
        }
        let (folder, object) = (self.clone(), self.name(key));
        let path = self.path(key)?;
        runtime::run(async move {
            let mut attempt = 0;
            loop {
                attempt += 1;
                let listed = folder.store.list_with_delimiter(Some(&path));
                let source = match tokio::time::timeout(folder.options.timeout, listed).await {
                    Ok(Ok(found)) => {
                        let names = found.common_prefixes.iter().filter_map(Path::filename);
                        return Ok(Some(names.map(str::to_owned).collect()));
                    }
                    Ok(Err(error)) => error.into(),
                    Err(_) => Cause::Timeout(folder.options.timeout),
                };
                folder.pause(object.clone(), attempt, source).await?;
            }
        })?
    }

    fn path(&self, key: &str) -> Result<Path, RemoteError> {
        let parts = [self.prefix.as_str(), key].into_iter().filter(|part| !part.is_empty());
        let parts: Vec<&str> = parts.collect();
        Path::parse(parts.join("/"))
            .map_err(|source| RemoteError::Connect { url: self.name(key), source: source.into() })
    }

    /// Waits before the next try, or gives up.
    async fn pause(&self, object: String, attempt: u32, source: Cause) -> Result<(), RemoteError> {
        if source.is_beyond() {
            return Err(RemoteError::Range { object });
        }
        if source.is_final() || attempt >= self.options.tries {
            return Err(RemoteError::Failed { object, tries: attempt, source });
        }
        let doubled = self.options.back_off.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let share = 512 + u32::from(spread(&object, attempt));
        tokio::time::sleep(doubled / 1024 * share).await;
        Ok(())
    }
}

enum Got {
    Object(Object),
    TooLarge(u64),
}

async fn get_once(
    store: &dyn ObjectStore,
    path: &Path,
    range: Option<GetRange>,
    limit: u64,
) -> Result<Got, Cause> {
    let found = store.get_opts(path, GetOptions { range, ..GetOptions::default() }).await?;
    let expected = found.range.end.saturating_sub(found.range.start);
    let size = found.meta.size;
    if expected > limit {
        return Ok(Got::TooLarge(expected));
    }
    let mut bytes = Vec::new();
    let mut stream = found.into_stream();
    while let Some(part) = stream.try_next().await? {
        // The server says how much there is, but need not keep to it.
        if (bytes.len() + part.len()) as u64 > expected {
            return Err(Cause::Long { expected });
        }
        if bytes.is_empty() {
            bytes.reserve_exact(usize::try_from(expected).map_err(|_| Cause::Long { expected })?);
        }
        bytes.extend_from_slice(&part);
    }
    if bytes.len() as u64 != expected {
        return Err(Cause::Short { got: bytes.len() as u64, expected });
    }
    Ok(Got::Object(Object { bytes, size }))
}

/// A number up to 1023 that differs between objects and tries, so that not all of them come back at once.
fn spread(object: &str, attempt: u32) -> u16 {
    let hash = object.bytes().chain(attempt.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    u16::try_from(hash >> 54).unwrap_or(0)
}
