//! A file format of your own: implement `Format`, add it to the known ones, and use it from YAML like any other.
//!
//! The format here is PGM with 16 bits per pixel, a text header and then big-endian pixels. This program is the
//! `patchweave` command that also reads such files; without arguments it makes a few and predicts them.
//! Run it with: cargo run --release --example own_format
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use patchweave::formats::{FileFormat, Format, Formats, OpenOptions, OpenRequest, Pyramid, open};
use patchweave::geometry::{ArrayLayout, Axes, Region};
use patchweave::pixel::PixelType;
use patchweave::stack::{
    Identity, ImageStack, ImageStackExt, InsideWindow, PatchViewMut, StackError, StackInfo,
};

/// PGM files with 16 bits per pixel, found by the ending `.pgm`.
pub(crate) struct Pgm;

/// One open file: what is known about it, and where its pixels start.
struct PgmStack {
    info: StackInfo,
    path: PathBuf,
    first_pixel: u64,
}

impl Format for Pgm {
    fn name(&self) -> &str {
        "pgm"
    }

    fn extensions(&self) -> &[&str] {
        &["pgm"]
    }

    fn open(&self, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError> {
        let stack = PgmStack::open(request.path, request.axes)?;
        Ok(vec![vec![Arc::new(stack)]])
    }
}

/// An error of the operating system with the file it is about.
fn failed(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> StackError {
    let stack = path.display().to_string();
    move |source| StackError::Io { stack, action, source }
}

impl PgmStack {
    fn open(path: &Path, axes: Option<&Axes>) -> Result<Self, StackError> {
        let stack = path.display().to_string();
        let mut start = Vec::new();
        let file = File::open(path).map_err(failed(path, "open the file"))?;
        let n_bytes = file.metadata().map_err(failed(path, "ask for its size"))?.len();
        file.take(64).read_to_end(&mut start).map_err(failed(path, "read the header"))?;
        let damaged = |got: String, expected: &str| {
            let stack = stack.clone();
            let place = "the header".to_owned();
            let expected = expected.to_owned();
            StackError::Damaged { stack, place, got, expected }
        };
        let (width, height, header_len) = header(&start)
            .ok_or_else(|| damaged("something else".to_owned(), "P5, the width, the height and 65535"))?;
        // A header is not believed: the file has to hold what it promises.
        let promised = (width as u64).checked_mul(height as u64).and_then(|n| n.checked_mul(2));
        if promised.and_then(|n| n.checked_add(header_len)) != Some(n_bytes) {
            return Err(damaged(format!("{height} × {width} pixels"), "as many as the file holds"));
        }
        // A PGM file is a plane. Axes of the configuration only have to agree.
        let own: Axes = "YX".parse().map_err(|source| StackError::Window { stack: stack.clone(), source })?;
        let axes = axes.unwrap_or(&own);
        let layout = ArrayLayout::new(axes.clone(), &[height, width])
            .map_err(|source| StackError::Window { stack: stack.clone(), source })?;
        let mut info = StackInfo::new(stack, PixelType::U16, layout);
        info.format = Some("PGM".to_owned());
        // So that the same file is known by any name; without it, nothing is proven about leaks.
        info.identity = Identity::of_file(path, "").map_err(failed(path, "find the file"))?;
        Ok(PgmStack { info, path: path.to_owned(), first_pixel: header_len })
    }
}

/// Width, height and length of a header such as `P5 640 480 65535`.
fn header(start: &[u8]) -> Option<(usize, usize, u64)> {
    let words: Vec<&[u8]> = start.splitn(5, u8::is_ascii_whitespace).collect();
    let [b"P5", width, height, b"65535", _] = words.as_slice() else { return None };
    let number = |word: &[u8]| str::from_utf8(word).ok()?.parse::<usize>().ok();
    let header_len = 2 + width.len() + height.len() + 5 + 4;
    Some((number(width)?, number(height)?, u64::try_from(header_len).ok()?))
}

impl ImageStack for PgmStack {
    fn info(&self) -> &StackInfo {
        &self.info
    }

    /// The window lies inside the image; only its rows are read.
    fn read_inside(&self, window: &InsideWindow<'_>, mut out: PatchViewMut<'_>) -> Result<(), StackError> {
        let [_, y0, x0] = window.region.start;
        let [_, n_rows, n_columns] = window.region.size;
        let width = self.info.shape().extent.to_zyx()[2];
        let mut file = File::open(&self.path).map_err(failed(&self.path, "open the file"))?;
        let mut row = vec![0; 2 * n_columns];
        for y in 0..n_rows {
            let start = self.first_pixel + 2 * ((y0 + y) * width + x0) as u64;
            file.seek(SeekFrom::Start(start)).map_err(failed(&self.path, "find a row"))?;
            file.read_exact(&mut row).map_err(failed(&self.path, "read a row"))?;
            for (x, pixel) in row.chunks_exact(2).enumerate() {
                out[[0, 0, y, x]] = f32::from(u16::from_be_bytes([pixel[0], pixel[1]]));
            }
        }
        Ok(())
    }
}

/// A configuration that says nothing of PGM: the endings of the files decide, and the files know their axes.
const CONFIG: &str = "\
output: out
data_config:
  mode: predicting
  data_type: custom
  patching: {name: tiled, patch_size: [16, 16], overlaps: [4, 4]}
  normalization: {name: none}
predict:
  input: scans
  models: [identity]
  formats: [tiff]
  pixel_type: input
";

/// The pixel of the made image number `image`.
fn pixel(image: usize, y: usize, x: usize) -> u16 {
    u16::try_from(10_000 * image + 100 * y + x).unwrap_or(u16::MAX)
}

fn make_scans(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)?;
    for image in 0..3 {
        let mut bytes = b"P5 40 30 65535\n".to_vec();
        let places = (0..30).flat_map(|y| (0..40).map(move |x| (y, x)));
        bytes.extend(places.flat_map(|(y, x)| pixel(image, y, x).to_be_bytes()));
        fs::write(folder.join(format!("scan{image}.pgm")), bytes)?;
    }
    Ok(())
}

/// Runs the command in a folder of its own and looks at what it wrote.
pub(crate) fn demonstration(formats: Formats) -> Result<ExitCode, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    make_scans(&folder.path().join("scans"))?;
    let config = folder.path().join("run.yaml");
    fs::write(&config, CONFIG)?;
    let arguments = ["own_format".into(), "run".into(), config.into_os_string()];
    let code = patchweave_cli::command::<std::ffi::OsString>(arguments, formats);

    for image in 0..3 {
        let path = folder.path().join(format!("out/scan{image}.pgm_identity.tiff"));
        let written = open(&path, FileFormat::Tiff, Some(&"YX".parse()?), &OpenOptions::default())?;
        let stack = written.first().ok_or("the result is an image")?;
        let pixels = stack.read_patch(0, None, &Region::whole(stack.info().shape().extent))?;
        assert_eq!(pixels.shape(), [1, 1, 30, 40]);
        assert!(pixels.indexed_iter().all(|((_, _, y, x), value)| *value == f32::from(pixel(image, y, x))));
    }
    println!("all pixels went through");
    Ok(code)
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let formats = Formats::default().with(Pgm);
    if std::env::args_os().len() > 1 {
        return Ok(patchweave_cli::main_with(formats));
    }
    demonstration(formats)
}
