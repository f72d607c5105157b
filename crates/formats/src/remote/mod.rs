//! Objects behind a URL, read in full or in part, one or many at a time: S3 and Google buckets and plain HTTP servers.
//!
//! Callers are synchronous. Requests run on one runtime of this module, whatever thread they are made from, so that a
//! caller may itself be driven by a runtime. `object_store` tries again what goes wrong and may go right, and goes on with
//! a body that broke off where the server says which version of the object it gives.

#[cfg(feature = "remote")]
mod answer;
#[cfg(feature = "remote")]
mod cause;
#[cfg(feature = "remote")]
mod clients;
#[cfg(feature = "remote")]
mod connect;
#[cfg(feature = "remote")]
mod credentials;
#[cfg(feature = "remote")]
mod error;
#[cfg(feature = "remote")]
mod folder;
mod options;
#[cfg(feature = "remote")]
mod place;
#[cfg(feature = "remote")]
mod runtime;
#[cfg(feature = "remote")]
mod store_error;

#[cfg(feature = "remote")]
pub(crate) use self::connect::connect;
#[cfg(feature = "remote")]
pub(crate) use self::error::RemoteError;
#[cfg(feature = "remote")]
pub(crate) use self::folder::{Fetched, RemoteFolder};
pub use self::options::{RemoteOptions, RequestLimit};
#[cfg(feature = "remote")]
pub(crate) use self::runtime::check_process;
