//! Numbers that tell the data set of a plan apart from others that look alike, for runs that go on from a state.

use std::path::{Component, Path, PathBuf};

use patchweave_config::{ConfigValue, DataPlan, TrainPlan};
use patchweave_loader::{Fingerprint, StreamMarks, file_start};

use crate::Images;
use crate::NamedImages;

/// Keys that say how a sample is made of images.
const SAMPLES: [&str; 10] = [
    "axes",
    "target_axes",
    "channels",
    "multiscale_count",
    "padding_mode",
    "padding_value",
    "alpha_ranges",
    "uncorrelated_channel_prob",
    "context_source",
    "context_depth",
];

/// Those of the training data of a plan.
pub(crate) fn marks(data: &DataPlan, train: &TrainPlan, images: &Images) -> StreamMarks {
    let form = data.to_reference_form();
    let keys = |print: &mut Fingerprint, keys: &[&str]| {
        for key in keys {
            print.text(key);
            // The seed of a strategy is that of the run, which a state tells by itself, or moves places.
            print.text(&form.get(key).map_or_else(String::new, |value| without_seed(value).to_yaml()));
        }
    };
    let mut of_images = Fingerprint::default();
    add_images(&mut of_images, &images.roles.train_inputs);
    images.roles.train_targets.iter().for_each(|targets| add_images(&mut of_images, targets));
    let mut patching = Fingerprint::default();
    keys(&mut patching, &["patching", "patch_filter"]);
    if !train.masks.is_empty() {
        keys(&mut patching, &["mask_filter"]);
    }
    add_images(&mut patching, &images.roles.masks);
    add_images(&mut patching, &images.roles.weights);
    patching.count(train.n_val_patches);
    patching.count(usize::from(train.leak_free));
    let mut samples = Fingerprint::default();
    samples.text(train.constructor.name());
    samples.count(usize::from(train.target_kind.is_labels()));
    keys(&mut samples, &SAMPLES);
    StreamMarks { images: of_images.value(), patching: patching.value(), samples: samples.value() }
}

fn without_seed(value: &ConfigValue) -> ConfigValue {
    match value {
        ConfigValue::Map(entries) => {
            ConfigValue::Map(entries.iter().filter(|(key, _)| key != "seed").cloned().collect())
        }
        other => other.clone(),
    }
}

fn add_images(print: &mut Fingerprint, images: &NamedImages) {
    print.count(images.stacks.len());
    for stack in &images.stacks {
        let info = stack.info();
        print.text(info.pixel_type.name());
        info.shape().to_vec().into_iter().for_each(|n| print.count(n));
        print.text(&named(&info.source));
    }
}

/// The name of an image with that of its folder: data may be moved as a whole, and lie elsewhere on another machine.
fn named(source: &str) -> String {
    if source.contains("://") {
        return source.to_owned();
    }
    let absolute = std::path::absolute(source).unwrap_or_else(|_| PathBuf::from(source));
    let mut path = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => drop(path.pop()),
            component => path.push(component),
        }
    }
    // What lies inside of a file belongs to its name.
    let path = path.to_string_lossy();
    let (above, file) = path.split_at(file_start(&path));
    match Path::new(above).file_name() {
        Some(folder) => format!("{}/{file}", folder.to_string_lossy()),
        None => file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_the_folder_and_nothing_above() {
        for (source, expected) in [
            ("/data/day1/a.tif", "day1/a.tif"),
            ("/data/x/../day1/./a.tif", "day1/a.tif"),
            ("/data/volume.h5/group/raw", "data/volume.h5/group/raw"),
            ("/scratch/.cache/exp/raw", "exp/raw"),
            ("/a.tif", "a.tif"),
            ("/data/day1/raw", "day1/raw"),
            ("s3://bucket/x/a.zarr", "s3://bucket/x/a.zarr"),
        ] {
            assert_eq!(named(source), expected);
        }
        // What is a file here is one, whatever it and the places in it are called.
        let folder = tempfile::tempdir().unwrap();
        let day = folder.path().join("run1.tif");
        std::fs::create_dir(&day).unwrap();
        for file in ["vol_a.he5", "vol_b.he5", "raw"] {
            std::fs::write(day.join(file), "").unwrap();
            let inside = day.join(file).join("s").join("v1.0");
            assert_eq!(named(inside.to_str().unwrap()), format!("run1.tif/{file}/s/v1.0"));
        }
        // The folder that a command runs in is no part of the name.
        let here = std::env::current_dir().unwrap();
        assert_eq!(named("x/a.tif"), named(here.join("x/a.tif").to_str().unwrap()));
    }
}
