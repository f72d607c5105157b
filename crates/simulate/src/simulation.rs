//! The parameters of a simulated set and their ranges.

use patchweave_geometry::Extent;

use crate::SimulateError;

/// The most structures of a set, so that each keeps a usable share of an 8-bit range.
pub const MAX_STRUCTURES: usize = 16;

/// The widest point-spread function, in pixels laterally.
pub const MAX_PSF_SIGMA: f64 = 32.0;

/// The most memory that a simulation uses, in bytes: 8 per pixel for the image being drawn, 2 per pixel
/// for every structure and 2 for their sum.
pub const MAX_BYTES: u64 = 8 << 30;

/// The most photons of a pixel; more would be a camera of another kind.
const MAX_PHOTONS: f64 = 1e9;

/// A set of fluorescence images to simulate.
///
/// ```
/// use patchweave_geometry::Extent;
/// use patchweave_simulate::{Simulation, simulate};
///
/// let volume = Simulation { extent: Extent::new(&[4, 32, 48])?, bit_depth: 12, ..Simulation::default() };
/// let set = simulate(&volume)?;
/// assert_eq!(set.mixed.shape(), [4, 32, 48]);
/// assert!(set.mixed.iter().all(|&value| value < 4096));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// The size of every image, `YX` or `ZYX`, in pixels.
    pub extent: Extent,
    /// How many structures, 1 to [`MAX_STRUCTURES`]; their kinds cycle through nuclei, filaments, puncta.
    pub n_structures: usize,
    /// What all randomness is keyed by; another seed gives other structures and other noise.
    pub seed: u64,
    /// The range of the sum of all structures, 8 to 16 bits.
    pub bit_depth: u8,
    /// How the camera sees the structures; `None` for neither background nor noise.
    ///
    /// The structures of a seed are the same with and without noise.
    pub noise: Option<Noise>,
    /// The standard deviation of the Gaussian point-spread function in pixels laterally, 0 to
    /// [`MAX_PSF_SIGMA`]; axially it is twice that.
    pub psf_sigma: f64,
}

/// Photon statistics of a simulated camera; the unit is photons per pixel.
///
/// ```
/// use patchweave_simulate::{Noise, Simulation, simulate};
///
/// let dark = Noise { photons: 0.0, ..Noise::default() };
/// let error = simulate(&Simulation { noise: Some(dark), ..Simulation::default() }).unwrap_err();
/// assert_eq!(error.to_string(), "got noise.photons = 0, expected above 0 and at most 1e9");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Expected photons at the brightest pixel of a structure, above 0 and at most 1e9.
    pub photons: f64,
    /// Standard deviation of the Gaussian read noise, 0 to 1e9.
    pub read_noise: f64,
    /// Expected photons where there is no structure, 0 to 1e9.
    pub background: f64,
}

/// Three structures on 512 × 512 pixels, 16 bit, moderate noise.
impl Default for Simulation {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "the sizes are literals that `Extent` accepts")]
        let extent = Extent::new(&[512, 512]).expect("two sizes above zero");
        Simulation {
            extent,
            n_structures: 3,
            seed: 42,
            bit_depth: 16,
            noise: Some(Noise::default()),
            psf_sigma: 1.5,
        }
    }
}

/// 200 photons over a background of 10, read noise 2.
impl Default for Noise {
    fn default() -> Self {
        Noise { photons: 200.0, read_noise: 2.0, background: 10.0 }
    }
}

impl Simulation {
    /// Checks every parameter without drawing anything.
    ///
    /// # Errors
    /// [`SimulateError`] naming the first parameter that is out of range.
    pub fn check(&self) -> Result<(), SimulateError> {
        self.checked_limit().map(|_| ())
    }

    /// The highest value of one structure: what it may add to the sum of all.
    ///
    /// # Errors
    /// [`SimulateError`] naming the first parameter that is out of range.
    pub(crate) fn checked_limit(&self) -> Result<u16, SimulateError> {
        let n_structures = self.n_structures;
        if !(1..=MAX_STRUCTURES).contains(&n_structures) {
            return Err(SimulateError::Structures { n_structures, max: MAX_STRUCTURES });
        }
        if !(8..=16).contains(&self.bit_depth) {
            return Err(SimulateError::BitDepth { bit_depth: self.bit_depth });
        }
        let psf = 0.0..=MAX_PSF_SIGMA;
        check("psf_sigma", self.psf_sigma, psf.contains(&self.psf_sigma), "0 to 32 pixels")?;
        if let Some(Noise { photons, read_noise, background }) = self.noise {
            let positive = photons > 0.0 && photons <= MAX_PHOTONS;
            check("noise.photons", photons, positive, "above 0 and at most 1e9")?;
            let range = 0.0..=MAX_PHOTONS;
            check("noise.read_noise", read_noise, range.contains(&read_noise), "0 to 1e9")?;
            check("noise.background", background, range.contains(&background), "0 to 1e9")?;
        }
        let n_pixels = self.extent.n_pixels();
        let n_bytes_per_pixel = 8 + 2 * (n_structures as u64 + 1);
        if n_pixels as u64 > MAX_BYTES / n_bytes_per_pixel {
            return Err(SimulateError::TooLarge { n_structures, n_pixels, max_bytes: MAX_BYTES });
        }
        let highest_sum = u16::MAX >> (16 - self.bit_depth);
        Ok(u16::try_from(usize::from(highest_sum) / n_structures).unwrap_or(highest_sum))
    }
}

fn check(name: &'static str, value: f64, is_good: bool, expected: &'static str) -> Result<(), SimulateError> {
    if is_good { Ok(()) } else { Err(SimulateError::OutOfRange { name, value, expected }) }
}
