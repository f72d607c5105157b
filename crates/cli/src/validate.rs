//! `patchweave validate`: check, and do nothing else.

use std::path::Path;

use patchweave_pipeline::load_plan;

use crate::{Console, Failure};

pub(crate) fn validate(config: &Path, console: &Console) -> Result<(), Failure> {
    load_plan(config)?;
    console.say(format!("{} is fine", config.display()))
}
