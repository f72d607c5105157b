//! A folder of its own for a test, the command that runs in it, and what the command said and left.
#![allow(dead_code, reason = "every test file uses a part of it")]

#[cfg(unix)]
pub mod signal;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use ndarray::{ArrayD, IxDyn};
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::{ArrayLayout, Axes, Axis};
use patchweave::pixel::{Pixel, PixelType, canonical_view};
use patchweave::sink::{ImageSpec, create};
use patchweave::stack::ImageStackExt;
use tempfile::TempDir;

/// The command under test.
pub const PATCHWEAVE: &str = env!("CARGO_BIN_EXE_patchweave");

/// A run of every part on small images: simulation, training, prediction.
pub const SMALL: &str = "\
output: out
simulate:
  folder: out/data
  size: [96, 80]
  seed: 7
  formats: [tiff, ome_zarr]
data_config:
  mode: training
  data_type: tiff
  axes: YX
  target_axes: CYX
  patching: {name: random, patch_size: [32, 32]}
  normalization: {name: mean_std}
  batch_size: 4
  num_workers: 2
  seed: 42
train:
  input: out/data/mixed.tiff
  target: out/data/structures.tiff
  epochs: 2
  montage_patches: 6
predict:
  input: out/data/mixed.tiff
  patching: {name: tiled, patch_size: [32, 32], overlaps: [16, 16]}
  models: [identity, {name: gaussian, sigma: 1}]
  batch_size: 3
  pixel_type: input
";

/// A prediction of given images by the identity.
pub const PREDICT: &str = "\
output: out
data_config:
  mode: predicting
  data_type: tiff
  axes: YX
  patching: {name: tiled, patch_size: [16, 16], overlaps: [4, 4]}
  normalization: {name: none}
  num_workers: 2
predict:
  input: image.tiff
  models: [identity]
  pixel_type: input
";

/// A text with one place changed, which has to be there once.
#[track_caller]
pub fn with(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from:?} in\n{text}");
    text.replace(from, to)
}

/// A folder that a test has for itself.
pub struct Place(TempDir);

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub fn new() -> Self {
        Place(TempDir::with_prefix("patchweave-test-").unwrap())
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Runs `patchweave run` on a configuration that stands in this folder as `run.yaml`.
    pub fn run(&self, config: &str) -> Ended {
        let config = self.write("run.yaml", config);
        self.patchweave(&["run".as_ref(), config.as_os_str()])
    }

    /// Runs `patchweave` in this folder.
    pub fn patchweave<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Ended {
        Ended::of(Command::new(PATCHWEAVE).args(arguments).current_dir(self.0.path()))
    }

    /// Every file below a folder of this place and its bytes, hidden ones too; none if it does not exist.
    pub fn files(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        files_below(&self.path(folder))
    }

    /// The names of what stands directly in a folder of this place.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(folder)) else { return Vec::new() };
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Writes an image whose pixels are a function of their place in memory.
    pub fn image<T: Pixel>(
        &self,
        name: &str,
        format: &str,
        axes: &str,
        shape: &[usize],
        pixel: impl FnMut(usize) -> T,
    ) -> ArrayD<T> {
        let pixels: Vec<T> = (0..shape.iter().product()).map(pixel).collect();
        let pixels = ArrayD::from_shape_vec(IxDyn(shape), pixels).unwrap();
        write_image(&self.path(name), format, axes, &pixels);
        pixels
    }
}

impl Ended {
    pub fn of(command: &mut Command) -> Self {
        let output = command.timeout(Duration::from_secs(120)).output().unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn code(&self) -> i32 {
        self.code
    }

    #[track_caller]
    pub fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// The command failed and wrote all of `parts` to its standard error.
    #[track_caller]
    pub fn complains(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.stderr.contains(part), "no {part:?} in\n{}", self.stderr);
        }
    }

    #[track_caller]
    pub fn says(&self, part: &str) {
        assert!(self.stdout.contains(part), "no {part:?} in\n{}", self.stdout);
    }

    /// The files that a run lists at its end, as it names them.
    pub fn listed(&self) -> Vec<PathBuf> {
        let lines = self.stdout.lines().skip_while(|line| *line != "files:").skip(1);
        lines.map(|line| PathBuf::from(line.trim_start())).collect()
    }
}

pub fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = fs::read_dir(&next) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Width and height of a picture, and its pixels row by row.
pub fn decoded(path: &Path) -> ([u32; 2], Vec<[u8; 3]>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(fs::read(path).unwrap())).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    let pixels = bytes.chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    ([info.width, info.height], pixels)
}

fn write_image<T: Pixel>(path: &Path, format: &str, axes: &str, pixels: &ArrayD<T>) {
    let layout = ArrayLayout::new(axes.parse().unwrap(), pixels.shape()).unwrap();
    let mut spec = ImageSpec::new(layout.clone(), T::TYPE);
    if format == "ome_zarr" {
        // Small chunks in files of their own, whose number and order tests know.
        let sizes = layout.axes().as_slice().iter().zip(layout.shape());
        let chunk =
            |axis: &Axis, size: usize| if matches!(axis, Axis::Y | Axis::X) { size.min(128) } else { 1 };
        spec.chunks = Some(sizes.map(|(axis, size)| chunk(axis, *size)).collect());
        spec.options.insert("sharding".into(), "none".into());
    }
    let mut sink = create(path, format, spec).unwrap();
    for sample in 0..layout.image_shape().n_samples {
        let block = canonical_view(pixels.view(), &layout, sample).unwrap().mapv(Pixel::to_f32);
        sink.write_block(sample, [0; 3], block.view()).unwrap();
    }
    sink.finish().unwrap();
}

/// The type of an image and its pixels `CZYX`, sample by sample; the images of a collection one after another.
pub fn read_image(path: &Path, axes: &str) -> (PixelType, Vec<ndarray::Array4<f32>>) {
    let is_zarr = path.extension().is_some_and(|extension| extension == "zarr");
    let data_type = if is_zarr { FileFormat::Zarr } else { FileFormat::Tiff };
    let axes: Axes = axes.parse().unwrap();
    let stacks = open(path, data_type, Some(&axes), &OpenOptions::default()).unwrap();
    let samples = stacks.iter().flat_map(|stack| {
        let shape = stack.info().shape();
        let region = patchweave::geometry::Region::whole(shape.extent);
        (0..shape.n_samples).map(move |sample| stack.read_patch(sample, None, &region).unwrap())
    });
    (stacks[0].info().pixel_type, samples.collect())
}
