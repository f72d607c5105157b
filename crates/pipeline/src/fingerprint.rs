//! What the results of a prediction are made of, to tell whether what was begun may be gone on with.

use std::path::{Path, PathBuf};

use patchweave_config::{ModelPlan, PredictPlan, RunPlan, RuntimePlan};
use patchweave_formats::{is_url, stored_state};
use patchweave_predict::Tiling;
use patchweave_sink::Fingerprint;
use patchweave_stack::StackInfo;

use crate::{PredictionImage, Statistics};

/// The field of the statistics.
pub(crate) const STATISTICS: &str = "statistics";

/// Sections of a configuration that tell what results are, or keys of them.
const TELLING: [&str; 5] =
    ["data_config", "predict", "reading.missing_planes", "reading.non_finite", "simulate"];

/// Keys in them that change no pixel of a result: how fast it is made, how trained, and paths, which are told by what is there.
const OTHERS: [&str; 19] = [
    "data_config.augmentations",
    "data_config.batch_size",
    "data_config.in_memory",
    "data_config.mask_filter",
    "data_config.mode",
    "data_config.n_val_patches",
    "data_config.num_workers",
    "data_config.patch_filter",
    "data_config.pred_dataloader_params",
    "data_config.seed",
    "data_config.train_dataloader_params",
    "data_config.val_dataloader_params",
    "predict.batch_size",
    "predict.input",
    "predict.memory_mib",
    "predict.prefetch_mib",
    "predict.skip.mask",
    "predict.target",
    "simulate.folder",
];

/// What becomes of tiles that cannot be read, where that is one word.
const ON_FAILURE: &str = "predict.on_failure";

/// In the keys that say who runs a network.
const RUNTIME: &str = ".runtime";

/// What the results of a prediction are made of: the program, the keys that tell, statistics, images and networks.
///
/// Images and networks are told by their sizes and times of change; behind URLs nothing is known of them but that and their shapes.
pub(crate) fn fingerprint(
    plan: &RunPlan,
    predict: &PredictPlan,
    (statistics, tiling): (&Statistics, &Tiling),
    images: &[PredictionImage],
) -> Fingerprint {
    let mut about = Fingerprint::new();
    about.insert("version of patchweave".into(), env!("CARGO_PKG_VERSION").into());
    // To fail or to leave out an image changes no pixel of others; to fill tiles does.
    // Where its library lies may differ between machines, and which it is is told below.
    let is_runtime = |key: &str| key.starts_with("predict.models") && key.contains(RUNTIME);
    let tells =
        |key: &str| is_of(key, &TELLING) && !is_of(key, &OTHERS) && key != ON_FAILURE && !is_runtime(key);
    let keys = plan.values().iter().filter(|(key, _)| tells(key));
    about.extend(keys.map(|(key, value)| (key.clone(), value.clone())));
    about.insert(STATISTICS.into(), statistics.exactly());
    let tiles = match tiling {
        Tiling::Tiles { size, overlaps } => format!("{size}, overlapping by {:?}", overlaps.as_slice()),
        Tiling::Whole => "whole".to_owned(),
    };
    about.insert("tiles".into(), tiles);
    for image in images {
        about.insert(format!("image {}", image.name), stored(image.stack.info(), &image.path));
        if let Some((mask, path)) = &image.mask {
            about.insert(format!("mask of {}", image.name), stored(mask.info(), path));
        }
    }
    for (place, model) in predict.models.iter().enumerate() {
        let (files, runtime) = match &model.model {
            ModelPlan::Onnx(network) => (with_weights(&network.path), &network.runtime),
            ModelPlan::Bioimage(package) => (vec![package_of(&package.path)], &package.runtime),
            _ => continue,
        };
        about.insert(format!("runtime of predict.models[{place}]"), runtime_build(runtime));
        for (number, path) in files.iter().enumerate() {
            let field = format!("predict.models[{place}] file {number}");
            about.insert(field, with_state(String::new(), path));
        }
    }
    about
}

/// What is known of an image: its form, its place and the state of its file.
fn stored(info: &StackInfo, path: &Path) -> String {
    let text = format!("{} {:?}, {}", info.layout.axes(), info.layout.shape(), info.pixel_type);
    with_state(format!("{text}{}", place_of(path)), path)
}

/// Who runs a network; tract has the version of the program.
fn runtime_build(plan: &RuntimePlan) -> String {
    match plan {
        RuntimePlan::Tract => "tract".to_owned(),
        #[cfg(feature = "onnx")]
        RuntimePlan::OnnxRuntime { .. } => patchweave_onnx::loaded_runtime()
            .map_or_else(|| "onnxruntime".to_owned(), |loaded| format!("onnxruntime {}", loaded.build)),
        #[cfg(not(feature = "onnx"))]
        RuntimePlan::OnnxRuntime { .. } => "onnxruntime".to_owned(),
    }
}

/// Which image of a file it is, or behind which URL; where local files lie may differ between machines.
fn place_of(path: &Path) -> String {
    if is_url(path) {
        return format!(", {}", path.display());
    }
    let file = path.ancestors().find(|path| path.exists()).unwrap_or(path);
    match path.strip_prefix(file) {
        Ok(inside) if inside != Path::new("") => format!(", {} in it", inside.display()),
        _ => String::new(),
    }
}

/// The file of a network and the files of weights that are usually beside it.
fn with_weights(path: &Path) -> Vec<PathBuf> {
    let mut appended = path.as_os_str().to_owned();
    appended.push(".data");
    let beside = [PathBuf::from(appended), path.with_extension("data")];
    std::iter::once(path.to_owned()).chain(beside.into_iter().filter(|path| path.exists())).collect()
}

/// The folder of a package that is named by its description, or the package.
fn package_of(path: &Path) -> PathBuf {
    let is_description = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    let folder = path.parent().filter(|_| is_description).unwrap_or(path);
    if folder == Path::new("") { PathBuf::from(".") } else { folder.to_owned() }
}

fn with_state(text: String, path: &Path) -> String {
    match stored_state(path) {
        Ok(state) if text.is_empty() => state.to_string(),
        Ok(state) => format!("{text}, {state}"),
        Err(_) => text,
    }
}

/// Whether a key is one of these or lies in one of them.
fn is_of(key: &str, sections: &[&str]) -> bool {
    let is_in = |section: &&str| {
        key.strip_prefix(*section).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    sections.iter().any(is_in)
}
