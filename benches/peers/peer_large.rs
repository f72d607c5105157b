//! The part of `peer_quilts` for quilts on disk: adds patches with variances, saves mean and deviation.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ndarray::ArrayD;
use patchweave::geometry::{Extent, PerAxis};
use patchweave::large::{Durability, LargeOptions, LargeQuilt, LargeSpec, MeanOptions};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Failure, factor, read};

/// The variance of a patch is the tile times the factor of the patch so many places on.
const VARIANCE_SHIFT: usize = 3;

/// What all contestants are told.
#[derive(Deserialize)]
pub struct Large {
    /// A NumPy file of `f32`, `C(Z)YX`; every patch is this times its factor.
    tile: PathBuf,
    /// Where the quilt is made.
    base: PathBuf,
    images: usize,
    image: Vec<usize>,
    window: Vec<usize>,
    step: Vec<usize>,
    border: Vec<i64>,
    border_weight: f64,
    budget_mib: usize,
}

impl Large {
    pub fn measure(&self, check: Option<&Path>) -> Result<Value, Failure> {
        let tile = read(&self.tile)?;
        let mut patch = tile.clone();
        let mut variance = tile.clone();
        let before = memory("VmRSS")?;
        let began = Instant::now();
        let mut quilt = self.quilt()?;
        for index in 0..quilt.n_patches() {
            scale(&tile, index, &mut patch);
            scale(&tile, index + VARIANCE_SHIFT, &mut variance);
            quilt.stitch_with_variance(patch.view(), variance.view(), index)?;
        }
        quilt.write_mean_and_std(&MeanOptions::default())?;
        let seconds = began.elapsed().as_secs_f64();
        let peak = memory("VmHWM")?;
        if let Some(folder) = check {
            let (mean, std) = quilt.mean_and_std(&MeanOptions { save: false, ..MeanOptions::default() })?;
            for (role, values) in [("mean", mean), ("std", std)] {
                let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                fs::write(folder.join(role), bytes)?;
            }
        }
        Ok(json!({ "seconds": seconds, "peak_bytes": peak, "rise_bytes": peak.saturating_sub(before) }))
    }

    fn quilt(&self) -> Result<LargeQuilt, Failure> {
        let image = Extent::new(&self.image)?;
        let window = Extent::new(&self.window)?;
        let spec = LargeSpec::new(self.images, image, window, PerAxis::new(&self.step)?)?
            .with_border(self.border.clone(), self.border_weight)?;
        // Nobody else waits for the disk either.
        let options = LargeOptions {
            budget_bytes: self.budget_mib << 20,
            durability: Durability::None,
            ..LargeOptions::default()
        };
        Ok(LargeQuilt::create(&self.base, spec, options)?)
    }
}

fn scale(tile: &ArrayD<f32>, index: usize, out: &mut ArrayD<f32>) {
    out.assign(tile);
    *out *= factor(index);
}

/// A line of what the system tells of this process, in bytes.
fn memory(field: &str) -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kib =
        line.and_then(|line| line.split_whitespace().next()).ok_or("no such line in /proc/self/status")?;
    Ok(kib.parse::<u64>()? << 10)
}
