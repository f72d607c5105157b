//! What is decided about the arrays of an image before they are written.

use std::path::Path;

use patchweave_geometry::{Axis, GeometryError};
use serde_json::Value;

use super::array::ArrayMetadata;
use super::compressor::Compressor;
use super::options::OmeZarrOptions;
use super::plan::ChunkPlan;
use crate::{ImageSpec, SinkError};

/// What is decided about the arrays of an image before they are written.
pub(super) struct Decided {
    pub options: OmeZarrOptions,
    /// The axes of one array.
    pub axes: Vec<Axis>,
    pub plan: ChunkPlan,
    pub compressor: Compressor,
}

impl Decided {
    pub fn new(
        path: &Path,
        spec: &ImageSpec,
        options: OmeZarrOptions,
        axes: Vec<Axis>,
    ) -> Result<Self, SinkError> {
        let plan = ChunkPlan::new(path, spec, &axes, &options)?;
        let chunk_bytes =
            plan.chunk.iter().fold(spec.pixel_type.n_bytes(), |n, size| n.saturating_mul(*size));
        let compressor = Compressor::of(path, spec.compression, chunk_bytes)?;
        Ok(Decided { options, axes, plan, compressor })
    }

    /// The name and content of the file that describes the arrays of a level.
    pub fn array(
        &self,
        path: &Path,
        spec: &ImageSpec,
        level: usize,
    ) -> Result<(&'static str, Value), SinkError> {
        let layout = spec.level_layout(level).map_err(layout_error(path))?;
        let shape: Vec<usize> = self.axes.iter().map(|axis| layout.size_of(*axis).unwrap_or(1)).collect();
        let array = ArrayMetadata {
            axes: &self.axes,
            shape: &shape,
            pixel_type: spec.pixel_type,
            plan: &self.plan.of_shape(&shape),
            compressor: self.compressor,
        };
        Ok(array.json(self.options.version))
    }
}

pub(super) fn layout_error(path: &Path) -> impl FnOnce(GeometryError) -> SinkError {
    move |source| SinkError::Layout { path: path.into(), source }
}
