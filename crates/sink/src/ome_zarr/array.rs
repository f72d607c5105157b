//! The metadata of a Zarr array, version 3 or 2; JSON only.

use patchweave_geometry::Axis;
use patchweave_pixel::PixelType;
use serde_json::{Value, json};

use super::compressor::Compressor;
use super::metadata::axis_name;
use super::options::OmeZarrVersion;
use super::plan::ChunkPlan;

/// An array as its metadata describes it.
pub(crate) struct ArrayMetadata<'a> {
    pub axes: &'a [Axis],
    pub shape: &'a [usize],
    pub pixel_type: PixelType,
    pub plan: &'a ChunkPlan,
    pub compressor: Compressor,
}

impl ArrayMetadata<'_> {
    /// The file's name and content.
    pub fn json(&self, version: OmeZarrVersion) -> (&'static str, Value) {
        match version {
            OmeZarrVersion::V05 => ("zarr.json", self.version_3()),
            OmeZarrVersion::V04 => (".zarray", self.version_2()),
        }
    }

    fn version_3(&self) -> Value {
        let bytes = match self.pixel_type.n_bytes() {
            1 => json!({ "name": "bytes" }),
            _ => json!({ "name": "bytes", "configuration": { "endian": "little" } }),
        };
        let mut codecs = vec![bytes];
        codecs.extend(self.compressor_3());
        let codecs = match &self.plan.shard {
            None => codecs,
            Some(_) => vec![json!({ "name": "sharding_indexed", "configuration": {
                "chunk_shape": self.plan.chunk,
                "codecs": codecs,
                "index_codecs": [
                    { "name": "bytes", "configuration": { "endian": "little" } },
                    { "name": "crc32c" },
                ],
                "index_location": "end",
            } })],
        };
        json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": self.shape,
            "data_type": self.pixel_type.name(),
            "chunk_grid": { "name": "regular", "configuration": { "chunk_shape": self.plan.object() } },
            "chunk_key_encoding": { "name": "default", "configuration": { "separator": "/" } },
            "fill_value": self.fill_value(),
            "codecs": codecs,
            "dimension_names": self.axes.iter().map(|axis| axis_name(*axis)).collect::<Vec<_>>(),
        })
    }

    fn compressor_3(&self) -> Option<Value> {
        Some(match self.compressor {
            Compressor::None => return None,
            Compressor::Zstd(level) => {
                json!({ "name": "zstd", "configuration": { "level": level, "checksum": false } })
            }
            Compressor::Gzip(level) => json!({ "name": "gzip", "configuration": { "level": level } }),
            Compressor::Blosc(codec, level) => json!({ "name": "blosc", "configuration": {
                "cname": codec, "clevel": level, "shuffle": "shuffle",
                "typesize": self.pixel_type.n_bytes(), "blocksize": 0,
            } }),
        })
    }

    fn version_2(&self) -> Value {
        let compressor = match self.compressor {
            Compressor::None => Value::Null,
            Compressor::Zstd(level) => json!({ "id": "zstd", "level": level }),
            Compressor::Gzip(level) => json!({ "id": "gzip", "level": level }),
            Compressor::Blosc(codec, level) => {
                json!({ "id": "blosc", "cname": codec, "clevel": level, "shuffle": 1, "blocksize": 0 })
            }
        };
        json!({
            "zarr_format": 2,
            "shape": self.shape,
            "chunks": self.plan.chunk,
            "dtype": self.type_2(),
            "compressor": compressor,
            "fill_value": self.fill_value(),
            "filters": null,
            "order": "C",
            "dimension_separator": "/",
        })
    }

    fn type_2(&self) -> String {
        let kind = match self.pixel_type {
            PixelType::Bool => "b",
            PixelType::U8 | PixelType::U16 | PixelType::U32 | PixelType::U64 => "u",
            PixelType::I8 | PixelType::I16 | PixelType::I32 | PixelType::I64 => "i",
            PixelType::F16 | PixelType::F32 | PixelType::F64 => "f",
        };
        let n_bytes = self.pixel_type.n_bytes();
        let order = if n_bytes == 1 { '|' } else { '<' };
        format!("{order}{kind}{n_bytes}")
    }

    fn fill_value(&self) -> Value {
        match self.pixel_type {
            PixelType::Bool => json!(false),
            PixelType::F16 | PixelType::F32 | PixelType::F64 => json!(0.0),
            _ => json!(0),
        }
    }
}
