//! A plan written as a `data_config` of CAREamics: all fields, defaults filled in.
//!
//! Our own fields follow, and only where they differ from what CAREamics does.

use patchweave_geometry::Extent;

use super::augmentation::AugmentationPlan;
use super::axes_source::AxesSource;
use super::data_plan::DataPlan;
use super::filters::{Background, MaskFilterPlan, PatchFilterPlan};
use super::lateral::{AlphaRange, ContextDepth, ContextSource, LateralPlan, PaddingPlan};
use super::loader_params::LoaderParams;
use super::normalization::{NormalizationPlan, QuantileMethod};
use super::patching::{PatchingPlan, TilingPlan};
use super::statistics::{InputStatistics, MeanStd, MinMax, QuantileLevels, TargetStatistics};
use crate::text::ConfigValue;

type Entries<'k> = Vec<(&'k str, ConfigValue)>;

impl DataPlan {
    /// The `data_config` that gives this plan: all fields of CAREamics, in its order.
    ///
    /// [`ConfigValue::to_yaml`] turns it into text. [`parse_data_config`](crate::parse_data_config) reads that text, and so
    /// does CAREamics unless the plan uses our additions.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use patchweave_config::{ConfigValue, DataRules, parse_data_config};
    ///
    /// let text = "
    /// {mode: predicting, data_type: zarr, axes: YX, patching: {name: whole}, normalization: {name: none}}
    /// ";
    /// let data = parse_data_config(text, Path::new("a.yaml"), DataRules::Own)?;
    /// let form = data.to_reference_form();
    /// assert_eq!(form.get("in_memory"), Some(&ConfigValue::Bool(false)));
    /// assert_eq!(form.get("target_axes"), Some(&ConfigValue::Null));
    ///
    /// let again = parse_data_config(&form.to_yaml(), Path::new("b.yaml"), DataRules::DataConfig)?;
    /// assert_eq!(again.to_reference_form(), form);
    /// # Ok::<(), patchweave_config::ConfigErrors>(())
    /// ```
    pub fn to_reference_form(&self) -> ConfigValue {
        let mut entries: Entries<'_> = vec![
            ("mode", self.mode.name().into()),
            ("data_type", self.data_type.name().into()),
            ("axes", self.axes.to_string().into()),
            ("target_axes", self.own_target_axes.as_ref().map(ToString::to_string).into()),
            ("patching", patching(&self.patching)),
            ("normalization", normalization(&self.normalization)),
            ("batch_size", self.batch_size.into()),
            ("in_memory", self.in_memory.into()),
            ("n_val_patches", self.n_val_patches.into()),
            ("channels", self.channels.clone().map(ConfigValue::list).into()),
            ("patch_filter", self.patch_filter.as_ref().map(patch_filter).into()),
            ("mask_filter", self.mask_filter.as_ref().map(mask_filter).into()),
            (
                "augmentations",
                ConfigValue::list(self.augmentations.iter().map(|a| augmentation(a, self.seed))),
            ),
            ("train_dataloader_params", loader(&self.train_loader)),
            ("val_dataloader_params", loader(&self.val_loader)),
            ("pred_dataloader_params", loader(&self.pred_loader)),
            ("num_workers", self.num_workers.into()),
            ("seed", self.seed.into()),
        ];
        if let Some(plan) = &self.lateral {
            entries.extend(lateral(plan));
        }
        if self.axes_source != AxesSource::default() {
            entries.push(("axes_source", self.axes_source.name().into()));
        }
        ConfigValue::map(entries)
    }
}

fn patching(plan: &PatchingPlan) -> ConfigValue {
    let mut entries: Entries<'_> = vec![("name", plan.name().into())];
    let size = |size: &Extent| ("patch_size", ConfigValue::list(size.iter()));
    match plan {
        PatchingPlan::Random { patch_size, seed }
        | PatchingPlan::FixedRandom { patch_size, seed }
        | PatchingPlan::Stratified { patch_size, seed } => {
            entries.extend([size(patch_size), ("seed", (*seed).into())]);
        }
        PatchingPlan::Weighted { patch_size, seed, share } => {
            entries.extend([size(patch_size), ("seed", (*seed).into()), ("share", (*share).into())]);
        }
        PatchingPlan::Foreground { patch_size, seed, threshold, ref_channel, share } => entries.extend([
            size(patch_size),
            ("seed", (*seed).into()),
            ("threshold", (*threshold).into()),
            ("ref_channel", (*ref_channel).into()),
            ("share", (*share).into()),
        ]),
        PatchingPlan::Sequential { patch_size, overlaps }
        | PatchingPlan::Tiling(TilingPlan::Tiled { patch_size, overlaps }) => {
            entries.extend([size(patch_size), ("overlaps", ConfigValue::list(overlaps.iter()))]);
        }
        PatchingPlan::Tiling(TilingPlan::Largest { overlaps }) => {
            entries.push(("patch_size", "auto".into()));
            let overlaps = overlaps.as_ref().map(|overlaps| ConfigValue::list(overlaps.iter()));
            entries.extend(overlaps.map(|overlaps| ("overlaps", overlaps)));
        }
        PatchingPlan::Tiling(TilingPlan::Whole) => {}
    }
    ConfigValue::map(entries)
}

fn normalization(plan: &NormalizationPlan) -> ConfigValue {
    let mut entries: Entries<'_> = vec![("name", plan.name().into())];
    match plan {
        NormalizationPlan::None => {}
        NormalizationPlan::MeanStd { per_channel, input, target } => {
            entries.extend(frame(*per_channel, target));
            let halves = |one: &MeanStd| [one.mean, one.std];
            entries.extend(lists(["input_means", "input_stds"], of_input(input), halves));
            entries.extend(lists(["target_means", "target_stds"], of_target(target), halves));
        }
        NormalizationPlan::MinMax { per_channel, input, target } => {
            entries.extend(frame(*per_channel, target));
            entries.extend(lists(["input_mins", "input_maxes"], of_input(input), ends));
            entries.extend(lists(["target_mins", "target_maxes"], of_target(target), ends));
        }
        NormalizationPlan::Quantile { per_channel, levels, method, input, target } => {
            entries.extend(frame(*per_channel, target));
            let halves = |levels: &QuantileLevels| [levels.lower, levels.upper];
            entries.extend(lists(["lower_quantiles", "upper_quantiles"], Some(levels), halves));
            let input_keys = ["input_lower_quantile_values", "input_upper_quantile_values"];
            entries.extend(lists(input_keys, of_input(input), ends));
            let target_keys = ["target_lower_quantile_values", "target_upper_quantile_values"];
            entries.extend(lists(target_keys, of_target(target), ends));
            if *method != QuantileMethod::default() {
                entries.push(("method", method.name().into()));
            }
        }
    }
    ConfigValue::map(entries)
}

fn frame<T>(per_channel: bool, target: &TargetStatistics<T>) -> [(&'static str, ConfigValue); 2] {
    let skip_target = matches!(target, TargetStatistics::Skip { .. });
    [("per_channel", per_channel.into()), ("skip_target", skip_target.into())]
}

fn of_input<T>(statistics: &InputStatistics<T>) -> Option<&Vec<T>> {
    match statistics {
        InputStatistics::Fit => None,
        InputStatistics::Given(given) => Some(given),
    }
}

fn of_target<T>(statistics: &TargetStatistics<T>) -> Option<&Vec<T>> {
    match statistics {
        TargetStatistics::Skip { unused } => unused.as_ref(),
        TargetStatistics::NotGiven => None,
        TargetStatistics::Given(given) => Some(given),
    }
}

fn ends(range: &MinMax) -> [f64; 2] {
    [range.min, range.max]
}

/// Two keys with lists of equal length; both are null without values.
fn lists<T>(
    keys: [&'static str; 2],
    values: Option<&Vec<T>>,
    halves: impl Fn(&T) -> [f64; 2],
) -> [(&'static str, ConfigValue); 2] {
    let list = |half: usize| {
        let numbers = values.map(|values| values.iter().map(|value| halves(value)[half]));
        ConfigValue::from(numbers.map(ConfigValue::list))
    };
    [(keys[0], list(0)), (keys[1], list(1))]
}

fn patch_filter(plan: &PatchFilterPlan) -> ConfigValue {
    let mut entries: Entries<'_> = vec![
        ("name", plan.background.name().into()),
        ("ref_channel", plan.ref_channel.into()),
        ("filtered_patch_prob", plan.filtered_patch_prob.into()),
    ];
    match plan.background {
        Background::Max { threshold, coverage } => {
            entries.extend([("threshold", threshold.into()), ("coverage", coverage.into())]);
        }
        Background::MeanStd { mean_threshold, std_threshold } => entries
            .extend([("mean_threshold", mean_threshold.into()), ("std_threshold", std_threshold.into())]),
        Background::Shannon { threshold } => entries.push(("threshold", threshold.into())),
    }
    ConfigValue::map(entries)
}

fn mask_filter(plan: &MaskFilterPlan) -> ConfigValue {
    ConfigValue::map([
        ("name", "mask".into()),
        ("ref_channel", plan.ref_channel.into()),
        ("filtered_patch_prob", plan.filtered_patch_prob.into()),
        ("coverage", plan.coverage.into()),
    ])
}

fn augmentation(plan: &AugmentationPlan, global_seed: u64) -> ConfigValue {
    let mut entries: Entries<'_> = vec![("name", plan.name().into())];
    let draw = |p: f64, seed: Option<u64>| [("p", p.into()), ("seed", seed.unwrap_or(global_seed).into())];
    match *plan {
        AugmentationPlan::XyFlip { flip_x, flip_y, p, seed } => {
            entries.extend([("flip_x", flip_x.into()), ("flip_y", flip_y.into())]);
            entries.extend(draw(p, seed));
        }
        AugmentationPlan::XyRandomRotate90 { p, seed } => entries.extend(draw(p, seed)),
    }
    ConfigValue::map(entries)
}

fn loader(params: &LoaderParams) -> ConfigValue {
    ConfigValue::map(params.iter().map(|(name, value)| (name, value.clone())))
}

fn lateral(plan: &LateralPlan) -> Entries<'static> {
    let range = |range: &AlphaRange| ConfigValue::list([range.low, range.high]);
    let ranges = plan.alpha_ranges.as_ref().map(|ranges| ConfigValue::list(ranges.iter().map(range)));
    let mut entries: Entries<'_> = vec![
        ("multiscale_count", plan.multiscale_count.into()),
        ("padding_mode", plan.padding.name().into()),
        ("alpha_ranges", ranges.into()),
        ("uncorrelated_channel_prob", plan.uncorrelated_channel_prob.into()),
    ];
    if let PaddingPlan::Constant { value } = plan.padding {
        entries.push(("padding_value", value.into()));
    }
    if plan.source != ContextSource::Image {
        entries.push(("context_source", plan.source.name().into()));
    }
    if plan.depth != ContextDepth::Grow {
        entries.push(("context_depth", plan.depth.name().into()));
    }
    entries
}
