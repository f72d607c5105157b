//! The training of a configuration, over the cache of its images, which can be emptied.

use patchweave_config::{ConfigErrors, ReadingPlan, RunPlan, TrainPlan, Warning};
use patchweave_formats::ChunkCache;
use patchweave_loader::{ChunkAware, Loader, LoaderError, LoaderOptions, Order, Shard};
use patchweave_pipeline::{
    Images, Opening, Statistics, Training, chunk_aware, default_window, open_images, training,
};

use super::verdict::Change;
use crate::arguments::{BenchOptions, OrderName};
use crate::forecast::limited;
use crate::{Failure, interrupt};

const MIB: u64 = 1 << 20;

/// What is measured.
pub(super) struct Setup {
    pub loader: Loader,
    pub statistics: Statistics,
    pub cache: ChunkCache,
    /// What pixels told about the configuration.
    pub warnings: Vec<Warning>,
    /// Bytes of a patch as it is stored.
    patch_bytes: u64,
}

impl Setup {
    /// Prepares the loading of opened images as a run would; nothing is written.
    pub fn new(
        plan: &RunPlan,
        train: &TrainPlan,
        images: &Images,
        options: &BenchOptions,
    ) -> Result<Self, Failure> {
        let cache = images.cache().clone();
        let trained = training(&plan.data, train, images, &|| !interrupt::asked());
        let Training { loader, statistics, patch_bytes, notices, mixed, .. } =
            trained.map_err(|error| error.at(plan))?;
        let warnings = notices.iter().map(|notice| notice.at(plan));
        let warnings = warnings.chain(mixed.into_iter().flat_map(|mixed| mixed.warnings)).collect();
        let mut of_loader = LoaderOptions { shard: Shard::default(), ..*loader.options() };
        if let Some(n_workers) = options.workers {
            of_loader.n_workers = n_workers;
        }
        let loader = loader.with_options(of_loader)?;
        let mut setup = Setup { loader, statistics, cache, warnings, patch_bytes };
        if let Some(n_batches) = train.max_batches {
            setup.loader = limited(&setup.loader, n_batches)?;
        }
        if let Some(order) = options.order {
            of_loader = *setup.loader.options();
            of_loader.order = match order {
                OrderName::Sequential => Order::Sequential,
                OrderName::Shuffled => Order::Shuffled,
                OrderName::Grouped => Order::Grouped,
                OrderName::ChunkAware => match of_loader.order {
                    chosen @ Order::ChunkAware(_) => chosen,
                    _ => setup.chunk_aware(setup.window()),
                },
            };
            setup.loader = setup.loader.with_options(of_loader)?;
        }
        Ok(setup)
    }

    /// The chunk-aware order for the cache.
    pub fn chunk_aware(&self, window: usize) -> Order {
        Order::ChunkAware(chunk_aware(window, ChunkAware::default().sources, self.cache.budget()))
    }

    /// The window that a configuration without one has.
    pub fn window(&self) -> usize {
        default_window(self.cache.budget(), self.patch_bytes)
    }

    /// The loader with a setting changed; a cache of another size takes another setup.
    ///
    /// # Errors
    /// As [`Loader::mixed`].
    pub fn changed(&self, change: Change) -> Result<Loader, LoaderError> {
        let mut options = *self.loader.options();
        match change {
            Change::ChunkAware { window } => options.order = self.chunk_aware(window),
            Change::Workers(n) => options.n_workers = n,
            Change::PrefetchBatches(n) => options.prefetch_batches = n,
            Change::CacheMib(_) => {}
        }
        self.loader.with_options(options)
    }

    /// The setup with a change, its cache empty.
    pub fn with_change(
        self,
        change: Change,
        plan: &RunPlan,
        train: &TrainPlan,
        options: &BenchOptions,
        opening: &Opening,
    ) -> Result<Self, Failure> {
        self.cache.clear();
        let Change::CacheMib(mib) = change else {
            return Ok(Setup { loader: self.changed(change)?, ..self });
        };
        let mut plan = plan.clone();
        // What was computed need not be computed again.
        plan.data.normalization = self.statistics.normalization().clone();
        drop(self);
        let mut own = opening.clone();
        own.options.cache = ChunkCache::new(mib.saturating_mul(MIB));
        // With the default, images share the cache of the opening.
        plan.reading.cache_bytes = ReadingPlan::default().cache_bytes;
        let images = open_images(&plan, &own).map_err(|errors| not_simulated(errors, &plan))?;
        let setup = Setup::new(&plan, train, &images, options)?;
        setup.cache.clear();
        Ok(setup)
    }
}

/// Why images cannot be opened, with advice where a simulation makes them.
pub(super) fn not_simulated(errors: ConfigErrors, plan: &RunPlan) -> Failure {
    match &plan.simulate {
        Some(_) => Failure::Arguments(format!(
            "{errors}\nimages that the configuration simulates have to be made first: patchweave run {}",
            plan.file().display()
        )),
        None => errors.into(),
    }
}
