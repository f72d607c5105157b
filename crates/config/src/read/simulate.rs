//! The section `simulate`.

use super::formats::formats;
use crate::plan::{OutputFormat, SimulatePlan};
use crate::read::values::{
    Fractions, Reader, Value, count, extent, folder as folder_path, fraction, integer,
};

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
    let folder = block.need(reader, "folder", "a folder", folder_path);
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
