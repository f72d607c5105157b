//! What a bench found, as it is written in JSON.

use patchweave_loader::{Forecast, LoaderStats, Mixing, WorkStats};
use serde::Serialize;

use super::verdict::{Advice, Kind, Stages};

#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub config: String,
    pub settings: Settings,
    pub forecast: EpochForecast,
    pub mixing: MixingReport,
    /// That of a plain shuffle, where the order is another one.
    pub mixing_shuffled: Option<MixingReport>,
    pub measured: Measured,
    /// The first batches again and again, their chunks in the cache.
    pub replayed: Option<Replayed>,
    /// What could be done about reading.
    pub alternatives: Vec<Alternative>,
    pub verdict: Verdict,
    /// What was advised, if it was tried.
    #[serde(rename = "try")]
    pub tried: Option<Tried>,
}

#[derive(Debug, Serialize)]
pub(super) struct Settings {
    pub order: &'static str,
    pub batch_size: usize,
    pub n_workers: usize,
    pub n_cores: usize,
    pub cache_bytes: u64,
    pub seconds: f64,
    pub consume_ms: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct EpochForecast {
    pub n_patches: usize,
    pub n_batches: usize,
    pub n_bytes: f64,
    pub n_chunks: f64,
    pub n_decodes: f64,
    pub decodes_per_chunk: f64,
    pub decode_amplification: f64,
    pub memory_bytes: f64,
    /// How many patches were looked at.
    pub n_seen: usize,
    pub seconds: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(super) struct MixingReport {
    pub images_per_batch: f64,
    pub sources_per_batch: f64,
    /// The share of batches with at least `at_least` sources.
    pub share_of_batches: f64,
    pub at_least: usize,
    pub same_image: f64,
    pub mean_distance: f64,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Measured {
    pub seconds: f64,
    pub n_epochs: f64,
    pub n_batches: usize,
    /// Patches in the batches.
    pub n_patches: usize,
    /// Patches that were made, those ahead of the last batch included.
    pub n_made: u64,
    pub n_bytes: usize,
    /// Patches that were left out because they could not be made.
    pub n_skipped: usize,
    /// How often a patch was tried again.
    pub n_retries: u64,
    pub patches_per_second: f64,
    pub bytes_per_second: f64,
    /// Shares of the time of all workers.
    pub stages: Stages,
    pub consumer_waiting: f64,
    /// Full batches that waited for the consumer, on average.
    pub batches_waiting: f64,
    /// The share of chunks that were found in the cache; none where none was needed.
    pub cache_hits: Option<f64>,
    pub n_decodes: u64,
    pub decodes_per_patch: f64,
    pub decodes_per_chunk_and_epoch: f64,
    /// Decoded bytes for every byte of the patches that were made.
    pub decode_amplification: f64,
    pub most_bytes_in_flight: usize,
    /// What the forecast says about as many patches.
    pub forecast_decodes: f64,
    pub seconds_per_epoch: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Replayed {
    pub n_batches: usize,
    pub patches_per_second: f64,
    /// How many times the measured speed.
    pub head_room: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Alternative {
    /// How a configuration says it.
    pub setting: String,
    /// In the time that was measured.
    pub decodes_per_patch: f64,
    pub gain: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    pub kind: Kind,
    pub share: f64,
    pub text: String,
    pub advice: Option<Advice>,
    /// How a configuration says it.
    pub setting: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Tried {
    pub setting: String,
    pub predicted_gain: f64,
    pub gain: f64,
    pub measured: Measured,
}

/// Seconds of all workers by stage; what is not spent on samples is idle.
pub(super) fn stages(stats: &LoaderStats) -> Stages {
    let WorkStats { n_workers, idle, spent, .. } = stats.work;
    let of_samples = spent.time().as_secs_f64();
    // A wait that still goes on is not booked yet.
    let unbooked = n_workers as f64 * stats.elapsed.as_secs_f64() - of_samples;
    Stages {
        read: spent.reading.read.as_secs_f64(),
        decode: spent.reading.decode.as_secs_f64(),
        wait: spent.reading.waited.as_secs_f64(),
        construct: spent.construct.as_secs_f64(),
        normalise: spent.normalise.as_secs_f64(),
        augment: spent.augment.as_secs_f64(),
        idle: unbooked.max(idle.as_secs_f64()),
    }
}

impl Measured {
    pub fn new(stats: &LoaderStats, epoch: &Forecast, forecast_decodes: f64) -> Self {
        let reading = stats.work.spent.reading;
        let elapsed = stats.elapsed.as_secs_f64();
        let (n_patches, n_made) = (stats.n_patches as f64, stats.work.spent.n_patches as f64);
        let n_asked = reading.n_hits + reading.n_decodes;
        let epoch_patches = epoch.n_patches as f64;
        let patch_bytes = ratio(stats.n_bytes as f64, n_patches);
        Measured {
            seconds: elapsed,
            n_epochs: ratio(n_patches, epoch_patches),
            n_batches: stats.n_batches,
            n_patches: stats.n_patches,
            n_made: stats.work.spent.n_patches,
            n_bytes: stats.n_bytes,
            n_skipped: stats.n_skipped,
            n_retries: stats.n_retries,
            patches_per_second: ratio(n_patches, elapsed),
            bytes_per_second: ratio(stats.n_bytes as f64, elapsed),
            stages: stages(stats).shares(),
            consumer_waiting: stats.waiting_share(),
            batches_waiting: ratio(stats.waited_for_consumer.as_secs_f64(), elapsed),
            cache_hits: (n_asked > 0).then(|| ratio(reading.n_hits as f64, n_asked as f64)),
            n_decodes: reading.n_decodes,
            decodes_per_patch: ratio(reading.n_decodes as f64, n_made),
            decodes_per_chunk_and_epoch: ratio(reading.n_decodes as f64, n_made)
                * ratio(epoch_patches, epoch.n_chunks),
            decode_amplification: ratio(reading.decoded_bytes as f64, patch_bytes * n_made),
            most_bytes_in_flight: stats.most_bytes_in_flight,
            forecast_decodes,
            seconds_per_epoch: ratio(elapsed, n_patches) * epoch_patches,
        }
    }
}

impl MixingReport {
    /// Batches are counted that have sources for half of their patches, at most 4.
    pub fn new(mixing: &Mixing, batch_size: usize) -> Self {
        let at_least = batch_size.div_ceil(2).min(4);
        MixingReport {
            images_per_batch: mixing.images_per_batch,
            sources_per_batch: mixing.sources_per_batch,
            share_of_batches: mixing.share_of_batches_with(at_least),
            at_least,
            same_image: mixing.same_image,
            mean_distance: mixing.mean_distance,
        }
    }
}

impl EpochForecast {
    pub fn new(forecast: &Forecast, seconds: Option<f64>) -> Self {
        EpochForecast {
            n_patches: forecast.n_patches,
            n_batches: forecast.n_batches,
            n_bytes: forecast.n_bytes,
            n_chunks: forecast.n_chunks,
            n_decodes: forecast.n_decodes,
            decodes_per_chunk: forecast.decodes_per_chunk(),
            decode_amplification: forecast.amplification(),
            memory_bytes: forecast.memory_bytes,
            n_seen: forecast.n_seen,
            seconds,
        }
    }
}

/// 0 of nothing.
pub(super) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
