//! More images than a process may have open, and more than it may map.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::fs;
use std::process::Command;

use support::{Ended, PATCHWEAVE, Place};

const N_IMAGES: usize = 150;

/// The command with a low limit of open files.
fn with_few_files(place: &Place, arguments: &str) -> Ended {
    let script = format!("ulimit -n 64; exec '{PATCHWEAVE}' {arguments}");
    let mut command = assert_cmd::Command::from_std(Command::new("sh"));
    Ended::of(command.args(["-c", &script]).current_dir(place.path("")))
}

#[test]
fn images_beyond_the_limit_of_open_files_are_read_mapped_or_not() {
    let place = Place::new();
    fs::create_dir(place.path("data")).unwrap();
    place.image("data/0.tif", "tiff", "YX", &[16, 16], |at| u16::try_from(at).unwrap());
    for number in 1..N_IMAGES {
        fs::copy(place.path("data/0.tif"), place.path(format!("data/{number}.tif"))).unwrap();
    }
    for map_files in [true, false] {
        place.write(
            "run.yaml",
            &format!(
                "output: out
reading: {{map_files: {map_files}}}
data_config:
  {{mode: training, data_type: tiff, axes: YX, patching: {{name: random, patch_size: [16, 16]}}, \
                 normalization: {{name: mean_std}}, batch_size: 8, num_workers: 8}}
train: {{input: data, target: data, epochs: 3}}
"
            ),
        );
        let ended = with_few_files(&place, "run run.yaml").with_code(0);
        ended.says(&format!("loaded {} patches", 3 * N_IMAGES));
        assert!(fs::remove_dir_all(place.path("out")).is_ok());
    }
    with_few_files(&place, "info data").with_code(0).says(&format!("{N_IMAGES} images"));
}
