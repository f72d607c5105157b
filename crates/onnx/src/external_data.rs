//! Weights in files beside the network.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use patchweave_files::open_file;
use tract_onnx::data_resolver::ModelDataResolver;
use tract_onnx::prelude::TractResult;

/// The most bytes of one array of weights.
const MOST_BYTES: u64 = 1 << 34;

/// Reads weights beside the network as all files are read: nothing but files, without waiting.
pub(crate) struct ExternalData;

impl ModelDataResolver for ExternalData {
    fn read_bytes_from_path(
        &self,
        bytes: &mut Vec<u8>,
        path: &Path,
        offset: usize,
        length: Option<usize>,
    ) -> TractResult<()> {
        let mut file = open_file(path)?;
        file.seek(SeekFrom::Start(u64::try_from(offset)?))?;
        let wanted = length.map(u64::try_from).transpose()?.unwrap_or(MOST_BYTES);
        let n_read = file.take(wanted.min(MOST_BYTES)).read_to_end(bytes)?;
        if let Some(length) = length.filter(|length| *length != n_read) {
            let told = format!("{} has {n_read} bytes from {offset} on, expected {length}", path.display());
            return Err(std::io::Error::other(told).into());
        }
        Ok(())
    }
}

/// Weights beside a network that is in memory, by the names of their files.
pub(crate) struct InMemory(pub BTreeMap<String, Vec<u8>>);

impl ModelDataResolver for InMemory {
    fn read_bytes_from_path(
        &self,
        bytes: &mut Vec<u8>,
        path: &Path,
        offset: usize,
        length: Option<usize>,
    ) -> TractResult<()> {
        let name = path.to_string_lossy();
        let refused = |told: String| std::io::Error::other(told);
        let Some(content) = self.0.get(name.as_ref()) else {
            let known = self.0.keys().cloned().collect::<Vec<_>>().join(", ");
            let known = if known.is_empty() { "none".to_owned() } else { known };
            return Err(
                refused(format!("got weights in {name}, expected those that are there: {known}")).into()
            );
        };
        let rest = content.get(offset..).unwrap_or(&[]);
        let wanted = length.unwrap_or(rest.len());
        let Some(part) = rest.get(..wanted) else {
            let n = rest.len();
            return Err(refused(format!("{name} has {n} bytes from {offset} on, expected {wanted}")).into());
        };
        bytes.extend_from_slice(part);
        Ok(())
    }
}
