//! `patchweave info`: what a path holds, and what reading patches from it will cost.

mod facts;
mod pixels;
mod text;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use patchweave_formats::{Formats, Member, OpenOptions, Pyramid, stored_bytes};
use patchweave_stack::{FileId, Identity, ImageKey};

use crate::arguments::InfoOptions;
use crate::console::in_one_line;
use crate::opened::{format_of, open};
use crate::{Console, Failure};
use facts::{ImageFacts, PathFacts, UnreadableFacts};
use pixels::PixelFacts;

pub(crate) fn info(options: &InfoOptions, formats: &Formats, console: &Console) -> Result<(), Failure> {
    let members = formats.members(&options.path, options.data_type.as_deref(), &[])?;
    let mut facts = PathFacts {
        path: options.path.display().to_string(),
        bytes_on_disk: None,
        n_files: members.found.len(),
        images: Vec::new(),
        unreadable: Vec::new(),
        warnings: members.notes.clone(),
    };
    let mut first_failure = None;
    let mut looking = Looking {
        options,
        formats,
        opening: OpenOptions::default(),
        known: HashMap::new(),
        last: Vec::new(),
        counted: HashSet::new(),
    };
    for Member { path, .. } in &members.found {
        if let Err(failure) = looking.add(&mut facts, path) {
            if !members.is_searched {
                return Err(failure);
            }
            facts
                .unreadable
                .push(UnreadableFacts { path: path.display().to_string(), error: in_one_line(&failure) });
            first_failure.get_or_insert(failure);
        }
    }
    if options.json {
        console.say(serde_json::to_string_pretty(&facts).map_err(Failure::Json)?)?;
    } else {
        text::lines(&facts, members.is_searched).iter().try_for_each(|line| console.say(line))?;
    }
    match first_failure {
        None => Ok(()),
        Some(failure) if facts.images.is_empty() => Err(failure),
        Some(_) => Err(Failure::Unreadable { n_unreadable: facts.unreadable.len(), n_files: facts.n_files }),
    }
}

/// Looks at one file after the other.
struct Looking<'a> {
    options: &'a InfoOptions,
    formats: &'a Formats,
    opening: OpenOptions,
    /// What images are called that were seen.
    known: HashMap<ImageKey, String>,
    /// The images that were new last: while they are open, other files of their OME-TIFF are opened alone.
    last: Vec<Pyramid>,
    /// What lies on the disk and was counted.
    counted: HashSet<FileId>,
}

impl Looking<'_> {
    /// Adds what is known of one file, of all its images or of none.
    fn add(&mut self, facts: &mut PathFacts, path: &Path) -> Result<(), Failure> {
        let options = self.options;
        let format =
            format_of(path, options.data_type.as_deref().map(|name| ("--type", name)), self.formats)?;
        let (images, guess) = open(path, format, options.axes.as_ref(), &self.opening)?;
        let mut told = Vec::new();
        let mut new = Vec::new();
        for (number, image) in images.iter().enumerate() {
            let Some(full) = image.first() else { continue };
            let Some(mut of_image) = ImageFacts::of(image, guess.as_deref(), options) else { continue };
            let mut info = full.info().clone();
            if !info.identity.is_known() {
                info.identity = Identity::opened_from(path, number);
            }
            let key = ImageKey::of(&info);
            of_image.same_as = key.as_ref().and_then(|key| self.known.get(key).cloned());
            if of_image.same_as.is_none() {
                if options.pixels {
                    of_image.pixels = Some(PixelFacts::of(full)?);
                }
                new.extend(key.map(|key| (key, of_image.source.clone())));
            }
            told.push(of_image);
        }
        if !new.is_empty() {
            self.known.extend(new);
            self.last = images;
        }
        facts.images.extend(told);
        if FileId::of(path).map_or(true, |file| self.counted.insert(file)) {
            // Not known of what lies elsewhere.
            let bytes = stored_bytes(path).ok();
            facts.bytes_on_disk = facts.bytes_on_disk.map_or(bytes, |sum| Some(sum + bytes.unwrap_or(0)));
        }
        Ok(())
    }
}
