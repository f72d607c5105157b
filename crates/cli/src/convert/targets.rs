//! Where the results of a conversion will stand: names, collisions, what exists.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_formats::{Member, inside, is_url, plain_url, stored_state};
use patchweave_geometry::WellField;
use patchweave_sink::SinkFormats;
use patchweave_stack::{FileId, ImageStack};

use crate::Failure;
use crate::arguments::ConvertOptions;

/// The format that has plates and labels.
pub(crate) const OME_ZARR: &str = "ome_zarr";

/// An image and where its result will stand.
pub(crate) struct Target {
    pub stack: Arc<dyn ImageStack>,
    /// The file that the image is from.
    pub input: PathBuf,
    /// What is stored there now, to tell whether it was changed since.
    pub stored: Arc<str>,
    /// The name of the result below the output folder, without an ending.
    name: PathBuf,
    /// The same for the plate that the image is a field of.
    plate_name: Option<PathBuf>,
    /// Where the result will stand.
    pub output: PathBuf,
    /// Where the plate will stand that the result is a field of, if it becomes one.
    pub plate: Option<PathBuf>,
}

impl Target {
    pub fn new(
        stack: Arc<dyn ImageStack>,
        (member, stored): (&Member, &Arc<str>),
        number: usize,
        n_images: usize,
        is_searched: bool,
    ) -> Self {
        let own = if is_searched { member.name.clone() } else { PathBuf::from(file_name(&member.path)) };
        let mut name = own.with_file_name(stem(&file_name(&own)));
        let plate_name = stack.info().well_field.as_ref().map(|_| name.clone());
        if n_images > 1 {
            name = name.join(inner_name(&stack.info().source, &member.path, number));
        }
        let stored = Arc::clone(stored);
        Target {
            stack,
            input: member.path.clone(),
            stored,
            name,
            plate_name,
            output: PathBuf::new(),
            plate: None,
        }
    }

    /// Makes the result a field of a plate.
    fn set_plate(&mut self, plate: &Path) {
        let path = self.stack.info().well_field.as_ref().and_then(WellField::path);
        self.output = inside(plate, path.as_ref().map_or(&*self.name, Path::new));
        self.plate = Some(plate.into());
    }
}

/// Whether all images are fields of one plate, with names that a plate may have.
fn is_one_plate(targets: &[Target]) -> bool {
    let Some(first) = targets.first() else { return false };
    let mut paths = BTreeSet::new();
    targets.iter().all(|target| {
        let field = target.stack.info().well_field.as_ref().filter(|field| field.has_plain_names());
        let path = field.and_then(WellField::path);
        target.input == first.input && path.is_some_and(|path| paths.insert(path.to_lowercase()))
    })
}

/// What is stored at a path now, which every image in it is compared by.
pub(crate) fn stored_at(path: &Path) -> Arc<str> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    format!("{} {:?}", real.display(), stored_state(path).ok()).into()
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A name without the endings of images.
fn stem(name: &str) -> String {
    let endings =
        [".zip", ".zarr", ".tif", ".tiff", ".btf", ".tf8", ".npy", ".npz", ".h5", ".hdf5", ".ims", ".ome"];
    let mut left = name;
    while let Some(ending) = endings.iter().find(|ending| left.to_lowercase().ends_with(*ending)) {
        match left.get(..left.len() - ending.len()) {
            Some(shorter) if !shorter.is_empty() => left = shorter,
            _ => break,
        }
    }
    left.to_owned()
}

/// What an image is called inside of its file: its place there, or its number.
fn inner_name(source: &str, file: &Path, number: usize) -> PathBuf {
    let inside = source.strip_prefix(&*file.to_string_lossy()).map(|inside| inside.trim_matches('/'));
    match inside.filter(|inside| !inside.is_empty() && !inside.contains(':')) {
        Some(inside) => inside.split('/').filter(|part| *part != "..").collect(),
        None => PathBuf::from(number.to_string()),
    }
}

/// Gives every image the place of its result, and refuses what would go wrong, before any work.
pub(crate) fn check_targets(
    mut targets: Vec<Target>,
    options: &ConvertOptions,
    sinks: &SinkFormats,
    is_searched: bool,
) -> Result<Vec<Target>, Failure> {
    let to = options.to.as_deref();
    for images in targets.chunk_by_mut(|a, b| a.input == b.input) {
        if !is_one_plate(images) {
            images.iter_mut().for_each(|image| image.plate_name = None);
        }
    }
    let is_ome_zarr = sinks.find(&options.output, to).is_ok_and(|format| format.name() == OME_ZARR);
    let is_plate = is_ome_zarr && targets.first().is_some_and(|target| target.plate_name.is_some());
    if is_plate && !is_searched {
        targets.iter_mut().for_each(|target| target.set_plate(&options.output));
    } else if is_searched || targets.len() > 1 {
        let Some(name) = to else {
            let n = targets.len();
            return Err(Failure::Arguments(format!(
                "{} holds {n} images, which are written into a folder: expected --to with their format",
                options.input.display()
            )));
        };
        let format = sinks.find(&options.output, Some(name))?;
        let ending = format.endings().first().copied().unwrap_or(name);
        let named = |path: &Path| {
            let mut name = file_name(path);
            name.push('.');
            name.push_str(ending);
            inside(&options.output, &path.with_file_name(name))
        };
        for target in &mut targets {
            match target.plate_name.clone().filter(|_| format.name() == OME_ZARR) {
                Some(plate) => target.set_plate(&named(&plate)),
                None => target.output = named(&target.name),
            }
        }
    } else {
        targets.iter_mut().for_each(|target| target.output.clone_from(&options.output));
    }
    refuse_collisions(&targets)?;
    refuse_existing(&targets, sinks, options.overwrite)?;
    Ok(targets)
}

fn refuse_collisions(targets: &[Target]) -> Result<(), Failure> {
    let mut by_output: BTreeMap<String, &Target> = BTreeMap::new();
    for target in targets {
        // Some file systems take names in capitals for the same.
        let name = target.output.to_string_lossy().to_lowercase();
        if let Some(other) = by_output.insert(name, target) {
            let first = other.stack.info().source.clone();
            let second = &target.stack.info().source;
            let output = target.output.display();
            return Err(Failure::Arguments(format!(
                "{first} and {second} would both be written to {output}, expected inputs with different names"
            )));
        }
    }
    Ok(())
}

fn refuse_existing(targets: &[Target], sinks: &SinkFormats, is_overwritten: bool) -> Result<(), Failure> {
    let inputs: BTreeMap<PathBuf, &Path> =
        targets.iter().filter_map(|target| Some((real(&target.input)?, target.input.as_path()))).collect();
    // All files of an image, those of one that has several too.
    let files: BTreeMap<&FileId, &Path> = targets
        .iter()
        .flat_map(|target| {
            target.stack.info().identity.files().into_iter().map(|file| (file, target.input.as_path()))
        })
        .collect();
    for output in wholes(targets) {
        let Some(place) = real(output) else { continue };
        let above = place.ancestors().find_map(|folder| inputs.get(folder));
        // What lies in the output comes right behind it.
        let below = inputs.range(place.clone()..).next().filter(|(input, _)| input.starts_with(&place));
        let same = || FileId::of(output).ok().and_then(|file| files.get(&file));
        if let Some(input) = above.or(below.map(|(_, input)| input)).or_else(same) {
            let output = output.display();
            let input = input.display();
            return Err(Failure::Arguments(format!("{output} would replace {input}, which is read")));
        }
    }
    if is_overwritten {
        return Ok(());
    }
    let mut existing = Vec::new();
    for whole in wholes(targets) {
        if sinks.stands(whole)? {
            existing.push(whole.display().to_string());
        }
    }
    if existing.is_empty() {
        return Ok(());
    }
    let n = existing.len();
    let first: Vec<String> = existing.into_iter().take(3).collect();
    let more = if n > 3 { format!(" and {} more", n - 3) } else { String::new() };
    Err(Failure::Arguments(format!("{}{more} exists: --overwrite replaces it", first.join(", "))))
}

/// What is written as a whole: images and plates, each once.
fn wholes(targets: &[Target]) -> BTreeSet<&Path> {
    targets.iter().map(|target| target.plate.as_deref().unwrap_or(&target.output)).collect()
}

/// A path without links, as far as it exists; the last parts of it need not. URLs of one place get one spelling.
fn real(path: &Path) -> Option<PathBuf> {
    if let Some(url) = path.to_str().filter(|_| is_url(path)) {
        return Some(plain_url(url).into());
    }
    let absolute = std::path::absolute(path).ok()?;
    let existing = absolute.ancestors().find(|above| above.exists())?;
    let rest = absolute.strip_prefix(existing).ok()?;
    Some(existing.canonicalize().ok()?.join(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_endings() {
        assert_eq!(stem("cells.ome.tif"), "cells");
        assert_eq!(stem("cells.T01.ome.zarr"), "cells.T01");
        assert_eq!(stem(".tif"), ".tif");
    }

    #[test]
    fn images_inside_of_a_file_are_called_by_their_place() {
        let name = |source, number| inner_name(source, Path::new("p.zarr"), number);
        assert_eq!(name("p.zarr/A/1/0", 3), Path::new("A/1/0"));
        assert_eq!(name("p.zarr", 3), Path::new("3"));
        assert_eq!(name("p.zarr/../../etc", 3), Path::new("etc"));
    }
}
