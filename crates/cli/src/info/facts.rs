//! What is said about a path, as a program reads it.

use std::collections::BTreeMap;

use patchweave_formats::Pyramid;
use patchweave_geometry::{Axis, Extent, PerAxis};
use patchweave_stack::StackInfo;
use serde::Serialize;

use super::pixels::PixelFacts;
use crate::arguments::InfoOptions;

/// From so many decoded pixels per pixel of a patch on, reading patches is called expensive.
const EXPENSIVE: f64 = 8.0;

/// Sides of the patch that costs are told for, where the user names none.
const PATCH_2D: [usize; 2] = [64, 64];
const PATCH_3D: [usize; 3] = [16, 64, 64];

#[derive(Debug, Serialize)]
pub(crate) struct PathFacts {
    pub path: String,
    /// Absent for what is not on this machine.
    pub bytes_on_disk: Option<u64>,
    /// How many files, stores and URLs were looked at.
    pub n_files: usize,
    pub images: Vec<ImageFacts>,
    pub unreadable: Vec<UnreadableFacts>,
    /// What was found and is no image.
    pub warnings: Vec<String>,
}

/// A file of a folder or pattern that is no image, or a broken one.
#[derive(Debug, Serialize)]
pub(crate) struct UnreadableFacts {
    pub path: String,
    /// All causes in one line.
    pub error: String,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct ImageFacts {
    pub source: String,
    /// The image that it is, if that was told before.
    pub same_as: Option<String>,
    pub format: Option<String>,
    pub axes: String,
    /// What the file says about its dimensions where `axes` are a guess, `?` for an unknown one.
    pub axes_in_file: Option<String>,
    pub shape: Vec<usize>,
    pub dtype: &'static str,
    pub chunks: Option<Vec<usize>>,
    pub shards: Option<Vec<usize>>,
    pub compression: Option<String>,
    pub is_read_in_place: bool,
    /// Micrometres per pixel along every spatial axis.
    pub pixel_size_um: Option<BTreeMap<char, f64>>,
    /// Micrometres to the centre of the first pixel along every spatial axis.
    pub translation_um: Option<BTreeMap<char, f64>>,
    pub channel_names: Option<Vec<String>>,
    /// Seconds from one time point to the next.
    pub time_step_s: Option<f64>,
    /// The shape of every level of the pyramid, full resolution first.
    pub levels: Vec<Vec<usize>>,
    /// Bytes of all pixels at full resolution.
    pub decoded_bytes: u128,
    /// The patch that the next two are about, `(Z)YX`.
    pub patch_size: Vec<usize>,
    /// Pixels that are decoded for each pixel of a random patch.
    pub amplification: Option<f64>,
    /// What a sample of the pixels is, where it was asked for.
    pub pixels: Option<PixelFacts>,
    pub warnings: Vec<String>,
}

impl ImageFacts {
    /// Nothing for an image without a level, which only a careless format has.
    pub fn of(image: &Pyramid, axes_in_file: Option<&str>, options: &InfoOptions) -> Option<Self> {
        let info = image.first()?.info();
        let patch = options.patch.unwrap_or_else(|| usual_patch(info));
        let amplification = info.amplification(&patch);
        let shape = info.layout.shape().to_vec();
        Some(ImageFacts {
            source: info.source.clone(),
            same_as: None,
            format: info.format.clone(),
            axes: info.layout.axes().to_string(),
            axes_in_file: axes_in_file.map(str::to_owned),
            dtype: info.pixel_type.name(),
            chunks: info.chunks.clone(),
            shards: info.shards.clone(),
            compression: info.compression.clone(),
            is_read_in_place: info.is_in_place,
            pixel_size_um: along_space(info.pixel_size),
            translation_um: along_space(info.translation),
            channel_names: info.channel_names.clone(),
            time_step_s: info.time_step,
            levels: image.iter().map(|level| level.info().layout.shape().to_vec()).collect(),
            decoded_bytes: shape
                .iter()
                .fold(info.pixel_type.n_bytes() as u128, |bytes, &n| bytes * n as u128),
            patch_size: patch.as_slice().to_vec(),
            amplification,
            pixels: None,
            warnings: warnings(info, &patch, amplification, axes_in_file),
            shape,
        })
    }
}

fn usual_patch(info: &StackInfo) -> Extent {
    let extent = info.shape().extent;
    let usual = if extent.n_axes() == 3 { &PATCH_3D[..] } else { &PATCH_2D[..] };
    let sizes: Vec<usize> = usual.iter().zip(extent.iter()).map(|(&side, n)| side.min(n)).collect();
    // No side is 0, so that this is always an extent.
    Extent::new(&sizes).unwrap_or(extent)
}

fn along_space(values: Option<PerAxis<f64>>) -> Option<BTreeMap<char, f64>> {
    let values = values?;
    let spatial = [Axis::Z, Axis::Y, Axis::X];
    let letters = spatial[3 - values.as_slice().len()..].iter().map(|axis| axis.letter());
    Some(letters.zip(values.as_slice().iter().copied()).collect())
}

/// The command that stores an image in chunks of the size of patches.
fn mending(info: &StackInfo, patch: &Extent) -> String {
    let letters = &["z", "y", "x"][3 - patch.n_axes()..];
    let sizes: Vec<String> =
        letters.iter().zip(patch.iter()).map(|(letter, size)| format!("{letter}={size}")).collect();
    // The source of an image of an OME-Zarr is the array of its first level.
    let is_ome = info.format.as_deref().is_some_and(|format| format.starts_with("OME-Zarr"));
    let image = if is_ome { info.source.rsplit_once('/').map(|(image, _)| image) } else { None };
    let image = image.unwrap_or(&info.source);
    let quote = if image.contains(' ') { "'" } else { "" };
    format!("patchweave convert {quote}{image}{quote} OUTPUT.ome.zarr --chunks {}", sizes.join(","))
}

fn warnings(
    info: &StackInfo,
    patch: &Extent,
    amplification: Option<f64>,
    axes_in_file: Option<&str>,
) -> Vec<String> {
    let mut warnings = info.notes.clone();
    if let Some(own) = axes_in_file {
        let own = if own.is_empty() { "nothing" } else { own };
        warnings.push(format!(
            "the axes are a guess, the file says {own}; write the axes that it has into the configuration"
        ));
    }
    match amplification {
        None => warnings.push(format!(
            "a patch of {patch} pixels does not fit an image with axes {}",
            info.layout.axes()
        )),
        Some(factor) if factor >= EXPENSIVE => warnings.push(format!(
            "chunks make random patches expensive: for each pixel of a patch of {patch}, {factor:.0} are decoded unless \
             they are kept; store chunks about as large as patches ({}), or take patches that lie close together one \
             after the other",
            mending(info, patch)
        )),
        Some(_) => {}
    }
    warnings
}
