//! From a description to its checked form: one file for every version, and what they have in common.
//!
//! A function that reads a field reports what is wrong with it and returns `None`; its caller reads on, so that all problems
//! of a description are told at once.

mod field;
mod file;
mod format_0_4;
mod format_0_5;
mod head;
mod references;
mod step_0_4;
mod step_0_5;
mod step_kwargs;
mod tolerances;
mod weights;

use patchweave_config::{ConfigErrors, ConfigTree};

use crate::Description;
use field::Reader;
use head::Format;

/// Reads a description of any version.
pub(crate) fn read_description(tree: &ConfigTree) -> Result<Description, ConfigErrors> {
    let mut reader = Reader::new(tree);
    let root = reader.root();
    let read = head::head(&mut reader, &root).and_then(|head| match head.format {
        Format::V0_4 => format_0_4::description(&mut reader, &root, head),
        Format::V0_5 => format_0_5::description(&mut reader, &root, head),
    });
    reader.finish(read)
}
