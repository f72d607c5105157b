//! What images of the same options share of the way to a server: connections, and clients with their credentials.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};
use object_store::{ClientOptions, ObjectStore, Result};

/// Clients by the settings they were made with; clones share them.
#[derive(Clone, Default)]
pub(super) struct Clients {
    shared: Arc<Shared>,
}

/// Locked for moments only; never while a client is made or used.
#[derive(Default)]
struct Shared {
    http: Mutex<HashMap<String, HttpClient>>,
    buckets: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

impl Clients {
    /// The client of a bucket, which is made unless there is one with the same settings; it has tokens and what else
    /// takes a request to get.
    ///
    /// # Errors
    /// What `make` says.
    pub fn bucket(
        &self,
        settings: String,
        make: impl FnOnce() -> Result<Arc<dyn ObjectStore>>,
    ) -> Result<Arc<dyn ObjectStore>> {
        get_or_make(&self.shared.buckets, settings, make)
    }
}

/// Who comes second while a client is made takes that of the first.
fn get_or_make<T: Clone>(
    clients: &Mutex<HashMap<String, T>>,
    settings: String,
    make: impl FnOnce() -> Result<T>,
) -> Result<T> {
    if let Some(known) = lock(clients).get(&settings) {
        return Ok(known.clone());
    }
    let made = make()?;
    Ok(lock(clients).entry(settings).or_insert(made).clone())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HttpConnector for Clients {
    fn connect(&self, options: &ClientOptions) -> Result<HttpClient> {
        // Options have no other form that could be compared.
        get_or_make(&self.shared.http, format!("{options:?}"), || {
            Ok(HttpClient::new(Counting(ReqwestConnector::default().connect(options)?)))
        })
    }
}

/// Settings may hold secrets.
impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}

/// How many requests were made for one object, by whoever tried again.
#[derive(Debug, Clone, Default)]
pub(super) struct Tries(Arc<AtomicU32>);

impl Tries {
    pub fn n(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A client that counts requests which ask for it.
#[derive(Debug)]
struct Counting(HttpClient);

impl HttpService for Counting {
    fn call<'s, 'async_trait>(
        &'s self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = std::result::Result<HttpResponse, HttpError>> + Send + 'async_trait>>
    where
        's: 'async_trait,
        Self: 'async_trait,
    {
        if let Some(Tries(n)) = request.extensions().get() {
            n.fetch_add(1, Ordering::Relaxed);
        }
        Box::pin(self.0.execute(request))
    }
}
