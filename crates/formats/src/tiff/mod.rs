//! TIFF files: which images they hold, in which dimensions, and their pixels region by region.
//!
//! * `file` reads bytes, `directory`, `page_tags` and `page` the tags; `page_form`, `page_name` and `storage` are what a page is.
//! * `file_pages`, `series`, `imagej`, `imagej_labels`, `shaped`, `ome`, `ome_files`, `ome_images`, `ome_series`, `ome_sets` and `ome_uuid`
//!   say which pages form which image, `copies` and `levels` which are the same image again, `several` what is said where others are
//!   left.
//! * `source` reads the chunks of an image, with `compression`, `fax` and `samples`.
//!
//! Opening reads directories and descriptions, never pixels. What a directory promises is checked when it is opened if
//! that costs no more than the directory, and otherwise where it is read.

mod codec_error;
mod compression;
mod copies;
mod directory;
mod fax;
mod file;
mod file_pages;
mod image_info;
mod imagej;
mod imagej_labels;
mod levels;
mod ome;
mod ome_files;
mod ome_images;
mod ome_series;
mod ome_sets;
mod ome_uuid;
mod page;
mod page_form;
mod page_name;
mod page_tags;
mod samples;
mod series;
mod several;
mod shaped;
mod source;
mod storage;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_files::check_path;
use patchweave_stack::{ImageStack, StackError, StackInfo};

use self::file_pages::FilePages;
use self::ome::Ome;
use self::ome_images::OmeImages;
use self::ome_series::ome_series;
use self::series::Series;
use self::source::TiffSource;
use crate::chunked::ChunkedStack;
use crate::request::Pyramid;
use crate::{Format, OpenRequest};

/// TIFF and BigTIFF, striped or tiled, in any byte order: plain pages, ImageJ hyperstacks, arrays of tifffile, OME-TIFF.
///
/// The dimensions of an image are those that its metadata names, otherwise the number of pages; then the two dimensions
/// of a page; several samples per pixel are channels and come last (first of the page dimensions if they are stored in
/// planes). Pages of an ImageJ or tifffile stack that stand in the file without a directory are found.
///
/// A file holds several images if its OME-XML says so or if its pages differ in size, samples or type; pages of one form
/// are one image, and that is told. `cells.ome.tif/1` names the second of them. Pages marked as copies at reduced
/// resolution and directories below pages are levels of a pyramid where they shrink alike, and passed over otherwise. So
/// are copies that are not marked, if they cannot be anything else: those of a tiled page, in tiles or much smaller, and
/// chains of pages that shrink by the same whole factor again and again.
///
/// Pixels are what is stored: indices of a palette stay indices, white may be 0, and the colours of JPEG images are
/// converted only if they are stored as brightness and differences. Integers of 1 to 63 bits become the next larger
/// type. A strip or tile without a place and a size in the file is zero.
pub(crate) struct TiffFormat;

impl Format for TiffFormat {
    fn name(&self) -> &str {
        crate::FileFormat::Tiff.name()
    }

    fn extensions(&self) -> &[&str] {
        crate::FileFormat::Tiff.extensions()
    }

    fn open(&self, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError> {
        let place = ImagePlace::of(request.path)?;
        let pages = FilePages::open(&place.file, request.options)?;
        let is_ome = Ome::is_ome(&pages.description);
        let stack = place.file.display().to_string();
        let (n_images, all, pages) = if is_ome {
            let OmeImages { n_images, series } = ome_series(pages, place.image, request.options)?;
            (n_images, series, None)
        } else {
            let mut pages = pages;
            let note = pages.mark_copies();
            let mut all = pages.series()?;
            if let Some(first) = all.iter_mut().flatten().next() {
                first.notes.extend(note);
            }
            if place.image.is_none() {
                all = several::told(&stack, all);
            }
            (all.len(), all.into_iter().enumerate().collect(), Some(pages))
        };
        if place.image.is_some_and(|image| image >= n_images) {
            return Err(StackError::damaged(
                request.path.display().to_string(),
                "the list of images",
                format!("{n_images} images"),
                "the one that the path names, counted from 0",
            ));
        }
        let numbered = all.into_iter().filter(|(idx, _)| place.image.is_none_or(|image| image == *idx));
        let pyramids = numbered.map(|(idx, series)| {
            let name = if n_images > 1 { format!("{stack}/{idx}") } else { stack.clone() };
            (idx, series.and_then(|series| pyramid(request, &name, series, pages.as_ref())))
        });
        several::all_or_why(&stack, pyramids.collect())
    }
}

/// A file, and which of its images is meant.
struct ImagePlace {
    file: PathBuf,
    image: Option<usize>,
}

impl ImagePlace {
    fn of(path: &Path) -> Result<Self, StackError> {
        if path.is_dir() {
            return Err(StackError::Unsupported {
                stack: path.display().to_string(),
                what: "a folder read as TIFF".to_owned(),
                hint: "name a TIFF file, or use data_type zarr for a Zarr store",
            });
        }
        check_path(path).map_err(StackError::Path)?;
        let number = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
        match (path.parent().filter(|file| file.is_file()), number) {
            (Some(file), Some(image)) => Ok(ImagePlace { file: file.to_owned(), image: Some(image) }),
            _ => Ok(ImagePlace { file: path.to_owned(), image: None }),
        }
    }
}

/// An image and the levels that are asked for.
fn pyramid(
    request: &OpenRequest<'_>,
    name: &str,
    series: Series,
    pages: Option<&FilePages>,
) -> Result<Pyramid, StackError> {
    let below = match request.n_levels {
        Some(n) => levels::levels(&series, pages, Some(n.saturating_sub(1)))?,
        None => levels::levels(&series, pages, None)?,
    };
    let got = below.len() + 1;
    if let Some(expected) = request.n_levels.filter(|&expected| expected > got) {
        return Err(StackError::TooFewLevels { stack: name.to_owned(), got, expected });
    }
    let full = [series.form.height, series.form.width];
    let named = |(level, series): (usize, Series)| {
        let name = if level == 0 { name.to_owned() } else { format!("{name}, level {level}") };
        stack(request, name, series, full)
    };
    std::iter::once(series).chain(below).enumerate().map(named).collect()
}

/// The stack of one series; `full` is the height and width of the image at full resolution.
fn stack(
    request: &OpenRequest<'_>,
    name: String,
    series: Series,
    full: [usize; 2],
) -> Result<Arc<dyn ImageStack>, StackError> {
    let shape = series.dimensions.shape(&series.form);
    let wanted = request.wanted_axes();
    let axes = series.axes(wanted)?.stored(&name, wanted, &shape)?;
    let source = TiffSource::new(series, request.options.decoded_chunk_bytes)?;
    let series = source.series();
    let form = series.form;
    let storage = &series.planes[0].page.storage;
    let mut info = StackInfo::new(name, form.pixel_type, axes.layout.clone());
    #[expect(clippy::cast_precision_loss, reason = "a ratio of sizes that people look at")]
    let shrink = [1.0, full[0] as f64 / form.height as f64, full[1] as f64 / form.width as f64];
    let mut pixel_size = series.image_info.pixel_size;
    pixel_size.iter_mut().zip(shrink).for_each(|(size, shrink)| *size = size.map(|size| size * shrink));
    info.pixel_size = axes.along_space(pixel_size);
    info.translation = axes.along_space(series.image_info.first_pixel(shrink));
    info.set_channel_names(series.image_info.channel_names.to_vec());
    info.set_channel_colors(series.image_info.channel_colors.to_vec());
    info.set_channel_windows(series.image_info.channel_windows.to_vec());
    info.set_time_step(series.image_info.time_step);
    info.chunks = Some(axes.by_axis(&source.pieces(), &1));
    let is_big = series.planes[0].file.is_big;
    info.format =
        Some(if is_big { format!("{} (BigTIFF)", series.format) } else { series.format.to_owned() });
    info.compression = storage.codec.name().map(str::to_owned);
    info.is_in_place = source.is_in_place();
    info.identity = series.identity();
    info.notes.clone_from(&series.notes);
    let chunk = source.chunk().to_vec();
    Ok(Arc::new(ChunkedStack::new(source, info, axes, chunk, request.options)))
}
