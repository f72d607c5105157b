//! The formats, what they hold, and how they are read back.

use std::collections::BTreeMap;

use patchweave_geometry::{ArrayLayout, Axes, Axis};
use patchweave_pixel::PixelType;
use patchweave_sink::{Codec, Durability, ImageSpec};
use serde_json::{Value, json};

use crate::readers::{self, ReadBack};

/// A format with settings.
#[derive(Clone, Copy)]
pub struct Case {
    /// What a failed test calls it.
    pub label: &'static str,
    /// The name of the format.
    pub format: &'static str,
    settings: fn() -> Value,
    holds: fn(&ArrayLayout, PixelType) -> bool,
    /// The axes in which an image is read back.
    pub axes: fn(&Axes) -> Axes,
    pub read: ReadBack,
    /// Axes, shape, type and chunks of an image of several units.
    several: (&'static str, &'static [usize], PixelType, Option<&'static [usize]>),
}

fn any(_: &ArrayLayout, _: PixelType) -> bool {
    true
}

fn one_plane(layout: &ArrayLayout, pixel_type: PixelType) -> bool {
    let n_channels = layout.size_of(Axis::C).unwrap_or(1);
    let is_plane = [Axis::S, Axis::T, Axis::Z].iter().all(|axis| layout.size_of(*axis).unwrap_or(1) == 1);
    let is_held = match pixel_type {
        PixelType::Bool => n_channels == 1,
        PixelType::U8 | PixelType::U16 => n_channels <= 4,
        _ => false,
    };
    is_plane && is_held
}

fn channels_last(axes: &Axes) -> Axes {
    let letters: String = "STZYXC".chars().filter(|letter| axes.to_string().contains(*letter)).collect();
    letters.parse().unwrap()
}

/// All formats of the crate, OME-Zarr in both versions.
pub const CASES: [Case; 9] = [
    Case {
        label: "tiff",
        format: "tiff",
        settings: || json!({}),
        holds: any,
        axes: Axes::clone,
        read: readers::tiff,
        several: ("TYX", &[11, 13, 17], PixelType::U64, None),
    },
    Case {
        label: "ome_zarr 0.5",
        format: "ome_zarr",
        settings: || json!({}),
        holds: any,
        axes: Axes::to_canonical,
        read: readers::ome_zarr,
        several: ("CYX", &[3, 33, 17], PixelType::I64, Some(&[2, 8, 8])),
    },
    Case {
        label: "ome_zarr 0.4",
        format: "ome_zarr",
        settings: || json!({ "version": "0.4" }),
        holds: any,
        axes: Axes::to_canonical,
        read: readers::ome_zarr,
        several: ("YXSC", &[13, 17, 2, 3], PixelType::U32, Some(&[5, 5, 1, 2])),
    },
    Case {
        label: "ome_zarr_zip",
        format: "ome_zarr_zip",
        settings: || json!({}),
        holds: any,
        axes: Axes::to_canonical,
        read: readers::ome_zarr_zip,
        several: ("SZYX", &[2, 3, 13, 17], PixelType::U64, Some(&[1, 2, 9, 9])),
    },
    Case {
        label: "zarr_array 0.5",
        format: "zarr_array",
        settings: || json!({ "array": "grp/img" }),
        holds: |layout, _| layout.axes().is_canonical(),
        axes: Axes::clone,
        read: readers::zarr_array,
        several: ("SCYX", &[2, 3, 13, 17], PixelType::F32, Some(&[2, 1, 9, 9])),
    },
    Case {
        label: "zarr_array 0.4",
        format: "zarr_array",
        settings: || json!({ "array": "grp/img", "version": "0.4", "store_empty": true }),
        holds: |layout, _| layout.axes().is_canonical(),
        axes: Axes::clone,
        read: readers::zarr_array,
        several: ("ZYX", &[4, 13, 300], PixelType::U16, None),
    },
    Case {
        label: "npy",
        format: "npy",
        settings: || json!({}),
        holds: any,
        axes: Axes::clone,
        read: readers::npy,
        several: ("ZYX", &[9, 550, 500], PixelType::I64, None),
    },
    Case {
        label: "png",
        format: "png",
        settings: || json!({}),
        holds: one_plane,
        axes: channels_last,
        read: readers::png,
        several: ("XYC", &[2100, 1100, 3], PixelType::U16, None),
    },
    Case {
        label: "memory",
        format: "memory",
        settings: || json!({}),
        holds: any,
        axes: Axes::clone,
        read: readers::memory,
        several: ("XYT", &[13, 17, 5], PixelType::U64, Some(&[4, 6, 2])),
    },
];

impl Case {
    pub fn holds(&self, layout: &ArrayLayout, pixel_type: PixelType) -> bool {
        (self.holds)(layout, pixel_type)
    }

    pub fn has_files(&self) -> bool {
        self.format != "memory"
    }

    /// Whether every chunk is a file.
    pub fn has_many_files(&self) -> bool {
        self.format == "zarr_array" || self.label == "ome_zarr 0.4"
    }

    pub fn is_store(&self) -> bool {
        matches!(self.format, "ome_zarr" | "zarr_array")
    }

    pub fn spec(&self, layout: ArrayLayout, pixel_type: PixelType) -> ImageSpec {
        let mut spec = ImageSpec::new(layout, pixel_type);
        let settings: BTreeMap<String, Value> = serde_json::from_value((self.settings)()).unwrap();
        spec.options = settings;
        spec.durability = Durability::None;
        spec
    }

    /// An image of several units.
    pub fn several(&self) -> ImageSpec {
        let (axes, shape, pixel_type, chunks) = self.several;
        let layout = ArrayLayout::new(axes.parse().unwrap(), shape).unwrap();
        let mut spec = self.spec(layout, pixel_type);
        spec.chunks = chunks.map(<[usize]>::to_vec);
        if self.format == "ome_zarr_zip" {
            spec.options.insert("sharding".into(), json!("none"));
        }
        if self.label == "ome_zarr 0.5" {
            spec.shards = Some(vec![2, 16, 8]);
        }
        if self.format == "png" {
            // Noise takes long to compress.
            spec.compression.codec = Codec::None;
        }
        spec
    }
}
