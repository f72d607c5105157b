//! TIFF files: a series of equal pages, read strip by strip or tile by tile.

mod chunk_cache;
mod decoded;
mod decoders;
mod description;
mod pages;

use std::path::Path;

use ndarray::{Axis as Dim, Ix3};
use patchweave_geometry::{ArrayLayout, Axes};
use patchweave_pixel::own_axes_view;

use self::description::Dimensions;
use self::pages::{Header, PageForm, Pages, show};
use crate::own_axes::runs_of;
use crate::runs::{self, Run};
use crate::{ImageStack, InsideWindow, OpenOptions, PatchViewMut, StackError, StackInfo};

/// A TIFF file with one series of equal pages: striped or tiled, BigTIFF or not, any compression that the
/// `tiff` crate decodes.
///
/// The dimensions of the file are those that ImageJ or "shaped" metadata names, otherwise the number of
/// pages; then the two dimensions of a page; several samples per pixel come last (first of the page
/// dimensions if they are stored in planes). Dimensions of size 1 count only where "shaped" metadata names
/// them, as other readers have it. Pages marked as reduced-resolution copies are passed over.
///
/// A region decodes only the strips or tiles it touches, each as a whole, and keeps them within
/// [`OpenOptions::chunk_cache_bytes`]: a page that is a single strip larger than that is decoded for every
/// region. Any number of threads may read at once; between reads, all stacks of a process together keep at
/// most 64 files open.
///
/// ```no_run
/// use std::path::Path;
///
/// use patchweave_stack::{ImageStack, OpenOptions, TiffStack};
///
/// let stack = TiffStack::open(Path::new("cells.tif"), &"CYX".parse()?, &OpenOptions::default())?;
/// println!("{:?} of {}", stack.info().shape(), stack.info().pixel_type);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TiffStack {
    pages: Pages,
    dimensions: FileDimensions,
    info: StackInfo,
}

/// The dimensions of a file in order: those that pages are stacked along, then those of a page.
struct FileDimensions {
    leading: Vec<usize>,
    has_planes: bool,
    has_samples: bool,
}

impl TiffStack {
    /// Opens a file and reads its directories, but no pixels.
    ///
    /// # Errors
    /// [`StackError`] if the file cannot be opened, is no TIFF, holds pages of different form or fewer than
    /// its metadata says, stores pixels that cannot be decoded, or has other dimensions than `axes`.
    pub fn open(path: &Path, axes: &Axes, options: &OpenOptions) -> Result<Self, StackError> {
        let (pages, header) = Pages::open(path, options)?;
        let form = *pages.form();
        let dimensions = file_dimensions(path, &form, pages.len(), &header)?;
        let shape = dimensions.shape(&form);
        if axes.len() != shape.len() {
            return Err(StackError::AxesLength { stack: show(path), axes: axes.clone(), shape });
        }
        let layout = ArrayLayout::new(axes.clone(), &shape)
            .map_err(|source| StackError::Window { stack: show(path), source })?;
        let mut info = StackInfo::new(show(path), form.pixel_type, layout);
        info.pixel_size = header.description.pixel_size(axes.is_3d(), header.resolution);
        info.chunks = Some(dimensions.chunks(&form, header.chunk));
        Ok(TiffStack { pages, dimensions, info })
    }
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

impl ImageStack for TiffStack {
    fn info(&self) -> &StackInfo {
        &self.info
    }

    fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
        let stack = || self.info.source.clone();
        let layout = &self.info.layout;
        let runs = runs_of(layout, window).map_err(|source| StackError::Window { stack: stack(), source })?;
        let own = own_axes_view(out, layout.axes())
            .map_err(|source| StackError::Other { stack: stack(), source: source.into() })?;
        let n_leading = self.dimensions.leading.len();
        let (leading, page_runs) = runs.split_at(n_leading);
        let mut pages = vec![(Vec::new(), own)];
        for dimension in leading {
            pages = pages
                .into_iter()
                .flat_map(|(position, view)| {
                    let positions = dimension.iter().flat_map(Run::file_range);
                    let views = split_first(view);
                    positions.zip(views).map(move |(at, view)| ([position.as_slice(), &[at]].concat(), view))
                })
                .collect();
        }
        for (position, view) in pages {
            let page = self.dimensions.page(position.into_iter());
            self.read_page(page, page_runs, view)?;
        }
        Ok(())
    }
}

/// A view cut along its first dimension.
fn split_first(view: ndarray::ArrayViewMutD<'_, f32>) -> Vec<ndarray::ArrayViewMutD<'_, f32>> {
    let mut rest = view;
    let mut parts = Vec::with_capacity(rest.len_of(Dim(0)));
    while rest.len_of(Dim(0)) > 0 {
        let (first, tail) = rest.split_at(Dim(0), 1);
        parts.push(first.index_axis_move(Dim(0), 0));
        rest = tail;
    }
    parts
}

impl TiffStack {
    fn read_page(
        &self,
        page: usize,
        runs: &[Vec<Run>],
        view: ndarray::ArrayViewMutD<'_, f32>,
    ) -> Result<(), StackError> {
        let single = runs::of_range(0..1);
        let shape_error = |source: ndarray::ShapeError| StackError::Other {
            stack: self.info.source.clone(),
            source: source.into(),
        };
        match runs {
            [planes, rows, columns] if self.dimensions.has_planes => {
                for (plane, view) in planes.iter().flat_map(Run::file_range).zip(split_first(view)) {
                    let block = view.insert_axis(Dim(2)).into_dimensionality::<Ix3>().map_err(shape_error)?;
                    self.pages.read(page, Some(plane), [rows, columns, &single], block)?;
                }
                Ok(())
            }
            [rows, columns, samples] => {
                let block = view.into_dimensionality::<Ix3>().map_err(shape_error)?;
                self.pages.read(page, None, [rows, columns, samples], block)
            }
            [rows, columns] => {
                let block = view.insert_axis(Dim(2)).into_dimensionality::<Ix3>().map_err(shape_error)?;
                self.pages.read(page, None, [rows, columns, &single], block)
            }
            _ => Err(shape_error(ndarray::ShapeError::from_kind(ndarray::ErrorKind::IncompatibleShape))),
        }
    }
}
