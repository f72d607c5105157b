//! The images of an OME-TIFF: planes of OME-XML found in pages of this file and of its companions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use patchweave_files::read_file;
use patchweave_geometry::Axis;

use super::file_pages::FilePages;
use super::ome::{Content, FileName, Ome, OmeImage, OmeProblem, TiffData};
use super::page::Page;
use super::series::{Dimensions, PixelSizes, Plane, Series};
use crate::{FileId, OpenOptions, StackError};

/// Bytes that a companion with metadata may have.
const MOST_XML: u64 = 64 << 20;

/// Blocks may name a plane more than once, but not without end.
const MOST_REPEATS: usize = 1 << 20;

/// How many images a file has whose description is OME-XML, and the series of the one that is `wanted`, or of all.
///
/// # Errors
/// [`StackError`] if the document is damaged, a file that it names is missing or not beside this one, a plane has no
/// page, or the images have more planes together than there are pages.
pub(super) fn ome_series(
    main: FilePages,
    wanted: Option<usize>,
    options: &OpenOptions,
) -> Result<(usize, Vec<(usize, Series)>), StackError> {
    let ome = parse(&main.file.name(), &main.description)?;
    let uuid = ome.uuid;
    let mut described_by = vec![main.file.id.clone()];
    let images = match ome.content {
        Content::Images(images) => images,
        Content::Elsewhere(name) => companion(&main, &name, options, &mut described_by)?,
    };
    let mut files = Files {
        n_pages: main.pages.len(),
        main,
        uuid,
        names: BTreeMap::new(),
        others: BTreeMap::new(),
        described_by,
        options,
        names_nobody: false,
        n_planes: 0,
    };
    files.names_nobody = files.is_renamed(&images);
    let n_images = images.len();
    let chosen = images.iter().enumerate().filter(|(idx, _)| wanted.is_none_or(|wanted| wanted == *idx));
    let series = chosen.map(|(idx, image)| Ok((idx, files.series(idx, image, n_images)?)));
    Ok((n_images, series.collect::<Result<_, _>>()?))
}

/// The images that a companion with nothing but metadata describes.
fn companion(
    main: &FilePages,
    name: &str,
    options: &OpenOptions,
    described_by: &mut Vec<FileId>,
) -> Result<Vec<OmeImage>, StackError> {
    let path = beside(main, name, options)?;
    let stack = path.display().to_string();
    let failed =
        |source| StackError::Io { stack: stack.clone(), action: "read the OME-XML of a companion", source };
    let damaged = |got: String, expected: String| StackError::Damaged {
        stack: stack.clone(),
        place: "the OME-XML".to_owned(),
        got,
        expected,
    };
    described_by.push(FileId::of(&path).map_err(failed)?);
    let bytes = read_file(&path, MOST_XML).map_err(failed)?;
    if bytes.len() as u64 > MOST_XML {
        return Err(damaged(format!("more than {MOST_XML} bytes"), "no more".to_owned()));
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match parse(&stack, &text)?.content {
        Content::Images(images) => Ok(images),
        Content::Elsewhere(further) => {
            Err(damaged(format!("a reference to {further}"), "the images themselves".to_owned()))
        }
    }
}

/// Reads the document of a file of this name.
fn parse(stack: &str, text: &str) -> Result<Ome, StackError> {
    Ome::parse(text).map_err(|OmeProblem { place, got, expected }| StackError::Damaged {
        stack: stack.to_owned(),
        place,
        got,
        expected: expected.to_owned(),
    })
}

/// The file that was opened and those that its metadata names, each read once.
struct Files<'a> {
    main: FilePages,
    uuid: Option<String>,
    /// Which file a name means; several may mean the same.
    names: BTreeMap<String, PathBuf>,
    others: BTreeMap<PathBuf, FilePages>,
    /// Files with the document.
    described_by: Vec<FileId>,
    options: &'a OpenOptions,
    /// The only name in the metadata is that of this file before it was renamed.
    names_nobody: bool,
    /// Pages of all files that were read.
    n_pages: usize,
    /// Planes of all images that were put together.
    n_planes: usize,
}

impl Files<'_> {
    fn is_self(&self, file: &FileName) -> bool {
        let own_name = self.main.file.path().file_name().and_then(|name| name.to_str());
        let own_uuid = self.uuid.as_ref();
        let is_own_uuid = !file.uuid.is_empty() && own_uuid == Some(&file.uuid);
        // Without a name only another identity says that it is another file.
        let is_unnamed =
            file.name.is_none() && (file.uuid.is_empty() || own_uuid.is_none_or(|own| own.is_empty()));
        self.names_nobody
            || is_own_uuid
            || is_unnamed
            || (file.name.is_some() && file.name.as_deref() == own_name)
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
        let Some(file) = file.filter(|file| !self.is_self(file)) else { return Ok(&self.main) };
        let Some(name) = &file.name else {
            let got = format!("a UUID {} without a file name", file.uuid);
            let own = self.uuid.as_deref().unwrap_or_default();
            return Err(self.main.file.damaged(
                "the OME-XML",
                got,
                format!("{own}, that of this file, or a name"),
            ));
        };
        let path = match self.names.get(name) {
            Some(path) => path.clone(),
            None => {
                let path = beside(&self.main, name, self.options)?;
                self.names.insert(name.clone(), path.clone());
                path
            }
        };
        if !self.others.contains_key(&path) {
            let pages = FilePages::open(&path, self.options)?;
            self.n_pages = self.n_pages.saturating_add(pages.pages.len());
            self.others.insert(path.clone(), pages);
        }
        Ok(self.others.get(&path).unwrap_or(&self.main))
    }

    /// Adds planes of an image; all images together have no more than all files have pages.
    fn count(&mut self, n_planes: usize, place: &str) -> Result<(), StackError> {
        let n_pages = self.n_pages;
        self.n_planes = self.n_planes.saturating_add(n_planes);
        if self.n_planes <= n_pages {
            return Ok(());
        }
        let got = format!("{} planes of images up to this one", self.n_planes);
        Err(self.main.file.damaged(place, got, format!("no more than the {n_pages} pages there are")))
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
        self.count(n_planes, &place)?;
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
                let place = plane.page.name.to_string();
                let OmeImage { width, height, pixel_type, .. } = image;
                let expected =
                    format!("{height} × {width} pixels of {pixel_type} as in {}", self.place(image_idx));
                return Err(plane.file.damaged(place, got.describe(), expected));
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
            pixel_sizes: PixelSizes::Ome {
                sizes: image.pixel_size,
                channel_names: image.channel_names.clone().into(),
                time_step: image.time_step,
            },
            described_by: self.described_by.clone(),
        })
    }

    fn place(&self, image_idx: usize) -> String {
        format!("image {image_idx} of the OME-XML")
    }

    fn first_page(&mut self, blocks: &[TiffData]) -> Result<Option<Arc<Page>>, StackError> {
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
        let mut steps_left = n_planes.saturating_add(MOST_REPEATS);
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
            let n = n.min(n_planes - first);
            steps_left = steps_left.checked_sub(n).ok_or_else(|| {
                let got = format!("the {n_planes} planes named more than {MOST_REPEATS} times");
                file.damaged(place, got, "every plane once")
            })?;
            for step in 0..n {
                let pages = &found.pages;
                let Some(Some(page)) = page.checked_add(step).and_then(|page| pages.get(page)) else {
                    let place = format!("{}, plane at {}", place, position(stacked, first + step));
                    let got = format!("{} pages", pages.len());
                    return Err(found.file.damaged(
                        place,
                        got,
                        format!("its page {}", page.saturating_add(step)),
                    ));
                };
                planes[first + step] = Some(Plane { file: Arc::clone(&found.file), page: Arc::clone(page) });
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
