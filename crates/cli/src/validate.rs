//! `patchweave validate`: check, and do nothing else.

use std::path::Path;

use patchweave_config::load;
use patchweave_pipeline::check_plan;

use crate::{Console, Failure};

pub(crate) fn validate(config: &Path, console: &Console) -> Result<(), Failure> {
    let plan = load(config)?;
    check_plan(&plan)?;
    console.say(format!("{} is fine", config.display()))
}
