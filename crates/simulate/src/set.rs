//! The simulated set: one image per structure, and their sum.

use ndarray::{ArrayD, IxDyn};

use crate::blur::blur;
use crate::density::Density;
use crate::expose::Camera;
use crate::streams::{Draw, stream};
use crate::{SimulateError, Simulation, StructureKind};

/// The image of one structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedStructure {
    /// The kind's name; from the second of a kind on with its number, as `nuclei_2`.
    pub name: String,
    /// What the image shows.
    pub kind: StructureKind,
    /// `YX` or `ZYX` in camera values.
    pub image: ArrayD<u16>,
}

/// Images of structures side by side and what a camera sees that cannot tell them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedSet {
    /// One image per structure, kinds in cycling order.
    pub structures: Vec<SimulatedStructure>,
    /// The sum of the images of all structures, exact in every pixel.
    pub mixed: ArrayD<u16>,
}

/// Simulates a set of images; each structure has `1 / n_structures` of the bit depth for itself.
///
/// The value of a pixel is `round(gain · (Poisson(photons · signal + background) + read_noise · Normal))`,
/// clamped from 0 to the structure's share, where `signal` is 1 at the brightest pixel of the structure.
/// The gain leaves room for five standard deviations of noise. The bytes depend on the parameters only,
/// not on the number of rayon threads. Memory: see [`MAX_BYTES`](crate::MAX_BYTES).
///
/// ```
/// use patchweave_simulate::{Simulation, simulate};
///
/// let set = simulate(&Simulation { n_structures: 4, seed: 7, ..Simulation::default() })?;
/// let names: Vec<&str> = set.structures.iter().map(|structure| structure.name.as_str()).collect();
/// assert_eq!(names, ["nuclei", "filaments", "puncta", "nuclei_2"]);
/// let at = [100, 200];
/// let sum: u16 = set.structures.iter().map(|structure| structure.image[at]).sum();
/// assert_eq!(set.mixed[at], sum);
/// # Ok::<(), patchweave_simulate::SimulateError>(())
/// ```
///
/// # Errors
/// [`SimulateError::Structures`], [`SimulateError::BitDepth`], [`SimulateError::OutOfRange`] for a parameter
/// out of its range, [`SimulateError::TooLarge`] if the images exceed the memory budget.
pub fn simulate(simulation: &Simulation) -> Result<SimulatedSet, SimulateError> {
    simulate_while(simulation, &|| true)
}

/// Simulates as [`simulate`] does, as long as `keep_going` says so; it is asked before every structure and
/// every step of drawing one.
///
/// # Errors
/// As [`simulate`], and [`SimulateError::Interrupted`].
pub fn simulate_while(
    simulation: &Simulation,
    keep_going: &(dyn Fn() -> bool + Sync),
) -> Result<SimulatedSet, SimulateError> {
    let camera = Camera { limit: simulation.checked_limit()?, noise: simulation.noise };
    let shape = IxDyn(simulation.extent.as_slice());
    let mut mixed = ArrayD::<u16>::zeros(shape.clone());
    let mut structures = Vec::with_capacity(simulation.n_structures);
    for structure_idx in 0..simulation.n_structures {
        let (kind, _) = StructureKind::of_structure(structure_idx);
        let name = structure_name(structure_idx);
        let pixels = take_image(simulation, camera, kind, structure_idx, keep_going)?;
        let image = ArrayD::from_shape_vec(shape.clone(), pixels)?;
        mixed += &image;
        structures.push(SimulatedStructure { name, kind, image });
    }
    Ok(SimulatedSet { structures, mixed })
}

/// The name of structure number `structure_idx`: its kind, from the second of a kind on with its number.
///
/// ```
/// assert_eq!([0, 1, 4].map(patchweave_simulate::structure_name), ["nuclei", "filaments", "filaments_2"]);
/// ```
pub fn structure_name(structure_idx: usize) -> String {
    match StructureKind::of_structure(structure_idx) {
        (kind, 0) => kind.name().to_owned(),
        (kind, n_before) => format!("{kind}_{}", n_before + 1),
    }
}

fn take_image(
    simulation: &Simulation,
    camera: Camera,
    kind: StructureKind,
    structure_idx: usize,
    keep_going: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<u16>, SimulateError> {
    let check = || if keep_going() { Ok(()) } else { Err(SimulateError::Interrupted) };
    check()?;
    let mut density = Density::zeros(simulation.extent.to_zyx());
    kind.draw(&mut density, &mut stream(simulation.seed, structure_idx, Draw::Shapes));
    check()?;
    let lateral = simulation.psf_sigma;
    blur(&mut density, [2.0 * lateral, lateral, lateral]);
    check()?;
    density.normalise();
    Ok(camera.expose(&density, &stream(simulation.seed, structure_idx, Draw::Noise)))
}
