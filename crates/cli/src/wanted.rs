//! What of a configuration is done, and what becomes of what is there.

use std::path::PathBuf;

use patchweave_pipeline::{ExistingResults, PredictionStart, Unfinished};
use patchweave_predict::Part;

use crate::arguments::ResultOptions;

/// What of a configuration is done.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Whether batches of the training are loaded, or only its statistics computed.
    pub trains: bool,
    /// Where the progress of loading is kept.
    pub state: Option<PathBuf>,
    /// What results mean that exist.
    pub existing: ExistingResults,
    pub start: PredictionStart,
    /// Whether parts that were made are finished, and nothing else done.
    pub finishes: bool,
}

impl Wanted {
    pub fn everything(results: &ResultOptions, state: Option<PathBuf>) -> Self {
        Wanted { trains: true, state, ..Self::prediction(results, None, false) }
    }

    pub fn prediction(results: &ResultOptions, part: Option<Part>, finishes: bool) -> Self {
        let unfinished = match results {
            ResultOptions { restart: true, .. } => Unfinished::Removed,
            ResultOptions { resume: true, .. } => Unfinished::GoneOnWith,
            _ if finishes || part.is_some() => Unfinished::GoneOnWith,
            _ => Unfinished::Refused,
        };
        // Results that exist may be finished ones of what is gone on with.
        let may_exist = results.overwrite || results.resume || finishes;
        Wanted {
            trains: false,
            state: None,
            existing: if may_exist { ExistingResults::Replaced } else { ExistingResults::Refused },
            start: PredictionStart {
                unfinished,
                part: part.unwrap_or_default(),
                replaces: results.overwrite,
            },
            finishes,
        }
    }

    /// Whether this goes on with what was begun, or begins it if there is nothing.
    pub fn may_begin(&self) -> bool {
        let goes_on = self.start.unfinished == Unfinished::GoneOnWith;
        goes_on && !self.finishes && !self.start.replaces
    }
}
