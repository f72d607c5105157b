//! Simulated data on disk: made once, found again, never written over somebody's files.

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{ArrayD, Axis as Dim, stack};
use patchweave_config::{OutputFormat, SimulatePlan};
use patchweave_geometry::{ArrayLayout, Axes, GeometryError};
use patchweave_pixel::{PixelType, canonical_view};
use patchweave_simulate::{Noise, SimulatedSet, Simulation, simulate, structure_name};
use patchweave_sink::{ImageSpec, create, write_file_atomically};

use crate::PipelineError;
use crate::outputs::{extension, sink_format};

/// What a simulation has put into its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedData {
    /// Whether it was made now rather than found.
    pub is_new: bool,
    /// Every image.
    pub files: Vec<PathBuf>,
}

/// The file that says by which parameters the others were made; written last.
const RECORD: &str = "simulation.json";
/// The image of the sum of all structures.
const MIXED: &str = "mixed";
/// The image with one channel per structure.
const STRUCTURES: &str = "structures";

/// The parameters of a plan as the simulation takes them.
pub fn simulation_of(plan: &SimulatePlan) -> Simulation {
    let noise = Noise { photons: plan.photons, read_noise: plan.read_noise, background: plan.background };
    Simulation {
        extent: plan.size,
        n_structures: plan.n_structures,
        seed: plan.seed,
        bit_depth: plan.bit_depth,
        noise: Some(noise),
        psf_sigma: plan.psf_sigma,
    }
}

/// Makes the images of a plan unless they are there: one file per structure, `structures` with all of them as
/// channels, and `mixed`, their sum.
///
/// Files that a simulation with other parameters left in the folder are replaced.
///
/// # Errors
/// [`PipelineError::NotOurs`] if one of the names is taken by a file that no simulation made,
/// [`PipelineError::Simulate`] for parameters out of range, otherwise what writing reports.
pub fn simulated_data(plan: &SimulatePlan) -> Result<SimulatedData, PipelineError> {
    let simulation = simulation_of(plan);
    simulation.check()?;
    let files = files(plan);
    let record_path = plan.folder.join(RECORD);
    let record = record(plan);
    let recorded = match fs::read_to_string(&record_path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(source) => return Err(PipelineError::Io { action: "read", path: record_path, source }),
    };
    match recorded {
        Some(text) if text == record && files.iter().all(|file| file.exists()) => {
            return Ok(SimulatedData { is_new: false, files });
        }
        Some(_) => {
            // From here on the folder is incomplete, and without its record it says so.
            let removed = fs::remove_file(&record_path);
            removed.map_err(|source| PipelineError::Io {
                action: "remove",
                path: record_path.clone(),
                source,
            })?;
        }
        None => {
            if let Some(path) = files.iter().find(|file| file.exists()) {
                return Err(PipelineError::NotOurs { path: path.clone() });
            }
        }
    }
    let set = simulate(&simulation)?;
    for (name, image) in images(set)? {
        for &format in &plan.formats {
            write(&path_of(plan, &name, format), format, &image)?;
        }
    }
    write_file_atomically(&record_path, record.as_bytes())?;
    Ok(SimulatedData { is_new: true, files })
}

/// An image in its own axes.
struct Image {
    axes: Axes,
    pixels: ArrayD<u16>,
}

fn images(set: SimulatedSet) -> Result<Vec<(String, Image)>, PipelineError> {
    let axes: Axes = if set.mixed.ndim() == 3 { "ZYX" } else { "YX" }.parse()?;
    let all: Vec<_> = set.structures.iter().map(|structure| structure.image.view()).collect();
    let shape = || GeometryError::ArrayRank { shape: set.mixed.shape().to_vec(), expected: "YX or ZYX" };
    let channels = stack(Dim(0), &all).map_err(|_| shape())?;
    let with_channels = Image { axes: format!("C{axes}").parse()?, pixels: channels };
    let mixed = Image { axes: axes.clone(), pixels: set.mixed };
    let single = set.structures.into_iter();
    let single =
        single.map(|structure| (structure.name, Image { axes: axes.clone(), pixels: structure.image }));
    let joint = [(STRUCTURES.to_owned(), with_channels), (MIXED.to_owned(), mixed)];
    Ok(single.chain(joint).collect())
}

fn write(path: &Path, format: OutputFormat, image: &Image) -> Result<(), PipelineError> {
    let layout = ArrayLayout::new(image.axes.clone(), image.pixels.shape())?;
    let mut spec = ImageSpec::new(layout.clone(), PixelType::U16);
    spec.name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut sink = create(path, sink_format(format), spec)?;
    let pixels = canonical_view(image.pixels.view(), &layout, 0).map_err(|error| match error {
        patchweave_pixel::MoveError::Geometry(error) => error,
        _ => GeometryError::BadSize { shape: image.pixels.shape().to_vec() },
    })?;
    // Plane by plane: the conversion to f32 would double the memory of a large volume.
    for (z, plane) in pixels.axis_iter(Dim(1)).enumerate() {
        let plane = plane.mapv(f32::from).insert_axis(Dim(1));
        sink.write_block(0, [z, 0, 0], plane.view())?;
    }
    sink.finish()?;
    Ok(())
}

fn names(plan: &SimulatePlan) -> impl Iterator<Item = String> {
    let joint = [STRUCTURES.to_owned(), MIXED.to_owned()];
    (0..plan.n_structures).map(structure_name).chain(joint)
}

fn files(plan: &SimulatePlan) -> Vec<PathBuf> {
    let all = names(plan).flat_map(|name| plan.formats.iter().map(move |&format| (name.clone(), format)));
    all.map(|(name, format)| path_of(plan, &name, format)).collect()
}

fn path_of(plan: &SimulatePlan, name: &str, format: OutputFormat) -> PathBuf {
    plan.folder.join(format!("{name}.{}", extension(format)))
}

/// What an image that the plan will make looks like: its axes and sizes.
///
/// `None` if the path is none of the plan's images.
pub(crate) fn planned_layout(plan: &SimulatePlan, path: &Path) -> Option<Vec<usize>> {
    let path = std::path::absolute(path).ok()?;
    let is_path = |file: &PathBuf| std::path::absolute(file).is_ok_and(|file| file == path);
    let name =
        names(plan).find(|name| plan.formats.iter().any(|&format| is_path(&path_of(plan, name, format))))?;
    let channels = (name == STRUCTURES).then_some(plan.n_structures);
    Some(channels.into_iter().chain(plan.size.iter()).collect())
}

fn record(plan: &SimulatePlan) -> String {
    let SimulatePlan {
        size,
        n_structures,
        seed,
        bit_depth,
        photons,
        read_noise,
        background,
        psf_sigma,
        formats,
        ..
    } = plan;
    let record = serde_json::json!({
        "made_by": concat!("patchweave simulate ", env!("CARGO_PKG_VERSION")),
        "size": size.as_slice(),
        "n_structures": n_structures,
        "seed": seed,
        "bit_depth": bit_depth,
        "photons": photons,
        "read_noise": read_noise,
        "background": background,
        "psf_sigma": psf_sigma,
        "formats": formats.iter().map(|format| format.name()).collect::<Vec<_>>(),
    });
    format!("{record:#}\n")
}
