//! The `simulate` section: images made by the program itself.

use std::path::PathBuf;

use patchweave_geometry::Extent;

use crate::format::{OutputFormat, formats};
use crate::paths::path;
use crate::reader::{Reader, Value};
use crate::scalar::{Fractions, count, fraction, integer};
use crate::sizes::extent;

/// Images to make before the run, if their files are not there yet.
///
/// ```
/// use std::path::Path;
///
/// let text = "
/// output: out
/// simulate: {folder: out/data, size: [64, 96], photons: 50}
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: out/data/mixed.tiff, models: [identity]}
/// ";
/// let plan = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?;
/// let simulate = plan.simulate.unwrap();
/// assert_eq!(simulate.size.as_slice(), [64, 96]);
/// assert_eq!((simulate.photons, simulate.n_structures, simulate.bit_depth), (50.0, 3, 16));
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatePlan {
    /// Where the files go.
    pub folder: PathBuf,
    /// The size of an image along `(Z)YX`.
    pub size: Extent,
    /// How many kinds of structure are mixed, 1 to 16.
    pub n_structures: usize,
    /// The seed of everything random in the images.
    pub seed: u64,
    /// Bits of a pixel, 8 to 16.
    pub bit_depth: u8,
    /// Photons at the brightest place of a structure, above 0.
    pub photons: f64,
    /// Standard deviation of the read-out noise in photons, at least 0.
    pub read_noise: f64,
    /// Photons of the empty background, at least 0.
    pub background: f64,
    /// Standard deviation of the blur in pixels, at least 0.
    pub psf_sigma: f64,
    /// The formats of the files, at least one, none twice; all by default.
    pub formats: Vec<OutputFormat>,
}

const KEYS: &[&str] = &[
    "folder",
    "size",
    "n_structures",
    "seed",
    "bit_depth",
    "photons",
    "read_noise",
    "background",
    "psf_sigma",
    "formats",
];

pub(crate) fn simulate(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<SimulatePlan> {
    let block = value.block(reader)?.only(reader, KEYS);
    let folder = block.need(reader, "folder", "a folder", path);
    let size = block.need(reader, "size", "a list of 2 (YX) or 3 (ZYX) sizes", |reader, value| {
        extent(reader, value, None)
    });
    let n_structures = block.or(reader, "n_structures", 3, |reader, value| count(reader, value, 1..=16));
    let seed = block.or(reader, "seed", 42, |reader, value| integer(reader, value, 0..=u64::MAX));
    let bit_depth = block.or(reader, "bit_depth", 16, bit_depth);
    let mut measure = |key, default, accepted| {
        block.or(reader, key, default, |reader, value| fraction(reader, value, accepted))
    };
    let photons = measure("photons", 200.0, Fractions::AboveZero);
    let read_noise = measure("read_noise", 2.0, Fractions::NotNegative);
    let background = measure("background", 10.0, Fractions::NotNegative);
    let psf_sigma = measure("psf_sigma", 1.5, Fractions::NotNegative);
    let formats = block.or(reader, "formats", vec![OutputFormat::Tiff, OutputFormat::OmeZarr], formats);
    Some(SimulatePlan {
        folder: folder?,
        size: size?,
        n_structures: n_structures?,
        seed: seed?,
        bit_depth: bit_depth?,
        photons: photons?,
        read_noise: read_noise?,
        background: background?,
        psf_sigma: psf_sigma?,
        formats: formats?,
    })
}

fn bit_depth(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<u8> {
    let bits = integer(reader, value, 8..=16)?;
    u8::try_from(bits).ok()
}
