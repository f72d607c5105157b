//! Damages files without end and sees whether readers survive: `fuzz TARGET [FILES] --seconds 60`.
//!
//! The tests of every format run a few thousand cases; this runs as many as there is time for, on stable Rust. A case is
//! a function of seed and number, so that `--seed S --first N --cases 1` repeats it.
#![allow(clippy::panic, reason = "a reader that fails is reported by panicking")]

use std::error::Error;
use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use ndarray::Ix4;
use patchweave_geometry::{Axes, Extent, Region};
use patchweave_stack::{Formats, ImageStackExt, OpenOptions, OpenRequest, StackError, guessed_axes};
use patchweave_testkit::{TagValues, TiffLayout, mutation, ramp};

/// Damage files and read them, until time is up.
#[derive(Parser)]
struct Arguments {
    /// What is damaged
    #[arg(value_enum)]
    target: Target,
    /// Good files to start from; without them small ones are made
    files: Vec<PathBuf>,
    /// How long
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Another seed damages otherwise
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of the first case
    #[arg(long, default_value_t = 0)]
    first: usize,
    /// How many cases at most for every file
    #[arg(long, default_value_t = usize::MAX)]
    cases: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Target {
    /// Whole TIFF files, directories above all
    Tiff,
    /// The OME-XML of a TIFF
    OmeXml,
    /// ImageJ's text in a TIFF
    Imagej,
    /// Metadata of a Zarr array and of its image
    Zarr,
    /// Whole NPY files, headers above all
    Npy,
    /// Whole HDF5 files; name some
    Hdf5,
    /// Configurations
    Yaml,
}

/// How long one case may take.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Pixels that are read of an image.
const CORNER: usize = 64;

const OME_XML: &str = r#"<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">
<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="17" SizeY="23" SizeZ="3" SizeC="2" SizeT="1"
PhysicalSizeX="0.1" PhysicalSizeXUnit="µm"><Channel ID="Channel:0:0" SamplesPerPixel="1"/><Channel ID="Channel:0:1"/>
<TiffData IFD="0" PlaneCount="6"/></Pixels></Image></OME>"#;

const IMAGEJ: &str =
    "ImageJ=1.54f\nimages=6\nchannels=2\nslices=3\nhyperstack=true\nunit=micron\nspacing=0.5\n";

const ZARRAY: &str = r#"{"zarr_format": 2, "shape": [3, 20, 24], "chunks": [1, 8, 8], "dtype": "<u2", "fill_value": 7,
"order": "C", "filters": null, "compressor": {"id": "zlib", "level": 1}, "dimension_separator": "/"}"#;

const ZARR_JSON: &str = r#"{"zarr_format": 3, "node_type": "array", "shape": [20, 24], "data_type": "uint16", "fill_value": 0,
"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [8, 8]}}, "chunk_key_encoding": {"name": "default"},
"codecs": [{"name": "sharding_indexed", "configuration": {"chunk_shape": [4, 4], "codecs": [{"name": "bytes",
"configuration": {"endian": "little"}}], "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}},
{"name": "crc32c"}]}}], "attributes": {"ome": {"version": "0.5", "multiscales": []}}}"#;

const YAML: &str = "output: out\nreading: {cache_mib: 1}\ndata_config:\n  mode: training\n  data_type: tiff\n  axes: YX\n  \
patching: {name: random, patch_size: [16, 16]}\n  normalization: {name: mean_std}\ntrain: {input: a.tif, target: b.tif}\n";

/// Puts damaged bytes into a folder, and says what is to be read there.
type Place = dyn Fn(&Path, &[u8]) -> std::io::Result<PathBuf>;

/// One thing to damage: its bytes, and where damaged ones are put to be read.
struct Seed {
    name: String,
    bytes: Vec<u8>,
    place: Box<Place>,
}

fn file(name: &str, bytes: Vec<u8>, ending: &'static str) -> Seed {
    let place = move |folder: &Path, bytes: &[u8]| {
        let path = folder.join(format!("image.{ending}"));
        fs::write(&path, bytes)?;
        Ok(path)
    };
    Seed { name: name.to_owned(), bytes, place: Box::new(place) }
}

/// A TIFF of six pages whose description is damaged.
fn description(name: &str, text: &str) -> Seed {
    let place = |folder: &Path, text: &[u8]| {
        let text = String::from_utf8_lossy(text).into_owned();
        let path = folder.join("image.ome.tif");
        fs::write(&path, tiff(Some(text), TiffLayout::default()))?;
        Ok(path)
    };
    Seed { name: name.to_owned(), bytes: text.as_bytes().to_vec(), place: Box::new(place) }
}

fn tiff(description: Option<String>, layout: TiffLayout) -> Vec<u8> {
    let image = ramp::<u16>(&[6, 23, 17, 1]);
    let Ok(image) = image.view().into_dimensionality::<Ix4>() else { return Vec::new() };
    let mut pages = layout.pages(image);
    if let (Some(page), Some(text)) = (pages.first_mut(), description) {
        page.tags.push((270, TagValues::Text(text)));
    }
    layout.file(&pages)
}

/// A Zarr whose metadata file of that name is damaged; its chunks are missing or a few bytes.
fn metadata(name: &'static str, text: &str) -> Seed {
    let place = move |folder: &Path, text: &[u8]| {
        let root = folder.join("image.zarr");
        fs::create_dir_all(root.join("c/0"))?;
        fs::write(root.join(name), text)?;
        fs::write(root.join("c/0/0"), [0xff; 300])?;
        Ok(root)
    };
    Seed { name: name.to_owned(), bytes: text.as_bytes().to_vec(), place: Box::new(place) }
}

fn npy() -> Vec<u8> {
    let header = "{'descr': '<u2', 'fortran_order': False, 'shape': (5, 7), }";
    let header = format!("{header:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap_or(0).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + 70, 3);
    bytes
}

fn made(target: Target) -> Vec<Seed> {
    let plain = TiffLayout::default();
    match target {
        Target::Tiff => [
            ("strips", plain),
            ("tiles", TiffLayout { tile: Some([16, 16]), is_deflated: true, ..plain }),
            ("BigTIFF", TiffLayout { is_big: true, ..plain }),
            ("packed", TiffLayout { bits: 12, ..plain }),
        ]
        .map(|(name, layout)| file(name, tiff(None, layout), "tif"))
        .into(),
        Target::OmeXml => vec![description("OME-XML", OME_XML)],
        Target::Imagej => vec![description("ImageJ", IMAGEJ)],
        Target::Zarr => vec![metadata(".zarray", ZARRAY), metadata("zarr.json", ZARR_JSON)],
        Target::Npy => vec![file("array", npy(), "npy")],
        Target::Hdf5 => Vec::new(),
        Target::Yaml => vec![file("run", YAML.as_bytes().to_vec(), "yaml")],
    }
}

/// Opens whatever is at a path and reads a corner of every image and level; a configuration is parsed.
fn read(path: &Path) -> Result<(), Box<dyn Error>> {
    if path.extension().is_some_and(|ending| ending == "yaml") {
        let text = String::from_utf8_lossy(&fs::read(path)?).into_owned();
        patchweave_config::parse(&text, path, &|_| None)?;
        return Ok(());
    }
    let mut options = OpenOptions::with_cache_bytes(1 << 20);
    options.decoded_chunk_bytes = 1 << 24;
    let formats = Formats::default();
    let mut request = OpenRequest::new(path, &options);
    request.n_levels = None;
    let axes: Axes;
    let images = match formats.open_by_ending(&request) {
        Err(StackError::NoAxes { own, shape, .. }) => {
            axes = guessed_axes(&own, shape.len()).ok_or("too many dimensions")?;
            request.axes = Some(&axes);
            formats.open_by_ending(&request)?
        }
        opened => opened?,
    };
    for stack in images.into_iter().flatten() {
        let extent = stack.info().shape().extent;
        let size: Vec<usize> = extent.iter().map(|n| n.min(CORNER)).collect();
        let region = Region { size: Extent::new(&size)?, ..Region::whole(extent) };
        let patch = stack.read_patch(0, Some(&[0]), &region)?;
        assert_eq!(patch.len(), region.size.n_pixels(), "another shape than was promised");
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { target, files, seconds, seed, first, cases } = Arguments::parse();
    let mut seeds = Vec::new();
    for path in files {
        let ending: &'static str = match target {
            Target::Npy => "npy",
            Target::Hdf5 => "h5",
            Target::Yaml => "yaml",
            _ => "tif",
        };
        seeds.push(file(&path.display().to_string(), fs::read(&path)?, ending));
    }
    if seeds.is_empty() {
        seeds = made(target);
    }
    if seeds.is_empty() {
        return Err("there is nothing to start from, name some files".into());
    }
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut n_cases, mut n_read) = (0_usize, 0_usize);
    let mut batch = first;
    // A thousand cases of every seed in turn.
    while Instant::now() < end && batch - first < cases {
        for (at, start) in seeds.iter().enumerate() {
            let n = 1000.min(cases - (batch - first));
            for case in (batch..batch + n).take_while(|_| Instant::now() < end) {
                let bytes = mutation(seed.wrapping_add(at as u64), &start.bytes, case);
                let folder = tempfile::tempdir()?;
                let path = (start.place)(folder.path(), &bytes)?;
                let begin = Instant::now();
                let result = catch_unwind(AssertUnwindSafe(|| read(&path)));
                let name = || format!("{}, seed {seed}, case {case}", start.name);
                let Ok(result) = result else { panic!("{} panics", name()) };
                assert!(begin.elapsed() < TIME_LIMIT, "{} takes {:?}", name(), begin.elapsed());
                n_read += usize::from(result.is_ok());
                n_cases += 1;
            }
        }
        batch += 1000;
    }
    writeln!(std::io::stdout().lock(), "{n_cases} cases survived, {n_read} of them were read")?;
    Ok(())
}
