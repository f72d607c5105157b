//! Golden cases: results of another program, stored as JSON and NumPy arrays, and the comparison with ours.
//!
//! A case is a folder with a `case.json` that names an operation and lists checks, in a directory tree or in a
//! zip pack. There are two forms: with a list of checks, and with one call or a table of calls. Which operations exist is the caller's business: [`run`] takes a function that looks them up.

mod case;
mod check;
mod compare;
mod error;
mod files;
mod number;
mod numeric;
mod outcome;
mod pack;
mod reference;
mod request;
mod run;
mod single;
mod tolerance;
mod wanted;

pub use case::GoldenCase;
pub use check::{GoldenCheck, Verdict};
pub(crate) use compare::float;
pub use compare::{Difference, compare};
pub use error::{CaseError, OperationError};
pub use files::{CaseFiles, Pack, find_cases};
pub use number::number;
pub(crate) use numeric::with_numeric;
pub use numeric::{NumericArray, Scalar};
pub use outcome::{Outcome, Outcomes};
pub use pack::{PackError, PackList, PackedCase, pack_cases};
pub use request::Request;
pub use run::{Failure, Operation, Report, Tally, run};
pub use tolerance::Tolerance;
pub use wanted::Wanted;
