//! OME-Zarr of all settings: both versions, compressions, shards, levels of images and labels, what is said of channels; and
//! the formats without settings, NPY and PNG.

use std::error::Error;
use std::path::Path;

use patchweave::geometry::{ArrayLayout, PerAxis};
use patchweave::pixel::PixelType;
use patchweave::sink::{Codec, ImageSpec};
use serde_json::{Value, json};

use crate::write_blocks;

/// What an output is made of.
#[derive(Clone, Copy)]
struct Case {
    axes: &'static str,
    shape: &'static [usize],
    pixel_type: PixelType,
    version: &'static str,
    codec: Codec,
    sharding: &'static str,
    levels: usize,
    is_labels: bool,
}

impl Case {
    fn write(&self, folder: &Path, name: &str) -> Result<Value, Box<dyn Error>> {
        let layout = ArrayLayout::new(self.axes.parse()?, self.shape)?;
        let mut spec = ImageSpec::new(layout, self.pixel_type);
        // Planes that lie far apart keep their number.
        let pixel_size = &[0.75, 0.25, 0.125][3 - spec.layout.axes().n_spatial()..];
        spec.pixel_size = Some(PerAxis::new(pixel_size)?);
        spec.translation = Some(PerAxis::new(pixel_size)?);
        spec.time_step = self.axes.contains('T').then_some(1.5);
        let n_channels = spec.layout.image_shape().n_channels;
        let names: Vec<String> = (0..n_channels).map(|c| format!("channel {c}")).collect();
        spec.channel_names = Some(names.clone());
        spec.channel_colors = Some(vec![[255, 128, 0]; n_channels]);
        // Of some it is not known what to show.
        let has_windows = self.pixel_type != PixelType::F32;
        spec.channel_windows = has_windows.then(|| vec![(1.0, 200.0); n_channels]);
        spec.is_labels = self.is_labels;
        spec.levels = self.levels;
        spec.compression.codec = self.codec;
        spec.chunks = Some(vec![16; self.axes.len()]);
        spec.options.insert("version".into(), json!(self.version));
        spec.options.insert("sharding".into(), json!(self.sharding));
        let time_step = spec.time_step;
        write_blocks(&folder.join(name), "ome_zarr", spec)?;
        Ok(json!({
            "path": name, "kind": "zarr_settings", "axes": self.axes, "shape": self.shape,
            "dtype": self.pixel_type.name(), "pixel_size": pixel_size, "version": self.version,
            "codec": self.codec.name(), "sharding": self.sharding, "levels": self.levels,
            "labels": self.is_labels, "channel_names": names, "time_step": time_step,
        }))
    }
}

const LAYOUTS: [(&str, &[usize]); 6] = [
    ("YX", &[37, 53]),
    ("CYX", &[3, 37, 53]),
    ("YXC", &[37, 53, 3]),
    ("ZYX", &[5, 33, 29]),
    ("TCZYX", &[2, 2, 3, 14, 25]),
    ("SCYX", &[2, 2, 24, 26]),
];

/// Writes all of them and says what they are.
pub fn write(folder: &Path) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut cases = Vec::new();
    let codecs = [Codec::Auto, Codec::None, Codec::Zstd, Codec::Deflate, Codec::Blosc];
    let types = [PixelType::U16, PixelType::U8, PixelType::F32, PixelType::I64, PixelType::F64];
    for version in ["0.4", "0.5"] {
        for (number, (axes, shape)) in LAYOUTS.into_iter().enumerate() {
            for (at, codec) in codecs.into_iter().enumerate() {
                let sharding = if (number + at) % 2 == 0 { "auto" } else { "none" };
                let pixel_type = types[(number + at) % types.len()];
                let levels = 1 + (number + at) % 3;
                let is_labels = pixel_type.is_integer() && at == 3 && !axes.contains('C');
                cases.push(Case { axes, shape, pixel_type, version, codec, sharding, levels, is_labels });
            }
        }
        let of_labels = Case {
            axes: "ZYX",
            shape: &[5, 33, 29],
            pixel_type: PixelType::U8,
            version,
            codec: Codec::Zstd,
            sharding: "auto",
            levels: 3,
            is_labels: true,
        };
        cases.push(of_labels);
    }
    let mut outputs = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        outputs.push(case.write(folder, &format!("settings_{number}.ome.zarr"))?);
    }
    outputs.extend(plain(folder)?);
    Ok(outputs)
}

/// NPY of all types and PNG of what it holds.
fn plain(folder: &Path) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut outputs = Vec::new();
    let mut add = |axes: &str, shape: &[usize], pixel_type: PixelType, format: &str| {
        let name = format!("{axes}_{}.{format}", pixel_type.name());
        let layout = ArrayLayout::new(axes.parse()?, shape)?;
        write_blocks(&folder.join(&name), format, ImageSpec::new(layout, pixel_type))?;
        outputs.push(json!({
            "path": name, "kind": format, "axes": axes, "shape": shape, "dtype": pixel_type.name(),
        }));
        Ok::<_, Box<dyn Error>>(())
    };
    for pixel_type in PixelType::ALL {
        add("TZYX", &[2, 3, 16, 21], pixel_type, "npy")?;
    }
    for pixel_type in [PixelType::U8, PixelType::U16] {
        add("YX", &[37, 53], pixel_type, "png")?;
        add("YXC", &[37, 53, 3], pixel_type, "png")?;
    }
    Ok(outputs)
}
