//! Which pixels of an array a mapping names: everything, or regular steps along every dimension.

use std::collections::BTreeSet;

use hdf5_reader::error::Error;
use hdf5_reader::io::Cursor;

/// More dimensions than HDF5 has.
const MAX_RANK: u32 = 32;

/// What is selected along one dimension: `count` blocks of `block` places, every `stride` from `start` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Along {
    start: usize,
    stride: usize,
    block: usize,
    len: usize,
}

/// The pixels that a mapping names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selection {
    None,
    All,
    Steps(Vec<Along>),
}

impl Along {
    /// Everything of a dimension.
    pub fn all(n: usize) -> Self {
        Along { start: 0, stride: n.max(1), block: n.max(1), len: n }
    }

    /// Nothing if it is no selection of a dimension of any size.
    fn new([start, stride, count, block]: [u64; 4]) -> Option<Self> {
        let [start, stride, count, block] = [start, stride, count, block].map(usize::try_from);
        let (start, stride, count, block) = (start.ok()?, stride.ok()?, count.ok()?, block.ok()?);
        let is_ordered = block > 0 && (count <= 1 || stride >= block);
        let len = count.checked_mul(block).filter(|_| is_ordered)?;
        // The last place has to be a place.
        count.saturating_sub(1).checked_mul(stride)?.checked_add(start)?.checked_add(block)?;
        Some(Along { start, stride: stride.max(block), block, len })
    }

    /// How many places are selected.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The place that is selected as number `k`.
    pub fn at(&self, k: usize) -> usize {
        self.start + k / self.block * self.stride + k % self.block
    }

    /// How large the dimension has to be.
    pub fn end(&self) -> usize {
        self.len.checked_sub(1).map_or(0, |last| self.at(last) + 1)
    }

    /// The numbers of the selected places from `start` on, before `end`.
    pub fn between(&self, start: usize, end: usize) -> std::ops::Range<usize> {
        let before = |place: usize| {
            let Some(offset) = place.checked_sub(self.start) else { return 0 };
            let (block, rest) = (offset / self.stride, offset % self.stride);
            block.saturating_mul(self.block).saturating_add(rest.min(self.block)).min(self.len)
        };
        let first = before(start);
        first..before(end).max(first)
    }

    /// At most so many places lie between the first and the last of `n` selected ones, both included.
    pub fn span(&self, n: usize) -> usize {
        let n = n.min(self.len);
        (n / self.block).saturating_add(1).saturating_mul(self.stride).saturating_add(self.block)
    }
}

impl Selection {
    /// Reads a selection as HDF5 writes it.
    pub fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let kind = cursor.read_u32_le()?;
        let version = cursor.read_u32_le()?;
        match kind {
            0 | 3 => {
                cursor.skip(8)?;
                Ok(if kind == 0 { Selection::None } else { Selection::All })
            }
            2 => steps(cursor, version),
            1 => Err(Error::UnsupportedEncoding("lists of points".to_owned())),
            _ => Err(Error::InvalidData(format!("a selection of kind {kind}"))),
        }
    }
}

fn steps(cursor: &mut Cursor<'_>, version: u32) -> Result<Selection, Error> {
    let (is_regular, n_bytes) = match version {
        1 => {
            cursor.skip(8)?;
            (false, 4)
        }
        2 => {
            let flags = cursor.read_u8()?;
            cursor.skip(4)?;
            (flags & 1 != 0, 8)
        }
        3 => (cursor.read_u8()? & 1 != 0, usize::from(cursor.read_u8()?)),
        _ => return Err(Error::UnsupportedEncoding(format!("selections of version {version}"))),
    };
    let rank = cursor.read_u32_le()?;
    if rank > MAX_RANK {
        return Err(Error::InvalidData(format!("a selection in {rank} dimensions")));
    }
    let mut number = || {
        let number = cursor.read_uvar(n_bytes)?;
        match number == u64::MAX >> (64 - 8 * n_bytes.clamp(1, 8)) {
            true => Err(Error::UnsupportedEncoding("unlimited selections".to_owned())),
            false => Ok(number),
        }
    };
    let steps: Vec<[u64; 4]> = if is_regular {
        (0..rank).map(|_| Ok([number()?, number()?, number()?, number()?])).collect::<Result<_, Error>>()?
    } else {
        let n_blocks = number()?;
        let mut corner = || (0..rank).map(|_| number()).collect::<Result<Vec<u64>, Error>>();
        let mut blocks = BTreeSet::new();
        for _ in 0..n_blocks {
            blocks.insert(corner()?.into_iter().zip(corner()?).collect::<Vec<_>>());
        }
        let regular = as_steps(&blocks, rank as usize);
        regular.ok_or_else(|| Error::UnsupportedEncoding("irregular selections".to_owned()))?
    };
    let along = steps.into_iter().map(Along::new).collect::<Option<Vec<Along>>>();
    along.map(Selection::Steps).ok_or_else(|| Error::InvalidData("a selection of no places".to_owned()))
}

/// Start, stride, count and size along every dimension of blocks that are a list of regular ones: older files have no
/// other form.
fn as_steps(blocks: &BTreeSet<Vec<(u64, u64)>>, rank: usize) -> Option<Vec<[u64; 4]>> {
    let mut n_blocks = 1_usize;
    let mut steps = Vec::new();
    for dimension in 0..rank {
        let sides: BTreeSet<(u64, u64)> = blocks.iter().map(|block| block[dimension]).collect();
        n_blocks = n_blocks.checked_mul(sides.len())?;
        let sides: Vec<(u64, u64)> = sides.into_iter().collect();
        let &(start, end) = sides.first()?;
        let block = end.checked_sub(start)?.checked_add(1)?;
        let stride = sides.get(1).map_or(block, |next| next.0 - start);
        let is_regular = (sides.iter().zip(0_u64..)).all(|(&(from, to), number)| {
            number.checked_mul(stride).and_then(|offset| start.checked_add(offset)) == Some(from)
                && to.checked_sub(from) == Some(block - 1)
        });
        if !is_regular {
            return None;
        }
        steps.push([start, stride, sides.len() as u64, block]);
    }
    // Every combination is there, because all are different.
    (n_blocks == blocks.len()).then_some(steps)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails panics")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_between_are_those_that_lie_there(
            start in 0_u64..9, block in 1_u64..5, gap in 0_u64..4, count in 1_u64..6, from in 0_usize..50, n in 0_usize..30,
        ) {
            let along = Along::new([start, block + gap, count, block]).unwrap();
            let places: Vec<usize> = (0..along.len()).map(|k| along.at(k)).collect();
            prop_assert!(places.is_sorted_by(|a, b| a < b));
            prop_assert_eq!(along.end(), places.last().unwrap() + 1);
            let inside: Vec<usize> = places.iter().copied().filter(|place| (from..from + n).contains(place)).collect();
            let between = along.between(from, from + n);
            prop_assert_eq!(between.clone().map(|k| along.at(k)).collect::<Vec<_>>(), inside.clone());
            if let (Some(first), Some(last)) = (inside.first(), inside.last()) {
                prop_assert!(last - first < along.span(inside.len()));
            }
        }

        #[test]
        fn lists_of_regular_blocks_are_steps(
            steps in prop::collection::vec((0_u64..9, 0_u64..3, 1_u64..4, 1_u64..4), 1..4),
            missing in any::<prop::sample::Index>(),
        ) {
            let mut blocks = BTreeSet::from([Vec::new()]);
            for &(start, gap, count, block) in &steps {
                let side = |k: u64| (start + k * (block + gap), start + k * (block + gap) + block - 1);
                let longer = |corner: &Vec<(u64, u64)>| -> Vec<_> {
                    (0..count).map(|k| [&corner[..], &[side(k)]].concat()).collect()
                };
                blocks = blocks.iter().flat_map(longer).collect();
            }
            let expected: Vec<[u64; 4]> = steps.iter().map(|&(start, gap, count, block)| {
                [start, if count == 1 { block } else { block + gap }, count, block]
            }).collect();
            prop_assert_eq!(as_steps(&blocks, steps.len()), Some(expected.clone()));
            let gone = blocks.iter().nth(missing.index(blocks.len())).unwrap().clone();
            blocks.remove(&gone);
            prop_assert!(as_steps(&blocks, steps.len()) != Some(expected));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..120), kind in 0_u8..4, version in 1_u8..4) {
            let bytes = [&[kind, 0, 0, 0, version, 0, 0, 0][..], &bytes].concat();
            if let Ok(Selection::Steps(steps)) = Selection::parse(&mut Cursor::new(&bytes)) {
                for along in steps {
                    prop_assert!(along.end() >= along.len());
                }
            }
        }
    }
}
