//! What loading will take, said before it, and what it took, said beside it.

use std::time::Duration;

use patchweave_loader::{Forecast, Loader, LoaderError, LoaderStats};
use tracing::info_span;

use patchweave_stack::with_causes;

use crate::console::{bytes, counted};

/// So long samples are made to learn what one takes.
const PROBE: Duration = Duration::from_millis(100);

/// The forecast of a run's training.
#[derive(Debug)]
pub(crate) struct RunForecast {
    /// Why there is none: loading will say it as well, or skip what is the matter.
    forecast: Result<Forecast, LoaderError>,
    time: Option<Duration>,
    cache_bytes: u64,
}

impl RunForecast {
    /// Forecasts epochs of at most `n_batches` on this rank with a cache of `cache_bytes` for chunks; makes a few samples for it.
    pub fn of(loader: &Loader, n_batches: usize, cache_bytes: u64) -> Self {
        let _span = info_span!("forecast").entered();
        let forecast = limited(loader, n_batches).and_then(|loader| loader.forecast(0, cache_bytes));
        // A sample that cannot be made is reported by its batch.
        let time = forecast.as_ref().ok().and_then(|forecast| {
            let spent = loader.probe(0, PROBE).ok()?;
            forecast.time(&spent, n_threads(loader.options().n_workers))
        });
        RunForecast { forecast, time, cache_bytes }
    }

    /// What an epoch will take, in a line.
    pub fn line(&self) -> String {
        match &self.forecast {
            Ok(forecast) => format!("forecast of an epoch: {}", described(forecast, self.time)),
            Err(error) => format!("no forecast: {}", with_causes(error)),
        }
    }

    /// What was forecast beside what happened, in a line.
    pub fn against(&self, stats: &LoaderStats) -> String {
        let Ok(forecast) = &self.forecast else { return "no forecast to compare with".to_owned() };
        let made = stats.work.spent;
        let n_made = made.n_patches as f64;
        let n_epochs = n_made / (forecast.n_patches as f64).max(1.0);
        let time = match self.time {
            Some(time) => {
                let time = time.as_secs_f64() * n_epochs;
                format!("; {} forecast, {} taken", seconds(time), seconds(stats.elapsed.as_secs_f64()))
            }
            None => String::new(),
        };
        let decodes = match forecast.n_decodes > 0.0 || made.reading.n_decodes > 0 {
            true => format!(
                "; {} decodes forecast from an empty cache, {} made",
                rounded(decodes_of(forecast, self.cache_bytes, n_made)),
                rounded(made.reading.n_decodes as f64)
            ),
            false => String::new(),
        };
        format!("forecast against actual: {}{decodes}{time}", counted_patches(n_made))
    }
}

/// The same loader with so many batches in an epoch of this rank at most.
///
/// # Errors
/// As [`Loader::mixed`].
pub(crate) fn limited(loader: &Loader, n_batches: usize) -> Result<Loader, LoaderError> {
    let mut options = *loader.options();
    let most = n_batches.saturating_mul(options.batch_size).saturating_mul(options.shard.world_size).max(1);
    options.max_patches = Some(options.max_patches.map_or(most, |before| before.min(most)));
    loader.with_options(options)
}

/// How many threads can work at once.
pub(crate) fn n_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn n_threads(n_workers: usize) -> usize {
    n_workers.min(n_cores())
}

/// The chunks that the first `n_patches` of a run over many epochs decode, whose cache is empty at the start.
pub(crate) fn decodes_of(forecast: &Forecast, cache_bytes: u64, n_patches: f64) -> f64 {
    let n_epochs = n_patches / (forecast.n_patches as f64).max(1.0);
    let n_decodes = forecast.n_decodes * n_epochs;
    // What the cache holds as a whole is decoded once.
    if all_chunk_bytes(forecast) <= cache_bytes as f64 { n_decodes.min(forecast.n_chunks) } else { n_decodes }
}

/// Bytes of all chunks of the images, decoded; those of different images count as equally large.
pub(crate) fn all_chunk_bytes(forecast: &Forecast) -> f64 {
    if forecast.n_decodes > 0.0 {
        forecast.n_chunks * forecast.decoded_bytes / forecast.n_decodes
    } else {
        0.0
    }
}

/// A forecast in words.
pub(crate) fn described(forecast: &Forecast, time: Option<Duration>) -> String {
    let patches = counted(forecast.n_patches, "patch", "patches");
    let batches = counted(forecast.n_batches, "batch", "batches");
    let chunks = match forecast.n_decodes > 0.0 {
        true => format!(
            "; {} chunks, each decoded {:.1} times, decode amplification {:.1}",
            rounded(forecast.n_chunks),
            forecast.decodes_per_chunk(),
            forecast.amplification()
        ),
        false => "; no chunks to decode".to_owned(),
    };
    let time = time.map_or(String::new(), |time| format!("; about {}", seconds(time.as_secs_f64())));
    let n_bytes = bytes(forecast.n_bytes);
    let memory = bytes(forecast.memory_bytes);
    format!("{patches} in {batches}, {n_bytes}{chunks}; {memory} of memory at most{time}")
}

fn counted_patches(n: f64) -> String {
    format!("{} patches made", rounded(n))
}

/// A count that is known about.
pub(crate) fn rounded(count: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is cut off at the ends")]
    crate::console::grouped(count.round() as u64)
}

/// A time in the largest unit that leaves a whole part.
pub(crate) fn seconds(time: f64) -> String {
    match time {
        time if time < 1e-3 => format!("{:.0} µs", time * 1e6),
        time if time < 1.0 => format!("{:.1} ms", time * 1e3),
        time if time < 120.0 => format!("{time:.1} s"),
        time if time < 7200.0 => format!("{:.1} min", time / 60.0),
        time => format!("{:.1} h", time / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_readable() {
        let times = [2e-6, 0.0125, 3.0, 300.0, 36_000.0].map(seconds);
        assert_eq!(times, ["2 µs", "12.5 ms", "3.0 s", "5.0 min", "10.0 h"]);
    }
}
