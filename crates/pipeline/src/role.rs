//! The images of one role of a run, which holds each of them once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use patchweave_config::ImageFacts;
use patchweave_formats::Pyramid;
use patchweave_stack::{FileId, Identity, ImageKey, StackInfo};

use crate::NamedImages;
use crate::output_names::ImageSource;

/// The images of a role.
#[derive(Default)]
pub(crate) struct Role {
    pub found: Vec<RoleImage>,
    pub is_incomplete: bool,
}

/// One image of a role.
#[derive(Clone)]
pub(crate) struct RoleImage {
    pub facts: ImageFacts,
    /// The path that it comes from.
    pub path: PathBuf,
    /// Which of the images of the path it is.
    number: usize,
    pub key: Key,
    /// What was opened; nothing for an image that a simulation will make.
    opened: Option<(Pyramid, Identity)>,
    /// What a simulation will make.
    planned: Option<StackInfo>,
}

/// What images have in common that are the same.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Image(ImageKey),
    Planned(PathBuf),
}

impl RoleImage {
    /// An image that a simulation will make.
    pub fn planned(info: StackInfo, path: PathBuf, entry: usize) -> Self {
        let facts = ImageFacts { source: info.source.clone(), shape: info.shape(), entry };
        RoleImage {
            facts,
            key: Key::Planned(path.clone()),
            path,
            number: 0,
            opened: None,
            planned: Some(info),
        }
    }

    /// The image with this number of those that a path gave; `None` without a level.
    pub fn opened(levels: Pyramid, path: PathBuf, number: usize, entry: usize) -> Option<Self> {
        let info = levels.first()?.info();
        let facts = ImageFacts { source: info.source.clone(), shape: info.shape(), entry };
        let identity = match info.identity.is_known() {
            true => info.identity.clone(),
            false => Identity::opened_from(&path, number),
        };
        let key = ImageKey::of(&with_identity(info, &identity));
        let key = key.map_or_else(|| Key::Planned(path.join(number.to_string())), Key::Image);
        Some(RoleImage { facts, path, number, key, opened: Some((levels, identity)), planned: None })
    }
}

impl RoleImage {
    /// Takes what was opened for the same image, so that an image that is named often takes its memory once.
    pub fn share(&mut self, first: &RoleImage) {
        self.key.clone_from(&first.key);
        self.opened.clone_from(&first.opened);
    }

    /// What is known of it.
    pub fn info(&self) -> Option<&StackInfo> {
        let first = self.opened.as_ref().and_then(|(levels, _)| levels.first());
        first.map(|stack| stack.info()).or(self.planned.as_ref())
    }

    /// What its reader noticed.
    pub fn notes(&self) -> &[String] {
        let first = self.opened.as_ref().and_then(|(levels, _)| levels.first());
        first.map_or(&[], |stack| &stack.info().notes)
    }
}

/// The same image with what is known of its identity from elsewhere.
pub(crate) fn with_identity(info: &StackInfo, identity: &Identity) -> StackInfo {
    let mut info = info.clone();
    info.identity = identity.clone();
    info
}

impl Role {
    /// What is known of every image, in their order.
    pub fn facts(&self) -> Vec<ImageFacts> {
        self.found.iter().map(|image| image.facts.clone()).collect()
    }

    /// Where every image comes from.
    pub fn sources(&self) -> Vec<ImageSource> {
        let source =
            |image: &RoleImage| ImageSource { path: image.path.clone(), source: image.facts.source.clone() };
        self.found.iter().map(source).collect()
    }

    /// What is known of every image whose source and format say it.
    pub fn infos(&self) -> Vec<StackInfo> {
        self.found.iter().filter_map(|image| image.info().cloned()).collect()
    }

    /// Every real file that is read.
    pub fn files(&self) -> impl Iterator<Item = &FileId> {
        let opened = self.found.iter().filter_map(|image| image.opened.as_ref());
        let levels = opened.flat_map(|(levels, _)| levels);
        levels.flat_map(|level| level.info().identity.files())
    }

    /// What was opened.
    pub fn images(self) -> NamedImages {
        let mut images = NamedImages::default();
        for RoleImage { facts, path, opened, .. } in self.found {
            let Some((levels, identity)) = opened else { continue };
            images.stacks.extend(levels.first().cloned());
            images.paths.push(path);
            images.entries.push(facts.entry);
            images.levels.push(levels);
            images.identities.push(identity);
        }
        images
    }

    /// The names that images have inside of each file.
    pub fn by_file(&self) -> Vec<(&Path, Vec<&str>)> {
        let mut files: Vec<(&Path, Vec<&str>)> = Vec::new();
        for RoleImage { path, facts, number, .. } in &self.found {
            // Sources are called as paths are shown, also where a name is not UTF-8.
            let file = path.display().to_string();
            let name = facts.source.strip_prefix(&file).unwrap_or(&facts.source);
            match files.last_mut() {
                // A path that is listed again starts again.
                Some((last, names)) if *last == path && *number > 0 => names.push(name),
                _ => files.push((path, vec![name])),
            }
        }
        files
    }
}

/// Images that stood in lists before, and are left out of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// How many of them.
    pub n: usize,
    /// Of how many.
    pub of: usize,
    /// The first of them, and its entry.
    pub first: (String, usize),
    /// The image that it is.
    pub same_as: String,
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let LeftOut { n, of, first: (first, _), same_as } = self;
        write!(f, "{n} of {of} images are in the list before and are left out")?;
        if first == same_as { write!(f, ": {first}") } else { write!(f, ": {first} is {same_as}") }?;
        if *n > 1 { write!(f, ", and so on") } else { Ok(()) }
    }
}

/// Leaves out what was there before, from lists in which images that belong together stand at the same place: images
/// that are the same together with all that belongs to them. An image with another partner is another example and stays.
///
/// Nothing is left out of lists of different lengths or with images that could not be opened. Lists without images do not
/// count.
pub(crate) fn keep_once(group: &mut [&mut Role]) -> Option<LeftOut> {
    let mut roles: Vec<&mut &mut Role> = group.iter_mut().filter(|role| !role.found.is_empty()).collect();
    let n = roles.first()?.found.len();
    if roles.iter().any(|role| role.is_incomplete || role.found.len() != n) {
        return None;
    }
    let mut first_of: HashMap<Vec<Key>, usize> = HashMap::new();
    let mut is_kept = Vec::with_capacity(n);
    let mut left_out: Option<LeftOut> = None;
    for place in 0..n {
        let keys: Vec<Key> = roles.iter().map(|role| role.found[place].key.clone()).collect();
        let first = *first_of.entry(keys).or_insert(place);
        is_kept.push(first == place);
        if first != place {
            let found = &roles.first()?.found;
            let told = left_out.get_or_insert_with(|| LeftOut {
                n: 0,
                of: n,
                first: (found[place].facts.source.clone(), found[place].facts.entry),
                same_as: found[first].facts.source.clone(),
            });
            told.n += 1;
        }
    }
    if left_out.is_some() {
        for role in &mut roles {
            let mut kept = is_kept.iter();
            role.found.retain(|_| kept.next().is_none_or(|kept| *kept));
        }
    }
    left_out
}
