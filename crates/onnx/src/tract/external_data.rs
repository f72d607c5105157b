//! Weights in files beside the network.

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
