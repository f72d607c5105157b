//! Memory: a batch fits into the budget for batches made ahead.

use patchweave_geometry::Extent;

use super::check::Check;
use super::facts::ImageFacts;
use crate::plan::TilingPlan;

impl Check<'_> {
    /// Checks that a batch of training patches, and a batch of tiles, fit into their budgets.
    pub fn budgets(&mut self) {
        self.training_budget();
        self.prediction_budget();
    }

    fn training_budget(&mut self) {
        let Some(train) = &self.plan.train else { return };
        let Some(patch) = self.plan.data.patching.training_size() else { return };
        let Some(image) = self.roles.drawn().first().and_then(|role| role.images.first()) else { return };
        let n_input = self.n_scales().unwrap_or_else(|| self.n_trained(image));
        let n_channels = n_input.saturating_add(self.n_target_channels());
        let batch_size = self.plan.data.batch_size;
        let needed = batch_bytes(batch_size, n_channels, patch);
        self.budget("train.prefetch_mib", needed, train.prefetch_bytes, batch_size, patch);
    }

    fn prediction_budget(&mut self) {
        let Some(predict) = &self.plan.predict else { return };
        if matches!(predict.patching, TilingPlan::Largest { .. }) {
            return;
        }
        let tile = |image: &ImageFacts| match predict.patching {
            TilingPlan::Tiled { patch_size, .. } => patch_size,
            TilingPlan::Largest { .. } | TilingPlan::Whole => image.shape.extent,
        };
        let n_channels = |image: &ImageFacts| self.n_scales().unwrap_or_else(|| self.n_predicted(image));
        let bytes = |image: &ImageFacts| batch_bytes(predict.batch_size, n_channels(image), tile(image));
        if let Some(image) = self.roles.of.predict_inputs.images.iter().max_by_key(|image| bytes(image)) {
            let budget = predict.prefetch_bytes;
            self.budget("predict.prefetch_mib", bytes(image), budget, predict.batch_size, tile(image));
        }
    }

    /// The number of scales, which with lateral context take the place of channels.
    fn n_scales(&self) -> Option<usize> {
        self.lateral().map(|lateral| lateral.multiscale_count)
    }

    fn budget(&mut self, key: &str, needed: usize, budget: usize, batch_size: usize, size: Extent) {
        if needed > budget {
            let mib = |bytes: usize| bytes.div_ceil(1 << 20);
            let found = format!(
                "a batch of {batch_size} × {size} needs {} MiB, but the budget is {} MiB",
                mib(needed),
                mib(budget)
            );
            self.report(key, found, "a larger prefetch_mib, a smaller batch_size or smaller patches");
        }
    }
}

/// Bytes of a batch of patches in `f32`.
fn batch_bytes(batch_size: usize, n_channels: usize, size: Extent) -> usize {
    let factors = [batch_size, n_channels, size.n_pixels(), size_of::<f32>()];
    factors.into_iter().fold(1, usize::saturating_mul)
}
