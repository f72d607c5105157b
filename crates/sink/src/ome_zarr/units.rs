//! The chunks or shards of the arrays of one level, written as a whole.

use std::sync::Arc;

use patchweave_geometry::{ArrayLayout, Axis};
use patchweave_pixel::{ByteOrder, PixelType, TypedArray, TypedView};
use serde_json::Value;
use zarrs::array::{Array, ArrayBytes, CodecOptions};

use super::decided::{Decided, layout_error};
use super::object::ObjectEncoder;
use super::work_store::WorkStore;
use crate::{SinkError, Unit, UnitGrid, UnitStore, Work};

/// The arrays of one level, one for every position along `S`.
pub(crate) struct ZarrUnits {
    work: Work,
    units: UnitGrid,
    has_samples: bool,
    arrays: Vec<Array<WorkStore>>,
    pixel_type: PixelType,
    encoder: ObjectEncoder,
    options: CodecOptions,
}

impl ZarrUnits {
    /// Opens the arrays at these paths, which have the same metadata.
    pub fn open(
        work: &Work,
        layout: &ArrayLayout,
        pixel_type: PixelType,
        json: &Value,
        paths: &[String],
        decided: &Decided,
    ) -> Result<Self, SinkError> {
        let fail = |source: Box<dyn std::error::Error + Send + Sync>| SinkError::Encoder {
            action: "open an array of the Zarr store",
            path: work.target().into(),
            source,
        };
        let store = Arc::new(WorkStore(work.clone()));
        let arrays = paths.iter().map(|path| {
            let metadata = serde_json::from_value(json.clone()).map_err(|error| fail(error.into()))?;
            Array::new_with_metadata(store.clone(), path, metadata).map_err(|error| fail(error.into()))
        });
        let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
        // Arrays that have the axis themselves are not several.
        let has_samples = layout.axes().contains(Axis::S) && !decided.axes.contains(&Axis::S);
        let array_shape: Vec<usize> =
            decided.axes.iter().map(|axis| layout.size_of(*axis).unwrap_or(1)).collect();
        let encoder = ObjectEncoder {
            plan: decided.plan.of_shape(&array_shape),
            compressor: decided.compressor,
            stores_empty: decided.options.store_empty,
        };
        let object = encoder.plan.object();
        let samples = if has_samples { &[Axis::S][..] } else { &[] };
        let axes: Vec<Axis> = samples.iter().chain(&decided.axes).copied().collect();
        let shape: Vec<usize> = axes.iter().map(|axis| layout.size_of(*axis).unwrap_or(1)).collect();
        let grid = ArrayLayout::new(layout.axes().to_canonical(), &shape)
            .and_then(|layout| UnitGrid::new(layout, &[&vec![1; samples.len()], object].concat()));
        let units = grid.map_err(layout_error(work.target()))?;
        // The caller brings its own threads.
        let options = CodecOptions::default().with_concurrent_target(1);
        Ok(ZarrUnits { work: work.clone(), units, has_samples, arrays, pixel_type, encoder, options })
    }

    /// The array of a unit, and the place of its chunk or shard there.
    fn place(&self, unit_idx: usize) -> Result<(&Array<WorkStore>, Vec<u64>), SinkError> {
        let none =
            || SinkError::NoUnit { path: self.work.target().into(), unit_idx, n_units: self.units.n_units() };
        let place = self.units.place(unit_idx).ok_or_else(none)?;
        let n_before = usize::from(self.has_samples);
        let sample = if self.has_samples { place[0] } else { 0 };
        let array = self.arrays.get(sample).ok_or_else(none)?;
        Ok((array, place[n_before..].iter().map(|at| *at as u64).collect()))
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(zarrs::array::ArrayError) -> SinkError + use<'_> {
        move |source| SinkError::Encoder { action, path: self.work.target().into(), source: source.into() }
    }
}

impl UnitStore for ZarrUnits {
    fn units(&self) -> &UnitGrid {
        &self.units
    }

    fn write(&self, unit_idx: usize, _unit: &Unit, pixels: &TypedView<'_>) -> Result<(), SinkError> {
        let (array, place) = self.place(unit_idx)?;
        let pixels = if self.has_samples { pixels.view().index_axis(0, 0) } else { pixels.view() };
        let failed = |source| self.work.failed("write a chunk of the Zarr store", source);
        let encoded = self.encoder.encode(&pixels).map_err(failed)?;
        let key = array.chunk_key(&place);
        match encoded {
            Some(bytes) => self.work.place().put_output(key.as_str(), &bytes),
            None => self.work.place().remove_output(key.as_str()),
        }
        .map_err(failed)
    }

    fn read(&self, unit_idx: usize, unit: &Unit) -> Result<Option<TypedArray>, SinkError> {
        let (array, place) = self.place(unit_idx)?;
        let failed = || self.failed("read back a chunk of the Zarr store");
        let decoded: ArrayBytes<'static> =
            array.retrieve_chunk_opt(&place, &self.options).map_err(failed())?;
        let bytes = decoded.into_fixed().map_err(|error| failed()(error.into()))?;
        let whole =
            TypedArray::from_bytes(self.pixel_type, self.encoder.plan.object(), &bytes, ByteOrder::NATIVE);
        let size = &unit.size[usize::from(self.has_samples)..];
        let part = whole.as_ref().map(|whole| whole.view().slice_box(&vec![0; size.len()], size));
        let part = part.map(|part| if self.has_samples { part.insert_axis(0) } else { part });
        let none = || SinkError::OutOfMemory { path: self.work.target().into(), shape: unit.size.clone() };
        Ok(Some(part.and_then(|part| part.to_array()).ok_or_else(none)?))
    }
}
