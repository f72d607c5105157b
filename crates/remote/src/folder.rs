//! The objects whose names start alike, asked for one by one or many at once.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    Extensions, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
};

use super::cause::Cause;
use super::clients::Tries;
use super::place::{Place, Service};
use super::runtime::runtime;
use super::store_error::transport;
use super::{Part, RemoteError, RemoteOptions, Wanted};

/// The objects whose names start alike. Clones copy nothing, because every request has one.
///
/// ```
/// use patchweave_remote::{RemoteOptions, Part, Wanted, connect};
///
/// let folder = connect("memory://bucket/image.zarr", &RemoteOptions::default())?;
/// folder.put("c/0", b"chunk".to_vec())?;
/// assert_eq!(folder.name("c/0"), "memory://bucket/image.zarr/c/0");
/// assert_eq!(folder.list("c")?, ["c/0"]);
/// let found = folder.get(Wanted::new("c/0", Part::Range { start: 1, len: 2 }, 9))?;
/// assert_eq!(found.map(|object| (object.pieces, object.size)), Some((vec![b"hu".to_vec()], 5)));
/// # Ok::<(), patchweave_remote::RemoteError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RemoteFolder {
    pub(super) url: Arc<str>,
    pub(super) store: Arc<dyn ObjectStore>,
    /// What all names start with, without `/` at its ends.
    pub(super) prefix: Arc<str>,
    pub(super) options: Arc<RemoteOptions>,
    pub(super) place: Arc<Place>,
}

/// The bytes of an object that were asked for, and how many it has in all.
///
/// ```
/// let object = patchweave_remote::Fetched { pieces: vec![b"ab".to_vec()], size: 26 };
/// assert!(object.pieces[0].len() < 26);
/// ```
#[derive(Debug)]
pub struct Fetched {
    /// One entry for every piece that was wanted, or for all that was asked for; a piece ends early where the object does.
    pub pieces: Vec<Vec<u8>>,
    /// The bytes of the whole object.
    pub size: u64,
}

/// Objects in the order in which they arrive, each with its place among those that were asked for; `None` for one that
/// does not exist.
pub type Arrivals = Receiver<(usize, Result<Option<Fetched>, RemoteError>)>;

/// The longest pause before a body is asked for again from its start.
const MAX_PAUSE: Duration = Duration::from_secs(15);

impl RemoteFolder {
    /// The URL of an object in the folder.
    pub fn name(&self, key: &str) -> String {
        if key.is_empty() { self.url.to_string() } else { format!("{}/{key}", self.url) }
    }

    /// Asks for an object or a part of it and waits for it; `None` if there is none.
    ///
    /// # Errors
    /// [`RemoteError`] if it cannot be read in so many tries, is shorter than the part, or the part longer than `limit`.
    pub fn get(&self, wanted: Wanted) -> Result<Option<Fetched>, RemoteError> {
        self.get_many(vec![wanted]).recv().map_err(|_| RemoteError::Stopped)?.1
    }

    /// Asks for many objects at once, as many at a time as the options allow.
    pub fn get_many(&self, wanted: Vec<Wanted>) -> Arrivals {
        let (arrived, arrivals) = mpsc::channel();
        for (number, wanted) in wanted.into_iter().enumerate() {
            let folder = self.clone();
            let arrived = arrived.clone();
            // Nobody listens any more only if the caller panicked.
            match runtime() {
                Ok(runtime) => drop(runtime.spawn(async move {
                    drop(arrived.send((number, folder.fetch(&wanted).await)));
                })),
                Err(error) => drop(arrived.send((number, Err(error)))),
            }
        }
        arrivals
    }

    /// The names of folders directly in a folder; `None` if the server cannot list.
    ///
    /// # Errors
    /// [`RemoteError`] if it can but does not in so many tries.
    pub fn folders(&self, key: &str) -> Result<Option<Vec<String>>, RemoteError> {
        if self.place.service == Service::Http {
            return Ok(None);
        }
        Ok(Some(self.entries(key)?.1))
    }

    /// The names of objects and those of folders directly in a folder.
    ///
    /// # Errors
    /// [`RemoteError::ReadOnly`] for a plain HTTP server, which cannot list, and [`RemoteError`] if the list does not come
    /// in so many tries.
    pub fn entries(&self, key: &str) -> Result<(Vec<String>, Vec<String>), RemoteError> {
        self.check_writable()?;
        let path = self.path(key)?;
        let folder = self.clone();
        let found = self.wait(async move { folder.store.list_with_delimiter(Some(&path)).await })?;
        let found = found.map_err(|error| Cause::of(error, &self.place, 1))?;
        let objects = found.objects.iter().filter_map(|object| object.location.filename());
        let folders = found.common_prefixes.iter().filter_map(Path::filename);
        Ok((objects.map(str::to_owned).collect(), folders.map(str::to_owned).collect()))
    }

    /// Whether there is an object of that name.
    ///
    /// # Errors
    /// [`RemoteError`] if the server does not say so in so many tries.
    pub fn has(&self, key: &str) -> Result<bool, RemoteError> {
        let path = self.path(key)?;
        let folder = self.clone();
        match self.wait(async move { folder.store.head(&path).await })? {
            Ok(_) => Ok(true),
            Err(error) => match Cause::of(error, &self.place, 1) {
                cause if cause.is_missing() => Ok(false),
                cause => Err(cause.into()),
            },
        }
    }

    /// Writes an object; whoever reads sees all of it or what was there before.
    ///
    /// # Errors
    /// [`RemoteError::ReadOnly`] for a plain HTTP server, and [`RemoteError`] if it is not written in so many tries.
    pub fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), RemoteError> {
        self.check_writable()?;
        let path = self.path(key)?;
        let folder = self.clone();
        let put = self.wait(async move { folder.store.put(&path, bytes.into()).await })?;
        put.map_err(|error| Cause::of(error, &self.place, 1))?;
        Ok(())
    }

    /// Writes an object if there is none of that name, and says whether it did; where a connection broke, `false` may stand for
    /// what it wrote just before. A server that does not know the condition replaces what is there.
    ///
    /// ```
    /// use patchweave_remote::{RemoteOptions, connect};
    ///
    /// let folder = connect("memory://bucket/notes", &RemoteOptions::default())?;
    /// assert!(folder.put_new("first", b"a".to_vec())?);
    /// assert!(!folder.put_new("first", b"b".to_vec())?);
    /// # Ok::<(), patchweave_remote::RemoteError>(())
    /// ```
    ///
    /// # Errors
    /// [`RemoteError::ReadOnly`] for a plain HTTP server, and [`RemoteError`] if it is not written in so many tries.
    pub fn put_new(&self, key: &str, bytes: Vec<u8>) -> Result<bool, RemoteError> {
        self.check_writable()?;
        let path = self.path(key)?;
        let folder = self.clone();
        let body = PutPayload::from(bytes.clone());
        let put = self.wait(async move {
            let mut n_tries = 1;
            loop {
                let options = PutOptions::from(PutMode::Create);
                match folder.store.put_opts(&path, body.clone(), options).await {
                    Err(error) if n_tries < folder.options.tries && transport(&error).is_some() => {
                        tokio::time::sleep(folder.pause(n_tries - 1)).await;
                        n_tries += 1;
                    }
                    done => return done,
                }
            }
        })?;
        match put {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            // Settings say that the server does not know it.
            Err(object_store::Error::NotImplemented { .. } | object_store::Error::NotSupported { .. }) => {
                self.put(key, bytes).map(|()| true)
            }
            Err(error) => Err(Cause::of(error, &self.place, 1).into()),
        }
    }

    /// The names of all objects below a folder, in alphabetical order; from this folder on.
    ///
    /// # Errors
    /// [`RemoteError::ReadOnly`] for a plain HTTP server, which cannot list, and [`RemoteError`] if the list does not come
    /// in so many tries.
    pub fn list(&self, key: &str) -> Result<Vec<String>, RemoteError> {
        self.check_writable()?;
        let path = self.path(key)?;
        let folder = self.clone();
        let found = self.wait(async move {
            folder.store.list(Some(&path)).map_ok(|object| object.location).try_collect::<Vec<_>>().await
        })?;
        let found = found.map_err(|error| Cause::of(error, &self.place, 1))?;
        let n_skipped = if self.prefix.is_empty() { 0 } else { self.prefix.len() + 1 };
        let mut names: Vec<String> =
            found.iter().filter_map(|path| path.as_ref().get(n_skipped..).map(str::to_owned)).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Removes objects; one that is not there is no error.
    ///
    /// # Errors
    /// [`RemoteError::ReadOnly`] for a plain HTTP server, and [`RemoteError`] if one is not removed in so many tries.
    pub fn remove(&self, keys: &[String]) -> Result<(), RemoteError> {
        self.check_writable()?;
        let paths: Vec<Path> = keys.iter().map(|key| self.path(key)).collect::<Result<_, _>>()?;
        let folder = self.clone();
        let removed = self.wait(async move {
            let paths = futures_util::stream::iter(paths.into_iter().map(Ok)).boxed();
            folder.store.delete_stream(paths).map(unless_missing).try_collect::<Vec<_>>().await
        })?;
        removed.map_err(|error| Cause::of(error, &self.place, 1))?;
        Ok(())
    }

    /// Whether objects can be written and listed here.
    ///
    /// # Errors
    /// [`RemoteError::ReadOnly`] if not.
    pub fn check_writable(&self) -> Result<(), RemoteError> {
        if self.place.service == Service::Http { Err(RemoteError::ReadOnly) } else { Ok(()) }
    }

    /// Waits for what runs on the thread for requests, once it is its turn.
    fn wait<T: Send + 'static>(
        &self,
        request: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, RemoteError> {
        let options = Arc::clone(&self.options);
        let (done, result) = mpsc::sync_channel(1);
        runtime()?.spawn(async move {
            let _turn = options.requests.turn().await;
            // Nobody listens any more only if the caller panicked.
            drop(done.send(request.await));
        });
        result.recv().map_err(|_| RemoteError::Stopped)
    }

    /// How long it is waited before a request is made again, after so many times.
    fn pause(&self, n_before: u32) -> Duration {
        self.options.back_off.saturating_mul(1 << n_before.min(16)).min(MAX_PAUSE)
    }

    fn path(&self, key: &str) -> Result<Path, RemoteError> {
        let parts = [&*self.prefix, key].into_iter().filter(|part| !part.is_empty());
        let parts: Vec<&str> = parts.collect();
        Path::parse(parts.join("/"))
            .map_err(|source| RemoteError::Connect { url: self.name(key), source: source.into() })
    }

    async fn fetch(&self, wanted: &Wanted) -> Result<Option<Fetched>, RemoteError> {
        let range = match wanted.part {
            Part::Whole => None,
            Part::Range { start, len } => {
                Some(GetRange::Bounded(start..start.checked_add(len).ok_or(RemoteError::Range)?))
            }
            Part::Suffix(len) => Some(GetRange::Suffix(len)),
        };
        let path = self.path(&wanted.key)?;
        let _turn = self.options.requests.turn().await;
        let tries = Tries::default();
        let mut n_restarts = 0;
        loop {
            let (cause, may_restart) = match self.fetch_once(&path, range.clone(), wanted, &tries).await {
                Ok(Got::Object(object)) => return Ok(Some(object)),
                Ok(Got::TooLarge(size)) => {
                    return Err(RemoteError::TooLarge { size, limit: wanted.limit });
                }
                Err(failed) => failed,
            };
            if cause.is_missing() {
                return Ok(None);
            }
            if cause.is_beyond() {
                return Err(RemoteError::Range);
            }
            if !may_restart || tries.n() >= self.options.tries {
                return Err(cause.into());
            }
            tokio::time::sleep(self.pause(n_restarts)).await;
            n_restarts += 1;
        }
    }

    /// Gets an object, and else says why not and whether asking for all of it again could help: `object_store` tries
    /// again what it can, but cannot go on with a body of a server that does not say which version it gives, gives
    /// another one by now, or all of it where the rest was asked for.
    async fn fetch_once(
        &self,
        path: &Path,
        range: Option<GetRange>,
        wanted: &Wanted,
        tries: &Tries,
    ) -> Result<Got, (Cause, bool)> {
        let mut extensions = Extensions::new();
        extensions.insert(tries.clone());
        let options = GetOptions { range, extensions, ..GetOptions::default() };
        let found = self.store.get_opts(path, options).await;
        let found = found.map_err(|error| (Cause::of(error, &self.place, tries.n()), false))?;
        let start = found.range.start;
        let size = found.meta.size;
        let expected = found.range.end.saturating_sub(start);
        if expected > wanted.limit {
            return Ok(Got::TooLarge(expected));
        }
        let broken = |error| (Cause::of_body(error, &self.place, tries.n()), true);
        let mut pieces = Pieces::new(start, expected, &wanted.pieces);
        let mut stream = found.into_stream();
        let mut got = 0_u64;
        loop {
            let Some(part) = stream.try_next().await.map_err(broken)? else { break };
            // The server says how much there is, but need not keep to it.
            if got.saturating_add(part.len() as u64) > expected {
                return Err((Cause::Long { expected }, false));
            }
            pieces.add(got, &part);
            got += part.len() as u64;
        }
        if got < expected {
            return Err((Cause::Short { got, expected }, true));
        }
        Ok(Got::Object(Fetched { pieces: pieces.bytes, size }))
    }
}

/// What was removed, or was not there.
fn unless_missing<T>(removed: object_store::Result<T>) -> object_store::Result<()> {
    match removed {
        Err(object_store::Error::NotFound { .. }) | Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}

enum Got {
    Object(Fetched),
    TooLarge(u64),
}

/// The wanted pieces of a body, which take its bytes as they come; what lies between them is not kept.
struct Pieces {
    /// From the first byte of the body on.
    ranges: Vec<Range<u64>>,
    bytes: Vec<Vec<u8>>,
}

impl Pieces {
    /// Pieces by their places in the object, of a body with `len` bytes of it from `start` on; all of it if there are none.
    fn new(start: u64, len: u64, pieces: &[Range<u64>]) -> Self {
        let inside = |at: u64| at.saturating_sub(start).min(len);
        let ranges: Vec<Range<u64>> = match pieces {
            [] => vec![Range { start: 0, end: len }],
            pieces => pieces.iter().map(|piece| inside(piece.start)..inside(piece.end)).collect(),
        };
        let bytes = ranges.iter().map(|_| Vec::new()).collect();
        Pieces { ranges, bytes }
    }

    /// Takes bytes of the body from `at` on.
    fn add(&mut self, at: u64, part: &[u8]) {
        let end = at.saturating_add(part.len() as u64);
        for (range, bytes) in self.ranges.iter().zip(&mut self.bytes) {
            let from = range.start.max(at);
            let to = range.end.min(end);
            if from >= to {
                continue;
            }
            if bytes.is_empty() {
                // A piece is not larger than the limit, which memory was set aside for.
                bytes.reserve_exact(usize::try_from(range.end - range.start).unwrap_or(0));
            }
            let index = |place: u64| usize::try_from(place - at).unwrap_or(part.len());
            bytes.extend_from_slice(&part[index(from)..index(to)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However a body is cut on its way, pieces are those of the object, as far as the body has them.
        #[test]
        fn pieces_are_cut_out_of_bodies(
            n in 1_u64..200,
            start in 0_u64..50,
            cuts in prop::collection::vec((0_u64..300, 0_u64..60), 0..6),
            step in 1_usize..40,
        ) {
            let object: Vec<u8> = (0..=255).cycle().take(usize::try_from(start + n).unwrap()).collect();
            let wanted: Vec<Range<u64>> = cuts.iter().map(|(from, len)| *from..from + len).collect();
            let body = &object[usize::try_from(start).unwrap()..];
            let mut pieces = Pieces::new(start, n, &wanted);
            for (number, part) in body.chunks(step).enumerate() {
                pieces.add((number * step) as u64, part);
            }
            let cut = |range: &Range<u64>| {
                let inside = |at: u64| usize::try_from(at.clamp(start, start + n)).unwrap();
                object[inside(range.start)..inside(range.end)].to_vec()
            };
            let expected = if wanted.is_empty() { vec![body.to_vec()] } else { wanted.iter().map(cut).collect() };
            prop_assert_eq!(pieces.bytes, expected);
        }
    }
}
