//! TIFF files of all settings: strips and tiles, compressions, predictors, metadata, levels, BigTIFF.

use std::error::Error;
use std::path::Path;

use patchweave::geometry::{ArrayLayout, PerAxis};
use patchweave::pixel::PixelType;
use patchweave::sink::{Codec, ImageSpec};
use serde_json::{Value, json};

use crate::write_blocks;

/// What an output is made of.
struct Case {
    axes: &'static str,
    shape: &'static [usize],
    pixel_type: PixelType,
    layout: &'static str,
    codec: Codec,
    predictor: &'static str,
    metadata: &'static str,
    levels: usize,
    is_big: bool,
}

impl Case {
    const fn new(axes: &'static str, shape: &'static [usize], pixel_type: PixelType) -> Self {
        Case {
            axes,
            shape,
            pixel_type,
            layout: "strips",
            codec: Codec::None,
            predictor: "auto",
            metadata: "shaped",
            levels: 1,
            is_big: false,
        }
    }

    fn write(&self, folder: &Path, name: &str) -> Result<Value, Box<dyn Error>> {
        let layout = ArrayLayout::new(self.axes.parse()?, self.shape)?;
        let mut spec = ImageSpec::new(layout, self.pixel_type);
        let pixel_size = &[0.75, 0.25, 0.125][3 - spec.layout.axes().n_spatial()..];
        spec.pixel_size = Some(PerAxis::new(pixel_size)?);
        spec.levels = self.levels;
        spec.compression.codec = self.codec;
        let bigtiff = if self.is_big { "always" } else { "auto" };
        for (option, value) in [
            ("layout", self.layout),
            ("predictor", self.predictor),
            ("metadata", self.metadata),
            ("bigtiff", bigtiff),
        ] {
            spec.options.insert(option.into(), json!(value));
        }
        let channel_names = (self.metadata == "ome" && !self.axes.ends_with('C')).then(|| {
            (0..spec.layout.image_shape().n_channels).map(|c| format!("<{c}> & \u{b5}")).collect::<Vec<_>>()
        });
        spec.channel_names.clone_from(&channel_names);
        spec.channel_colors = channel_names.as_ref().map(|names| vec![[1, 2, 3]; names.len()]);
        spec.time_step = self.axes.contains('T').then_some(1.5);
        spec.translation = (self.metadata == "ome").then(|| PerAxis::new(pixel_size)).transpose()?;
        let time_step = spec.time_step;
        write_blocks(&folder.join(name), "tiff", spec)?;
        Ok(json!({
            "path": name, "kind": "tiff_settings", "axes": self.axes, "shape": self.shape,
            "dtype": self.pixel_type.name(), "pixel_size": pixel_size, "layout": self.layout,
            "codec": self.codec.name(), "predictor": self.predictor, "metadata": self.metadata,
            "levels": self.levels, "bigtiff": self.is_big, "channel_names": channel_names, "time_step": time_step,
        }))
    }
}

/// Axes and shapes that OME-XML can describe.
const OME: &[(&str, &[usize])] = &[
    ("YX", &[37, 53]),
    ("YXC", &[37, 53, 3]),
    ("TYXC", &[2, 37, 53, 3]),
    ("CYX", &[3, 37, 53]),
    ("ZYX", &[4, 37, 53]),
    ("TZCYX", &[2, 3, 2, 37, 53]),
    ("CTZYX", &[2, 3, 2, 37, 53]),
    ("SCYX", &[2, 3, 37, 53]),
    ("CSYX", &[3, 2, 37, 53]),
];

/// Writes all of them and says what they are.
pub fn write(folder: &Path) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut cases = Vec::new();
    for pixel_type in PixelType::ALL {
        for layout in ["strips", "tiles"] {
            for codec in [Codec::None, Codec::Zstd, Codec::Deflate, Codec::Lzw] {
                for predictor in ["auto", "none"] {
                    let case = Case::new("CYX", &[2, 285, 301], pixel_type);
                    cases.push(Case { layout, codec, predictor, ..case });
                }
            }
            let case = Case::new("TYXC", &[2, 285, 301, 3], pixel_type);
            cases.push(Case { layout, codec: Codec::Zstd, ..case });
        }
    }
    for &(axes, shape) in OME {
        for pixel_type in PixelType::ALL {
            if !matches!(pixel_type, PixelType::U64 | PixelType::I64 | PixelType::F16) {
                let case = Case::new(axes, shape, pixel_type);
                cases.push(Case { metadata: "ome", codec: Codec::Zstd, layout: "tiles", ..case });
            }
        }
    }
    let large: [(&str, &[usize]); 5] = [
        ("YX", &[701, 530]),
        ("CYX", &[2, 701, 530]),
        ("ZYX", &[3, 701, 530]),
        ("TYXC", &[2, 301, 530, 3]),
        ("SCYX", &[2, 2, 301, 530]),
    ];
    for (axes, shape) in large {
        for pixel_type in [PixelType::U8, PixelType::I16, PixelType::U16, PixelType::F32] {
            for (layout, codec) in [("auto", Codec::Auto), ("tiles", Codec::None), ("strips", Codec::Zstd)] {
                let case = Case::new(axes, shape, pixel_type);
                cases.push(Case { metadata: "ome", levels: 4, layout, codec, ..case });
            }
        }
    }
    for (layout, codec) in [("strips", Codec::None), ("tiles", Codec::Zstd)] {
        let case = Case::new("CYX", &[2, 285, 301], PixelType::U16);
        cases.push(Case { metadata: "imagej", layout, codec, ..case });
        let case = Case::new("CYX", &[2, 285, 301], PixelType::U16);
        cases.push(Case { is_big: true, layout, codec, ..case });
        let case = Case::new("CYX", &[2, 285, 301], PixelType::U16);
        cases.push(Case { is_big: true, levels: 3, metadata: "ome", layout, codec, ..case });
        let case = Case::new("CYX", &[2, 285, 301], PixelType::F16);
        cases.push(Case { levels: 3, layout, codec, ..case });
    }
    cases.iter().enumerate().map(|(at, case)| case.write(folder, &format!("settings_{at}.tif"))).collect()
}
