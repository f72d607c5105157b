//! Which pages of a file form which image: series of pages of one form, and the copies at reduced resolution.

use std::collections::HashMap;
use std::sync::Arc;

use patchweave_geometry::Axis;
use patchweave_stack::{ArrayPlace, FileId, Identity, StackError, StoredArray};

use super::file::TiffFile;
use super::file_pages::FilePages;
use super::image_info::ImageInfo;
use super::imagej::ImageJ;
use super::imagej_labels;
use super::page::Page;
use super::page_form::PageForm;
use super::shaped::Shaped;
use crate::file_axes::{FileAxes, WantedAxes};
use crate::open_sets::OpenSet;

/// A page of one of the files of a series.
#[derive(Clone)]
pub(super) struct Plane {
    pub file: Arc<TiffFile>,
    pub page: Arc<Page>,
}

/// One image: its planes and what their order means.
#[derive(Clone)]
pub(super) struct Series {
    pub form: PageForm,
    /// In the order of `leading`, or a single one that others follow in the file without a directory.
    pub planes: Vec<Plane>,
    pub dimensions: Dimensions,
    /// The axes of `dimensions.leading`.
    pub leading_axes: Vec<Option<Axis>>,
    /// Axes of all dimensions that metadata names, instead of those that follow from the form.
    pub named_axes: Option<Vec<Axis>>,
    /// The file tells nothing of its dimensions, so that given axes are right whatever they are.
    pub is_mute: bool,
    pub format: &'static str,
    pub image_info: ImageInfo,
    /// What people should know.
    pub notes: Vec<String>,
    /// Files that describe it and need not have pixels of it.
    pub described_by: Vec<FileId>,
    /// The OME-TIFF of several files that it belongs to, which is known as long as one of its images is open.
    pub of_set: Option<OpenSet>,
}

/// The dimensions of a series in order: those that pages are stacked along, then those of a page.
#[derive(Debug, Clone, Default)]
pub(super) struct Dimensions {
    pub leading: Vec<usize>,
    pub has_planes: bool,
    pub has_samples: bool,
}

impl FilePages {
    /// The pages as series of equal form, described by ImageJ, by tifffile or by nobody.
    pub fn series(&self) -> Result<Vec<Result<Series, StackError>>, StackError> {
        let imagej = ImageJ::parse(&self.description);
        let mut groups: Vec<(usize, Vec<&Arc<Page>>)> = Vec::new();
        let mut known = HashMap::new();
        for page in self.full_pages() {
            let array = self.shaped.partition_point(|(start, _)| *start <= page.name.page);
            let group = *known.entry((array, page.form)).or_insert(groups.len());
            if group == groups.len() {
                groups.push((array, Vec::new()));
            }
            groups[group].1.push(page);
        }
        let series = groups.into_iter().enumerate().map(|(group, (array, pages))| {
            let shaped = array.checked_sub(1).and_then(|array| self.shaped.get(array));
            let is_first = |start: usize| pages[0].name.page == start;
            match (&imagej, shaped) {
                (Some(imagej), _) if group == 0 => self.imagej_series(imagej, &pages),
                (_, Some((start, shaped))) if is_first(*start) => self.shaped_series(shaped, &pages),
                _ => Ok(self.plain_series(&pages)),
            }
        });
        let series: Vec<_> = series.collect();
        if series.is_empty() {
            let got = "only pages of reduced resolution";
            return Err(self.file.damaged("the list of pages", got, "a page at full resolution"));
        }
        Ok(series)
    }

    fn plain_series(&self, pages: &[&Arc<Page>]) -> Series {
        let form = pages[0].form;
        let leading = if pages.len() > 1 { vec![pages.len()] } else { Vec::new() };
        Series {
            form,
            planes: pages.iter().map(|page| self.plane(page)).collect(),
            leading_axes: vec![None; leading.len()],
            dimensions: Dimensions::of(&form, leading),
            named_axes: None,
            is_mute: false,
            format: "TIFF",
            image_info: ImageInfo::default(),
            notes: Vec::new(),
            described_by: Vec::new(),
            of_set: None,
        }
    }

    fn plane(&self, page: &Arc<Page>) -> Plane {
        Plane { file: Arc::clone(&self.file), page: Arc::clone(page) }
    }

    fn imagej_series(&self, imagej: &ImageJ, pages: &[&Arc<Page>]) -> Result<Series, StackError> {
        let plain = self.plain_series(pages);
        let form = plain.form;
        let n_pages = pages.len();
        // Channels stored as samples of a pixel are counted in the description, not in the pages.
        let n_channels = if form.n_samples > 1 { 1 } else { imagej.n_channels };
        let sizes = [(Axis::T, imagej.n_frames), (Axis::Z, imagej.n_slices), (Axis::C, n_channels)];
        let product = sizes.iter().try_fold(1_usize, |n, (_, size)| n.checked_mul(*size));
        let damaged = |got: String, expected: &str| {
            Err(self.file.damaged("the image description by ImageJ", got, expected))
        };
        if let Some(got) = &imagej.unreadable {
            return damaged(got.clone(), "a number of planes");
        }
        let Some(n_named) = product else {
            let got = sizes.map(|(axis, size)| format!("{size} along {axis}")).join(", ");
            return damaged(got, "at most as many planes as an image can have");
        };
        let n_images = if form.n_samples > 1 { None } else { imagej.n_images };
        let promised = n_named.max(n_images.unwrap_or(1));
        if promised > n_pages && (n_pages > 1 || !pages[0].is_plain()) {
            return Err(self.too_few(n_pages, promised));
        }
        let n_planes = promised.max(n_pages);
        if n_planes > n_pages {
            self.check_planes_follow(pages[0], n_planes)?;
        }
        let channel_names = match product == Some(n_planes) {
            true => imagej_labels::channel_names(&self.labels, n_channels, n_planes).into(),
            false => Arc::default(),
        };
        let (leading_axes, leading) = if product == Some(n_planes) {
            sizes.into_iter().filter(|(_, size)| *size > 1).map(|(axis, size)| (Some(axis), size)).unzip()
        } else if n_planes > 1 {
            (vec![None], vec![n_planes])
        } else {
            (Vec::new(), Vec::new())
        };
        Ok(Series {
            dimensions: Dimensions::of(&form, leading),
            leading_axes,
            format: "ImageJ TIFF",
            image_info: ImageInfo {
                pixel_size: imagej.pixel_size(self.resolution),
                channel_names,
                channel_windows: Arc::new([imagej.display]),
                time_step: imagej.frame_interval,
                ..ImageInfo::default()
            },
            ..plain
        })
    }

    fn shaped_series(&self, shaped: &Shaped, pages: &[&Arc<Page>]) -> Result<Series, StackError> {
        let plain = self.plain_series(pages);
        let form = plain.form;
        let n_pages = pages.len();
        let has_samples = plain.dimensions.has_samples;
        // A single sample per pixel may be named as a last dimension of size 1.
        let with_samples = (form.n_samples == 1).then_some(true);
        let fitting = [Some(has_samples), with_samples].into_iter().flatten().filter_map(|has_samples| {
            let page = Dimensions { leading: Vec::new(), has_planes: form.is_planar, has_samples };
            let leading = shaped.shape.strip_suffix(page.shape(&form).as_slice())?.to_vec();
            let named = leading.iter().try_fold(1_usize, |n, &size| n.checked_mul(size))?;
            Some((named, Dimensions { leading, ..page }))
        });
        let fitting: Vec<_> = fitting.collect();
        let most = fitting.iter().map(|(named, _)| *named).max().unwrap_or(0);
        let follows = shaped.is_truncated && n_pages == 1 && most > 1 && pages[0].is_plain();
        let n_planes = if follows { most } else { n_pages };
        match fitting.into_iter().find(|(named, _)| *named == n_planes) {
            Some((_, dimensions)) => {
                if follows {
                    self.check_planes_follow(pages[0], n_planes)?;
                }
                Ok(Series {
                    leading_axes: vec![None; dimensions.leading.len()],
                    named_axes: shaped.axes.as_ref().map(|axes| dimensions.with_channels(axes, &form)),
                    dimensions,
                    is_mute: shaped.axes.is_none(),
                    format: "tifffile TIFF",
                    ..plain
                })
            }
            None if most > n_pages => Err(self.too_few(n_pages, most)),
            None => {
                self.check_values(shaped, &form, n_pages)?;
                Ok(Series { is_mute: true, ..plain })
            }
        }
    }

    /// A shape that pages do not have is of no use, but it must not promise more than there is.
    fn check_values(&self, shaped: &Shaped, form: &PageForm, n_pages: usize) -> Result<(), StackError> {
        let product = |sizes: &[usize]| sizes.iter().try_fold(1_usize, |n, &size| n.checked_mul(size));
        let held = product(&[n_pages, form.height, form.width, form.n_samples]);
        let promised = product(&shaped.shape);
        if promised.is_some_and(|promised| held.is_none_or(|held| promised <= held)) {
            return Ok(());
        }
        let got = format!("{n_pages} pages of {}", form.describe());
        let expected = format!("the shape {:?} that the image description names", shaped.shape);
        Err(self.file.damaged("the list of pages", got, expected))
    }

    fn too_few(&self, n_pages: usize, expected: usize) -> StackError {
        let expected = format!("the {expected} that the image description names");
        self.file.damaged("the list of pages", format!("{n_pages} pages"), expected)
    }

    /// `n_planes` planes stand behind each other from where the only page starts.
    fn check_planes_follow(&self, page: &Page, n_planes: usize) -> Result<(), StackError> {
        let place = "the planes behind page 0";
        let mut start = None;
        for (plane, at) in page.plane_starts(&self.file)?.into_iter().enumerate() {
            let expected =
                plane.checked_mul(page.form.page_bytes().unwrap_or(usize::MAX) / page.form.n_planes());
            let expected = expected.and_then(|skip| u64::try_from(skip).ok()).zip(start.or(at));
            if at.is_none() || at != expected.and_then(|(skip, start)| start.checked_add(skip)) {
                let got = "a page whose strips are not contiguous";
                return Err(self.file.damaged(place, got, "one piece"));
            }
            start = start.or(at);
        }
        let len = page.form.page_bytes().and_then(|page| page.checked_mul(n_planes));
        let len = len.and_then(|len| u64::try_from(len).ok());
        match (start, len) {
            (Some(start), Some(len)) if self.file.has(start, len) => {
                // A directory among them means that the planes end before it.
                if !(start..start + len).contains(&self.file.first) {
                    return Ok(());
                }
                let got = format!("the directory at byte {} among them", self.file.first);
                Err(self.file.damaged(place, got, format!("{n_planes} planes from byte {start}")))
            }
            _ => {
                let bytes = page.form.page_bytes().unwrap_or(usize::MAX);
                let got = format!("a file of {} bytes", self.file.len());
                Err(self.file.damaged(place, got, format!("{n_planes} planes of {bytes} bytes")))
            }
        }
    }
}

impl Dimensions {
    pub fn of(form: &PageForm, leading: Vec<usize>) -> Self {
        let has_samples = form.n_samples > 1 && !form.is_planar;
        Dimensions { leading, has_planes: form.is_planar, has_samples }
    }

    pub fn shape(&self, form: &PageForm) -> Vec<usize> {
        self.with_page_sizes(self.leading.iter().copied(), form.n_samples, [form.height, form.width])
    }

    /// Sizes in the order of the dimensions.
    pub fn with_page_sizes(
        &self,
        leading: impl Iterator<Item = usize>,
        samples: usize,
        [height, width]: [usize; 2],
    ) -> Vec<usize> {
        let planes = self.has_planes.then_some(samples);
        let last = self.has_samples.then_some(samples);
        leading.chain(planes).chain([height, width]).chain(last).collect()
    }

    /// Axes as tifffile names them, who calls samples `S`: here they are channels, and `S` is another axis.
    fn with_channels(&self, axes: &[Axis], form: &PageForm) -> Vec<Axis> {
        let mut axes = axes.to_vec();
        let samples = match (self.has_planes, self.has_samples) {
            (true, _) => Some(self.leading.len()),
            (false, true) => axes.len().checked_sub(1),
            (false, false) => None,
        };
        // A single sample beside channels that are stored otherwise takes nothing away from them.
        let is_free = form.n_samples > 1 || !axes.contains(&Axis::C);
        if let Some(axis) =
            samples.and_then(|at| axes.get_mut(at)).filter(|axis| is_free && **axis == Axis::S)
        {
            *axis = Axis::C;
        }
        axes
    }

    /// Which plane is at a position of the leading dimensions.
    pub fn plane(&self, position: &[usize]) -> usize {
        self.leading.iter().zip(position).fold(0, |plane, (&size, at)| plane * size + at)
    }
}

impl Series {
    /// How many planes there are, with and without a directory of their own.
    pub fn n_planes(&self) -> usize {
        self.dimensions.leading.iter().product()
    }

    /// A plane, and how far behind the place that its page names.
    pub fn plane(&self, idx: usize) -> Option<(&Plane, u64)> {
        match &self.planes[..] {
            [only] => {
                let shift = self.form.page_bytes()?.checked_mul(idx)?;
                Some((only, u64::try_from(shift).ok()?))
            }
            planes => planes.get(idx).map(|plane| (plane, 0)),
        }
    }

    /// What the file says about its axes, where others are wanted or none.
    ///
    /// # Errors
    /// [`StackError::Unsupported`] if both pages and samples are channels.
    pub fn axes(&self, wanted: WantedAxes<'_>) -> Result<FileAxes, StackError> {
        let channels_twice = || {
            let what = format!("channels of {} samples each", self.form.n_samples);
            self.planes[0].file.unsupported(what, "store every sample as a separate channel")
        };
        if let Some(axes) = &self.named_axes {
            if axes.iter().filter(|axis| **axis == Axis::C).count() > 1 && !wanted.overrule() {
                return Err(channels_twice());
            }
            return Ok(FileAxes::new(axes.iter().copied().map(Some).collect()));
        }
        let planes = self.dimensions.has_planes.then_some(Some(Axis::C));
        let last = self.dimensions.has_samples.then_some(Some(Axis::C));
        let is_named_twice =
            self.leading_axes.contains(&Some(Axis::C)) && (planes.is_some() || last.is_some());
        if is_named_twice && !wanted.overrule() {
            return Err(channels_twice());
        }
        let leading = self.leading_axes.iter().copied();
        let page = [Some(Axis::Y), Some(Axis::X)];
        let axes: Vec<Option<Axis>> = leading.chain(planes).chain(page).chain(last).collect();
        Ok(if self.is_mute && wanted.axes.is_some() {
            FileAxes::unknown(axes.len())
        } else {
            FileAxes::new(axes)
        })
    }

    /// Which pages it consists of.
    pub fn identity(&self) -> Identity {
        let object = |Plane { file, page }: &Plane| {
            (!page.is_absent)
                .then(|| StoredArray { file: file.id.clone(), place: ArrayPlace::Page(page.directory) })
        };
        Identity::of_objects(self.planes.iter().map(object).collect()).beside(self.described_by.clone())
    }

    /// The same image made of smaller pages.
    pub fn with_planes(&self, planes: Vec<Plane>) -> Series {
        let form = planes.first().map_or(self.form, |plane| plane.page.form);
        let dimensions = Dimensions { leading: self.dimensions.leading.clone(), ..self.dimensions };
        Series { form, planes, dimensions, ..self.clone() }
    }
}
