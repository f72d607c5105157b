//! By which rules a `data_config` is read: ours, or those of the reference.

use crate::read::values::{Block, Reader};

/// By which rules a `data_config` is read.
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
    /// Those of a run: unknown keys are refused, our additions are known, and there is lateral context where a
    /// key of it is given.
    #[default]
    Own,
    /// Those of CAREamics' `DataConfig`: unknown keys are passed over, and the keys of lateral context and our
    /// additions are unknown.
    DataConfig,
    /// Those of CAREamics' `MicroSplitDataConfig`: as `DataConfig`, always with lateral context.
    MicroSplitDataConfig,
}

/// Which files have lateral context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LateralKeys {
    WhereGiven,
    Unknown,
    Always,
}

/// The rules in detail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Unknown keys are passed over.
    pub ignores_unknown: bool,
    /// What we added to the reference is known.
    pub has_additions: bool,
    /// Values that the reference takes although nothing can be built from them are refused.
    pub refuses_unusable: bool,
    /// Only what a run can open.
    pub for_run: bool,
    pub lateral: LateralKeys,
}

impl Rules {
    /// Those of the `data_config` section of a run.
    pub const RUN: Rules = Rules { for_run: true, ..Rules::OWN };

    const OWN: Rules = Rules {
        ignores_unknown: false,
        has_additions: true,
        refuses_unusable: true,
        for_run: false,
        lateral: LateralKeys::WhereGiven,
    };

    /// Those of a plan that was written down, by whatever rules it was read.
    pub const WRITTEN: Rules = Rules { ignores_unknown: true, refuses_unusable: false, ..Rules::OWN };

    const REFERENCE: Rules = Rules {
        ignores_unknown: true,
        has_additions: false,
        refuses_unusable: false,
        for_run: false,
        lateral: LateralKeys::Unknown,
    };

    /// Reports the keys of a block that are none of `known`, unless they are passed over.
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
