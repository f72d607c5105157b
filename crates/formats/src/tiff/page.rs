//! One page of a TIFF file: what its tags say about its pixels and where they are stored.

use std::sync::Arc;

use patchweave_stack::StackError;

use super::compression::Codec;
use super::directory::{Directory, Values, tag};
use super::file::TiffFile;
use super::page_form::PageForm;
use super::page_name::PageName;
use super::page_tags::PageTags;
use super::storage::{Predictor, Storage};
use crate::mapped::MappedFile;

/// Strips of a page whose places are looked at all at once.
const MOST_STRIPS: usize = 1 << 20;

#[derive(Debug, Clone)]
pub(super) struct Page {
    pub name: PageName,
    /// Where its directory stands.
    pub directory: u64,
    pub form: PageForm,
    pub storage: Arc<Storage>,
    /// Marked as a copy of another page at reduced resolution.
    pub is_reduced: bool,
    /// Stands for a page that was never written: all of its pixels are zero.
    pub is_absent: bool,
    /// Places of the directories of its reduced copies.
    pub sub_directories: Option<Values>,
    offsets: Values,
    byte_counts: Option<Values>,
}

/// Where in the file one strip or tile is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub offset: u64,
    pub len: u64,
}

impl Extent {
    /// That of a strip or tile that was never written; its pixels are zero.
    pub const ABSENT: Extent = Extent { offset: 0, len: 0 };
}

impl Page {
    /// Reads the tags of a page; a page that is stored like `before` shares its storage.
    pub fn read(
        file: &TiffFile,
        directory: &Directory,
        name: PageName,
        before: Option<&Page>,
    ) -> Result<Self, StackError> {
        let tags = PageTags { file, directory, name };
        let form = tags.form()?;
        let storage = tags.storage(&form)?;
        let storage = match before {
            Some(before) if *before.storage == storage => Arc::clone(&before.storage),
            _ => Arc::new(storage),
        };
        // Some writers list tiles as if they were strips.
        let is_tiled = storage.is_tiled;
        let either =
            |tile, strip| directory.values(tile).filter(|_| is_tiled).or_else(|| directory.values(strip));
        let offsets = either(tag::TILE_OFFSETS, tag::STRIP_OFFSETS);
        let page = Page {
            name,
            directory: directory.at,
            form,
            storage,
            is_reduced: tags.uint(tag::NEW_SUBFILE_TYPE)?.unwrap_or(0) & 1 == 1,
            is_absent: false,
            sub_directories: directory.values(tag::SUB_IFDS),
            offsets: offsets.ok_or_else(|| tags.lacks("the offsets of its pixels"))?,
            byte_counts: either(tag::TILE_BYTE_COUNTS, tag::STRIP_BYTE_COUNTS),
        };
        page.check_chunks(file)?;
        Ok(page)
    }

    /// A page like this one that was never written.
    pub fn absent_like(&self) -> Self {
        Page { is_absent: true, sub_directories: None, ..self.clone() }
    }

    /// The lists of strips or tiles are as long as the sizes say.
    fn check_chunks(&self, file: &TiffFile) -> Result<(), StackError> {
        let expected = u64::try_from(self.n_chunks()).unwrap_or(u64::MAX);
        let what = self.storage.chunk_word();
        for (list, values) in [("places", Some(self.offsets)), ("sizes", self.byte_counts)] {
            if let Some(values) = values.filter(|values| values.count != expected) {
                let got = format!("the {list} of {} {what}s", values.count);
                return Err(file.damaged(self.name.to_string(), got, expected.to_string()));
            }
        }
        if self.byte_counts.is_none() && self.storage.codec != Codec::None {
            let got = format!("no byte counts of its compressed {what}s");
            return Err(file.damaged(self.name.to_string(), got, expected.to_string()));
        }
        Ok(())
    }

    /// Strips or tiles per column and row of one plane.
    pub fn grid(&self) -> [usize; 2] {
        let [height, width] = self.storage.chunk;
        [self.form.height.div_ceil(height), self.form.width.div_ceil(width)]
    }

    /// Strips or tiles of all planes.
    pub fn n_chunks(&self) -> usize {
        let [down, across] = self.grid();
        down.saturating_mul(across).saturating_mul(self.form.n_planes())
    }

    /// Height and width that are stored for a strip or tile in this row of the grid.
    pub fn stored_size(&self, row: usize) -> [usize; 2] {
        let [height, width] = self.storage.chunk;
        let height = if self.storage.is_tiled { height } else { height.min(self.form.height - row * height) };
        [height, width]
    }

    /// Bytes that pixels of this size take before compression.
    pub fn stored_bytes(&self, [height, width]: [usize; 2]) -> Option<usize> {
        self.row_bytes(width)?.checked_mul(height)
    }

    /// Bytes of a stored row.
    pub fn row_bytes(&self, width: usize) -> Option<usize> {
        let bits = usize::try_from(self.storage.bits).ok()?;
        Some(width.checked_mul(self.form.samples_together())?.checked_mul(bits)?.div_ceil(8))
    }

    /// Whether pixels lie in the file as they are needed, but for the order of bytes.
    pub fn is_plain(&self) -> bool {
        let storage = &*self.storage;
        storage.codec == Codec::None
            && storage.predictor == Predictor::None
            && !storage.is_bit_reversed
            && usize::try_from(storage.bits).is_ok_and(|bits| bits == 8 * self.form.pixel_type.n_bytes())
    }

    /// Where strip or tile `idx` is, looked up in `map` if the file is mapped.
    ///
    /// Nothing can stand at the start of a file: what has no size is absent, anything else is damaged.
    pub fn extent(
        &self,
        file: &TiffFile,
        map: Option<&MappedFile>,
        idx: usize,
        row: usize,
    ) -> Result<Extent, StackError> {
        if self.is_absent {
            return Ok(Extent::ABSENT);
        }
        let place = || format!("{}, {} {idx}", self.name, self.storage.chunk_word());
        let lacks = |what: &str| file.damaged(place(), format!("no {what}"), "an unsigned number");
        let at = u64::try_from(idx).unwrap_or(u64::MAX);
        let number = |values: Values| match map.zip(values.place(at)) {
            // Reading the map costs no call of the system.
            Some((map, (at, size))) if values.only().is_none() && values.is_uint() => {
                let bytes = map.get(at, size).map_err(|source| file.unread(source))?;
                Ok(Some(file.uint(bytes)))
            }
            _ => values.uint(file, at, place),
        };
        let offset = number(self.offsets)?.ok_or_else(|| lacks("place"))?;
        let len = match self.byte_counts {
            Some(counts) => number(counts)?.ok_or_else(|| lacks("size"))?,
            None if offset == 0 => 0,
            None => {
                let len = self.stored_bytes(self.stored_size(row));
                len.and_then(|len| u64::try_from(len).ok()).ok_or_else(|| lacks("size"))?
            }
        };
        if offset == 0 && len != 0 {
            return Err(file.damaged(
                place(),
                format!("{len} bytes at 0"),
                "an offset behind the header of the file",
            ));
        }
        Ok(Extent { offset, len })
    }

    /// Bytes of the lists of strips that stand outside of the directory.
    pub fn list_bytes(&self) -> u64 {
        let lists = [Some(self.offsets), self.byte_counts].into_iter().flatten().filter(|_| !self.is_absent);
        lists
            .filter(|values| values.only().is_none())
            .fold(0, |sum, values| sum.saturating_add(values.n_bytes()))
    }

    /// Where the strips of every plane start that are stored as they are and follow each other without a gap.
    pub fn plane_starts(&self, file: &TiffFile) -> Result<Vec<Option<u64>>, StackError> {
        let n_planes = self.form.n_planes();
        let is_known = !self.is_absent && !self.storage.is_tiled && self.is_plain();
        if !is_known || self.n_chunks() > MOST_STRIPS {
            return Ok(vec![None; n_planes]);
        }
        let place = || format!("{}, the list of strips", self.name);
        let all = |values: Values| match values.only() {
            Some(only) => Ok(vec![only]),
            None => values.uints(file, MOST_STRIPS, place),
        };
        let offsets = all(self.offsets)?;
        let lens = self.byte_counts.map(all).transpose()?;
        let start = |plane| self.plane_start(file, plane, &offsets, lens.as_deref());
        Ok((0..n_planes).map(start).collect())
    }

    fn plane_start(
        &self,
        file: &TiffFile,
        plane: usize,
        offsets: &[u64],
        lens: Option<&[u64]>,
    ) -> Option<u64> {
        let [down, _] = self.grid();
        let mut start_and_end = None;
        for row in 0..down {
            let idx = plane * down + row;
            let expected = u64::try_from(self.stored_bytes(self.stored_size(row))?).ok()?;
            let offset = *offsets.get(idx).filter(|&&offset| offset != 0)?;
            let is_short = lens.is_some_and(|lens| lens.get(idx).is_none_or(|&len| len < expected));
            let (start, end) = start_and_end.unwrap_or((offset, offset));
            let next = end.checked_add(expected).filter(|_| offset == end && !is_short)?;
            start_and_end = Some((start, next));
        }
        start_and_end.filter(|(start, end)| file.has(*start, end - start)).map(|(start, _)| start)
    }
}
