//! The chunks of an array: found in the store, decoded, or filled where there are none.

use std::sync::Arc;

use patchweave_pixel::PixelType;
use patchweave_stack::StackError;
use patchweave_stack::read_cost::decoding;
use zarrs::array::Array;

use super::decoder::ChunkDecoder;
use super::error::zarr_error;
use super::form::{Form, Limits, chunk_shape};
use super::grid::IrregularGrid;
use super::seen::Seen;
use super::shard::ShardLayout;
use super::shard_files::{Found, InFile, InShard, ShardFiles};
use super::store::{Part, Store, StoreError, Wanted, ZarrsStorage};
use super::witness::{Vanished, Witness};
use crate::ChunkCache;
use crate::chunk::DecodedChunk;
use crate::chunked::{ChunkSource, Done, Edges};

/// Where the chunks of an array come from.
pub(super) struct ZarrChunks {
    pub array: Array<ZarrsStorage>,
    pub store: Arc<dyn Store>,
    pub chunks: ArrayChunks,
    pub stack: String,
    pub pixel_type: PixelType,
    /// The size of the largest chunk.
    pub chunk: Vec<usize>,
    pub fill_value: Vec<u8>,
    /// The fill value of the file, where it is no value of the type.
    pub unusable_fill: Option<String>,
    /// What is still there as long as the store is.
    pub witness: Witness,
    /// How many files with chunks there may be along every dimension.
    pub files: Vec<u64>,
    /// Those that were read.
    pub seen: Seen,
    /// Keeps the indices of shards.
    pub cache: ChunkCache,
    /// A number of this array among them.
    pub image: u64,
}

/// How chunks stand in files.
pub(super) enum ArrayChunks {
    /// One file per chunk.
    Plain(Decoders),
    /// Many chunks in a file.
    Shards(Box<ShardLayout>),
}

/// What decodes chunks that have a file each.
pub(super) enum Decoders {
    /// All chunks have one size.
    One(Arc<ChunkDecoder>),
    /// Each size has its own, which is made when it is needed; no chunk may decode to more bytes than the limit.
    OfShapes { grid: IrregularGrid, has_fill: bool, limit: usize },
}

impl ArrayChunks {
    pub fn regular(decoder: ChunkDecoder) -> Self {
        match decoder.into_open_shard() {
            Ok(layout) => ArrayChunks::Shards(layout),
            Err(decoder) => ArrayChunks::Plain(Decoders::One(Arc::new(*decoder))),
        }
    }
}

impl Decoders {
    /// Where chunks of several sizes are.
    pub fn edges(&self) -> Option<Vec<Edges>> {
        match self {
            Decoders::One(_) => None,
            Decoders::OfShapes { grid, .. } => Some(grid.0.clone()),
        }
    }

    fn of(&self, array: &Array<ZarrsStorage>, chunk: &[usize]) -> Result<Arc<ChunkDecoder>, Failure> {
        let (grid, has_fill, limit) = match self {
            Decoders::One(decoder) => return Ok(decoder.clone()),
            Decoders::OfShapes { grid, has_fill, limit } => (grid, *has_fill, *limit),
        };
        let shape: Vec<u64> = grid.size_of(chunk).into_iter().map(|size| size as u64).collect();
        let form = Form {
            shape: chunk_shape(&shape).ok_or("a chunk without pixels")?,
            data_type: array.data_type().clone(),
            fill_value: array.fill_value().clone(),
            has_fill,
        };
        Ok(Arc::new(ChunkDecoder::new(&array.codecs(), form, Limits::of_chunks(limit))?))
    }
}

impl ZarrChunks {
    /// Names the chunk and its file in an error.
    fn failed(
        &self,
        chunk: &[usize],
        key: Option<&str>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> StackError {
        let place = match key {
            Some(key) => format!("chunk {chunk:?} ({})", self.store.name(key)),
            None => format!("chunk {chunk:?}"),
        };
        zarr_error(&self.stack, place, source)
    }

    /// The number of a file by its place, in C order; it fits, as the number of chunks does.
    fn file_number(&self, place: &[u64]) -> u64 {
        place.iter().zip(&self.files).fold(0, |number, (at, n)| number * n + at)
    }

    /// Refuses a file that is not there although it was before.
    fn check_seen(&self, chunk: &[usize], key: &str, file: u64) -> Result<(), StackError> {
        if self.seen.was_seen(file) {
            return Err(self.failed(chunk, Some(key), Vanished::Before));
        }
        Ok(())
    }

    /// Refuses to fill a chunk unless it is known with what.
    fn check_fill(&self, chunk: &[usize], key: &str) -> Result<(), StackError> {
        match &self.unusable_fill {
            None => Ok(()),
            Some(found) => Err(StackError::damaged(
                self.stack.clone(),
                format!("chunk {chunk:?} ({})", self.store.name(key)),
                format!("no such chunk, and {found} as fill_value"),
                format!("a chunk, or a fill_value of {}", self.pixel_type),
            )),
        }
    }

    fn check_store(&self, chunk: &[usize], key: &str) -> Result<(), StackError> {
        self.witness.check(self.store.as_ref()).map_err(|source| self.failed(chunk, Some(key), source))
    }

    /// The size of a chunk.
    fn size_of(&self, chunk: &[usize]) -> Vec<usize> {
        match &self.chunks {
            ArrayChunks::Plain(Decoders::OfShapes { grid, .. }) => grid.size_of(chunk),
            _ => self.chunk.clone(),
        }
    }

    fn decoded(&self, chunk: &[usize], bytes: Vec<u8>) -> Result<DecodedChunk, StackError> {
        let n_bytes = bytes.len();
        let shape = self.size_of(chunk);
        DecodedChunk::new(bytes, self.pixel_type, &shape).ok_or_else(|| {
            StackError::damaged(
                self.stack.clone(),
                format!("chunk {chunk:?}"),
                format!("{n_bytes} bytes"),
                format!("{shape:?} pixels of {}", self.pixel_type),
            )
        })
    }
}

/// What is refused by a server that refuses what is not there is not there.
fn absent_if_hidden(read: Result<Option<Vec<u8>>, StoreError>) -> Result<Option<Vec<u8>>, StoreError> {
    match read {
        Err(StoreError::Hidden(_)) => Ok(None),
        read => read,
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl ZarrChunks {
    /// The file of a chunk that has one of its own.
    fn plain_file(&self, chunk: &[usize]) -> InFile {
        let place: Vec<u64> = chunk.iter().map(|&at| at as u64).collect();
        let key = self.array.chunk_key(&place).as_str().to_owned();
        InFile { key, file: self.file_number(&place) }
    }

    fn shard_files<'a>(&'a self, layout: &'a ShardLayout) -> ShardFiles<'a> {
        ShardFiles { store: self.store.as_ref(), layout, cache: &self.cache, image: self.image }
    }

    fn in_shard(&self, layout: &ShardLayout, chunk: &[usize]) -> InShard {
        let (shard, number) = layout.locate(chunk);
        let key = self.array.chunk_key(&shard).as_str().to_owned();
        InShard { file: InFile { key, file: self.file_number(&shard) }, number }
    }

    /// A chunk of what was found in a file, which is named if that is no chunk; `None` if there is no file and never was,
    /// so that the chunk can be filled if the rest of the store is there.
    fn found(
        &self,
        chunk: &[usize],
        InFile { key, file }: &InFile,
        found: Result<Found, Failure>,
    ) -> Result<Option<DecodedChunk>, StackError> {
        match found.map_err(|source| self.failed(chunk, Some(key), source))? {
            Found::NoFile => {
                self.check_seen(chunk, key, *file)?;
                Ok(None)
            }
            Found::Pixels(pixels) => {
                self.seen.see(*file);
                self.decoded(chunk, pixels).map(Some)
            }
            Found::Empty => {
                self.seen.see(*file);
                self.filled(chunk, key).map(Some)
            }
        }
    }

    fn filled(&self, chunk: &[usize], key: &str) -> Result<DecodedChunk, StackError> {
        self.check_fill(chunk, key)?;
        Ok(DecodedChunk::uniform(&self.fill_value, chunk.len()))
    }

    fn found_or_filled(
        &self,
        chunk: &[usize],
        file: &InFile,
        found: Result<Found, Failure>,
    ) -> Result<DecodedChunk, StackError> {
        if let Some(decoded) = self.found(chunk, file, found)? {
            return Ok(decoded);
        }
        self.check_store(chunk, &file.key)?;
        self.filled(chunk, &file.key)
    }

    /// Fills chunks without files, by their places among those that were asked for, if the rest of the store is there,
    /// which is asked once for all of them.
    fn fill(&self, chunks: &[&[usize]], missing: Vec<(usize, InFile)>, done: &mut Done<'_>) {
        if missing.is_empty() {
            return;
        }
        let checked = self.witness.check(self.store.as_ref()).map_err(Arc::new);
        for (at, InFile { key, .. }) in missing {
            let Some(chunk) = chunks.get(at) else { continue };
            let filled = match &checked {
                Ok(()) => self.filled(chunk, &key),
                Err(source) => Err(self.failed(chunk, Some(&key), source.clone())),
            };
            done(at, filled);
        }
    }
}

impl ChunkSource for ZarrChunks {
    fn decode(&self, chunk: &[usize]) -> Result<DecodedChunk, StackError> {
        match &self.chunks {
            ArrayChunks::Plain(decoders) => {
                let file = self.plain_file(chunk);
                let read = decoders.of(&self.array, chunk).and_then(|decoder| {
                    let read = self.store.read(&file.key, Part::Whole, decoder.encoded_limit());
                    decoded_by(&decoder, absent_if_hidden(read)?)
                });
                self.found_or_filled(chunk, &file, read)
            }
            ArrayChunks::Shards(layout) => {
                let place = self.in_shard(layout, chunk);
                let pixels = self.shard_files(layout).chunk(&place);
                self.found_or_filled(chunk, &place.file, pixels.map_err(Into::into))
            }
        }
    }

    fn beside(&self, chunk: &[usize]) -> Option<(u64, u64)> {
        let ArrayChunks::Shards(layout) = &self.chunks else { return None };
        let (shard, _) = layout.locate(chunk);
        Some((self.file_number(&shard), layout.index_len.saturating_add(layout.decoded_index_len())))
    }

    fn n_together(&self) -> usize {
        self.store.n_together()
    }

    fn decode_together(&self, chunks: &[&[usize]], done: &mut Done<'_>) {
        match &self.chunks {
            ArrayChunks::Plain(decoders) => {
                // What is asked for: its place among all chunks, its file, and what decodes it.
                let mut asked = Vec::new();
                let mut wanted = Vec::new();
                for (at, chunk) in chunks.iter().enumerate() {
                    let file = self.plain_file(chunk);
                    match decoders.of(&self.array, chunk) {
                        Ok(decoder) => {
                            wanted.push(Wanted::new(&file.key, Part::Whole, decoder.encoded_limit()));
                            asked.push((at, *chunk, file, decoder));
                        }
                        Err(source) => done(at, Err(self.failed(chunk, Some(&file.key), source))),
                    }
                }
                let mut missing = Vec::new();
                self.store.read_many(wanted, &mut |number, read| {
                    let Some((at, chunk, file, decoder)) = asked.get(number) else { return };
                    let bytes = read.map(|pieces| pieces.and_then(|pieces| pieces.into_iter().next()));
                    let decode = |bytes| decoding(|| decoded_by(decoder, bytes));
                    let pixels = absent_if_hidden(bytes).map_err(Into::into).and_then(decode);
                    match self.found(chunk, file, pixels).transpose() {
                        Some(decoded) => done(*at, decoded),
                        None => missing.push((*at, file.clone())),
                    }
                });
                self.fill(chunks, missing, done);
            }
            ArrayChunks::Shards(layout) => {
                let wanted: Vec<InShard> = chunks.iter().map(|chunk| self.in_shard(layout, chunk)).collect();
                let mut missing = Vec::new();
                self.shard_files(layout).chunks(&wanted, &mut |at, pixels| {
                    let (Some(chunk), Some(InShard { file, .. })) = (chunks.get(at), wanted.get(at)) else {
                        return;
                    };
                    match self.found(chunk, file, pixels.map_err(Into::into)).transpose() {
                        Some(decoded) => done(at, decoded),
                        None => missing.push((at, file.clone())),
                    }
                });
                self.fill(chunks, missing, done);
            }
        }
    }

    fn check_process(&self) -> Result<(), StackError> {
        self.store.check_process().map_err(|error| error.at(&self.stack, "the image"))
    }
}

fn decoded_by(decoder: &ChunkDecoder, bytes: Option<Vec<u8>>) -> Result<Found, Failure> {
    match bytes {
        Some(bytes) => Ok(Found::Pixels(decoder.decode(bytes)?)),
        None => Ok(Found::NoFile),
    }
}

impl Drop for ZarrChunks {
    fn drop(&mut self) {
        self.cache.forget_indices(self.image);
    }
}
