//! From the stored bytes of rows to pixels in the byte order of this machine: order, predictors, packed bits.

use patchweave_pixel::{ByteOrder, PixelType};

use super::storage::Predictor;

/// How the rows of a strip or tile are stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows {
    pub order: ByteOrder,
    pub predictor: Predictor,
    pub bits: u32,
    pub pixel_type: PixelType,
    /// Pixels of a row.
    pub width: usize,
    /// Samples of a pixel.
    pub n_samples: usize,
    /// Stored bytes of a row, at least 1.
    pub row_bytes: usize,
}

/// Turns the bits of every byte around.
pub(super) fn reverse_bits(bytes: &mut [u8]) {
    bytes.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
}

impl Rows {
    /// Stored rows as pixels.
    pub fn to_pixels(self, mut bytes: Vec<u8>) -> Vec<u8> {
        let n_bytes = self.pixel_type.n_bytes();
        if usize::try_from(self.bits).is_ok_and(|bits| bits != 8 * n_bytes) {
            return self.unpack(&bytes);
        }
        if self.predictor == Predictor::Float {
            let mut copy = vec![0; self.row_bytes];
            for row in bytes.chunks_exact_mut(self.row_bytes) {
                copy.copy_from_slice(row);
                self.join_float_planes(&mut copy, row);
            }
            return bytes;
        }
        if self.order != ByteOrder::NATIVE {
            bytes.chunks_exact_mut(n_bytes).for_each(<[u8]>::reverse);
        }
        if self.predictor == Predictor::Horizontal {
            for row in bytes.chunks_exact_mut(self.row_bytes) {
                self.add_up(row);
            }
        }
        bytes
    }

    /// Every sample is the sum of the differences up to it.
    fn add_up(self, row: &mut [u8]) {
        macro_rules! add {
            ($number:ty) => {{
                const N: usize = size_of::<$number>();
                let distance = self.n_samples * N;
                for at in (distance..row.len()).step_by(N) {
                    let (before, now) = row.split_at_mut(at);
                    let number = |bytes: &[u8]| {
                        bytes.first_chunk().map_or(0, |bytes: &[u8; N]| <$number>::from_ne_bytes(*bytes))
                    };
                    let sum = number(now).wrapping_add(number(&before[at - distance..]));
                    if let Some(now) = now.first_chunk_mut() {
                        *now = sum.to_ne_bytes();
                    }
                }
            }};
        }
        match self.pixel_type.n_bytes() {
            1 => add!(u8),
            2 => add!(u16),
            4 => add!(u32),
            _ => add!(u64),
        }
    }

    /// The bytes of floats stand plane by plane, the most significant first, as differences.
    fn join_float_planes(self, planes: &mut [u8], row: &mut [u8]) {
        for at in self.n_samples..planes.len() {
            planes[at] = planes[at].wrapping_add(planes[at - self.n_samples]);
        }
        let n_bytes = self.pixel_type.n_bytes();
        let n_values = row.len() / n_bytes;
        for (at, value) in row.chunks_exact_mut(n_bytes).enumerate() {
            for (byte_idx, byte) in value.iter_mut().enumerate() {
                let significance = match ByteOrder::NATIVE {
                    ByteOrder::Big => byte_idx,
                    ByteOrder::Little => n_bytes - 1 - byte_idx,
                };
                *byte = planes[significance * n_values + at];
            }
        }
    }

    /// Samples of any number of bits, the most significant first, as integers of the next larger type.
    fn unpack(self, bytes: &[u8]) -> Vec<u8> {
        let n_bytes = self.pixel_type.n_bytes();
        let n_values = self.width * self.n_samples;
        let n_rows = bytes.len() / self.row_bytes;
        let mut pixels = Vec::with_capacity(n_rows * n_values * n_bytes);
        for row in bytes.chunks_exact(self.row_bytes) {
            let mut held = 0_u128;
            let mut n_held = 0;
            let mut stored = row.iter();
            for _ in 0..n_values {
                while n_held < self.bits {
                    held = held << 8 | u128::from(stored.next().copied().unwrap_or(0));
                    n_held += 8;
                }
                n_held -= self.bits;
                let value = held >> n_held;
                held &= (1 << n_held) - 1;
                // Nothing is lost: the type has at least as many bits as were taken.
                let value = value.to_le_bytes();
                let value = value.iter().take(n_bytes).copied();
                match ByteOrder::NATIVE {
                    ByteOrder::Little => pixels.extend(value),
                    ByteOrder::Big => pixels.extend(value.rev()),
                }
            }
        }
        pixels
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packed_bits_come_back(bits in 1_u32..64, width in 1_usize..20, values in prop::collection::vec(any::<u64>(), 40)) {
            let values: Vec<u64> = values[..2 * width].iter().map(|value| value >> (64 - bits)).collect();
            let mut bytes = Vec::new();
            for row in values.chunks(width) {
                let text: String = row.iter().map(|value| format!("{value:0n$b}", n = bits as usize)).collect();
                let text = format!("{text:0<n$}", n = text.len().next_multiple_of(8));
                bytes.extend((0..text.len()).step_by(8).map(|at| u8::from_str_radix(&text[at..at + 8], 2).unwrap()));
            }
            let pixel_type = match bits {
                1..=8 => PixelType::U8,
                9..=16 => PixelType::U16,
                17..=32 => PixelType::U32,
                _ => PixelType::U64,
            };
            let rows = Rows {
                order: ByteOrder::Big,
                predictor: Predictor::None,
                bits,
                pixel_type,
                width,
                n_samples: 1,
                row_bytes: bytes.len() / 2,
            };
            let pixels = rows.to_pixels(bytes);
            let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte));
            let got: Vec<u64> = pixels.chunks(pixel_type.n_bytes()).map(number).collect();
            prop_assert_eq!(got, values);
        }
    }

    #[test]
    fn differences_add_up_per_sample() {
        let rows = |predictor, pixel_type, bits| Rows {
            order: ByteOrder::Big,
            predictor,
            bits,
            pixel_type,
            width: 2,
            n_samples: 2,
            row_bytes: 4 * pixel_type.n_bytes(),
        };
        let got = rows(Predictor::Horizontal, PixelType::U8, 8).to_pixels(vec![1, 2, 3, 255, 4, 0, 0, 1]);
        assert_eq!(got, [1, 2, 4, 1, 4, 0, 4, 1]);
        let got = rows(Predictor::Horizontal, PixelType::U16, 16).to_pixels(vec![0, 1, 0, 2, 0, 3, 255, 255]);
        let expected: Vec<u8> = [1_u16, 2, 4, 1].iter().flat_map(|n| n.to_ne_bytes()).collect();
        assert_eq!(got, expected);
    }
}
