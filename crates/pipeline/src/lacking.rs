//! Which statistics a plan does not give.

use patchweave_config::{DataPlan, InputStatistics, NormalizationPlan, TargetStatistics};

/// Whether statistics of targets are computed, where there are any.
pub(crate) fn fits_targets(data: &DataPlan) -> bool {
    Lacking::of(&data.normalization, true).target
}

/// Which statistics a plan does not give.
pub(crate) struct Lacking {
    pub input: bool,
    pub target: bool,
}

impl Lacking {
    pub fn of(plan: &NormalizationPlan, has_targets: bool) -> Self {
        fn of<T>(input: &InputStatistics<T>, target: &TargetStatistics<T>, has_targets: bool) -> Lacking {
            let target = has_targets && matches!(target, TargetStatistics::NotGiven);
            Lacking { input: matches!(input, InputStatistics::Fit), target }
        }
        match plan {
            NormalizationPlan::None => Lacking { input: false, target: false },
            NormalizationPlan::MeanStd { input, target, .. } => of(input, target, has_targets),
            NormalizationPlan::MinMax { input, target, .. }
            | NormalizationPlan::Quantile { input, target, .. } => of(input, target, has_targets),
        }
    }

    pub fn any(&self) -> bool {
        self.input || self.target
    }
}
