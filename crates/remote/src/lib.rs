//! Objects behind URLs: S3 and Google buckets and plain HTTP servers. They are read in full or in part, one or many at a
//! time, and written as a whole, but over plain HTTP.
//!
//! Callers are synchronous. Requests run on one runtime of this crate, whatever thread they are made from, so that a
//! caller may itself be driven by a runtime. `object_store` tries again what goes wrong and may go right, and goes on with
//! a body that broke off where the server says which version of the object it gives.

#[cfg(feature = "client")]
mod answer;
#[cfg(feature = "client")]
mod cause;
#[cfg(feature = "client")]
mod clients;
#[cfg(feature = "client")]
mod connect;
#[cfg(feature = "client")]
mod credentials;
#[cfg(feature = "client")]
mod error;
#[cfg(feature = "client")]
mod folder;
mod options;
mod part;
#[cfg(feature = "client")]
mod place;
#[cfg(feature = "client")]
mod runtime;
#[cfg(feature = "client")]
mod store_error;
mod url;

#[cfg(feature = "client")]
pub use connect::connect;
#[cfg(feature = "client")]
pub use error::RemoteError;
#[cfg(feature = "client")]
pub use folder::{Arrivals, Fetched, RemoteFolder};
pub use options::{RemoteOptions, RequestLimit};
pub use part::{Part, Wanted};
#[cfg(feature = "client")]
pub use runtime::check_process;
pub use url::{inside, is_url, plain_url, scheme_of};
