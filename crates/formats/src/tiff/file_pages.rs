//! All pages of one file, as its directories list them, and what the first one says in words.

use std::path::Path;
use std::sync::Arc;

use patchweave_stack::StackError;

use super::directory::{Directory, MOST_TEXT, Values, tag, walk};
use super::file::TiffFile;
use super::imagej_labels;
use super::page::Page;
use super::page_name::PageName;
use super::shaped::Shaped;
use crate::OpenOptions;

/// Bytes that the text of a later page may have; tifffile's says a shape and little else.
const MOST_LATER_TEXT: u64 = 16 << 10;

/// All pages of a file and its description.
pub(super) struct FilePages {
    pub file: Arc<TiffFile>,
    /// In the order of the file; `None` for reduced copies that cannot be decoded.
    pub pages: Vec<Option<Arc<Page>>>,
    /// The text of the first page.
    pub description: String,
    /// Pixels per unit along Y and X, of the first page.
    pub resolution: Option<(f64, f64)>,
    /// What ImageJ calls the slices.
    pub labels: Vec<String>,
    /// Pages that start an array of tifffile.
    pub shaped: Vec<(usize, Shaped)>,
}

impl FilePages {
    /// Reads all directories of a file, but no pixels.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, StackError> {
        let file = Arc::new(TiffFile::open(path, options)?);
        let mut found = FilePages {
            file: Arc::clone(&file),
            pages: Vec::new(),
            description: String::new(),
            resolution: None,
            labels: Vec::new(),
            shaped: Vec::new(),
        };
        let mut before: Option<usize> = None;
        let mut text_left = MOST_TEXT as u64;
        walk(&file, |number, directory| {
            let name = PageName { page: number, level: 0 };
            let last = before.and_then(|at| found.pages.get(at)).and_then(Option::as_deref);
            let page = match Page::read(&file, &directory, name, last) {
                Err(StackError::Unsupported { .. }) if is_reduced(&file, &directory, name) => None,
                page => Some(Arc::new(page?)),
            };
            if number == 0 {
                found.description = description(&file, &directory, name)?;
                found.resolution = resolution(&file, &directory);
                found.labels = imagej_labels::labels(&file, &directory);
                found.shaped.extend(Shaped::parse(&found.description).map(|shaped| (0, shaped)));
            } else if let Some(values) = later_text(&found, &directory).filter(|text| text.count <= text_left)
            {
                text_left -= values.count;
                let text = description(&file, &directory, name)?;
                found.shaped.extend(Shaped::parse(&text).map(|shaped| (number, shaped)));
            }
            before = if page.is_some() { Some(number) } else { before };
            found.pages.push(page);
            Ok(())
        })?;
        Ok(found)
    }

    /// Those that are no reduced copies.
    pub fn full_pages(&self) -> impl Iterator<Item = &Arc<Page>> {
        self.pages.iter().flatten().filter(|page| !page.is_reduced)
    }
}

/// The text of a later page, if it may start another array of tifffile.
fn later_text(found: &FilePages, directory: &Directory) -> Option<Values> {
    let values = directory.values(tag::DESCRIPTION).filter(|_| !found.shaped.is_empty())?;
    (values.n_bytes() <= MOST_LATER_TEXT).then_some(values)
}

fn is_reduced(file: &TiffFile, directory: &Directory, name: PageName) -> bool {
    let values = directory.values(tag::NEW_SUBFILE_TYPE);
    let kind = values.and_then(|values| values.uint(file, 0, || name.to_string()).ok().flatten());
    kind.is_some_and(|kind| kind & 1 == 1)
}

fn description(file: &TiffFile, directory: &Directory, name: PageName) -> Result<String, StackError> {
    let place = || format!("{name}, the image description");
    let Some(values) = directory.values(tag::DESCRIPTION) else { return Ok(String::new()) };
    let bytes = values.bytes(file, MOST_TEXT, place)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.trim_end_matches('\0').to_owned())
}

/// Pixels per unit along Y and X; a tag that cannot be read says nothing.
fn resolution(file: &TiffFile, directory: &Directory) -> Option<(f64, f64)> {
    let ratio = |tag| {
        let values = directory.values(tag).filter(|values| values.is_ratio())?;
        let bytes = values.bytes(file, 8, || "the resolution".to_owned()).ok()?;
        let (over, under) = bytes.split_at_checked(4)?;
        let number = |bytes| u32::try_from(file.uint(bytes)).ok().map(f64::from);
        Some(number(over)? / number(under)?)
    };
    Some((ratio(tag::Y_RESOLUTION)?, ratio(tag::X_RESOLUTION)?))
}
