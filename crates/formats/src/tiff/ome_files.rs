//! The files of an OME-TIFF: where its document stands, and which pages the files have that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use patchweave_files::{open_file, read_file};
use patchweave_stack::{FileId, StackError};

use super::file_pages::FilePages;
use super::ome::{Content, FileName, Ome, OmeImage, OmeProblem};
use super::ome_uuid::around_uuid;
use crate::{MissingPlanes, OpenOptions};

/// Bytes that a companion with metadata may have.
const MOST_XML: u64 = 64 << 20;

/// The file with the document, or the one that was opened, and those that the document names, each read once.
pub(super) struct Files<'a> {
    pub main: FilePages,
    uuid: Option<String>,
    /// Which file a name means; several may mean the same.
    names: BTreeMap<String, PathBuf>,
    others: BTreeMap<PathBuf, FilePages>,
    /// Names of files that are not there, where that is allowed.
    pub missing: BTreeSet<String>,
    /// Files with the document.
    pub described_by: Vec<FileId>,
    /// Where the document stands.
    pub document: Document,
    options: &'a OpenOptions,
    /// The only name in the metadata is that of this file before it was renamed.
    names_nobody: bool,
    /// Pages of all files that were read.
    pub n_pages: usize,
    /// Planes of all images that were put together.
    pub n_planes: usize,
}

impl<'a> Files<'a> {
    /// The files of an image whose description is OME-XML, and what the document says.
    ///
    /// The document may be elsewhere (`BinaryOnly`): in a file with nothing else, or in another OME-TIFF, whose images
    /// are then those of this one.
    pub fn of(opened: FilePages, options: &'a OpenOptions) -> Result<(Self, Vec<OmeImage>), StackError> {
        let ome = parse(&opened.file.name(), &opened.description)?;
        let mut described_by = vec![opened.file.id.clone()];
        let (main, uuid, document, images) = match ome.content {
            Content::Images(images) => {
                let document = Document::of(&opened);
                (opened, ome.uuid, document, images)
            }
            Content::Elsewhere(name) => {
                let path = beside(&opened, &name, options, FIND_DOCUMENT)?;
                match companion(&path)? {
                    Companion::Text { id, text } => {
                        described_by.push(id.clone());
                        let images = images_of(parse(&path.display().to_string(), &text)?, &path)?;
                        (opened, ome.uuid, Document::Text { path, id }, images)
                    }
                    Companion::Tiff => {
                        let master = FilePages::open(&path, options)?;
                        described_by.push(master.file.id.clone());
                        let ome = parse(&master.file.name(), &master.description)?;
                        let uuid = ome.uuid.clone();
                        let document = Document::of(&master);
                        (master, uuid, document, images_of(ome, &path)?)
                    }
                }
            }
        };
        let mut files = Files {
            n_pages: main.pages.len(),
            main,
            uuid,
            names: BTreeMap::new(),
            others: BTreeMap::new(),
            missing: BTreeSet::new(),
            described_by,
            document,
            options,
            names_nobody: false,
            n_planes: 0,
        };
        files.names_nobody = files.is_renamed(&images);
        Ok((files, images))
    }

    /// Whether planes and files that are not there are zeros.
    pub fn may_miss(&self) -> bool {
        self.options.missing_planes == MissingPlanes::Zeros
    }

    pub fn is_self(&self, file: &FileName) -> bool {
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

    /// The pages of a file that metadata names; nothing for a file that is not there and may be missing.
    pub fn pages(&mut self, file: Option<&FileName>) -> Result<Option<&FilePages>, StackError> {
        let Some(file) = file.filter(|file| !self.is_self(file)) else { return Ok(Some(&self.main)) };
        let Some(name) = &file.name else {
            let got = format!("a UUID {} without a file name", file.uuid);
            let own = self.uuid.as_deref().unwrap_or_default();
            return Err(self.main.file.damaged(
                "the OME-XML",
                got,
                format!("{own}, that of this file, or a name"),
            ));
        };
        if self.missing.contains(name) {
            return Ok(None);
        }
        let path = match self.names.get(name) {
            Some(path) => path.clone(),
            None => match beside(&self.main, name, self.options, FIND_PLANES) {
                Err(StackError::Io { source, .. })
                    if self.may_miss() && source.kind() == std::io::ErrorKind::NotFound =>
                {
                    self.missing.insert(name.clone());
                    return Ok(None);
                }
                path => {
                    let path = path?;
                    self.names.insert(name.clone(), path.clone());
                    path
                }
            },
        };
        if !self.others.contains_key(&path) {
            // Every file of many may have the whole document, which was read.
            let pages = FilePages { description: String::new(), ..FilePages::open(&path, self.options)? };
            self.n_pages = self.n_pages.saturating_add(pages.pages.len());
            self.others.insert(path.clone(), pages);
        }
        Ok(self.others.get(&path))
    }

    /// The files of which it does not matter which one is opened, with their UUIDs, after all images were put together.
    ///
    /// `None` if it matters: then a file is called in different ways, or not at all, or is the only one.
    pub fn members(&self, images: &[OmeImage]) -> Option<Vec<(PathBuf, (FileId, String))>> {
        let mut uuids = BTreeMap::new();
        let mut names = BTreeMap::new();
        for block in images.iter().flat_map(|image| &image.blocks) {
            let FileName { name, uuid } = block.file.as_ref()?;
            let name = name.as_deref()?;
            let uuid = uuid.as_str();
            let is_one_to_one = *uuids.entry(name).or_insert(uuid) == uuid
                && (uuid.is_empty() || *names.entry(uuid).or_insert(name) == name);
            if !is_one_to_one {
                return None;
            }
        }
        let own_name = self.main.file.path().file_name()?.to_str()?;
        let own_uuid = self.uuid.as_deref().unwrap_or_default();
        let is_known_as_itself = match uuids.get(own_name) {
            Some(uuid) => *uuid == own_uuid,
            None => !names.contains_key(own_uuid),
        };
        if uuids.len() < 2 || !is_known_as_itself {
            return None;
        }
        let main = (self.main.file.path().to_owned(), (self.main.file.id.clone(), own_uuid.to_owned()));
        let others = uuids.into_iter().filter_map(|(name, uuid)| {
            let path = self.names.get(name)?;
            Some((path.clone(), (self.others.get(path)?.file.id.clone(), uuid.to_owned())))
        });
        Some(std::iter::once(main).chain(others).collect())
    }
}

/// Where a document stands that describes images.
#[derive(Debug, Clone)]
pub(super) enum Document {
    /// In an OME-TIFF; others of its set may have the same text with another UUID.
    Tiff { path: PathBuf, id: FileId, text: String },
    /// In a file with nothing else.
    Text { path: PathBuf, id: FileId },
}

impl Document {
    fn of(file: &FilePages) -> Self {
        let text = around_uuid(&file.description).1.concat();
        Document::Tiff { path: file.file.path().to_owned(), id: file.file.id.clone(), text }
    }
}

/// The path of the file that describes the images of this one, if that is another one that is there.
pub(super) fn elsewhere(opened: &FilePages, options: &OpenOptions) -> Option<PathBuf> {
    // Long documents describe images themselves.
    let text = Some(&opened.description).filter(|text| text.contains("BinaryOnly"))?;
    match Ome::parse(text).ok()?.content {
        Content::Elsewhere(name) => beside(opened, &name, options, FIND_DOCUMENT).ok(),
        Content::Images(_) => None,
    }
}

/// What stands in a file that a document refers to for its images.
enum Companion {
    Text { id: FileId, text: String },
    Tiff,
}

fn companion(path: &Path) -> Result<Companion, StackError> {
    let stack = path.display().to_string();
    let failed =
        |source| StackError::Io { stack: stack.clone(), action: "read the OME-XML of a companion", source };
    let damaged =
        |got: String, expected: String| StackError::damaged(stack.clone(), "the OME-XML", got, expected);
    let mut start = Vec::new();
    open_file(path).and_then(|file| file.take(2).read_to_end(&mut start)).map_err(failed)?;
    if matches!(&start[..], b"II" | b"MM") {
        return Ok(Companion::Tiff);
    }
    let id = FileId::of(path).map_err(failed)?;
    let bytes = read_file(path, MOST_XML).map_err(failed)?;
    if bytes.len() as u64 > MOST_XML {
        return Err(damaged(format!("more than {MOST_XML} bytes"), "no more".to_owned()));
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Companion::Text { id, text })
}

/// The images of a document that another one refers to.
fn images_of(ome: Ome, path: &Path) -> Result<Vec<OmeImage>, StackError> {
    match ome.content {
        Content::Images(images) => Ok(images),
        Content::Elsewhere(further) => Err(StackError::damaged(
            path.display().to_string(),
            "the OME-XML",
            format!("a reference to {further}"),
            "the images themselves",
        )),
    }
}

/// Reads the document of a file of this name.
fn parse(stack: &str, text: &str) -> Result<Ome, StackError> {
    Ome::parse(text)
        .map_err(|OmeProblem { place, got, expected }| StackError::damaged(stack, place, got, expected))
}

/// Whether a name stays in the folder that it is used in, links aside.
fn is_inside(name: &Path) -> bool {
    name.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        && name.file_name().is_some()
}

/// What is tried where a file with a document is looked for.
const FIND_DOCUMENT: &str = "find the file that the OME-XML stands in";

/// What is tried where a file with planes is looked for.
const FIND_PLANES: &str = "find the file that the OME-XML names (missing_planes: zeros reads what is there)";

/// The path of a file that metadata names; `action` says what for.
fn beside(
    main: &FilePages,
    name: &str,
    options: &OpenOptions,
    action: &'static str,
) -> Result<PathBuf, StackError> {
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
        action,
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
}
