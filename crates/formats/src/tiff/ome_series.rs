//! The images of an OME-TIFF: planes of OME-XML found in pages of this file and of its companions.

use std::collections::BTreeSet;
use std::sync::Arc;

use patchweave_geometry::Axis;
use patchweave_stack::StackError;

use super::file_pages::FilePages;
use super::image_info::ImageInfo;
use super::ome::{OmeImage, TiffData};
use super::ome_files::Files;
use super::ome_images::OmeImages;
use super::ome_sets::{add_set, known_series};
use super::page::Page;
use super::series::{Dimensions, Plane, Series};
use crate::OpenOptions;

/// Blocks may name a plane more than once, but not without end.
const MOST_REPEATS: usize = 1 << 20;

/// Planes that may be missing in all images together.
const MOST_MISSING: usize = 1 << 20;

/// The series of a file whose description is OME-XML.
///
/// # Errors
/// [`StackError`] if the document is damaged; for each series, if a file that it names is missing or not beside this
/// one, a plane has no page, or the images have more planes together than there are pages.
pub(super) fn ome_series(
    opened: FilePages,
    wanted: Option<usize>,
    options: &OpenOptions,
) -> Result<OmeImages, StackError> {
    if let Some(mut known) = known_series(&opened, options) {
        known.series.retain(|(idx, _)| wanted.is_none_or(|wanted| wanted == *idx));
        return Ok(known);
    }
    let (mut files, images) = Files::of(opened, options)?;
    let n_images = images.len();
    let chosen = images.iter().enumerate().filter(|(idx, _)| wanted.is_none_or(|wanted| wanted == *idx));
    let series = chosen.map(|(idx, image)| (idx, files.series(idx, image, n_images)));
    let mut series = written(series.collect());
    if wanted.is_none() {
        add_set(&files, &images, &mut series, options);
    }
    Ok(OmeImages { n_images, series })
}

/// Images without those of which nothing was written, which the first one tells, if there are any others.
fn written(all: Vec<(usize, Result<Series, Unread>)>) -> Vec<(usize, Result<Series, StackError>)> {
    let is_empty = |series: &Result<Series, Unread>| matches!(series, Err(Unread::Empty(_)));
    let (empty, mut kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, series)| is_empty(series));
    if kept.is_empty() {
        kept = empty;
    } else if let (Some((first, _)), Some(series)) =
        (empty.first(), kept.iter_mut().find_map(|(_, series)| series.as_mut().ok()))
    {
        let n = empty.len();
        series.notes.push(format!(
            "no plane was written of {n} of the images that the OME-XML names, image {first} first: left out"
        ));
    }
    kept.into_iter().map(|(idx, series)| (idx, series.map_err(Unread::error))).collect()
}

/// Why an image cannot be read.
enum Unread {
    /// Nothing of it was written, where planes may be missing.
    Empty(StackError),
    Failed(StackError),
}

impl Unread {
    fn error(self) -> StackError {
        match self {
            Unread::Empty(error) | Unread::Failed(error) => error,
        }
    }
}

impl From<StackError> for Unread {
    fn from(error: StackError) -> Self {
        Unread::Failed(error)
    }
}

impl Files<'_> {
    /// Adds planes of an image; all images together have no more than all files have pages and may miss.
    fn count(&mut self, n_planes: usize, place: &str) -> Result<(), StackError> {
        let n_pages = self.n_pages;
        self.n_planes = self.n_planes.saturating_add(n_planes);
        if self.n_planes <= n_pages.saturating_add(self.most_missing()) {
            return Ok(());
        }
        let got = format!("{} planes of images up to this one", self.n_planes);
        Err(self.main.file.damaged(place, got, format!("no more than the {n_pages} pages there are")))
    }

    fn most_missing(&self) -> usize {
        if self.may_miss() { MOST_MISSING } else { 0 }
    }

    fn series(&mut self, image_idx: usize, image: &OmeImage, n_images: usize) -> Result<Series, Unread> {
        let place = format!("image {image_idx} of the OME-XML");
        let file = Arc::clone(&self.main.file);
        let damaged = |got: String, expected: String| file.damaged(place.clone(), got, expected);
        let whole = [TiffData::default()];
        let blocks = match &image.blocks[..] {
            [] if n_images == 1 => &whole[..],
            [] => {
                return Err(self.empty(damaged("no TiffData".to_owned(), "where its planes are".to_owned())));
            }
            blocks => blocks,
        };
        let mut n_pages = 0_usize;
        let mut counted = BTreeSet::new();
        for block in blocks {
            let name = block.file.as_ref().filter(|file| !self.is_self(file));
            if counted.insert(name.and_then(|file| file.name.as_deref())) {
                let pages = self.pages(block.file.as_ref())?;
                n_pages = n_pages.saturating_add(pages.map_or(0, |pages| pages.pages.len()));
            }
        }
        let n_samples = self.first_page(blocks)?.map_or(1, |page| page.form.n_samples);
        let stacked = image.stacked.map(|(axis, size)| match axis {
            // Samples of a pixel are counted as channels, but share a page.
            Axis::C if size.is_multiple_of(n_samples) => (axis, size / n_samples),
            _ => (axis, size),
        });
        let n_planes = stacked.iter().try_fold(1_usize, |n, (_, size)| n.checked_mul(*size));
        let most = n_pages.saturating_add(self.most_missing());
        let Some(n_planes) = n_planes.filter(|&n| n <= most) else {
            let promised = stacked.map(|(axis, size)| format!("{size} along {axis}")).join(", ");
            let expected = format!("planes for {promised}{}", self.advice());
            return Err(damaged(format!("{n_pages} pages"), expected).into());
        };
        self.count(n_planes, &place)?;
        let planes = self.planes(&place, blocks, stacked, n_planes, n_samples)?;
        let Some(first) = planes.iter().flatten().next().cloned() else {
            let got = format!("no page for any of {n_planes} planes");
            return Err(self.empty(damaged(got, "at least one".to_owned())));
        };
        let absent = Plane { page: Arc::new(first.page.absent_like()), ..first.clone() };
        let mut notes = Vec::new();
        if let Some(plane_idx) = planes.iter().position(Option::is_none) {
            let position = position(stacked, plane_idx);
            if !self.may_miss() {
                let got = format!("no page for the plane at {position}");
                return Err(damaged(got, format!("a TiffData that has it{}", self.advice())).into());
            }
            let n_missing = planes.iter().filter(|plane| plane.is_none()).count();
            notes.push(self.told(blocks, n_missing, n_planes, &position));
        }
        let form = first.page.form;
        for plane in planes.iter().flatten() {
            let got = plane.page.form;
            let is_fitting = (got.width, got.height, got.pixel_type)
                == (image.width, image.height, image.pixel_type)
                && (got.n_samples, got.is_planar) == (form.n_samples, form.is_planar);
            if !is_fitting {
                let page = plane.page.name.to_string();
                let OmeImage { width, height, pixel_type, .. } = image;
                let expected = format!("{height} × {width} pixels of {pixel_type} as in {place}");
                return Err(plane.file.damaged(page, got.describe(), expected).into());
            }
        }
        let kept = stacked.iter().filter(|(_, size)| *size > 1);
        Ok(Series {
            form,
            planes: planes.into_iter().map(|plane| plane.unwrap_or_else(|| absent.clone())).collect(),
            dimensions: Dimensions::of(&form, kept.clone().map(|(_, size)| *size).collect()),
            leading_axes: kept.map(|(axis, _)| Some(*axis)).collect(),
            named_axes: None,
            is_mute: false,
            format: "OME-TIFF",
            image_info: ImageInfo {
                pixel_size: image.pixel_size,
                translation: image.translation,
                channel_names: image.channel_names.clone().into(),
                channel_colors: image.channel_colors.clone().into(),
                time_step: image.time_step,
                ..ImageInfo::default()
            },
            described_by: self.described_by.clone(),
            of_set: None,
            notes,
        })
    }

    /// What to do where planes may not be missing.
    fn advice(&self) -> &'static str {
        if self.may_miss() { "" } else { ", or missing_planes: zeros to read what is there" }
    }

    /// The error of an image of which nothing is there.
    fn empty(&self, error: StackError) -> Unread {
        if self.may_miss() { Unread::Empty(error) } else { Unread::Failed(error) }
    }

    /// What people are told of planes that are missing in an image of these blocks.
    fn told(&self, blocks: &[TiffData], n_missing: usize, n_planes: usize, first: &str) -> String {
        let names = blocks.iter().filter_map(|block| block.file.as_ref()?.name.as_deref());
        let missing: BTreeSet<&str> = names.filter(|name| self.missing.contains(*name)).collect();
        let files = match missing.len() {
            0 => String::new(),
            n => {
                let names: Vec<&str> = missing.into_iter().take(3).collect();
                let more = if n > names.len() { ", …" } else { "" };
                format!("; {n} of the files that the OME-XML names are not there: {}{more}", names.join(", "))
            }
        };
        format!("{n_missing} of {n_planes} planes are missing and read as zeros, the first at {first}{files}")
    }

    /// The first page that blocks name and that is there.
    fn first_page(&mut self, blocks: &[TiffData]) -> Result<Option<Arc<Page>>, StackError> {
        let n_tried = if self.may_miss() { blocks.len() } else { 1 };
        for block in blocks.iter().take(n_tried) {
            let pages = self.pages(block.file.as_ref())?;
            let page = pages.and_then(|pages| pages.pages.get(block.page.unwrap_or(0)).cloned().flatten());
            if page.is_some() {
                return Ok(page);
            }
        }
        Ok(None)
    }

    /// The page of every plane, `None` where no block has it.
    fn planes(
        &mut self,
        place: &str,
        blocks: &[TiffData],
        stacked: [(Axis, usize); 3],
        n_planes: usize,
        n_samples: usize,
    ) -> Result<Vec<Option<Plane>>, StackError> {
        let mut planes = vec![None; n_planes];
        let mut steps_left = n_planes.saturating_add(MOST_REPEATS);
        let may_miss = self.may_miss();
        let advice = self.advice();
        for block in blocks {
            let start = [block.c / n_samples, block.z, block.t];
            let first = stacked.iter().try_fold(0_usize, |first, (axis, size)| {
                let at = match axis {
                    Axis::C => start[0],
                    Axis::Z => start[1],
                    _ => start[2],
                };
                (at < *size).then(|| first * size + at)
            });
            let file = self.main.file.clone();
            let Some(first) = first else {
                let got = format!("a TiffData at C {}, Z {}, T {}", block.c, block.z, block.t);
                let expected =
                    format!("one below {}", stacked.map(|(axis, size)| format!("{axis} {size}")).join(", "));
                return Err(file.damaged(place, got, expected));
            };
            let Some(found) = self.pages(block.file.as_ref())? else { continue };
            let page = block.page.unwrap_or(0);
            // A block that names its first page has one plane, one that does not has all pages of the file.
            let n = block.n_planes.unwrap_or(if block.page.is_some() { 1 } else { found.pages.len() });
            let n = n.min(n_planes - first);
            steps_left = steps_left.checked_sub(n).ok_or_else(|| {
                let got = format!("the {n_planes} planes named more than {MOST_REPEATS} times");
                file.damaged(place, got, "every plane once")
            })?;
            for step in 0..n {
                let pages = &found.pages;
                match page.checked_add(step).and_then(|page| pages.get(page)) {
                    Some(Some(page)) => {
                        let plane = Plane { file: Arc::clone(&found.file), page: Arc::clone(page) };
                        planes[first + step] = Some(plane);
                    }
                    None if may_miss => break,
                    _ => {
                        let place = format!("{}, plane at {}", place, position(stacked, first + step));
                        let expected = format!("its page {}{advice}", page.saturating_add(step));
                        return Err(found.file.damaged(place, format!("{} pages", pages.len()), expected));
                    }
                }
            }
        }
        Ok(planes)
    }
}

/// Where a plane is, for people.
fn position(stacked: [(Axis, usize); 3], mut plane_idx: usize) -> String {
    let mut parts = stacked.map(|(axis, _)| format!("{axis} 0"));
    for (part, (axis, size)) in parts.iter_mut().zip(stacked).rev() {
        *part = format!("{axis} {}", plane_idx % size);
        plane_idx /= size;
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_named_slow_ones_first() {
        let stacked = [(Axis::T, 2), (Axis::Z, 3), (Axis::C, 4)];
        assert_eq!(position(stacked, 0), "T 0, Z 0, C 0");
        assert_eq!(position(stacked, 23), "T 1, Z 2, C 3");
        assert_eq!(position(stacked, 5), "T 0, Z 1, C 1");
    }
}
