//! The chunks of an array: found in the store, decoded, or filled where there are none.

use std::sync::Arc;

use ndarray::{ArrayView, ArrayViewMut, IxDyn, Slice};
use patchweave_pixel::PixelType;
use zarrs::array::Array;

use super::array::zarr_error;
use super::decoder::{ChunkDecoder, Form, Limits, chunk_shape};
use super::grid::{IrregularGrid, Span};
use super::shard::ShardLayout;
use super::shard_files::{Found, InShard, ShardFiles};
use super::store::{Part, Store, StoreError, Wanted, ZarrsStorage};
use super::witness::Witness;
use crate::chunk::DecodedChunk;
use crate::chunked::{ChunkSource, Done};
use crate::read_cost::decoding;
use crate::{ChunkCache, StackError};

/// Where the chunks of an array come from.
pub(super) struct ZarrChunks {
    pub array: Array<ZarrsStorage>,
    pub store: Arc<dyn Store>,
    pub chunks: ArrayChunks,
    pub stack: String,
    pub pixel_type: PixelType,
    /// The size of what is decoded at once.
    pub chunk: Vec<usize>,
    /// The shape of the array.
    pub shape: Vec<usize>,
    pub fill_value: Vec<u8>,
    /// The fill value of the file, where it is no value of the type.
    pub unusable_fill: Option<String>,
    /// What is still there as long as the store is.
    pub witness: Witness,
    /// Bytes that a chunk may decode to.
    pub limit: usize,
    /// Keeps the indices of shards.
    pub cache: ChunkCache,
    /// A number of this array among them.
    pub image: u64,
}

/// How chunks stand in files.
pub(super) enum ArrayChunks {
    /// One file per chunk, all of one size.
    Plain(Box<ChunkDecoder>),
    /// Many chunks in a file.
    Shards(Box<ShardLayout>),
    /// Chunks of several sizes, which are put together to chunks of the largest one.
    Irregular(IrregularGrid),
}

impl ArrayChunks {
    pub fn regular(decoder: ChunkDecoder) -> Self {
        match decoder.into_open_shard() {
            Ok(layout) => ArrayChunks::Shards(layout),
            Err(decoder) => ArrayChunks::Plain(decoder),
        }
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

    /// Refuses to fill what is not there, unless it is known that there is nothing and what would be there instead.
    fn check_missing(&self, chunk: &[usize], key: &str) -> Result<(), StackError> {
        self.witness.check(self.store.as_ref()).map_err(|source| self.failed(chunk, Some(key), source))?;
        match &self.unusable_fill {
            None => Ok(()),
            Some(found) => Err(StackError::Damaged {
                stack: self.stack.clone(),
                place: format!("chunk {chunk:?} ({})", self.store.name(key)),
                got: format!("no such chunk, and {found} as fill_value"),
                expected: format!("a chunk, or a fill_value of {}", self.pixel_type),
            }),
        }
    }

    /// Puts a chunk of the largest size together from those of the file that it touches.
    fn irregular(&self, grid: &IrregularGrid, chunk: &[usize]) -> Result<DecodedChunk, StackError> {
        let starts = chunk.iter().zip(&self.chunk).map(|(at, size)| at.saturating_mul(*size));
        let area = starts.zip(&self.chunk).zip(&self.shape);
        let area: Vec<(usize, usize)> =
            area.map(|((start, size), n)| (start, start.saturating_add(*size).min(*n))).collect();
        let inside: Vec<usize> = area.iter().map(|(start, end)| end.saturating_sub(*start)).collect();
        let spans: Vec<Vec<Span>> = area
            .iter()
            .enumerate()
            .map(|(dimension, (start, end))| grid.spans(dimension, *start as u64, *end as u64))
            .collect();
        let mut bytes = self.fill_value.repeat(inside.iter().product());
        // Counts through all chunks with one span of every dimension.
        let mut at = vec![0; spans.len()];
        loop {
            let touched: Option<Vec<Span>> =
                at.iter().zip(&spans).map(|(at, spans)| spans.get(*at).copied()).collect();
            if let Some(touched) = touched {
                self.add_touched(&touched, &area, &inside, &mut bytes)?;
            }
            let Some(next) =
                (0..at.len()).rev().find(|&dimension| at[dimension] + 1 < spans[dimension].len())
            else {
                break;
            };
            at[next] += 1;
            at[next + 1..].fill(0);
        }
        self.decoded(chunk, bytes, &inside)
    }

    /// Decodes one chunk of the file and copies what it has of an area into it.
    fn add_touched(
        &self,
        touched: &[Span],
        area: &[(usize, usize)],
        inside: &[usize],
        bytes: &mut [u8],
    ) -> Result<(), StackError> {
        let numbers: Vec<u64> = touched.iter().map(|span| span.number).collect();
        let key = self.array.chunk_key(&numbers);
        let place: Vec<usize> =
            numbers.iter().map(|&number| usize::try_from(number).unwrap_or(usize::MAX)).collect();
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| {
            self.failed(&place, Some(key.as_str()), source)
        };
        let shape = chunk_shape(&touched.iter().map(|span| span.len).collect::<Vec<_>>());
        let form = Form {
            shape: shape.ok_or_else(|| failed("a chunk without pixels".into()))?,
            data_type: self.array.data_type().clone(),
            fill_value: self.array.fill_value().clone(),
            has_fill: self.unusable_fill.is_none(),
        };
        let decoder = ChunkDecoder::new(&self.array.codecs(), form, Limits::of_chunks(self.limit));
        let decoder = decoder.map_err(|source| failed(source.into()))?;
        let read = absent_if_hidden(self.store.read(key.as_str(), Part::Whole, decoder.encoded_limit()));
        let Some(encoded) = read.map_err(|source| failed(source.into()))? else {
            return self.check_missing(&place, key.as_str());
        };
        let pixels = decoder.decode(encoded).map_err(|source| failed(source.into()))?;

        // Where the two meet, counted from the start of the touched chunk and from that of the area.
        let overlap: Vec<(Slice, Slice)> = touched
            .iter()
            .zip(area)
            .map(|(span, (start, end))| {
                let span_start = usize::try_from(span.start).unwrap_or(usize::MAX);
                let span_end = usize::try_from(span.start.saturating_add(span.len)).unwrap_or(usize::MAX);
                let (from, to) = (span_start.max(*start), span_end.min(*end));
                (Slice::from(from - span_start..to - span_start), Slice::from(from - start..to - start))
            })
            .collect();
        let with_bytes = |sizes: &mut dyn Iterator<Item = usize>| {
            IxDyn(&sizes.chain([self.fill_value.len()]).collect::<Vec<_>>())
        };
        let lens = touched.iter().map(|span| usize::try_from(span.len).unwrap_or(usize::MAX));
        let source = ArrayView::from_shape(with_bytes(&mut { lens }), &pixels);
        let mut source = source.map_err(|error| failed(error.into()))?;
        let target = ArrayViewMut::from_shape(with_bytes(&mut inside.iter().copied()), bytes);
        let mut target = target.map_err(|error| failed(error.into()))?;
        for (dimension, (from, to)) in overlap.into_iter().enumerate() {
            source.slice_axis_inplace(ndarray::Axis(dimension), from);
            target.slice_axis_inplace(ndarray::Axis(dimension), to);
        }
        target.assign(&source);
        Ok(())
    }

    fn decoded(&self, chunk: &[usize], bytes: Vec<u8>, shape: &[usize]) -> Result<DecodedChunk, StackError> {
        let n_bytes = bytes.len();
        DecodedChunk::new(bytes, self.pixel_type, shape).ok_or_else(|| StackError::Damaged {
            stack: self.stack.clone(),
            place: format!("chunk {chunk:?}"),
            got: format!("{n_bytes} bytes"),
            expected: format!("{shape:?} pixels of {}", self.pixel_type),
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
    fn plain_key(&self, chunk: &[usize]) -> String {
        let at: Vec<u64> = chunk.iter().map(|&at| at as u64).collect();
        self.array.chunk_key(&at).as_str().to_owned()
    }

    fn shard_files<'a>(&'a self, layout: &'a ShardLayout) -> ShardFiles<'a> {
        ShardFiles { store: self.store.as_ref(), layout, cache: &self.cache, image: self.image }
    }

    fn in_shard(&self, layout: &ShardLayout, chunk: &[usize]) -> InShard {
        let (shard, number) = layout.locate(chunk);
        let key = self.array.chunk_key(&shard).as_str().to_owned();
        // It fits, as the number of chunks does.
        let shard = shard.iter().zip(self.array.chunk_grid_shape()).fold(0, |shard, (at, n)| shard * n + at);
        InShard { key, shard, number }
    }

    /// A chunk of what was found in a file, which is named if that is no chunk.
    fn finished(
        &self,
        chunk: &[usize],
        key: &str,
        found: Result<Found, Failure>,
    ) -> Result<DecodedChunk, StackError> {
        match found.map_err(|source| self.failed(chunk, Some(key), source))? {
            Found::Pixels(pixels) => return self.decoded(chunk, pixels, &self.chunk),
            Found::Empty if self.unusable_fill.is_none() => {}
            Found::Empty | Found::NoFile => self.check_missing(chunk, key)?,
        }
        Ok(DecodedChunk::uniform(&self.fill_value, chunk.len()))
    }
}

impl ChunkSource for ZarrChunks {
    fn decode(&self, chunk: &[usize]) -> Result<DecodedChunk, StackError> {
        match &self.chunks {
            ArrayChunks::Irregular(grid) => self.irregular(grid, chunk),
            ArrayChunks::Plain(decoder) => {
                let key = self.plain_key(chunk);
                let read = absent_if_hidden(self.store.read(&key, Part::Whole, decoder.encoded_limit()));
                let pixels = read.map_err(Into::into).and_then(|bytes| decoded_by(decoder, bytes));
                self.finished(chunk, &key, pixels)
            }
            ArrayChunks::Shards(layout) => {
                let place = self.in_shard(layout, chunk);
                let pixels = self.shard_files(layout).chunk(&place);
                self.finished(chunk, &place.key, pixels.map_err(Into::into))
            }
        }
    }

    fn n_together(&self) -> usize {
        self.store.n_together()
    }

    fn decode_together(&self, chunks: &[&[usize]], done: &mut Done<'_>) {
        match &self.chunks {
            ArrayChunks::Irregular(grid) => {
                for (at, chunk) in chunks.iter().enumerate() {
                    done(at, decoding(|| self.irregular(grid, chunk)));
                }
            }
            ArrayChunks::Plain(decoder) => {
                let limit = decoder.encoded_limit();
                let wanted =
                    chunks.iter().map(|chunk| Wanted::new(&self.plain_key(chunk), Part::Whole, limit));
                self.store.read_many(wanted.collect(), &mut |at, read| {
                    let Some(chunk) = chunks.get(at) else { return };
                    let bytes = read.map(|pieces| pieces.and_then(|pieces| pieces.into_iter().next()));
                    let bytes = absent_if_hidden(bytes);
                    let decode = |bytes| decoding(|| decoded_by(decoder, bytes));
                    let pixels = bytes.map_err(Into::into).and_then(decode);
                    done(at, self.finished(chunk, &self.plain_key(chunk), pixels));
                });
            }
            ArrayChunks::Shards(layout) => {
                let wanted: Vec<InShard> = chunks.iter().map(|chunk| self.in_shard(layout, chunk)).collect();
                self.shard_files(layout).chunks(&wanted, &mut |at, pixels| {
                    let (Some(chunk), Some(place)) = (chunks.get(at), wanted.get(at)) else { return };
                    done(at, self.finished(chunk, &place.key, pixels.map_err(Into::into)));
                });
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
