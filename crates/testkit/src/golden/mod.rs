//! Golden cases: results of another program, stored as JSON and NumPy arrays, and the comparison with ours.
//!
//! A case is a folder with a `case.json` that names an operation and lists checks, in a directory tree or in a
//! zip pack. There are two forms: with a list of checks, and with one call or a table of calls. Which operations exist is the caller's business: [`run`] takes a function that looks them up.

mod case;
mod compare;
mod error;
mod files;
mod numeric;
mod outcome;
mod pack;
mod request;
mod run;
mod single;
mod wanted;

pub use case::{GoldenCase, GoldenCheck, Verdict};
pub(crate) use compare::float;
pub use compare::{Difference, Tolerance, compare};
pub use error::{CaseError, OperationError};
pub use files::{CaseFiles, Pack, find_cases};
pub(crate) use numeric::with_numeric;
pub use numeric::{NumericArray, Scalar};
pub use outcome::{Outcome, Outcomes};
pub use pack::{PackError, PackList, PackedCase, pack_cases};
pub use request::{Request, number};
pub use run::{Failure, Operation, Report, Tally, run};
pub use wanted::Wanted;
