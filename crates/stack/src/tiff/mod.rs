//! TIFF files: a series of equal pages, read strip by strip or tile by tile.

mod decoders;
mod description;
mod pages;

use std::path::Path;
use std::sync::Arc;

use self::description::Dimensions;
use self::pages::{Header, PageForm, Pages, show};
use crate::chunk::DecodedChunk;
use crate::chunked::{ChunkSource, ChunkedStack};
use crate::file_axes::FileAxes;
use crate::open::Pyramid;
use crate::{Format, ImageStack, OpenRequest, StackError, StackInfo};

/// TIFF files with one series of equal pages: striped or tiled, BigTIFF or not, any compression that the
/// `tiff` crate decodes.
///
/// The dimensions of the file are those that ImageJ or "shaped" metadata names, otherwise the number of
/// pages; then the two dimensions of a page; several samples per pixel come last (first of the page
/// dimensions if they are stored in planes). Dimensions of size 1 count only where "shaped" metadata names
/// them, as other readers have it. Pages marked as reduced-resolution copies are passed over.
pub(crate) struct TiffFormat;

impl Format for TiffFormat {
    fn name(&self) -> &str {
        "tiff"
    }

    fn extensions(&self) -> &[&str] {
        &["tif", "tiff"]
    }

    fn open(&self, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError> {
        let stack: Arc<dyn ImageStack> = Arc::new(open(request)?);
        match request.n_levels {
            Some(expected) if expected > 1 => {
                Err(StackError::TooFewLevels { stack: stack.info().source.clone(), got: 1, expected })
            }
            _ => Ok(vec![vec![stack]]),
        }
    }
}

/// Opens a file and reads its directories, but no pixels.
fn open(request: &OpenRequest<'_>) -> Result<ChunkedStack<TiffSource>, StackError> {
    let path = request.path;
    if path.is_dir() {
        return Err(StackError::Unsupported {
            stack: show(path),
            what: "a folder read as TIFF".to_owned(),
            hint: "name a TIFF file, or use data_type zarr for a Zarr store",
        });
    }
    let (pages, header) = Pages::open(path, request.options)?;
    let form = *pages.form();
    let dimensions = file_dimensions(path, &form, pages.len(), &header)?;
    let shape = dimensions.shape(&form);
    let layout = FileAxes::unknown(shape.len()).layout(&show(path), request.axes, &shape)?;
    let mut info = StackInfo::new(show(path), form.pixel_type, layout);
    info.pixel_size = header.description.pixel_size(info.layout.axes().is_3d(), header.resolution);
    let chunk = dimensions.chunks(&form, header.chunk);
    info.chunks = Some(chunk.clone());
    Ok(ChunkedStack::new(TiffSource { pages, dimensions }, info, chunk, request.options.cache.clone()))
}

struct TiffSource {
    pages: Pages,
    dimensions: FileDimensions,
}

impl ChunkSource for TiffSource {
    fn decode(&self, chunk: &[usize]) -> Result<DecodedChunk, StackError> {
        let (leading, rest) = chunk.split_at(self.dimensions.leading.len());
        let page = self.dimensions.page(leading.iter().copied());
        let (plane, tile) = match *rest {
            [plane, row, column] if self.dimensions.has_planes => (plane, [row, column]),
            [row, column, ..] => (0, [row, column]),
            _ => (0, [0, 0]),
        };
        let shape = |rows, columns, samples| {
            let leading = self.dimensions.leading.iter().map(|_| 1);
            self.dimensions.with_page_sizes(leading, samples, rows, columns)
        };
        self.pages.decode(page, plane, tile, shape)
    }
}

/// The dimensions of a file in order: those that pages are stacked along, then those of a page.
struct FileDimensions {
    leading: Vec<usize>,
    has_planes: bool,
    has_samples: bool,
}

impl FileDimensions {
    fn shape(&self, form: &PageForm) -> Vec<usize> {
        self.with_page_sizes(self.leading.iter().copied(), form.n_samples, form.height, form.width)
    }

    fn chunks(&self, form: &PageForm, [height, width]: [usize; 2]) -> Vec<usize> {
        let samples = if form.is_planar { 1 } else { form.n_samples };
        let (height, width) = (height.min(form.height), width.min(form.width));
        self.with_page_sizes(self.leading.iter().map(|_| 1), samples, height, width)
    }

    fn with_page_sizes(
        &self,
        leading: impl Iterator<Item = usize>,
        samples: usize,
        height: usize,
        width: usize,
    ) -> Vec<usize> {
        let planes = self.has_planes.then_some(samples);
        let last = self.has_samples.then_some(samples);
        leading.chain(planes).chain([height, width]).chain(last).collect()
    }

    /// The page at a position of the leading dimensions.
    fn page(&self, position: impl Iterator<Item = usize>) -> usize {
        self.leading.iter().zip(position).fold(0, |page, (&size, at)| page * size + at)
    }
}

fn file_dimensions(
    path: &Path,
    form: &PageForm,
    n_pages: usize,
    header: &Header,
) -> Result<FileDimensions, StackError> {
    let too_few = |expected: usize| StackError::Damaged {
        stack: show(path),
        place: "the list of pages".to_owned(),
        got: format!("{n_pages} pages"),
        expected: format!("the {expected} that the image description names"),
    };
    let has_samples = form.n_samples > 1 && !form.is_planar;
    let plain = |leading: Vec<usize>| FileDimensions { leading, has_planes: form.is_planar, has_samples };
    let pages_only = || plain(if n_pages > 1 { vec![n_pages] } else { Vec::new() });
    match &header.description.dimensions {
        None => Ok(pages_only()),
        Some(Dimensions::ImageJ { n_images, n_frames, n_slices, n_channels }) => {
            // Channels stored as samples of a pixel are counted in the description, not in the pages.
            let n_channels = if form.n_samples > 1 { 1 } else { *n_channels };
            let n_images = if form.n_samples > 1 { n_pages } else { n_images.unwrap_or(1) };
            if n_images > n_pages && n_pages == 1 && !header.is_compressed {
                return Err(StackError::Unsupported {
                    stack: show(path),
                    what: format!("{n_images} images behind a single directory (a large ImageJ stack)"),
                    hint: "save it as BigTIFF or OME-Zarr",
                });
            }
            if n_images > n_pages {
                return Err(too_few(n_images));
            }
            let sizes = [*n_frames, *n_slices, n_channels];
            let product = sizes.iter().try_fold(1_usize, |n, &size| n.checked_mul(size));
            if product == Some(n_pages) {
                Ok(plain(sizes.into_iter().filter(|&size| size > 1).collect()))
            } else {
                Ok(pages_only())
            }
        }
        Some(Dimensions::Shaped(shape)) => {
            // A single sample per pixel may be named as a last dimension of size 1.
            let with_samples = (form.n_samples == 1).then_some(true);
            let fitting = [Some(has_samples), with_samples].into_iter().flatten().filter_map(|has_samples| {
                let page = FileDimensions { leading: Vec::new(), has_planes: form.is_planar, has_samples };
                let leading = shape.strip_suffix(page.shape(form).as_slice())?.to_vec();
                let named = leading.iter().try_fold(1_usize, |n, &size| n.checked_mul(size))?;
                Some((named, FileDimensions { leading, ..page }))
            });
            let fitting: Vec<_> = fitting.collect();
            let most = fitting.iter().map(|(named, _)| *named).max().unwrap_or(0);
            match fitting.into_iter().find(|(named, _)| *named == n_pages) {
                Some((_, dimensions)) => Ok(dimensions),
                None if most > n_pages => Err(too_few(most)),
                None => Ok(pages_only()),
            }
        }
    }
}
