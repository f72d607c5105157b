//! What a prediction took, and what kept it from being quicker: one line.

use patchweave_predict::{Bound, Progress};

use crate::console::counted;

/// Advice is given only for predictions that took longer than this, in seconds.
const WORTH_ADVICE: f64 = 10.0;

/// What could be changed about a prediction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub n_cores: usize,
    /// Whether a network is run by tract.
    pub has_tract: bool,
}

/// The line that ends a prediction; nothing if there was nothing to predict.
pub(crate) fn line(progress: &Progress, setup: Setup) -> Option<String> {
    let times = &progress.times;
    let seconds = times.elapsed.as_secs_f64();
    if progress.n_tiles == 0 || seconds <= 0.0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let rate = progress.n_tiles as f64 / seconds;
    let bound = times.bound();
    let percent = 100.0 * times.share(bound);
    let fed = several(times.n_models_fed());
    let written = several(times.n_models_written());
    let verdict = match bound {
        Bound::Models => {
            format!(
                "model-bound {percent:.0} %; reading could feed {fed} models, writing keep up with {written}"
            )
        }
        Bound::Reading => {
            format!(
                "reading-bound {percent:.0} %: models waited for tiles; writing could keep up with {written} models"
            )
        }
        Bound::Writing => {
            format!(
                "writing-bound {percent:.0} %: models waited for what is written; reading could feed {fed} models"
            )
        }
        Bound::Preparing => format!(
            "{percent:.0} % of the time images were opened, masks and statistics read, models made ready"
        ),
        Bound::HandingOver => {
            format!(
                "copy-bound {percent:.0} %: checking tiles and copying what models made took longer than the models"
            )
        }
    };
    let advice = if seconds < WORTH_ADVICE { None } else { advice(progress, bound, setup) };
    let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
    let n_tiles = counted(progress.n_tiles, "tile", "tiles");
    let digits = if rate < 10.0 { 2 } else { 0 };
    Some(format!("prediction: {n_tiles} in {seconds:.2} s, {rate:.digits$} tiles/s: {verdict}{advice}"))
}

/// What may help.
fn advice(progress: &Progress, bound: Bound, setup: Setup) -> Option<String> {
    let n_workers = progress.times.reading.n_workers;
    match bound {
        Bound::Models if setup.has_tract => {
            Some("`runtime: onnxruntime` may run networks several times as quick".to_owned())
        }
        Bound::Reading if n_workers < setup.n_cores => Some(format!(
            "num_workers: {} in data_config would use all cores, not {n_workers}",
            setup.n_cores
        )),
        Bound::Reading => Some("images in chunks of about the size of tiles are read quicker".to_owned()),
        Bound::Writing => Some("a quicker compression, or none, in predict.formats may help".to_owned()),
        Bound::Models | Bound::Preparing | Bound::HandingOver => None,
    }
}

/// How many times something could be done.
fn several(times: f64) -> String {
    if times >= 100.0 { "over 100".to_owned() } else { format!("{times:.1}") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use patchweave_predict::{MemoryForecast, PredictTimes};

    use super::*;

    const SETUP: Setup = Setup { n_cores: 4, has_tract: true };

    fn progress(seconds: u64, models: u64, waited_for_tiles: u64, waited_for_writers: u64) -> Progress {
        let mut times = PredictTimes::default();
        times.elapsed = Duration::from_secs(seconds);
        times.models = Duration::from_secs(models);
        times.waited_for_tiles = Duration::from_secs(waited_for_tiles);
        times.waited_for_writers = Duration::from_secs(waited_for_writers);
        times.reading.n_workers = 2;
        times.reading.spent.construct = Duration::from_secs(6);
        times.writing = Duration::from_secs(1);
        times.n_writers = 2;
        Progress { n_tiles: 500, n_skipped: 0, n_total: 500, memory: MemoryForecast::default(), times }
    }

    #[test]
    fn the_verdict_names_what_counts_most() {
        let of = |progress: &Progress| line(progress, SETUP).unwrap();
        assert_eq!(
            of(&progress(10, 9, 0, 0)),
            "prediction: 500 tiles in 10.00 s, 50 tiles/s: model-bound 90 %; reading could feed 3.0 models, writing keep up \
             with 18.0; `runtime: onnxruntime` may run networks several times as quick"
        );
        assert_eq!(
            of(&progress(20, 5, 14, 0)),
            "prediction: 500 tiles in 20.00 s, 25 tiles/s: reading-bound 70 %: models waited for tiles; writing could keep up with 10.0 models; \
             num_workers: 4 in data_config would use all cores, not 2"
        );
        assert_eq!(
            of(&progress(5, 1, 0, 4)),
            "prediction: 500 tiles in 5.00 s, 100 tiles/s: writing-bound 80 %: models waited for what is written; reading could \
             feed 0.3 models"
        );
        assert!(of(&progress(100, 0, 0, 0)).contains("5.00 tiles/s: copy-bound 100 %"));
    }

    #[test]
    fn nothing_is_told_of_nothing() {
        let nothing = Progress { n_tiles: 0, ..progress(10, 9, 0, 0) };
        assert_eq!(line(&nothing, SETUP), None);
    }
}
