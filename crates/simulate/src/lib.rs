//! Small reproducible fluorescence data sets: nuclei, filaments and puncta as a camera would see them.
//!
//! An image is drawn as an ideal density, blurred by a Gaussian point-spread function, and exposed: background,
//! Poisson noise, Gaussian read noise, gain and rounding. Every pixel is a function of the [`Simulation`] alone,
//! whatever the number of threads. Nothing here opens or writes a file.

mod blur;
mod density;
mod error;
mod expose;
mod filaments;
mod kind;
mod lattice;
mod nuclei;
mod puncta;
mod set;
mod simulation;
mod streams;

pub use error::SimulateError;
pub use kind::StructureKind;
pub use set::{SimulatedSet, SimulatedStructure, simulate, simulate_while, structure_name};
pub use simulation::{MAX_BYTES, MAX_PSF_SIGMA, MAX_STRUCTURES, Noise, Simulation};
