//! One level of an image: a dataset, or a grid of equal datasets such as time points and channels.

use std::sync::Arc;

use patchweave_geometry::c_strides;
use patchweave_stack::{Identity, ImageStack, StackError, StackInfo};

use super::any_dataset::pixels_of;
use super::attributes;
use super::bdv_sign::signed;
use super::imaris_info::ImageInfo;
use super::located::Located;
use super::opener::Opener;
use super::pixels::Pixels;
use crate::PooledFile;
use crate::chunk::{DecodedChunk, InPlace};
use crate::chunked::{ChunkSource, ChunkedStack};
use crate::file_axes::{FileAxes, StoredAxes};

/// Equal datasets along leading dimensions, and what is known of the whole.
pub(super) struct Level {
    pub name: String,
    pub format: &'static str,
    /// The sizes of the leading dimensions; none for a single dataset.
    pub leading: Vec<usize>,
    /// One dataset for every place along the leading dimensions, in C order.
    pub parts: Vec<Pixels>,
    /// How many pixels of a dataset count along its dimensions; the rest is padding.
    pub shape: Vec<usize>,
    pub axes: FileAxes,
    pub info: ImageInfo,
}

/// A dataset by itself.
pub(super) fn single(opener: &Opener<'_>, dataset: &Located, inside: &str) -> Result<Level, StackError> {
    let pixels = signed(opener, pixels_of(opener, dataset, inside)?, inside)?;
    Ok(Level {
        name: opener.name(inside),
        format: if pixels.is_virtual() { "HDF5, a virtual dataset" } else { "HDF5" },
        leading: Vec::new(),
        shape: pixels.shape.clone(),
        axes: match &dataset.dataset {
            Some(dataset) => attributes::axes(dataset),
            None => attributes::axes_in_header(&dataset.node, pixels.shape.len()),
        },
        parts: vec![pixels],
        info: ImageInfo::default(),
    })
}

impl Level {
    /// The level as a stack.
    pub fn stack(self, opener: &Opener<'_>) -> Result<Arc<dyn ImageStack>, StackError> {
        let Level { name, format, leading, mut parts, shape, axes, info: of_image } = self;
        if parts.iter().any(|part| part.place.is_none()) {
            // Some of them lie in other files, or in pieces.
            let limit = opener.request.options.decoded_chunk_bytes;
            parts = parts.into_iter().map(|part| part.in_blocks(limit)).collect();
        }
        let damaged = |place: String, got: String, expected: String| {
            StackError::damaged(name.clone(), place, got, expected)
        };
        let Some(first) = parts.first().cloned() else {
            return Err(damaged("the image".to_owned(), "no dataset".to_owned(), "at least one".to_owned()));
        };
        for part in &parts {
            let is_equal = (part.pixel_type, part.order, &part.shape, &part.chunk)
                == (first.pixel_type, first.order, &first.shape, &first.chunk);
            if !is_equal {
                let form = |part: &Pixels| {
                    format!("{:?} pixels of {} in chunks of {:?}", part.shape, part.pixel_type, part.chunk)
                };
                return Err(damaged(part.stack.clone(), form(part), form(&first)));
            }
        }
        let fits =
            shape.len() == first.shape.len() && shape.iter().zip(&first.shape).all(|(n, stored)| n <= stored);
        if !fits {
            return Err(damaged(
                "the size".to_owned(),
                format!("{shape:?}"),
                format!("at most {:?}", first.shape),
            ));
        }
        let full: Vec<usize> = leading.iter().chain(&shape).copied().collect();
        let axes = axes.stored(&name, opener.request.wanted_axes(), &full)?;
        let chunk: Vec<usize> = leading.iter().map(|_| 1).chain(first.chunk.iter().copied()).collect();
        let mut info = StackInfo::new(name, first.pixel_type, axes.layout.clone());
        info.format = Some(format.to_owned());
        info.chunks = first.is_chunked.then(|| axes.by_axis(&chunk, &1));
        info.compression = first.compression.clone();
        info.is_in_place = first.place.is_some();
        info.pixel_size = axes.along_space(of_image.pixel_size);
        info.set_channel_names(of_image.channel_names);
        info.set_time_step(of_image.time_step);
        info.identity = identity(&leading, &parts, &axes).beside([opener.id.clone()]);
        info.notes = parts.iter().flat_map(|part| part.notes.clone()).collect();
        let strides = leading.iter().map(|_| 0).chain(c_strides(&first.shape)).collect();
        let source = Grid { file: opener.in_place.clone(), leading, parts, shape, strides };
        Ok(Arc::new(ChunkedStack::new(source, info, axes, chunk, opener.request.options)))
    }
}

/// The datasets, of which the image may show only the first pixels.
fn identity(leading: &[usize], parts: &[Pixels], axes: &StoredAxes) -> Identity {
    let objects: Option<Vec<_>> = parts.iter().map(|part| part.objects.clone()).collect();
    let Some(objects) = objects else { return Identity::unknown() };
    let whole = Identity::of_objects(objects.into_iter().flatten().map(Some).collect());
    if parts.iter().any(Pixels::is_virtual) {
        return Identity::made_of(&whole);
    }
    let stored = parts.first().map_or(&[][..], |part| &part.shape);
    whole.cut_from(axes.by_axis(&[leading, stored].concat(), &1))
}

struct Grid {
    /// The file of pixels that are read in place.
    file: Option<Arc<PooledFile>>,
    leading: Vec<usize>,
    parts: Vec<Pixels>,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

impl Grid {
    /// The dataset of a chunk, and the place of the chunk in it.
    fn part<'a>(&self, chunk: &'a [usize]) -> Result<(&Pixels, &'a [usize]), StackError> {
        let (leading, rest) = chunk.split_at(self.leading.len());
        let place = leading.iter().zip(&self.leading).fold(0, |place, (at, n)| place * n + at);
        match self.parts.get(place) {
            Some(part) => Ok((part, rest)),
            None => Err(StackError::damaged(
                self.parts.first().map_or_else(String::new, |part| part.stack.clone()),
                format!("chunk {chunk:?}"),
                "no dataset",
                format!("one of {}", self.parts.len()),
            )),
        }
    }
}

impl ChunkSource for Grid {
    fn in_place(&self, chunk: &[usize]) -> Result<Option<InPlace<'_>>, StackError> {
        let (part, _) = self.part(chunk)?;
        let (Some(start), Some(file)) = (part.place, &self.file) else { return Ok(None) };
        // The sizes were proven not to overflow.
        let n_bytes = part.shape.iter().product::<usize>() * part.pixel_type.n_bytes();
        let found = file.map().and_then(|map| {
            let place = [start, n_bytes as u64];
            map.map(|map| InPlace::new(map, place, part.order, &self.strides)).transpose()
        });
        found.map_err(|source| StackError::Io { stack: part.stack.clone(), action: "read the file", source })
    }

    fn decode(&self, chunk: &[usize]) -> Result<DecodedChunk, StackError> {
        let (part, place) = self.part(chunk)?;
        let start: Vec<usize> = place.iter().zip(&part.chunk).map(|(at, size)| at * size).collect();
        let size: Vec<usize> = (start.iter().zip(&self.shape).zip(&part.chunk))
            .map(|((start, n), size)| n.saturating_sub(*start).min(*size))
            .collect();
        let bytes = part.read(&start, &size)?;
        let full: Vec<usize> = self.leading.iter().map(|_| 1).chain(size).collect();
        let n_bytes = bytes.len();
        DecodedChunk::new(bytes, part.pixel_type, &full).ok_or_else(|| {
            StackError::damaged(
                part.stack.clone(),
                format!("chunk {place:?}"),
                format!("{n_bytes} bytes"),
                format!("{full:?} pixels of {}", part.pixel_type),
            )
        })
    }
}
