//! The predictors of TIFF: differences in place of pixels, which compress better, and back.

use std::path::Path;

use patchweave_pixel::{ByteOrder, PixelType};

use super::options::TiffPredictor;
use super::packing::Packing;
use crate::SinkError;

/// What is stored in place of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Predictor {
    None,
    Horizontal,
    Float,
}

impl Predictor {
    /// What the settings ask for.
    pub fn of(
        path: &Path,
        asked: TiffPredictor,
        packing: Packing,
        pixel_type: PixelType,
    ) -> Result<Self, SinkError> {
        let own = if pixel_type.is_integer() { Predictor::Horizontal } else { Predictor::Float };
        let own_name = if pixel_type.is_integer() { "horizontal" } else { "float" };
        let (given, name) = match asked {
            TiffPredictor::None => return Ok(Predictor::None),
            TiffPredictor::Auto if packing == Packing::None => return Ok(Predictor::None),
            TiffPredictor::Auto => return Ok(own),
            TiffPredictor::Horizontal => (Predictor::Horizontal, "horizontal"),
            TiffPredictor::Float => (Predictor::Float, "float"),
        };
        let unfit =
            |got: String, expected: String| Err(SinkError::Unfit { path: path.into(), got, expected });
        if packing == Packing::None {
            return unfit(format!("the predictor {name} without compression"), "auto or none".into());
        }
        if given != own {
            let got = format!("the predictor {name} for {pixel_type} pixels");
            return unfit(got, format!("auto, none or {own_name}"));
        }
        Ok(given)
    }

    /// The number that the tag has.
    pub fn tag(self) -> u16 {
        match self {
            Predictor::None => 1,
            Predictor::Horizontal => 2,
            Predictor::Float => 3,
        }
    }
}

/// Rows of a strip or tile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PredictedRows {
    pub predictor: Predictor,
    pub n_sample_bytes: usize,
    /// Samples of a pixel.
    pub n_samples: usize,
    /// Bytes of a row, at least 1.
    pub row_bytes: usize,
}

impl PredictedRows {
    /// Puts differences in place of pixels.
    pub fn predict(self, bytes: &mut [u8]) {
        if self.predictor == Predictor::None {
            return;
        }
        let mut before = vec![0; self.row_bytes];
        for row in bytes.chunks_exact_mut(self.row_bytes) {
            match self.predictor {
                Predictor::None => {}
                Predictor::Horizontal => {
                    before.copy_from_slice(row);
                    self.subtract(&before, row);
                }
                Predictor::Float => {
                    self.split_planes(row, &mut before);
                    let bytes = PredictedRows { n_sample_bytes: 1, ..self };
                    row.copy_from_slice(&before);
                    bytes.subtract(&before, row);
                }
            }
        }
    }

    /// Puts pixels in place of differences.
    pub fn restore(self, bytes: &mut [u8]) {
        if self.predictor == Predictor::None {
            return;
        }
        let mut planes = vec![0; self.row_bytes];
        for row in bytes.chunks_exact_mut(self.row_bytes) {
            match self.predictor {
                Predictor::None => {}
                Predictor::Horizontal => self.add_up(row),
                Predictor::Float => {
                    PredictedRows { n_sample_bytes: 1, ..self }.add_up(row);
                    planes.copy_from_slice(row);
                    self.join_planes(&planes, row);
                }
            }
        }
    }

    /// From every sample of a row the one of the pixel before.
    fn subtract(self, before: &[u8], row: &mut [u8]) {
        macro_rules! subtract {
            ($number:ty) => {{
                const N: usize = size_of::<$number>();
                let distance = (self.n_samples * N).min(row.len());
                let pairs = before[distance..].chunks_exact(N).zip(before.chunks_exact(N));
                for (to, (now, before)) in row[distance..].chunks_exact_mut(N).zip(pairs) {
                    let number = |bytes: &[u8]| {
                        bytes.first_chunk().map_or(0, |bytes| <$number>::from_ne_bytes(*bytes))
                    };
                    to.copy_from_slice(&number(now).wrapping_sub(number(before)).to_ne_bytes());
                }
            }};
        }
        match self.n_sample_bytes {
            1 => subtract!(u8),
            2 => subtract!(u16),
            4 => subtract!(u32),
            _ => subtract!(u64),
        }
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
                        bytes.first_chunk().map_or(0, |bytes| <$number>::from_ne_bytes(*bytes))
                    };
                    let sum = number(now).wrapping_add(number(&before[at - distance..]));
                    if let Some(now) = now.first_chunk_mut() {
                        *now = sum.to_ne_bytes();
                    }
                }
            }};
        }
        match self.n_sample_bytes {
            1 => add!(u8),
            2 => add!(u16),
            4 => add!(u32),
            _ => add!(u64),
        }
    }

    /// Where the byte of a significance, 0 for the most, stands in a number.
    fn place(self, significance: usize) -> usize {
        match ByteOrder::NATIVE {
            ByteOrder::Big => significance,
            ByteOrder::Little => self.n_sample_bytes - 1 - significance,
        }
    }

    /// The most significant bytes of all numbers, then the next ones.
    fn split_planes(self, row: &[u8], planes: &mut [u8]) {
        let n_values = row.len() / self.n_sample_bytes;
        for (significance, plane) in planes.chunks_exact_mut(n_values).enumerate() {
            let place = self.place(significance);
            for (to, number) in plane.iter_mut().zip(row.chunks_exact(self.n_sample_bytes)) {
                *to = number[place];
            }
        }
    }

    fn join_planes(self, planes: &[u8], row: &mut [u8]) {
        let n_values = row.len() / self.n_sample_bytes;
        for (significance, plane) in planes.chunks_exact(n_values).enumerate() {
            let place = self.place(significance);
            for (from, number) in plane.iter().zip(row.chunks_exact_mut(self.n_sample_bytes)) {
                number[place] = *from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_predicted_comes_back(
            n_sample_bytes in prop::sample::select(vec![1_usize, 2, 4, 8]),
            n_samples in 1_usize..5,
            n_columns in 1_usize..9,
            values in prop::collection::vec(any::<u8>(), 1024),
            predictor in prop::sample::select(vec![Predictor::None, Predictor::Horizontal, Predictor::Float]),
        ) {
            let row_bytes = n_columns * n_samples * n_sample_bytes;
            let pixels = values[..row_bytes * 3].to_vec();
            let rows = PredictedRows { predictor, n_sample_bytes, n_samples, row_bytes };
            let mut bytes = pixels.clone();
            rows.predict(&mut bytes);
            rows.restore(&mut bytes);
            prop_assert_eq!(bytes, pixels);
        }
    }

    #[test]
    fn neighbours_that_are_equal_differ_by_nothing() {
        let rows = |predictor, n_sample_bytes| PredictedRows {
            predictor,
            n_sample_bytes,
            n_samples: 1,
            row_bytes: 12,
        };
        let mut bytes = [7_u16; 6].map(u16::to_ne_bytes).concat();
        rows(Predictor::Horizontal, 2).predict(&mut bytes);
        assert_eq!(bytes, [7_u16, 0, 0, 0, 0, 0].map(u16::to_ne_bytes).concat());
        let mut bytes = [1.0_f32; 3].map(f32::to_ne_bytes).concat();
        rows(Predictor::Float, 4).predict(&mut bytes);
        // 0x3f800000 three times, plane by plane: only the first bytes of the first two planes differ from those before.
        assert_eq!(bytes, [0x3f, 0, 0, 0x41, 0, 0, 0x80, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn predictors_go_with_their_numbers() {
        let of = |asked, packing, pixel_type| Predictor::of(Path::new("a.tif"), asked, packing, pixel_type);
        let auto = |packing, pixel_type| of(TiffPredictor::Auto, packing, pixel_type).unwrap();
        assert_eq!(auto(Packing::Lzw, PixelType::I64), Predictor::Horizontal);
        assert_eq!(auto(Packing::Lzw, PixelType::F16), Predictor::Float);
        assert_eq!(auto(Packing::None, PixelType::U8), Predictor::None);
        let refused = |asked, packing, pixel_type| of(asked, packing, pixel_type).unwrap_err().to_string();
        assert_eq!(
            refused(TiffPredictor::Float, Packing::Lzw, PixelType::U8),
            "a.tif: got the predictor float for uint8 pixels, expected auto, none or horizontal"
        );
        assert_eq!(
            refused(TiffPredictor::Horizontal, Packing::None, PixelType::U8),
            "a.tif: got the predictor horizontal without compression, expected auto or none"
        );
    }
}
