//! Images that the program simulates.

use std::path::PathBuf;

use patchweave_geometry::Extent;

use super::format::OutputFormat;

/// Images to simulate before the run, unless their files exist.
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
    /// The folder of the files.
    pub folder: PathBuf,
    /// The size of an image along `(Z)YX`.
    pub size: Extent,
    /// How many kinds of structure an image contains, 1 to 16.
    pub n_structures: usize,
    /// The seed of the simulation.
    pub seed: u64,
    /// Bits per pixel, 8 to 16.
    pub bit_depth: u8,
    /// Photons at the brightest point of a structure, above 0.
    pub photons: f64,
    /// Standard deviation of the read-out noise in photons, at least 0.
    pub read_noise: f64,
    /// Photons per pixel of the background, at least 0.
    pub background: f64,
    /// Standard deviation of the point spread function in pixels, at least 0.
    pub psf_sigma: f64,
    /// The formats of the files, at least one, without repeats; all by default.
    pub formats: Vec<OutputFormat>,
}
