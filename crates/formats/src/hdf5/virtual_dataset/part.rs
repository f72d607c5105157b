//! One source of a virtual dataset: where its pixels stand, and copying them.

use patchweave_geometry::c_strides;
use patchweave_stack::{StackError, StoredArray};

use super::super::pixels::Pixels;
use super::selection::Along;

/// The pixels of a source, and where they stand in the virtual dataset.
pub(super) struct Part {
    pixels: Pixels,
    source: Vec<Along>,
    target: Vec<Along>,
    /// Dimensions of target and source that are the same; along all others a single place is selected.
    pairs: Vec<(usize, usize)>,
}

impl Part {
    /// Nothing if dimensions do not correspond one by one.
    pub fn new(pixels: Pixels, source: Vec<Along>, target: Vec<Along>) -> Option<Self> {
        let long = |selection: &[Along]| {
            let dimensions = selection.iter().enumerate().filter(|(_, along)| along.len() != 1);
            dimensions.map(|(dimension, along)| (dimension, along.len())).collect::<Vec<_>>()
        };
        let targets = long(&target);
        let sources = long(&source);
        let is_same = targets.iter().map(|(_, n)| n).eq(sources.iter().map(|(_, n)| n))
            && targets.len() == sources.len();
        let pairs =
            targets.iter().zip(&sources).map(|((target, _), (source, _))| (*target, *source)).collect();
        is_same.then_some(Part { pixels, source, target, pairs })
    }

    pub fn name(&self) -> &str {
        &self.pixels.stack
    }

    pub fn objects(&self) -> Option<&[StoredArray]> {
        self.pixels.objects.as_deref()
    }

    pub fn is_chunked(&self) -> bool {
        self.pixels.is_chunked
    }

    pub fn compression(&self) -> Option<String> {
        self.pixels.compression.clone()
    }

    /// The size of a chunk of the source along the dimensions of the target.
    pub fn block(&self) -> Vec<usize> {
        let along = |target: usize| {
            let pair = self.pairs.iter().find(|(other, _)| *other == target);
            pair.map_or(1, |(_, source)| self.pixels.chunk[*source])
        };
        (0..self.target.len()).map(along).collect()
    }

    /// The places of the target between the first and the last that it has along a dimension.
    pub fn range(&self, dimension: usize) -> std::ops::Range<usize> {
        let along = &self.target[dimension];
        if along.len() == 0 { 0..0 } else { along.at(0)..along.end() }
    }

    /// At most so many bytes of the source are read for a block.
    pub fn most_bytes(&self, block: &[usize]) -> usize {
        let sides = self
            .pairs
            .iter()
            .map(|&(target, source)| self.source[source].span(block[target]).min(self.pixels.shape[source]));
        sides.fold(self.pixels.pixel_type.n_bytes(), usize::saturating_mul)
    }

    /// Copies what the source has of a region.
    pub fn copy_into(&self, start: &[usize], size: &[usize], out: &mut [u8]) -> Result<(), StackError> {
        let n_bytes = self.pixels.pixel_type.n_bytes();
        let numbers: Vec<_> = (self.target.iter().zip(start).zip(size))
            .map(|((along, &start), &size)| along.between(start, start.saturating_add(size)))
            .collect();
        if numbers.iter().any(|numbers| numbers.is_empty()) {
            return Ok(());
        }
        let mut from: Vec<usize> = self.source.iter().map(|along| along.at(0)).collect();
        let mut sides = vec![1; from.len()];
        for &(target, source) in &self.pairs {
            let numbers = &numbers[target];
            let along = &self.source[source];
            from[source] = along.at(numbers.start);
            sides[source] = along.at(numbers.end - 1) + 1 - from[source];
        }
        let bytes = self.pixels.read(&from, &sides)?;
        let source_strides = c_strides(&sides);
        let target_strides = c_strides(size);
        // Where every selected place of a dimension stands in both, in bytes.
        let places: Vec<Vec<(usize, usize)>> = (self.pairs.iter())
            .map(|&(target, source)| {
                let place = |k| {
                    let from = (self.source[source].at(k) - from[source]) * source_strides[source];
                    let to = (self.target[target].at(k) - start[target]) * target_strides[target];
                    (from * n_bytes, to * n_bytes)
                };
                numbers[target].clone().map(place).collect()
            })
            .collect();
        let single = (0..self.target.len()).filter(|target| self.pairs.iter().all(|pair| pair.0 != *target));
        let at = single
            .map(|target| (self.target[target].at(0) - start[target]) * target_strides[target] * n_bytes)
            .sum();
        copy(&places, (&bytes, 0), (out, at), n_bytes);
        Ok(())
    }
}

/// Copies along all dimensions, the last of which goes in one piece where it lies in one in both.
fn copy(
    places: &[Vec<(usize, usize)>],
    (bytes, from): (&[u8], usize),
    (out, to): (&mut [u8], usize),
    n_bytes: usize,
) {
    match places {
        [] => out[to..to + n_bytes].copy_from_slice(&bytes[from..from + n_bytes]),
        [row] if is_one_piece(row, n_bytes) => {
            let first = row[0];
            let len = row.len() * n_bytes;
            let from = from + first.0;
            let to = to + first.1;
            out[to..to + len].copy_from_slice(&bytes[from..from + len]);
        }
        [first, rest @ ..] => {
            for &(source, target) in first {
                copy(rest, (bytes, from + source), (out, to + target), n_bytes);
            }
        }
    }
}

fn is_one_piece(row: &[(usize, usize)], n_bytes: usize) -> bool {
    row.iter().zip(row.iter().skip(1)).all(|(a, b)| b.0 - a.0 == n_bytes && b.1 - a.1 == n_bytes)
}
