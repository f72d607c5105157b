//! A Zarr in a zip file.

use std::fs;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use flate2::Crc;
use flate2::read::DeflateDecoder;
use patchweave_stack::read_cost::reading;
use patchweave_stack::{ArrayPlace, FileId, Identity, StoredArray};
use tracing::trace_span;
use zip::{CompressionMethod, ZipArchive};

use super::array_keys::ArrayKeys;
use super::store::{Part, Store, StoreError, check_key, within};
use crate::pooled_reader::PooledReader;
use crate::{FilePool, PooledFile};

/// The entries of a zip file.
///
/// The directory of the zip is read once. Entries are read without a lock, from a file that the pool keeps open. Their
/// names are only compared with keys, never used as paths.
pub(super) struct ZipStore {
    file: Arc<PooledFile>,
    archive: ZipArchive<EntryReader>,
    /// The folder in the zip that holds everything, with a `/` at its end, or nothing.
    prefix: String,
    /// The names of all entries, sorted.
    names: Vec<String>,
}

/// A reader that can be had anew by everybody who looks an entry up, so that nobody waits for another one's reading.
struct EntryReader(BufReader<PooledReader>);

impl EntryReader {
    fn new(file: &Arc<PooledFile>, buffered: usize) -> Self {
        EntryReader(BufReader::with_capacity(buffered, PooledReader::new(Arc::clone(file))))
    }
}

/// What is read of the directory of a zip at once.
const DIRECTORY: usize = 8 << 10;

/// What is read of an entry to find its bytes.
const HEADER: usize = 256;

impl Clone for EntryReader {
    fn clone(&self) -> Self {
        EntryReader::new(self.0.get_ref().file(), HEADER)
    }
}

impl Read for EntryReader {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Seek for EntryReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

/// Bytes that the name of an entry may have.
const MAX_NAME: usize = 4096;

/// Where an entry lies in the zip file.
struct Entry {
    start: u64,
    stored_len: u64,
    len: u64,
    method: CompressionMethod,
    crc: u32,
}

impl ZipStore {
    pub fn new(path: &Path, files: &FilePool) -> Result<Self, StoreError> {
        let file = Arc::new(files.file(path));
        file.open()?;
        let archive = ZipArchive::new(EntryReader::new(&file, DIRECTORY))?;
        let mut names = Vec::new();
        for name in archive.file_names() {
            let Ok(name) = name else { continue };
            if name.len() > MAX_NAME {
                return Err(StoreError::ZipEntry {
                    got: format!("an entry whose name has {} bytes", name.len()),
                    expected: "names of at most 4096 bytes",
                });
            }
            names.push(name.into_owned());
        }
        names.sort_unstable();
        let prefix = common_folder(&names);
        Ok(ZipStore { file, archive, prefix, names })
    }

    /// What the names of all entries in a folder start with.
    fn parent(&self, folder: &str) -> String {
        let named = format!("{folder}/");
        let folder = named.strip_prefix(&self.prefix).unwrap_or(&named).trim_matches('/');
        if folder.is_empty() { self.prefix.clone() } else { format!("{}{folder}/", self.prefix) }
    }

    fn find(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        let inside = format!("{}{key}", self.prefix);
        // A path may also name the folder that all entries are in.
        let index = |name: &str| self.archive.index_for_name_raw(name.as_bytes());
        let Some(index) = index(&inside).or_else(|| index(key)) else { return Ok(None) };
        let mut archive = self.archive.clone();
        let entry = archive.by_index_raw(index)?;
        let damaged = |got: &str| StoreError::ZipEntry {
            got: got.to_owned(),
            expected: "an entry that is stored or deflated and not encrypted",
        };
        if entry.encrypted() {
            return Err(damaged("an encrypted entry"));
        }
        let start = entry.data_start().ok_or_else(|| damaged("an entry without an offset"))?;
        let method = entry.compression();
        let crc = entry.crc32();
        if !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(damaged(&format!("compression {method}")));
        }
        Ok(Some(Entry { start, stored_len: entry.compressed_size(), len: entry.size(), method, crc }))
    }
}

/// The only folder at the root of a zip without metadata there: `zip -r x.zip x.zarr` makes one.
fn common_folder(names: &[String]) -> String {
    let mut firsts = names.iter().map(|name| name.split_once('/').map(|(first, _)| first));
    match firsts.next() {
        Some(Some(first)) if firsts.all(|other| other == Some(first)) => format!("{first}/"),
        _ => String::new(),
    }
}

/// What is inflated at once.
const PIECE: usize = 64 << 10;

impl Store for ZipStore {
    fn read(&self, key: &str, part: Part, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        check_key(key)?;
        let _span = trace_span!("read", file = key).entered();
        let Some(entry) = reading(|| self.find(key))? else { return Ok(None) };
        let (start, len) = within(part, entry.len, limit)?;
        let wrong =
            |got: String| StoreError::ZipEntry { got, expected: "what the directory of the zip says" };
        if entry.method == CompressionMethod::Stored {
            let size = self.file.open()?.metadata()?.len();
            let at = entry.start.checked_add(start).filter(|at| {
                entry.stored_len == entry.len && at.checked_add(len as u64).is_some_and(|end| end <= size)
            });
            let at = at.ok_or_else(|| wrong(format!("an entry beyond the {size} bytes of the file")))?;
            let mut bytes = vec![0; len];
            self.file.read_exact_at(&mut bytes, at)?;
            if part == Part::Whole {
                check_crc(&bytes, entry.crc).map_err(wrong)?;
            }
            return Ok(Some(bytes));
        }
        // A part of a deflated entry needs all that is before it, and its checksum all that is behind; only the part
        // is kept.
        let mut file = PooledReader::new(Arc::clone(&self.file));
        file.seek(SeekFrom::Start(entry.start))?;
        let mut inflated = DeflateDecoder::new(BufReader::with_capacity(PIECE, file.take(entry.stored_len)));
        let mut crc = Crc::new();
        let mut at = 0_u64;
        let end = start.saturating_add(len as u64);
        let mut bytes = Vec::with_capacity(len);
        let mut piece = vec![0; PIECE];
        loop {
            let n = inflated.read(&mut piece)?;
            if n == 0 {
                break;
            }
            let read = &piece[..n];
            let next = at.saturating_add(n as u64);
            if next > entry.len {
                return Err(wrong(format!("more than {} bytes", entry.len)));
            }
            crc.update(read);
            let inside = |place: u64| usize::try_from(place.saturating_sub(at)).unwrap_or(n).min(n);
            bytes.extend_from_slice(&read[inside(start)..inside(end)]);
            at = next;
        }
        if at != entry.len {
            return Err(wrong(format!("{at} bytes of {}", entry.len)));
        }
        if crc.sum() != entry.crc {
            return Err(wrong(format!("checksum {:08x}", crc.sum())));
        }
        Ok(Some(bytes))
    }

    fn exists(&self, key: &str) -> Result<bool, StoreError> {
        check_key(key)?;
        // What the directory says is of no use without the file.
        match fs::metadata(self.file.path()) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let inside = format!("{}{key}", self.prefix);
        let is_there = |name: &str| self.names.binary_search_by(|known| known.as_str().cmp(name)).is_ok();
        Ok(is_there(&inside) || is_there(key))
    }

    fn entries(&self, folder: &str, each: &mut dyn FnMut(&str, bool) -> bool) -> Result<bool, StoreError> {
        let parent = self.parent(folder);
        let mut rest = &self.names[self.names.partition_point(|name| *name < parent)..];
        while let Some(inside) = rest.first().and_then(|name| name.strip_prefix(&parent)) {
            let first = inside.split_once('/').map_or(inside, |(first, _)| first);
            let is_folder = first.len() < inside.len();
            let n_same = if is_folder {
                let start = format!("{parent}{first}/");
                rest.partition_point(|name| name.starts_with(&start))
            } else {
                1
            };
            rest = &rest[n_same..];
            if !first.is_empty() && !each(first, is_folder) {
                break;
            }
        }
        Ok(true)
    }

    fn folders(&self, folder: &str) -> Result<Option<Vec<String>>, StoreError> {
        let mut names = Vec::new();
        self.entries(folder, &mut |name, is_folder| {
            if is_folder {
                names.push(name.to_owned());
            }
            true
        })?;
        Ok(Some(names))
    }

    fn name(&self, key: &str) -> String {
        let path = self.file.path();
        let path = if key.is_empty() { path.to_owned() } else { path.join(key) };
        path.display().to_string()
    }

    fn array_identity(&self, keys: &ArrayKeys) -> Identity {
        let Ok(file) = FileId::of(self.file.path()) else { return Identity::unknown() };
        let has = |name: &String| self.names.binary_search(name).is_ok();
        let prefix = if has(&format!("{}{}", self.prefix, keys.metadata)) { &self.prefix } else { "" };
        let place = ArrayPlace::Named(format!("{prefix}{}", keys.folder).into());
        Identity::of_object(StoredArray { file, place })
    }
}

fn check_crc(bytes: &[u8], expected: u32) -> Result<(), String> {
    let mut crc = Crc::new();
    crc.update(bytes);
    if crc.sum() == expected { Ok(()) } else { Err(format!("checksum {:08x}", crc.sum())) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn store(names: &[&str]) -> Result<ZipStore, StoreError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut writer = ZipWriter::new(file.reopen().unwrap());
        for name in names {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(b"x").unwrap();
        }
        writer.finish().unwrap();
        ZipStore::new(file.path(), &FilePool::new(1))
    }

    #[test]
    fn folders_are_those_directly_in_a_folder() {
        let inside = [
            "a.zarr/b/0/c",
            "a.zarr/b/0/d",
            "a.zarr/b/e",
            "a.zarr/b-/x/y",
            "a.zarr/b0/x",
            "a.zarr/z",
            "a.zarr/é/x",
        ];
        for names in [inside.map(str::to_owned), inside.map(|name| name["a.zarr/".len()..].to_owned())] {
            let store = store(&names.each_ref().map(String::as_str)).unwrap();
            let folders = |folder: &str| store.folders(folder).unwrap().unwrap();
            let mut at_root = folders("");
            at_root.sort();
            assert_eq!(at_root, ["b", "b-", "b0", "é"]);
            assert_eq!(folders("b"), ["0"]);
            assert_eq!(folders("b/0"), [""; 0]);
            assert_eq!(folders("none"), [""; 0]);
        }
    }

    /// All folders of such a name would take a gigabyte.
    #[test]
    fn names_are_kept_once_and_bounded() {
        let deep = "a/".repeat(2000);
        let store = store(&[&format!("{deep}x")]).unwrap();
        assert_eq!(store.names.iter().map(String::len).sum::<usize>(), deep.len() + 1);
        let error = self::store(&[&"a/".repeat(30_000), "b"]).err().unwrap();
        assert_eq!(
            error.to_string(),
            "got an entry whose name has 60000 bytes, expected names of at most 4096 bytes"
        );
    }
}
