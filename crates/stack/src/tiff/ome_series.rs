//! The images of an OME-TIFF: planes of OME-XML found in pages of this file and of its companions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use patchweave_geometry::Axis;

use super::file_pages::FilePages;
use super::ome::{Content, FileName, Ome, OmeImage, OmeProblem, TiffData};
use super::page::Page;
use super::series::{Dimensions, PixelSizes, Plane, Series};
use crate::{OpenOptions, StackError};

/// Bytes that a companion with metadata may have.
const MOST_XML: u64 = 64 << 20;

/// The series of a file whose description is OME-XML, one per image.
///
/// # Errors
/// [`StackError`] if the document is damaged, a file that it names is missing or not beside this one, or a plane has
/// no page.
pub(super) fn ome_series(main: FilePages, options: &OpenOptions) -> Result<Vec<Series>, StackError> {
    let ome = parse(&main, &main.description)?;
    let uuid = ome.uuid;
    let images = match ome.content {
        Content::Images(images) => images,
        Content::Elsewhere(name) => {
            let path = beside(&main, &name, options)?;
            let failed = |source| StackError::Io {
                stack: show(&path),
                action: "read the OME-XML of a companion",
                source,
            };
            let len = std::fs::metadata(&path).map_err(failed)?.len();
            if len > MOST_XML {
                let expected = format!("at most {MOST_XML}");
                return Err(main.file.damaged(name, format!("{len} bytes of OME-XML"), expected));
            }
            let text = String::from_utf8_lossy(&std::fs::read(&path).map_err(failed)?).into_owned();
            match parse(&main, &text)?.content {
                Content::Images(images) => images,
                Content::Elsewhere(further) => {
                    let got = format!("a reference to {further}");
                    return Err(main.file.damaged(name, got, "the images themselves"));
                }
            }
        }
    };
    let mut files = Files { main, uuid, others: BTreeMap::new(), options, names_nobody: false };
    files.names_nobody = files.is_renamed(&images);
    images.iter().enumerate().map(|(idx, image)| files.series(idx, image, images.len())).collect()
}

fn parse(main: &FilePages, text: &str) -> Result<Ome, StackError> {
    Ome::parse(text).map_err(|OmeProblem { place, got, expected }| main.file.damaged(place, got, expected))
}

/// The file that was opened and those that its metadata names, each read once.
struct Files<'a> {
    main: FilePages,
    uuid: Option<String>,
    others: BTreeMap<String, FilePages>,
    options: &'a OpenOptions,
    /// The only name in the metadata is that of this file before it was renamed.
    names_nobody: bool,
}

impl Files<'_> {
    fn is_self(&self, file: &FileName) -> bool {
        let own_name = self.main.file.path().file_name().and_then(|name| name.to_str());
        self.names_nobody
            || (!file.uuid.is_empty() && self.uuid.as_ref() == Some(&file.uuid))
            || file.name.is_none()
            || file.name.as_deref() == own_name
    }

    /// Whether all planes are in one file that cannot be another one, because there is none of that name.
    fn is_renamed(&self, images: &[OmeImage]) -> bool {
        let mut names = images.iter().flat_map(|image| &image.blocks).map(|block| block.file.as_ref());
        let Some(Some(first)) = names.next() else { return false };
        let Some(name) = first.name.as_ref().filter(|name| is_inside(Path::new(name))) else { return false };
        let is_only = names.all(|other| other == Some(first));
        is_only && self.uuid.is_none() && !self.main.file.path().with_file_name(name).exists()
    }

    /// The pages of a file that metadata names.
    fn pages(&mut self, file: Option<&FileName>) -> Result<&FilePages, StackError> {
        let name = match file.filter(|file| !self.is_self(file)).and_then(|file| file.name.as_ref()) {
            None => return Ok(&self.main),
            Some(name) => name,
        };
        if !self.others.contains_key(name) {
            let path = beside(&self.main, name, self.options)?;
            let pages = FilePages::open(&path, self.options)?;
            self.others.insert(name.clone(), pages);
        }
        Ok(self.others.get(name).unwrap_or(&self.main))
    }

    fn series(&mut self, image_idx: usize, image: &OmeImage, n_images: usize) -> Result<Series, StackError> {
        let place = format!("image {image_idx} of the OME-XML");
        let file = Arc::clone(&self.main.file);
        let damaged = |got: String, expected: String| file.damaged(place.clone(), got, expected);
        let whole = [TiffData::default()];
        let blocks = match &image.blocks[..] {
            [] if n_images == 1 => &whole[..],
            [] => return Err(damaged("no TiffData".to_owned(), "where its planes are".to_owned())),
            blocks => blocks,
        };
        let mut n_pages = 0_usize;
        let mut counted = BTreeSet::new();
        for block in blocks {
            let name = block.file.as_ref().filter(|file| !self.is_self(file));
            if counted.insert(name.and_then(|file| file.name.as_deref())) {
                n_pages = n_pages.saturating_add(self.pages(block.file.as_ref())?.pages.len());
            }
        }
        let n_samples = self.first_page(blocks)?.map_or(1, |page| page.form.n_samples);
        let stacked = image.stacked.map(|(axis, size)| match axis {
            // Samples of a pixel are counted as channels, but share a page.
            Axis::C if size.is_multiple_of(n_samples) => (axis, size / n_samples),
            _ => (axis, size),
        });
        let n_planes = stacked.iter().try_fold(1_usize, |n, (_, size)| n.checked_mul(*size));
        let Some(n_planes) = n_planes.filter(|&n| n <= n_pages) else {
            let promised = stacked.map(|(axis, size)| format!("{size} along {axis}")).join(", ");
            return Err(damaged(format!("{n_pages} pages"), format!("planes for {promised}")));
        };
        let planes = self.planes(&place, blocks, stacked, n_planes, n_samples)?;
        let mut found = Vec::with_capacity(n_planes);
        for (plane_idx, plane) in planes.into_iter().enumerate() {
            let Some(plane) = plane else {
                let got = format!("no page for the plane at {}", position(stacked, plane_idx));
                return Err(damaged(got, "a TiffData that has it".to_owned()));
            };
            found.push(plane);
        }
        let form = found[0].page.form;
        for plane in &found {
            let got = plane.page.form;
            let is_fitting = (got.width, got.height, got.pixel_type)
                == (image.width, image.height, image.pixel_type)
                && (got.n_samples, got.is_planar) == (form.n_samples, form.is_planar);
            if !is_fitting {
                let place = format!("{} of {}", plane.page.name, plane.file.name());
                let OmeImage { width, height, pixel_type, .. } = image;
                let expected =
                    format!("{height} × {width} pixels of {pixel_type} as in {}", self.place(image_idx));
                return Err(file.damaged(place, got.describe(), expected));
            }
        }
        let kept = stacked.iter().filter(|(_, size)| *size > 1);
        Ok(Series {
            form,
            planes: found,
            dimensions: Dimensions::of(&form, kept.clone().map(|(_, size)| *size).collect()),
            leading_axes: kept.map(|(axis, _)| Some(*axis)).collect(),
            named_axes: None,
            is_mute: false,
            format: "OME-TIFF",
            pixel_sizes: PixelSizes::Ome(image.pixel_size),
        })
    }

    fn place(&self, image_idx: usize) -> String {
        format!("image {image_idx} of the OME-XML")
    }

    fn first_page(&mut self, blocks: &[TiffData]) -> Result<Option<Page>, StackError> {
        let Some(block) = blocks.first() else { return Ok(None) };
        let pages = self.pages(block.file.as_ref())?;
        Ok(pages.pages.get(block.page.unwrap_or(0)).cloned().flatten())
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
            let found = self.pages(block.file.as_ref())?;
            let page = block.page.unwrap_or(0);
            // A block that names its first page has one plane, one that does not has all pages of the file.
            let n = block.n_planes.unwrap_or(if block.page.is_some() { 1 } else { found.pages.len() });
            for step in 0..n.min(n_planes - first) {
                let pages = &found.pages;
                let Some(Some(page)) = page.checked_add(step).and_then(|page| pages.get(page)) else {
                    let place = format!("{}, plane at {}", place, position(stacked, first + step));
                    let got = format!("{} pages in {}", pages.len(), found.file.name());
                    return Err(file.damaged(place, got, format!("its page {}", page.saturating_add(step))));
                };
                planes[first + step] = Some(Plane { file: Arc::clone(&found.file), page: page.clone() });
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

/// Whether a name stays in the folder that it is used in, links aside.
fn is_inside(name: &Path) -> bool {
    name.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        && name.file_name().is_some()
}

/// The path of a file that metadata names.
fn beside(main: &FilePages, name: &str, options: &OpenOptions) -> Result<PathBuf, StackError> {
    let refused = || {
        let what = format!("{name}, a file outside of the folder,");
        main.file.unsupported(what, "put it beside the image or allow links to outside")
    };
    if !options.links_outside && !is_inside(Path::new(name)) {
        return Err(refused());
    }
    let folder = main.file.path().parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let path = folder.join(name);
    let failed = |source| StackError::Io {
        stack: format!("{}: {}", main.file.name(), path.display()),
        action: "find the file that the OME-XML names",
        source,
    };
    let real = path.canonicalize().map_err(failed)?;
    if !options.links_outside && !real.starts_with(folder.canonicalize().map_err(failed)?) {
        return Err(refused());
    }
    Ok(path)
}

fn show(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside() {
        for inside in ["a.tif", "./a.tif", "parts/a.tif"] {
            assert!(is_inside(Path::new(inside)), "{inside}");
        }
        for outside in ["../a.tif", "/a.tif", "parts/../../a.tif", "", ".."] {
            assert!(!is_inside(Path::new(outside)), "{outside}");
        }
    }

    #[test]
    fn positions_are_named_slow_ones_first() {
        let stacked = [(Axis::T, 2), (Axis::Z, 3), (Axis::C, 4)];
        assert_eq!(position(stacked, 0), "T 0, Z 0, C 0");
        assert_eq!(position(stacked, 23), "T 1, Z 2, C 3");
        assert_eq!(position(stacked, 5), "T 0, Z 1, C 1");
    }
}
