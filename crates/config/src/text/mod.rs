//! The text of a file: YAML as a tree, the places of its keys, and the form of problems.
//!
//! Nothing here knows which keys exist.

mod config_value;
mod key_path;
mod location;
mod origin;
mod problem;
mod suggest;
mod to_yaml;
mod warning;
mod wording;
pub(crate) mod yaml;

pub use config_value::ConfigValue;
pub use problem::{ConfigErrors, Excerpt, Problem};
pub use warning::Warning;

pub(crate) use key_path::{entry_path, key_path};
pub(crate) use location::Location;
pub(crate) use origin::{Complaint, Origin, place};
pub(crate) use suggest::nearest;
pub(crate) use wording::{alternatives, counted, printable, quoted};
pub(crate) use yaml::{Entry, Kind, Node, Reason, Refusal};
