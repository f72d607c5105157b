//! Everything that a prediction writes, and the work on each of it.

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
