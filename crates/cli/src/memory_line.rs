//! How much memory a prediction takes at most, with what is held beside it.

use patchweave_memory::held_bytes;
use patchweave_predict::MemoryForecast;

use crate::console::bytes;

/// What takes memory beside the prediction itself.
pub(crate) struct BesidePrediction {
    /// What the program holds before, where the system tells it.
    held: Option<usize>,
    /// Decoded chunks that are kept.
    chunks: usize,
}

impl BesidePrediction {
    /// Before the first tile; `chunks` is what decoded chunks may take.
    pub(crate) fn now(chunks: usize) -> Self {
        BesidePrediction { held: held_bytes(), chunks }
    }

    /// All of it in a line.
    pub(crate) fn line(&self, forecast: &MemoryForecast) -> String {
        let MemoryForecast { batches, models, tiles, units, .. } = *forecast;
        let held = self.held.unwrap_or(0);
        let total = [held, self.chunks].into_iter().fold(forecast.total(), usize::saturating_add);
        let parts = [
            (held, "held before"),
            (self.chunks, "of decoded chunks"),
            (batches, "in batches"),
            (models, "for models"),
            (tiles, "of tiles that wait for others"),
            (units, "in what is written"),
        ];
        let parts = parts.into_iter().filter(|(n_bytes, _)| *n_bytes > 0);
        let parts: Vec<_> = parts.map(|(n_bytes, what)| format!("{} {what}", told(n_bytes))).collect();
        format!("memory: at most {}: {}", told(total), parts.join(", "))
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn told(n_bytes: usize) -> String {
    bytes(n_bytes as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        let forecast =
            MemoryForecast { batches: 1_000_000, models: 4_000_000, tiles: 2_000_000, units: 3_000_000 };
        let mut beside = BesidePrediction { held: Some(4_000_000), chunks: 5_000_000 };
        assert_eq!(
            beside.line(&forecast),
            "memory: at most 19.0 MB: 4.0 MB held before, 5.0 MB of decoded chunks, 1.0 MB in batches, 4.0 MB for models, 2.0 MB \
             of tiles that wait for others, 3.0 MB in what is written"
        );
        beside = BesidePrediction { held: None, chunks: 0 };
        assert!(beside.line(&forecast).starts_with("memory: at most 10.0 MB: 1.0 MB in batches, "));
    }
}
