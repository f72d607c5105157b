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
        let start = start.ok()?;
        let stride = stride.ok()?;
        let count = count.ok()?;
        let block = block.ok()?;
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
            let block = offset / self.stride;
            let rest = offset % self.stride;
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
        3 => match (cursor.read_u8()?, cursor.read_u8()?) {
            (flags, n_bytes @ (2 | 4 | 8)) => (flags & 1 != 0, usize::from(n_bytes)),
            (_, n_bytes) => {
                return Err(Error::InvalidData(format!("a selection in numbers of {n_bytes} bytes")));
            }
        },
        _ => return Err(Error::UnsupportedEncoding(format!("selections of version {version}"))),
    };
    let rank = cursor.read_u32_le()?;
    if !(1..=MAX_RANK).contains(&rank) {
        return Err(Error::InvalidData(format!("a selection in {rank} dimensions")));
    }
    if !is_regular {
        let n_blocks = cursor.read_uvar(n_bytes)?;
        return list(cursor, n_blocks, rank as usize, n_bytes);
    }
    let mut number = || {
        let number = cursor.read_uvar(n_bytes)?;
        match number == u64::MAX >> (64 - 8 * n_bytes) {
            true => Err(Error::UnsupportedEncoding("unlimited selections".to_owned())),
            false => Ok(number),
        }
    };
    let steps = (0..rank).map(|_| Ok([number()?, number()?, number()?, number()?]));
    selection(steps.collect::<Result<Vec<_>, Error>>()?)
}

/// A list of blocks, each as its first and its last corner.
fn list(cursor: &mut Cursor<'_>, n_blocks: u64, rank: usize, n_bytes: usize) -> Result<Selection, Error> {
    let left = cursor.remaining() / (2 * rank * n_bytes) as u64;
    if n_blocks > left {
        return Err(Error::InvalidData(format!("{n_blocks} blocks where at most {left} can follow")));
    }
    let mut blocks = BTreeSet::new();
    for _ in 0..n_blocks {
        let mut corner = || (0..rank).map(|_| cursor.read_uvar(n_bytes)).collect::<Result<Vec<u64>, Error>>();
        blocks.insert(corner()?.into_iter().zip(corner()?).collect::<Vec<_>>());
    }
    let regular = as_steps(&blocks, rank);
    selection(regular.ok_or_else(|| Error::UnsupportedEncoding("irregular selections".to_owned()))?)
}

fn selection(steps: Vec<[u64; 4]>) -> Result<Selection, Error> {
    let along = steps.into_iter().map(Along::new).collect::<Option<Vec<Along>>>();
    along.map(Selection::Steps).ok_or_else(|| Error::InvalidData("an empty selection".to_owned()))
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

        /// No number that a file states is gone through unless as much of it is there.
        #[test]
        fn lists_longer_than_what_is_left_are_refused(
            rank in 0_u32..4, n_blocks in prop::sample::select(vec![0_u64, 1, 5, 1 << 31, u64::MAX - 1]), n_bytes in 0_u8..10,
            n_left in 0_usize..40,
        ) {
            let head = [&2_u32.to_le_bytes()[..], &3_u32.to_le_bytes(), &[0, n_bytes], &rank.to_le_bytes()].concat();
            let width = usize::from(n_bytes).min(8);
            let bytes = [&head, &n_blocks.to_le_bytes()[..width], &vec![0; n_left]].concat();
            let parsed = Selection::parse(&mut Cursor::new(&bytes));
            let n_told = n_blocks & (u64::MAX >> (64 - 8 * width.max(1)));
            let needed = n_told.saturating_mul(2 * u64::from(rank) * width as u64);
            if rank == 0 || ![2, 4, 8].contains(&n_bytes) || needed > n_left as u64 {
                prop_assert!(matches!(parsed, Err(Error::InvalidData(_))), "{parsed:?}");
            }
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
