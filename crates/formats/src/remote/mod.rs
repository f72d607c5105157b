//! Objects behind a URL, read in full or in part, one or many at a time: S3 and Google buckets and plain HTTP servers.
//!
//! Callers are synchronous. Requests run on one runtime of this module, whatever thread they are made from, so that a
//! caller may itself be driven by a runtime. `object_store` tries again what goes wrong and may go right, and goes on with
//! a body that broke off where the server says which version of the object it gives.

mod answer;
mod cause;
mod clients;
mod connect;
mod credentials;
mod error;
mod folder;
mod options;
mod runtime;

pub(crate) use self::connect::connect;
pub(crate) use self::error::RemoteError;
pub(crate) use self::folder::{Fetched, RemoteFolder};
pub use self::options::{RemoteOptions, RequestLimit};
pub(crate) use self::runtime::check_process;
