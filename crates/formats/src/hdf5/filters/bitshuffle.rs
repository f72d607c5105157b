//! Bitshuffle: blocks of values whose first bits stand together, then their second bits and so on, and each block
//! compressed by itself where that is wanted.

use super::super::damage::Damage;

/// Values of a block come in this many.
const GROUP: usize = 8;
/// What a block has where nobody says.
const USUAL_BLOCK_BYTES: usize = 8192;
const LEAST_USUAL_BLOCK: usize = 128;
/// The size of everything and the size of a block, which stand before compressed blocks.
const HEADER: usize = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    None,
    Lz4,
    Zstd,
}

/// What the parameters of the filter say: its version, the size of a value, the values of a block, the compression.
struct Parameters {
    value: usize,
    block: usize,
    compression: Compression,
}

impl Parameters {
    fn of(client_data: &[u32]) -> Result<Self, Damage> {
        let number = |place: usize| client_data.get(place).map_or(0, |&number| number as usize);
        let value = match number(2) {
            0 => return Err(wrong("values of 0 bytes", "their size")),
            value => value,
        };
        let block = match number(3) {
            0 => (USUAL_BLOCK_BYTES / value / GROUP * GROUP).max(LEAST_USUAL_BLOCK),
            block if block.is_multiple_of(GROUP) => block,
            block => return Err(wrong(&format!("blocks of {block} values"), "a multiple of 8")),
        };
        let compression = match number(4) {
            0 => Compression::None,
            2 => Compression::Lz4,
            3 => Compression::Zstd,
            other => return Err(wrong(&format!("compression {other}"), "0, 2 (lz4) or 3 (zstd)")),
        };
        Ok(Parameters { value, block, compression })
    }
}

fn wrong(what: &str, expected: &'static str) -> Damage {
    Damage::Value { what: what.to_owned(), expected }
}

/// Why parameters are not understood, if they are not.
pub(super) fn unknown(client_data: &[u32]) -> Option<String> {
    let error = Parameters::of(client_data).err()?;
    Some(format!("filter 32008 (bitshuffle) of its chunks with parameters {client_data:?} ({error})"))
}

/// Decodes a chunk that has at most `limit` bytes.
pub(super) fn decode(client_data: &[u32], data: &[u8], limit: usize) -> Result<Vec<u8>, Damage> {
    let Parameters { value, mut block, compression } = Parameters::of(client_data)?;
    let (size, mut rest) = match compression {
        Compression::None => (data.len(), data),
        _ => {
            let (header, rest) = data.split_at_checked(HEADER).ok_or(Damage::End)?;
            let (size, block_bytes) = header.split_at(HEADER - 4);
            // The block size of the header is the one that was used.
            let block_bytes = block_bytes.iter().fold(0, |n, &byte| n << 8 | usize::from(byte));
            block = block_bytes / value;
            if block == 0 || !block.is_multiple_of(GROUP) || !block_bytes.is_multiple_of(value) {
                return Err(wrong(&format!("blocks of {block_bytes} bytes"), "a multiple of 8 values"));
            }
            let size =
                size.iter().try_fold(0_usize, |n, &byte| Some(n.checked_mul(256)? | usize::from(byte)));
            (size.unwrap_or(usize::MAX), rest)
        }
    };
    if size > limit {
        return Err(Damage::TooLarge { limit });
    }
    let mut out = vec![0; size];
    let mut bits = Vec::new();
    let mut zstd = match compression {
        Compression::Zstd => Some(zstd::bulk::Decompressor::new()?),
        _ => None,
    };
    let whole_groups = size / value / GROUP * GROUP * value;
    let (shuffled, left_over) = out.split_at_mut(whole_groups);
    for part in shuffled.chunks_mut(block.saturating_mul(value)) {
        match compression {
            Compression::None => {
                let (stored, after) = rest.split_at_checked(part.len()).ok_or(Damage::End)?;
                unshuffle(stored, value, part);
                rest = after;
            }
            _ => {
                let (len, after) = rest.split_first_chunk::<4>().ok_or(Damage::End)?;
                let len = usize::try_from(u32::from_be_bytes(*len)).unwrap_or(usize::MAX);
                let (stored, after) = after.split_at_checked(len).ok_or(Damage::End)?;
                bits.resize(part.len(), 0);
                let got = match &mut zstd {
                    Some(zstd) => zstd.decompress_to_buffer(stored, bits.as_mut_slice())?,
                    None => lz4_flex::block::decompress_into(stored, &mut bits)?,
                };
                if got != part.len() {
                    return Err(Damage::Size { got, expected: part.len() });
                }
                unshuffle(&bits, value, part);
                rest = after;
            }
        }
    }
    // What is no whole group of values stands at the end as it is.
    left_over.copy_from_slice(rest.get(..left_over.len()).ok_or(Damage::End)?);
    Ok(out)
}

/// Values out of their bits: row `8 b + k` of `bits` has bit `k` of byte `b` of every value.
fn unshuffle(bits: &[u8], value: usize, out: &mut [u8]) {
    let n_groups = out.len() / value / GROUP;
    for byte in 0..value {
        let rows = &bits[byte * GROUP * n_groups..][..GROUP * n_groups];
        for group in 0..n_groups {
            let eight: [u8; GROUP] = std::array::from_fn(|row| rows[row * n_groups + group]);
            let values = transpose(u64::from_le_bytes(eight)).to_le_bytes();
            for (place, bits) in values.into_iter().enumerate() {
                out[(group * GROUP + place) * value + byte] = bits;
            }
        }
    }
}

/// Swaps the rows and columns of eight times eight bits, by halves, quarters and eighths.
fn transpose(mut bits: u64) -> u64 {
    for (mask, shift) in [(0x00AA_00AA_00AA_00AA, 7), (0x0000_CCCC_0000_CCCC, 14), (0xF0F0_F0F0, 28)] {
        let changed = (bits ^ (bits >> shift)) & mask;
        bits ^= changed ^ (changed << shift);
    }
    bits
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails panics")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shuffle(values: &[u8], value: usize) -> Vec<u8> {
        let n = values.len() / value;
        let mut out = vec![0; values.len()];
        for (place, bytes) in values.chunks(value).enumerate() {
            for bit in 0..8 * value {
                let is_set = bytes[bit / 8] >> (bit % 8) & 1;
                out[bit * n / 8 + place / 8] |= is_set << (place % 8);
            }
        }
        out
    }

    fn encode(data: &[u8], value: usize, block: usize, compression: u32) -> Vec<u8> {
        let mut out = Vec::new();
        if compression != 0 {
            out.extend((data.len() as u64).to_be_bytes());
            out.extend(u32::try_from(block * value).unwrap().to_be_bytes());
        }
        let whole = data.len() / value / 8 * 8 * value;
        for part in data[..whole].chunks(block * value) {
            let shuffled = shuffle(part, value);
            let stored = match compression {
                0 => {
                    out.extend(shuffled);
                    continue;
                }
                2 => lz4_flex::block::compress(&shuffled),
                _ => zstd::bulk::compress(&shuffled, 1).unwrap(),
            };
            out.extend(u32::try_from(stored.len()).unwrap().to_be_bytes());
            out.extend(stored);
        }
        out.extend(&data[whole..]);
        out
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(
            value in 1_usize..9, data in prop::collection::vec(any::<u8>(), 0..900), blocks in 1_usize..5,
            compression in prop::sample::select(vec![0_u32, 2, 3]),
        ) {
            let data = &data[..data.len() / value * value];
            let block = 8 * blocks;
            let parameters = [0, 3, u32::try_from(value).unwrap(), u32::try_from(block).unwrap(), compression];
            let encoded = encode(data, value, block, compression);
            prop_assert_eq!(decode(&parameters, &encoded, data.len()).unwrap(), data);
            for cut in 0..encoded.len().min(40) {
                let short = decode(&parameters, &encoded[..encoded.len() - 1 - cut], data.len());
                prop_assert!(compression == 0 || short.is_err());
            }
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(
            data in prop::collection::vec(any::<u8>(), 0..200), parameters in prop::collection::vec(0_u32..40, 0..6),
        ) {
            if let Ok(decoded) = decode(&parameters, &data, 4096) {
                prop_assert!(decoded.len() <= 4096);
            }
        }
    }
}
