//! OME-Zarr in one zip file: the same store, put together at the end.

use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::path::{Component, Path};

use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::{ImageSpec, OutputKind, SinkError, SinkFormat, Tree, UnitStore, Work};

/// The name of the format.
const NAME: &str = "ome_zarr_zip";

/// Where the store is until it is put into the zip.
const STORE: &str = "store";

/// The permissions of every entry: those of ordinary files.
const PERMISSIONS: u32 = 0o644;

/// What describes groups and arrays, which comes first.
const METADATA: [&str; 4] = ["zarr.json", ".zgroup", ".zattrs", ".zarray"];

/// One zip file with the store that another format writes, OME-Zarr, and its settings.
///
/// Entries are stored, not compressed, in an order and with a time that are always the same: the metadata of the root
/// first, then that of other groups and arrays, those with shorter paths first, then chunks. The comment says so, as
/// OME-Zarr has it for files that end in `ozx`. The store needs room beside the file until that is whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OmeZarrZip<F>(pub F);

/// The same work on the store that becomes the zip.
pub(crate) fn store_in_zip(work: &Work) -> Work {
    work.with_output(STORE)
}

impl<F: SinkFormat> SinkFormat for OmeZarrZip<F> {
    fn name(&self) -> &str {
        NAME
    }

    fn endings(&self) -> &[&str] {
        &["ozx", "ome.zarr.zip", "zarr.zip"]
    }

    fn output(&self) -> OutputKind {
        OutputKind::File
    }

    fn check(&self, target: &Path, spec: &ImageSpec) -> Result<(), SinkError> {
        self.0.check(target, spec)
    }

    fn prepare(&self, work: &Work, spec: &ImageSpec) -> Result<(), SinkError> {
        self.0.prepare(&store_in_zip(work), spec)
    }

    fn level(&self, work: &Work, spec: &ImageSpec, level: usize) -> Result<Box<dyn UnitStore>, SinkError> {
        self.0.level(&store_in_zip(work), spec, level)
    }

    fn assemble(&self, work: &Work, spec: &ImageSpec) -> Result<(), SinkError> {
        let work_store = store_in_zip(work);
        self.0.assemble(&work_store, spec)?;
        let store = work_store.output();
        let entries = entries(&store).map_err(|source| work.failed("read back", source))?;
        let file = File::create(work.output()).map_err(|source| work.failed("write", source))?;
        write(BufWriter::new(file), &store, &entries).map_err(|error| match error {
            zip::result::ZipError::Io(source) => work.failed("write", source),
            source => SinkError::Encoder {
                action: "put together the zip file",
                path: work.target().into(),
                source: source.into(),
            },
        })
    }
}

/// The names of all files of a store in the order in which they stand in the zip.
fn entries(store: &Path) -> io::Result<Vec<String>> {
    let files = Tree::below(store)?.files;
    let named = |path: &Path| {
        let parts = path.components().map(Component::as_os_str).map(|part| part.to_string_lossy());
        parts.collect::<Vec<_>>().join("/")
    };
    let mut names: Vec<String> = files.iter().map(|file| named(file)).collect();
    names.sort_by_cached_key(|name| {
        let is_metadata = name.rsplit('/').next().is_some_and(|last| METADATA.contains(&last));
        let depth = if is_metadata { name.matches('/').count() } else { 0 };
        (!is_metadata, depth, name.clone())
    });
    Ok(names)
}

fn write(file: BufWriter<File>, store: &Path, entries: &[String]) -> zip::result::ZipResult<()> {
    let mut zip = ZipWriter::new(file);
    for name in entries {
        let mut file = File::open(store.join(name))?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(PERMISSIONS)
            .large_file(file.metadata()?.len() >= u64::from(u32::MAX));
        zip.start_file(name.as_str(), options)?;
        io::copy(&mut file, &mut zip)?;
    }
    if let Some(version) = version_of(&store.join("zarr.json"))? {
        let comment = json!({ "ome": {
            "version": version,
            "zipFile": { "centralDirectory": { "jsonFirst": true } },
        } });
        zip.set_comment(comment.to_string())?;
    }
    zip.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(())
}

/// The version of OME-Zarr that the root of a store names; nothing for those on Zarr version 2.
fn version_of(root: &Path) -> io::Result<Option<Value>> {
    let file = match File::open(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => BufReader::new(file?),
    };
    let root: Value = serde_json::from_reader(file)?;
    Ok(root.pointer("/attributes/ome/version").cloned())
}
