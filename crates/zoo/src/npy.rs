//! Examples of tensors: arrays in the format of NumPy.

use ndarray::{ArrayD, IxDyn, ShapeBuilder};

use crate::DataType;
use crate::data_type::single;

/// An array of a file.
#[derive(Debug)]
pub(crate) struct NpyArray {
    pub data_type: DataType,
    pub values: ArrayD<f32>,
}

/// Why bytes are no array.
#[derive(Debug)]
pub(crate) struct NotNpy {
    pub found: String,
    pub expected: &'static str,
}

const MAGIC: &[u8] = b"\x93NUMPY";
/// More axes than any tensor has.
const MAX_AXES: usize = 8;

/// Reads an array.
pub(crate) fn read_npy(bytes: &[u8]) -> Result<NpyArray, NotNpy> {
    let refused = |found: &str, expected| NotNpy { found: found.to_owned(), expected };
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| refused("no NPY file", "an NPY file"))?;
    let (header, values) = parts(rest).ok_or_else(|| refused("half a header", "a whole NPY file"))?;
    let header =
        std::str::from_utf8(header).map_err(|_| refused("a header that is no text", "an NPY file"))?;
    let type_text = value_of(header, "descr").and_then(|text| unquoted(text));
    let stored = type_text.and_then(Stored::of);
    let stored = stored.ok_or_else(|| {
        let found = format!("values of type {}", type_text.unwrap_or("that is not told"));
        NotNpy { found, expected: "numbers of 8 to 64 bits, or truth values" }
    })?;
    let shape = value_of(header, "shape").and_then(shape_of);
    let shape = shape.ok_or_else(|| refused("a header without a shape", "a shape of at most 8 sizes"))?;
    let is_fortran = value_of(header, "fortran_order").is_some_and(|text| text.starts_with("True"));
    let n_bytes = shape.iter().try_fold(stored.n_bytes, |n, size| n.checked_mul(*size));
    if n_bytes != Some(values.len()) {
        let found = format!("{} bytes for a shape of {shape:?}", values.len());
        return Err(NotNpy { found, expected: "as many bytes as the shape tells" });
    }
    let values = stored.values(values);
    let shape = IxDyn(&shape);
    let array = match is_fortran {
        true => ArrayD::from_shape_vec(shape.f(), values),
        false => ArrayD::from_shape_vec(shape, values),
    };
    let values = array.map_err(|_| refused("too many values", "an array that fits into memory"))?;
    Ok(NpyArray { data_type: stored.data_type, values })
}

/// The header and what follows it, behind the magic.
fn parts(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (version, rest) = rest.split_at_checked(2)?;
    let (n_header, rest) = match version.first()? {
        1 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        _ => {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            (usize::try_from(u32::from_le_bytes(*length)).ok()?, rest)
        }
    };
    rest.split_at_checked(n_header)
}

/// The text behind a key of a dictionary as Python writes it.
fn value_of<'h>(header: &'h str, key: &str) -> Option<&'h str> {
    let at = header.find(&format!("'{key}'")).or_else(|| header.find(&format!("\"{key}\"")))?;
    let behind = header.get(at + key.len() + 2..)?;
    Some(behind.trim_start().strip_prefix(':')?.trim_start())
}

fn unquoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    text.get(1..)?.split(quote).next()
}

fn shape_of(text: &str) -> Option<Vec<usize>> {
    let inner = text.strip_prefix('(')?.split(')').next()?;
    let parts = inner.split(',').map(str::trim).filter(|part| !part.is_empty());
    let shape: Option<Vec<usize>> = parts.map(|part| part.trim_end_matches('L').parse().ok()).collect();
    shape.filter(|shape| shape.len() <= MAX_AXES)
}

/// How values are stored.
#[derive(Debug, Clone, Copy)]
struct Stored {
    data_type: DataType,
    n_bytes: usize,
    is_big_endian: bool,
}

impl Stored {
    /// The type of a text such as `<f4`.
    fn of(text: &str) -> Option<Self> {
        let (order, kind) = text.split_at_checked(1)?;
        let (data_type, n_bytes) = match kind {
            "b1" => (DataType::Bool, 1),
            "f4" => (DataType::F32, 4),
            "f8" => (DataType::F64, 8),
            _ => {
                let signed = kind.starts_with('i');
                let n_bytes: u8 = kind.strip_prefix(['i', 'u'])?.parse().ok()?;
                let known = matches!(n_bytes, 1 | 2 | 4 | 8);
                let data_type = DataType::Integer { bits: n_bytes.checked_mul(8)?, signed };
                (known.then_some(data_type)?, usize::from(n_bytes))
            }
        };
        let is_known = matches!(order, "<" | ">" | "|" | "=");
        is_known.then_some(Stored { data_type, n_bytes, is_big_endian: order == ">" })
    }

    fn values(self, bytes: &[u8]) -> Vec<f32> {
        bytes.chunks_exact(self.n_bytes).map(|bytes| self.value(bytes)).collect()
    }

    fn value(self, bytes: &[u8]) -> f32 {
        let mut little = [0; 8];
        for (place, byte) in little.iter_mut().zip(bytes) {
            *place = *byte;
        }
        if self.is_big_endian {
            little[..self.n_bytes].reverse();
        }
        let number = u64::from_le_bytes(little);
        match self.data_type {
            #[expect(clippy::cast_possible_truncation, reason = "of four bytes")]
            DataType::F32 => f32::from_bits(number as u32),
            DataType::F64 => single(f64::from_bits(number)),
            DataType::Bool => f32::from(number != 0),
            #[expect(clippy::cast_precision_loss, reason = "values are kept as f32")]
            DataType::Integer { bits, signed: true } => {
                // The sign moves to the uppermost bit and back.
                let unused = 64 - u32::from(bits);
                ((number << unused).cast_signed() >> unused) as f32
            }
            #[expect(clippy::cast_precision_loss, reason = "values are kept as f32")]
            DataType::Integer { signed: false, .. } => number as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, values: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(values);
        bytes
    }

    fn header(descr: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}   \n")
    }

    #[test]
    fn values_of_every_type_are_read() {
        for (descr, values, expected) in [
            ("<f4", &1.5_f32.to_le_bytes()[..], 1.5),
            (">f4", &1.5_f32.to_be_bytes()[..], 1.5),
            ("<f8", &(-2.25_f64).to_le_bytes()[..], -2.25),
            ("|i1", &[255][..], -1.0),
            ("|u1", &[255][..], 255.0),
            (">i2", &(-300_i16).to_be_bytes()[..], -300.0),
            ("<u8", &(1_u64 << 40).to_le_bytes()[..], 1_099_511_627_776.0),
            ("|b1", &[1][..], 1.0),
        ] {
            let read = read_npy(&file(&header(descr, "(1, 1)"), values)).unwrap();
            assert_eq!((read.values.shape(), read.values[[0, 0]]), (&[1, 1][..], expected), "{descr}");
        }
    }

    #[test]
    fn both_orders_are_read() {
        let c = read_npy(&file(&header("|u1", "(2, 3)"), &[0, 1, 2, 3, 4, 5])).unwrap().values;
        assert_eq!(c[[1, 0]], 3.0);
        let fortran = header("|u1", "(2, 3)").replace("False", "True");
        let fortran = read_npy(&file(&fortran, &[0, 1, 2, 3, 4, 5])).unwrap().values;
        assert_eq!(fortran[[1, 0]], 1.0);
    }

    #[test]
    fn what_is_no_array_is_refused() {
        for bytes in [
            b"PK".to_vec(),
            MAGIC.to_vec(),
            file("{}", &[]),
            file(&header("<c8", "(1,)"), &[0; 8]),
            file(&header("<f4", "(2,)"), &[0; 4]),
            file(&header("<f4", "(99999999999, 99999999999)"), &[0; 4]),
            file(&header("<f4", "(-1,)"), &[0; 4]),
        ] {
            assert!(read_npy(&bytes).is_err(), "{bytes:?}");
        }
        let whole = file(&header("<f4", "(1,)"), &[0; 4]);
        for n in 0..whole.len() {
            assert!(read_npy(&whole[..n]).is_err(), "{n}");
        }
    }
}
