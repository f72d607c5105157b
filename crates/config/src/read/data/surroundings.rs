//! What a block of `data_config` needs to know about the keys around it.

use crate::plan::{DataType, Mode, Space};
use crate::read::rules::Rules;

/// What a block of `data_config` needs to know about the keys around it; `None` for what was refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub rules: Rules,
    pub mode: Option<Mode>,
    pub data_type: Option<DataType>,
    pub space: Option<Space<'a>>,
    /// The global seed.
    pub seed: Option<u64>,
}
