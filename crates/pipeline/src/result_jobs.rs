//! Everything that a prediction writes, and the work on each of it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use patchweave_sink::{Job, Journal};

use crate::{Output, PipelineError, Prediction, PredictionImage, ResultLabel};

impl Prediction {
    /// Everything that is written, with the place of its image.
    pub(crate) fn targets(&self) -> impl Iterator<Item = (usize, &PredictionImage, &ResultLabel, &Output)> {
        self.images.iter().enumerate().flat_map(move |(data_idx, image)| {
            self.results.iter().flat_map(move |result| {
                self.outputs.iter().map(move |output| (data_idx, image, result, output))
            })
        })
    }

    /// What stands in the output folder of all that is written for these images.
    pub(crate) fn standing(&self, images: &BTreeSet<usize>) -> Result<Vec<PathBuf>, PipelineError> {
        let targets = self.targets().filter(|(data_idx, ..)| images.contains(data_idx));
        let path = |(_, image, result, output): (usize, &PredictionImage, &ResultLabel, &Output)| {
            self.path(&image.name, &result.label, output)
        };
        let paths: Vec<PathBuf> = targets.map(path).collect();
        let standing = self.folder.sinks().standing(&paths)?;
        Ok(paths.into_iter().zip(standing).filter(|(_, stands)| *stands).map(|(path, _)| path).collect())
    }
}

/// The work on one of the files of a result; `None` if it is finished.
pub(crate) fn job(
    prediction: &Prediction,
    journal: &Journal,
    (image, result, output): (&PredictionImage, &ResultLabel, &Output),
) -> Result<Option<Job>, PipelineError> {
    let Some((spec, ..)) = prediction.form_of(image, result)? else { return Ok(None) };
    let path = prediction.path(&image.name, &result.label, output);
    Ok(journal.job(prediction.folder.sinks(), &path, Some(output.name()), output.spec(spec))?)
}
