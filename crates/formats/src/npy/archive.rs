//! NPZ files: the arrays of a ZIP archive, stored as they are or deflated.

use std::io::{BufReader, Read};
use std::sync::Arc;

use patchweave_stack::{ArrayPlace, Identity, ImageStack, StackError, StoredArray};
use zip::{CompressionMethod, ZipArchive};

use super::blocks::BlockFile;
use super::error::{header_error, io_error};
use super::header::{Header, MAX_HEADER};
use super::stored::{Place, info, stored};
use crate::chunk::DecodedChunk;
use crate::chunked::{ChunkSource, ChunkedStack};
use crate::inside::name_inside;
use crate::pooled_reader::PooledReader;
use crate::request::Pyramid;
use crate::{OpenRequest, PooledFile};

/// Opens all arrays of an archive, or the one that is called `inside`.
pub(super) fn open(
    request: &OpenRequest<'_>,
    file: PooledFile,
    inside: &str,
) -> Result<Vec<Pyramid>, StackError> {
    let path = file.path().to_owned();
    let stack = path.display().to_string();
    let file = BlockFile::new(file, request.options).map_err(io_error(&stack, "open the file"))?;
    let mut archive = ZipArchive::new(file.reader()).map_err(zip_error(&stack))?;
    let mut members = members(&mut archive, &stack)?;
    let all: Vec<String> = members.iter().map(|(name, _)| name.clone()).collect();
    members.retain(|(name, _)| inside.is_empty() || name == inside || format!("{name}.npy") == inside);
    if members.is_empty() {
        let place = if inside.is_empty() { "the archive".to_owned() } else { inside.to_owned() };
        let expected = if inside.is_empty() { "at least one".to_owned() } else { all.join(", ") };
        return Err(StackError::damaged(stack, place, "no such array", expected));
    }
    let opened = members.iter().map(|(name, index)| {
        let stack = name_inside(&path, name);
        Ok(vec![member(request, &mut archive, &file, &stack, *index)?])
    });
    opened.collect()
}

/// The names of all arrays without their ending, sorted, and their places in the archive.
fn members(
    archive: &mut ZipArchive<BufReader<PooledReader>>,
    stack: &str,
) -> Result<Vec<(String, usize)>, StackError> {
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(zip_error(stack))?;
        let name = member.name().map_err(zip_error(stack))?;
        if let Some(name) = name.strip_suffix(".npy") {
            members.push((name.to_owned(), index));
        }
    }
    members.sort();
    Ok(members)
}

fn member(
    request: &OpenRequest<'_>,
    archive: &mut ZipArchive<BufReader<PooledReader>>,
    file: &Arc<BlockFile>,
    stack: &str,
    index: usize,
) -> Result<Arc<dyn ImageStack>, StackError> {
    let mut member = archive.by_index(index).map_err(zip_error(stack))?;
    let size = member.size();
    let compressed = member.compressed_size();
    let method = member.compression();
    let data_start = member.data_start();
    let mut start = Vec::new();
    member.by_ref().take(MAX_HEADER).read_to_end(&mut start).map_err(io_error(stack, "read the header"))?;
    drop(member);
    let header = Header::parse(&start).map_err(header_error(stack))?;
    if header.data_start.checked_add(header.n_bytes) != Some(size) {
        return Err(StackError::damaged(
            stack,
            "the values",
            format!("a member of {size} bytes"),
            format!("{} and {} for {:?}", header.data_start, header.n_bytes, header.shape),
        ));
    }
    if let (CompressionMethod::Stored, Some(data_start)) = (method, data_start) {
        let place = Place {
            file: Arc::clone(file),
            start: data_start.saturating_add(header.data_start),
            end: data_start.saturating_add(size.min(compressed)),
            member: Some(data_start),
        };
        return stored(request, stack, &header, place);
    }
    let limit = request.options.decoded_chunk_bytes;
    if header.n_bytes > limit as u64 {
        let stack = stack.to_owned();
        let chunk = header.shape;
        return Err(StackError::ChunkTooLarge { stack, chunk, pixel_type: header.pixel_type, limit });
    }
    let (mut info, axes) = info(request, stack, &header)?;
    info.compression = Some(match method {
        CompressionMethod::Deflated => "deflate".to_owned(),
        other => other.to_string().to_lowercase(),
    });
    info.chunks = Some(axes.by_axis(&header.shape, &1));
    if let Some(start) = data_start {
        let id = file.id().map_err(io_error(stack, "find the file"))?;
        info.identity = Identity::of_object(StoredArray { file: id, place: ArrayPlace::Member(start) });
    }
    let chunk = header.shape.clone();
    let source = Deflated { stack: stack.to_owned(), file: Arc::clone(file), index, header };
    Ok(Arc::new(ChunkedStack::new(source, info, axes, chunk, request.options)))
}

/// A member that is decoded as a whole.
struct Deflated {
    stack: String,
    file: Arc<BlockFile>,
    index: usize,
    header: Header,
}

impl ChunkSource for Deflated {
    fn decode(&self, _chunk: &[usize]) -> Result<DecodedChunk, StackError> {
        let header = &self.header;
        let mut archive = ZipArchive::new(self.file.reader()).map_err(zip_error(&self.stack))?;
        let mut member = archive.by_index(self.index).map_err(zip_error(&self.stack))?;
        let failed = io_error(&self.stack, "decode the values");
        let skipped = std::io::copy(&mut member.by_ref().take(header.data_start), &mut std::io::sink());
        skipped.map_err(&failed)?;
        let mut bytes = Vec::new();
        member.by_ref().take(header.n_bytes).read_to_end(&mut bytes).map_err(&failed)?;
        // What is left is nothing, but only its end proves the checksum; more than that is not decoded.
        if member.read(&mut [0]).map_err(&failed)? > 0 {
            return Err(StackError::damaged(
                self.stack.clone(),
                "the values",
                "more bytes",
                format!("{} bytes", header.n_bytes),
            ));
        }
        header.to_native(&mut bytes);
        let n_bytes = bytes.len();
        let decoded = if header.is_fortran {
            DecodedChunk::in_fortran_order(bytes, header.pixel_type, &header.shape)
        } else {
            DecodedChunk::new(bytes, header.pixel_type, &header.shape)
        };
        decoded.ok_or_else(|| {
            StackError::damaged(
                self.stack.clone(),
                "the values",
                format!("{n_bytes} bytes"),
                format!("{} bytes", header.n_bytes),
            )
        })
    }
}

fn zip_error(stack: &str) -> impl Fn(zip::result::ZipError) -> StackError {
    let stack = stack.to_owned();
    move |source| StackError::Other { stack: stack.clone(), source: source.into() }
}
