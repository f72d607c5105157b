//! The folder that a run writes into, on a disk or in an object store.

use std::path::{Path, PathBuf};

use patchweave_config::RunPlan;
use patchweave_formats::{inside, is_url};
use patchweave_sink::{Durability, SinkFormats, prepare_folder};

use crate::{Opening, PipelineError, durability_of};

/// The folder that a run writes into, on a disk or in an object store, and how.
///
/// ```
/// use patchweave_config::parse;
/// use patchweave_pipeline::{Opening, OutputFolder};
///
/// let text = "
/// output: s3://bucket/results
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: a.tiff, models: [identity], formats: ome_zarr}
/// ";
/// let plan = parse(text, "run.yaml".as_ref(), &|_| None)?;
/// let output = OutputFolder::of(&plan, &Opening::default());
/// assert!(output.is_store());
/// assert_eq!(output.path().to_str(), Some("s3://bucket/results"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct OutputFolder {
    path: PathBuf,
    durability: Durability,
    sinks: SinkFormats,
}

impl OutputFolder {
    /// That of a plan; object stores are reached as the plan reads from them.
    #[must_use]
    pub fn of(plan: &RunPlan, opening: &Opening) -> Self {
        Self::with_sinks(plan, &opening.for_reading(&plan.reading).sinks)
    }

    pub(crate) fn with_sinks(plan: &RunPlan, sinks: &SinkFormats) -> Self {
        let durability = durability_of(plan.durability);
        OutputFolder { path: plan.output.clone(), durability, sinks: sinks.clone() }
    }

    /// The path or URL.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is in an object store.
    #[must_use]
    pub fn is_store(&self) -> bool {
        is_url(&self.path)
    }

    /// Makes sure that files can be written into the folder, or one below it, and says what killed runs had left there; an
    /// object store needs no folders.
    ///
    /// # Errors
    /// [`PipelineError::Sink`].
    pub fn prepare(&self, folder: &Path) -> Result<Vec<PathBuf>, PipelineError> {
        if self.is_store() { Ok(Vec::new()) } else { Ok(prepare_folder(folder, self.durability)?) }
    }

    pub(crate) fn durability(&self) -> Durability {
        self.durability
    }

    pub(crate) fn sinks(&self) -> &SinkFormats {
        &self.sinks
    }

    /// Writes a small file into it, and says where that is.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, PipelineError> {
        let path = inside(&self.path, name.as_ref());
        self.write_at(&path, bytes)?;
        Ok(path)
    }

    /// As [`write`](Self::write), at a path below the folder.
    pub(crate) fn write_at(&self, path: &Path, bytes: &[u8]) -> Result<(), PipelineError> {
        Ok(self.sinks.write_file(path, bytes, self.durability)?)
    }

    pub(crate) fn remove(&self, name: &str) -> Result<(), PipelineError> {
        Ok(self.sinks.remove_file(&inside(&self.path, name.as_ref()))?)
    }
}
