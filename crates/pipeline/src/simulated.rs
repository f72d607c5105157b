//! Simulated data on disk: made once, found again, never written over somebody's files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ndarray::{ArrayD, Axis as Dim, stack};
use patchweave_config::{OutputFormat, SimulatePlan};
use patchweave_files::read_file;
use patchweave_geometry::{ArrayLayout, Axes, GeometryError};
use patchweave_pixel::{PixelType, canonical_view};
use patchweave_simulate::{MAX_STRUCTURES, Noise, SimulatedSet, Simulation, simulate_while, structure_name};
use patchweave_sink::{
    Durability, FolderLock, ImageSpec, Syncing, create, make_folders, remove_leftovers, write_file_atomically,
};
use serde_json::Value;

use crate::output_names::stem;
use crate::{KeepGoing, PipelineError};

/// What a simulation has put into its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedData {
    /// Whether it was made now rather than found.
    pub is_new: bool,
    /// Every image, and last the record of how they were made.
    pub files: Vec<PathBuf>,
}

/// Another process may simulate for so long before it is taken for one that hangs.
const PATIENCE: Duration = Duration::from_secs(3600);

/// The file that says by which parameters the others were made.
const RECORD: &str = "simulation.json";
/// Bytes of it that are read; larger files are something else.
const MAX_RECORD: u64 = 1 << 20;
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
/// Files that a simulation with other parameters left in the folder are replaced; a record beside the images
/// says which those are. A simulation that was broken off can be started again. Of several processes that want the same
/// images one makes them, and the others wait for it.
///
/// # Errors
/// [`PipelineError::NotOurs`] if one of the names is taken by a file that no simulation made,
/// [`PipelineError::Simulate`] for parameters out of range, otherwise what writing reports.
pub fn simulated_data(
    plan: &SimulatePlan,
    durability: Durability,
    keep_going: KeepGoing<'_>,
) -> Result<SimulatedData, PipelineError> {
    let simulation = simulation_of(plan);
    simulation.check()?;
    if let Some(found) = found(plan)? {
        return Ok(found);
    }
    let failed = |source| PipelineError::Io { action: "create", path: plan.folder.clone(), source };
    make_folders(&plan.folder, &Syncing::new(durability)).map_err(failed)?;
    let Some(_lock) = FolderLock::acquire(&plan.folder, PATIENCE, keep_going)? else {
        return Err(PipelineError::Interrupted);
    };
    // Another rank may have made them meanwhile.
    match found(plan)? {
        Some(found) => Ok(found),
        None => make(plan, &simulation, durability, keep_going),
    }
}

/// The type of the pixels of simulated images.
pub(crate) const SIMULATED: PixelType = PixelType::U16;

/// The images of a plan where a simulation with its parameters left them all.
fn found(plan: &SimulatePlan) -> Result<Option<SimulatedData>, PipelineError> {
    let images = files(plan);
    let record_path = plan.folder.join(RECORD);
    let is_complete = read_record(&record_path)? == Some(record(plan, true));
    let is_found = is_complete && images.iter().all(|file| file.exists());
    let files = images.into_iter().chain([record_path]).collect();
    Ok(is_found.then_some(SimulatedData { is_new: false, files }))
}

/// Makes the images of a plan in a folder that this process holds.
fn make(
    plan: &SimulatePlan,
    simulation: &Simulation,
    durability: Durability,
    keep_going: KeepGoing<'_>,
) -> Result<SimulatedData, PipelineError> {
    let images = files(plan);
    let record_path = plan.folder.join(RECORD);
    let recorded = read_record(&record_path)?;
    let ours = recorded.map_or_else(Vec::new, |record| recorded_files(&plan.folder, &record));
    if let Some(path) = images.iter().find(|file| file.exists() && !ours.contains(file)) {
        return Err(PipelineError::NotOurs { path: path.clone() });
    }
    // Until the record says so, the images are not complete.
    let failed = |source| PipelineError::Io { action: "look through", path: plan.folder.clone(), source };
    remove_leftovers(&plan.folder).map_err(failed)?;
    write_record(&record_path, &record(plan, false), durability)?;
    let set = simulate_while(simulation, keep_going)?;
    for (name, image) in in_own_axes(set)? {
        for &format in &plan.formats {
            let path = path_of(&plan.folder, &name, format);
            write(&path, format, &image, durability, keep_going)?;
        }
    }
    write_record(&record_path, &record(plan, true), durability)?;
    Ok(SimulatedData { is_new: true, files: images.into_iter().chain([record_path]).collect() })
}

/// An image in its own axes.
struct Image {
    axes: Axes,
    pixels: ArrayD<u16>,
}

fn in_own_axes(set: SimulatedSet) -> Result<Vec<(String, Image)>, PipelineError> {
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

fn write(
    path: &Path,
    format: OutputFormat,
    image: &Image,
    durability: Durability,
    keep_going: KeepGoing<'_>,
) -> Result<(), PipelineError> {
    let layout = ArrayLayout::new(image.axes.clone(), image.pixels.shape())?;
    let mut spec = ImageSpec::new(layout.clone(), SIMULATED);
    spec.name = stem(path);
    spec.durability = durability;
    let mut sink = create(path, format.name(), spec)?;
    let pixels = canonical_view(image.pixels.view(), &layout, 0).map_err(|error| match error {
        patchweave_pixel::MoveError::Geometry(error) => error,
        _ => GeometryError::BadSize { shape: image.pixels.shape().to_vec() },
    })?;
    // Plane by plane: the conversion to f32 would double the memory of a large volume.
    for (z, plane) in pixels.axis_iter(Dim(1)).enumerate() {
        if !keep_going() {
            return Err(PipelineError::Interrupted);
        }
        let plane = plane.mapv(f32::from).insert_axis(Dim(1));
        sink.write_block(0, [z, 0, 0], plane.view())?;
    }
    sink.finish()?;
    Ok(())
}

fn names(n_structures: usize) -> impl Iterator<Item = String> {
    (0..n_structures).map(structure_name).chain([STRUCTURES.to_owned(), MIXED.to_owned()])
}

fn files(plan: &SimulatePlan) -> Vec<PathBuf> {
    files_of(&plan.folder, plan.n_structures, &plan.formats)
}

fn files_of(folder: &Path, n_structures: usize, formats: &[OutputFormat]) -> Vec<PathBuf> {
    let of_name = |name: String| formats.iter().map(move |&format| path_of(folder, &name, format));
    names(n_structures).flat_map(of_name).collect()
}

/// The ending of a file name.
fn extension(format: OutputFormat) -> &'static str {
    match format {
        OutputFormat::Tiff => "tiff",
        OutputFormat::OmeZarr => "ome.zarr",
    }
}

fn path_of(folder: &Path, name: &str, format: OutputFormat) -> PathBuf {
    folder.join(format!("{name}.{}", extension(format)))
}

/// Every image that a plan will make.
pub(crate) fn future_files(plan: &SimulatePlan) -> Vec<PathBuf> {
    files(plan)
}

/// The axes and sizes of an image that the plan will make.
///
/// `None` if the path is none of the plan's images.
pub(crate) fn planned_layout(plan: &SimulatePlan, path: &Path) -> Option<ArrayLayout> {
    let path = std::path::absolute(path).ok()?;
    let is_path = |file: &PathBuf| std::path::absolute(file).is_ok_and(|file| file == path);
    let name = names(plan.n_structures)
        .find(|name| plan.formats.iter().any(|&format| is_path(&path_of(&plan.folder, name, format))))?;
    let channels = (name == STRUCTURES).then_some(plan.n_structures);
    let spatial = if plan.size.n_axes() == 3 { "ZYX" } else { "YX" };
    let axes = if channels.is_some() { format!("C{spatial}") } else { spatial.to_owned() };
    let shape: Vec<usize> = channels.into_iter().chain(plan.size.iter()).collect();
    ArrayLayout::new(axes.parse().ok()?, &shape).ok()
}

fn record(plan: &SimulatePlan, is_complete: bool) -> Value {
    serde_json::json!({
        "made_by": concat!("patchweave simulate ", env!("CARGO_PKG_VERSION")),
        "complete": is_complete,
        "size": plan.size.as_slice(),
        "n_structures": plan.n_structures,
        "seed": plan.seed,
        "bit_depth": plan.bit_depth,
        "photons": plan.photons,
        "read_noise": plan.read_noise,
        "background": plan.background,
        "psf_sigma": plan.psf_sigma,
        "formats": plan.formats.iter().map(|format| format.name()).collect::<Vec<_>>(),
    })
}

fn write_record(path: &Path, record: &Value, durability: Durability) -> Result<(), PipelineError> {
    Ok(write_file_atomically(path, format!("{record:#}\n").as_bytes(), durability)?)
}

/// The record of a folder; `None` without one, or if it is no record of a simulation.
fn read_record(path: &Path) -> Result<Option<Value>, PipelineError> {
    match read_file(path, MAX_RECORD) {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PipelineError::Io { action: "read", path: path.to_owned(), source }),
    }
}

/// The images that a record stands for.
fn recorded_files(folder: &Path, record: &Value) -> Vec<PathBuf> {
    let names: Vec<&str> =
        record["formats"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let formats: Vec<OutputFormat> = [OutputFormat::Tiff, OutputFormat::OmeZarr]
        .into_iter()
        .filter(|format| names.contains(&format.name()))
        .collect();
    let n_structures = record["n_structures"].as_u64().unwrap_or(0).min(MAX_STRUCTURES as u64);
    files_of(folder, usize::try_from(n_structures).unwrap_or(0), &formats)
}
