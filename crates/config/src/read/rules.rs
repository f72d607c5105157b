//! The rules for reading a `data_config`: ours, or those of CAREamics, the reference.

use crate::read::values::{Block, Reader};

/// The rules for reading a `data_config`.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{DataRules, parse_data_config};
///
/// let text = "
/// mode: training
/// data_type: array
/// axes: YX
/// patching: {name: random, patch_size: [8, 8]}
/// normalization: {name: none}
/// note: for the paper
/// ";
/// let file = Path::new("a.yaml");
/// assert!(parse_data_config(text, file, DataRules::Own).is_err());
/// let data = parse_data_config(text, file, DataRules::DataConfig)?;
/// assert_eq!(data.lateral, None);
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DataRules {
    /// Those of a run: unknown keys are refused, our additions are accepted, and any key of lateral context turns it on.
    #[default]
    Own,
    /// Those of CAREamics' `DataConfig`: unknown keys are ignored, among them those of lateral context and our additions.
    DataConfig,
    /// Those of CAREamics' `MicroSplitDataConfig`: as `DataConfig`, but always with lateral context.
    MicroSplitDataConfig,
}

/// When a `data_config` has lateral context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LateralKeys {
    WhereGiven,
    Unknown,
    Always,
}

/// The single rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Unknown keys are ignored rather than refused.
    pub ignores_unknown: bool,
    /// Our additions to the reference are accepted.
    pub has_additions: bool,
    /// Values are refused that the reference accepts but cannot use.
    pub refuses_unusable: bool,
    /// Only data types that a run can open are accepted.
    pub for_run: bool,
    pub lateral: LateralKeys,
}

impl Rules {
    /// The rules for the section `data_config` of a run.
    pub const RUN: Rules = Rules { for_run: true, ..Rules::OWN };

    const OWN: Rules = Rules {
        ignores_unknown: false,
        has_additions: true,
        refuses_unusable: true,
        for_run: false,
        lateral: LateralKeys::WhereGiven,
    };

    /// The rules for text that was written from a plan, by whatever rules that was read.
    pub const WRITTEN: Rules = Rules { ignores_unknown: true, refuses_unusable: false, ..Rules::OWN };

    const REFERENCE: Rules = Rules {
        ignores_unknown: true,
        has_additions: false,
        refuses_unusable: false,
        for_run: false,
        lateral: LateralKeys::Unknown,
    };

    /// Reports the unknown keys of a block, unless they are ignored.
    pub(crate) fn only<'t>(
        self,
        reader: &mut Reader<'_>,
        block: Block<'t>,
        known: &[&'static str],
    ) -> Block<'t> {
        if self.ignores_unknown { block } else { block.only(reader, known) }
    }
}

impl From<DataRules> for Rules {
    fn from(rules: DataRules) -> Rules {
        match rules {
            DataRules::Own => Rules::OWN,
            DataRules::DataConfig => Rules::REFERENCE,
            DataRules::MicroSplitDataConfig => Rules { lateral: LateralKeys::Always, ..Rules::REFERENCE },
        }
    }
}
