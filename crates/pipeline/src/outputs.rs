//! Names and formats of what a run writes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use patchweave_config::{ModelPlan, OutputFormat, RunPlan};
use patchweave_sink::{Durability, write_file_atomically};

use crate::{PipelineError, Statistics};

/// What a configuration asks to be on the disk, as those take it who write.
///
/// ```
/// use patchweave_pipeline::durability_of;
/// use patchweave_sink::Durability;
///
/// assert_eq!(durability_of(patchweave_config::Durability::default()), Durability::default());
/// ```
#[must_use]
pub fn durability_of(durability: patchweave_config::Durability) -> Durability {
    match durability {
        patchweave_config::Durability::None => Durability::None,
        patchweave_config::Durability::Files => Durability::Files,
        patchweave_config::Durability::Full => Durability::Full,
    }
}

/// The ending of a file name.
pub(crate) fn extension(format: OutputFormat) -> &'static str {
    match format {
        OutputFormat::Tiff => "tiff",
        OutputFormat::OmeZarr => "ome.zarr",
    }
}

/// The name of an image without folder and endings; that of the outermost store for arrays in one.
pub(crate) fn stem(path: &Path) -> String {
    let holds_others = ["zarr", "h5", "hdf5", "ims", "npz"];
    let is_store = |part: &&Path| {
        part.extension().is_some_and(|extension| holds_others.iter().any(|holds| extension == *holds))
    };
    let store = path.ancestors().filter(is_store).last().unwrap_or(path);
    let name = store.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let endings = [
        ".ome.zarr",
        ".zarr",
        ".ome.tiff",
        ".ome.tif",
        ".ome.btf",
        ".ome.tf8",
        ".tiff",
        ".tif",
        ".btf",
        ".tf8",
        ".h5",
        ".hdf5",
        ".ims",
        ".npy",
        ".npz",
    ];
    let lower = name.to_lowercase();
    let ending = endings.iter().find(|ending| lower.ends_with(*ending) && lower.len() > ending.len());
    let kept = name.len() - ending.map_or(0, |ending| ending.len());
    name.get(..kept).unwrap_or(&name).to_owned()
}

/// What the files of every model are called after.
pub(crate) fn labels(models: &[ModelPlan]) -> Vec<String> {
    let label = |model: &ModelPlan| {
        let shares_name = models.iter().filter(|other| other.name() == model.name()).count() > 1;
        match *model {
            ModelPlan::Gaussian { sigma } if shares_name => format!("{}_{sigma}", model.name()),
            _ => model.name().to_owned(),
        }
    };
    models.iter().map(label).collect()
}

/// One name for every path, no two the same.
pub(crate) fn unique_names(paths: &[PathBuf]) -> Vec<String> {
    let stems: Vec<String> = paths.iter().map(|path| stem(path)).collect();
    let mut n_of_stem: BTreeMap<&str, usize> = BTreeMap::new();
    for stem in &stems {
        *n_of_stem.entry(stem).or_default() += 1;
    }
    let is_shared = |stem: &str| n_of_stem.get(stem).is_some_and(|&n| n > 1);
    let mut taken: BTreeSet<String> = stems.iter().filter(|stem| !is_shared(stem)).cloned().collect();
    let mut name = |(data_idx, stem): (usize, &String)| {
        if !is_shared(stem) {
            return stem.clone();
        }
        let mut name = format!("{stem}_{data_idx}");
        while !taken.insert(name.clone()) {
            name.push('_');
        }
        name
    };
    stems.iter().enumerate().map(&mut name).collect()
}

/// The ending of pictures.
pub(crate) const PICTURE: &str = "png";
/// The file of the statistics of a normalisation.
const STATISTICS: &str = "normalization.yaml";
/// The picture of the first training patches.
pub(crate) const MONTAGE: &str = "training_patches.png";

/// Where a result of an image is written.
pub(crate) fn result_path(folder: &Path, name: &str, label: &str, extension: &str) -> PathBuf {
    folder.join(format!("{name}_{label}.{extension}"))
}

/// Every file that a plan may write into its output folder, for images of these names.
pub(crate) fn planned_outputs(plan: &RunPlan, names: &[String]) -> Vec<PathBuf> {
    let mut planned = vec![plan.output.join(STATISTICS), plan.output.join(MONTAGE)];
    let mix = plan.train.as_ref().and_then(|train| train.mix.as_ref());
    let n_mixed = mix.map_or(0, |mix| mix.others.len());
    planned.extend((0..n_mixed).map(|place| mixed_statistics_path(&plan.output, place)));
    if let Some(predict) = &plan.predict {
        let endings: Vec<&str> =
            predict.formats.iter().map(|&format| extension(format)).chain([PICTURE]).collect();
        for (name, label) in
            names.iter().flat_map(|name| labels(&predict.models).into_iter().map(move |label| (name, label)))
        {
            planned.extend(endings.iter().map(|ending| result_path(&plan.output, name, &label, ending)));
        }
    }
    planned
}

/// Writes the statistics of a normalisation as a block that fits into a configuration.
///
/// # Errors
/// [`PipelineError::Sink`] if the file cannot be written.
pub fn write_statistics(
    folder: &Path,
    statistics: &Statistics,
    durability: Durability,
) -> Result<PathBuf, PipelineError> {
    let path = folder.join(STATISTICS);
    write_file_atomically(&path, statistics.to_yaml().as_bytes(), durability)?;
    Ok(path)
}

/// The file of the statistics of a data set that is mixed in, counted behind that of the configuration itself.
fn mixed_statistics_path(folder: &Path, place: usize) -> PathBuf {
    folder.join(format!("normalization_{}.yaml", place.saturating_add(2)))
}

/// Writes the statistics of the `place`-th configuration that is mixed in, as [`write_statistics`] does.
///
/// # Errors
/// [`PipelineError::Sink`] if the file cannot be written.
pub fn write_mixed_statistics(
    folder: &Path,
    statistics: &Statistics,
    place: usize,
    durability: Durability,
) -> Result<PathBuf, PipelineError> {
    let path = mixed_statistics_path(folder, place);
    write_file_atomically(&path, statistics.to_yaml().as_bytes(), durability)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_lose_folders_and_endings() {
        let stem_of = |path: &str| stem(Path::new(path));
        assert_eq!(stem_of("a/cells.ome.tif"), "cells");
        assert_eq!(stem_of("a/cells.T01.tif"), "cells.T01");
        assert_eq!(stem_of("a/cells.ome.zarr/0"), "cells");
        assert_eq!(stem_of("a/cells.zarr"), "cells");
        assert_eq!(stem_of("a/cells.h5/group/raw"), "cells");
        assert_eq!(stem_of("a/cells.npy"), "cells");
        assert_eq!([stem_of("a/cells.btf"), stem_of("a/cells.ome.tf8")], ["cells"; 2]);
        assert_eq!(stem_of(".tif"), ".tif");
    }
}
