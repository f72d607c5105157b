//! The header of an NPY file: a Python dictionary with the type of its values, their order and the shape.

use patchweave_geometry::c_strides;
use patchweave_pixel::{ByteOrder, PixelType};

/// Longer headers are no headers of arrays.
const MAX_LEN: usize = 1 << 16;

/// Bytes that hold every header that is read.
pub(super) const MAX_HEADER: u64 = MAX_LEN as u64 + 12;

const MAGIC: &[u8] = b"\x93NUMPY";

/// What a header says, or what is said in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// The version of the format; `None` for values without a header.
    pub version: Option<(u8, u8)>,
    pub pixel_type: PixelType,
    pub order: ByteOrder,
    /// Whether the first dimension varies fastest.
    pub is_fortran: bool,
    pub shape: Vec<usize>,
    /// Where the values start.
    pub data_start: u64,
    /// How many bytes the values take.
    pub n_bytes: u64,
}

/// Why a header cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BadHeader {
    /// It is not what it should be.
    Damaged { got: String, expected: &'static str },
    /// It describes values that are no pixels.
    Unsupported { what: String },
}

fn damaged<T>(got: impl Into<String>, expected: &'static str) -> Result<T, BadHeader> {
    Err(BadHeader::Damaged { got: got.into(), expected })
}

impl Header {
    /// Reads the header at the start of a file.
    pub fn parse(bytes: &[u8]) -> Result<Header, BadHeader> {
        let Some((version, rest)) = bytes.strip_prefix(MAGIC).and_then(|rest| rest.split_first_chunk::<2>())
        else {
            return damaged("another start", "\\x93NUMPY and a version");
        };
        let (len, rest) = match (version, rest) {
            ([1, _], [a, b, rest @ ..]) => (usize::from(u16::from_le_bytes([*a, *b])), rest),
            ([2 | 3, _], [a, b, c, d, rest @ ..]) => {
                (usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX), rest)
            }
            ([1..=3, _], _) => return damaged("the end of the file", "the length of the header"),
            ([major, minor], _) => return damaged(format!("version {major}.{minor}"), "version 1, 2 or 3"),
        };
        if len > MAX_LEN {
            return damaged(format!("a header of {len} bytes"), "at most 65536");
        }
        let Some(text) = rest.get(..len) else {
            return damaged(format!("{} bytes of a header of {len}", rest.len()), "all of it");
        };
        let data_start = (bytes.len() - rest.len() + len) as u64;
        let Ok(text) = str::from_utf8(text) else {
            return damaged("bytes that are not text", "a dictionary");
        };
        let entries = Entries::parse(text)?;
        let (pixel_type, order) = pixel_type(&entries.descr)?;
        let Some(n_bytes) = bytes_of(pixel_type, &entries.shape) else {
            return damaged(format!("shape {:?}", entries.shape), "sizes that fit into memory addresses");
        };
        Ok(Header {
            version: Some((version[0], version[1])),
            pixel_type,
            order,
            is_fortran: entries.is_fortran,
            shape: entries.shape,
            data_start,
            n_bytes,
        })
    }

    /// Values from one index to the next along every dimension.
    pub fn strides(&self) -> Vec<usize> {
        if !self.is_fortran {
            return c_strides(&self.shape);
        }
        let reversed: Vec<usize> = self.shape.iter().rev().copied().collect();
        c_strides(&reversed).into_iter().rev().collect()
    }

    /// Turns values in the byte order of their file into that of this machine.
    pub fn to_native(&self, bytes: &mut [u8]) {
        if self.order != ByteOrder::NATIVE {
            bytes.chunks_exact_mut(self.pixel_type.n_bytes()).for_each(<[u8]>::reverse);
        }
    }
}

/// The bytes that all values of an array take, if they can be addressed.
pub(super) fn bytes_of(pixel_type: PixelType, shape: &[usize]) -> Option<u64> {
    shape.iter().try_fold(pixel_type.n_bytes() as u64, |n, &size| {
        n.checked_mul(size as u64).filter(|n| isize::try_from(*n).is_ok())
    })
}

/// The type that a description such as `<u2` names.
pub(super) fn pixel_type(descr: &str) -> Result<(PixelType, ByteOrder), BadHeader> {
    let (order, name) = match descr.split_at_checked(1) {
        Some(("<", name)) => (ByteOrder::Little, name),
        Some((">", name)) => (ByteOrder::Big, name),
        Some(("|" | "=", name)) => (ByteOrder::NATIVE, name),
        _ => (ByteOrder::NATIVE, descr),
    };
    let pixel_type = match name {
        "b1" | "?" => PixelType::Bool,
        "u1" => PixelType::U8,
        "u2" => PixelType::U16,
        "u4" => PixelType::U32,
        "u8" => PixelType::U64,
        "i1" => PixelType::I8,
        "i2" => PixelType::I16,
        "i4" => PixelType::I32,
        "i8" => PixelType::I64,
        "f2" => PixelType::F16,
        "f4" => PixelType::F32,
        "f8" => PixelType::F64,
        _ => {
            let what = match name.chars().next() {
                Some('O') => "an array of Python objects".to_owned(),
                Some('c') => "an array of complex numbers".to_owned(),
                _ => format!("an array of type {descr:?}"),
            };
            return Err(BadHeader::Unsupported { what });
        }
    };
    Ok((pixel_type, order))
}

/// The three entries of the dictionary.
struct Entries {
    descr: String,
    is_fortran: bool,
    shape: Vec<usize>,
}

/// What is left of the text of a dictionary.
struct Text<'a>(&'a str);

impl Entries {
    fn parse(text: &str) -> Result<Entries, BadHeader> {
        let mut text = Text(text);
        let mut descr = None;
        let mut is_fortran = None;
        let mut shape = None;
        text.need('{')?;
        while !text.take('}') {
            let key = text.string()?;
            text.need(':')?;
            let is_new = match key {
                "descr" => {
                    if text.next() == Some('[') {
                        let what = "an array of records (a structured type)".to_owned();
                        return Err(BadHeader::Unsupported { what });
                    }
                    descr.replace(text.string()?.to_owned()).is_none()
                }
                "fortran_order" => is_fortran.replace(text.truth()?).is_none(),
                "shape" => shape.replace(text.sizes()?).is_none(),
                _ => false,
            };
            if !is_new {
                let shown: String = key.chars().take(40).collect();
                return damaged(format!("the key {shown:?}"), "descr, fortran_order and shape, each once");
            }
            if !text.take(',') {
                text.need('}')?;
                break;
            }
        }
        if !text.0.trim().is_empty() {
            return damaged("more text behind the dictionary", "nothing but spaces");
        }
        match (descr, is_fortran, shape) {
            (Some(descr), Some(is_fortran), Some(shape)) => Ok(Entries { descr, is_fortran, shape }),
            _ => damaged("a key less", "descr, fortran_order and shape"),
        }
    }
}

impl<'a> Text<'a> {
    fn next(&mut self) -> Option<char> {
        self.0 = self.0.trim_start();
        self.0.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_there = self.next() == Some(wanted);
        if is_there {
            self.0 = &self.0[wanted.len_utf8()..];
        }
        is_there
    }

    fn need(&mut self, wanted: char) -> Result<(), BadHeader> {
        if self.take(wanted) { Ok(()) } else { damaged(self.shown(), "a dictionary as NumPy writes it") }
    }

    fn shown(&self) -> String {
        match self.0.is_empty() {
            true => "the end of the header".to_owned(),
            false => format!("{:?}", self.0.chars().take(20).collect::<String>()),
        }
    }

    fn string(&mut self) -> Result<&'a str, BadHeader> {
        let quote = if self.take('\'') { '\'' } else { '"' };
        if quote == '"' {
            self.need('"')?;
        }
        match self.0.split_once(quote) {
            Some((text, rest)) if !text.contains('\\') => {
                self.0 = rest;
                Ok(text)
            }
            _ => damaged(self.shown(), "a text in quotes"),
        }
    }

    fn truth(&mut self) -> Result<bool, BadHeader> {
        self.next();
        for (word, truth) in [("True", true), ("False", false)] {
            if let Some(rest) = self.0.strip_prefix(word) {
                self.0 = rest;
                return Ok(truth);
            }
        }
        damaged(self.shown(), "True or False")
    }

    fn sizes(&mut self) -> Result<Vec<usize>, BadHeader> {
        self.need('(')?;
        let mut sizes = Vec::new();
        while !self.take(')') {
            self.next();
            let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
            let (digits, rest) = self.0.split_at(end);
            let Ok(size) = digits.parse() else { return damaged(self.shown(), "a size") };
            sizes.push(size);
            // Written by Python 2.
            self.0 = rest.strip_prefix('L').unwrap_or(rest);
            if !self.take(',') {
                self.need(')')?;
                break;
            }
        }
        Ok(sizes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(version: u8, dictionary: &str) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([version, 0]);
        let len = u32::try_from(dictionary.len()).unwrap().to_le_bytes();
        bytes.extend(&len[..if version == 1 { 2 } else { 4 }]);
        bytes.extend(dictionary.as_bytes());
        bytes
    }

    fn header(dictionary: &str) -> Result<Header, BadHeader> {
        Header::parse(&file(1, dictionary))
    }

    #[test]
    fn headers_of_all_versions_are_read() {
        let dictionary = "{'descr': '>u2', 'fortran_order': True, 'shape': (3, 4L,), }   \n";
        for version in 1..=3 {
            let bytes = file(version, dictionary);
            let header = Header::parse(&bytes).unwrap();
            let form = (header.pixel_type, header.order, header.is_fortran);
            assert_eq!(form, (PixelType::U16, ByteOrder::Big, true));
            assert_eq!((header.shape, header.n_bytes), (vec![3, 4], 24));
            assert_eq!(header.data_start, bytes.len() as u64);
        }
        let scalar = header("{\"shape\":(),\"descr\":\"?\",\"fortran_order\":False}").unwrap();
        assert_eq!((scalar.shape, scalar.pixel_type), (Vec::new(), PixelType::Bool));
    }

    #[test]
    fn other_headers_are_refused() {
        let with = |descr: &str, shape: &str| {
            header(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}"))
        };
        assert!(with("'<f4'", "(2, 2)").is_ok());
        for descr in ["'|O'", "'<c8'", "'<U5'", "[('x', '<f4')]", "'<u3'", "''"] {
            assert!(matches!(with(descr, "(2,)"), Err(BadHeader::Unsupported { .. })), "{descr}");
        }
        for (descr, shape) in [
            ("'<u2'", "(4294967296, 4294967296, 4)"),
            ("'<u2'", "(99999999999999999999,)"),
            ("'<u2'", "(-1,)"),
            ("'<u2'", "(1 2)"),
            ("'<u2'", "7"),
            ("u2", "(7,)"),
            ("'u2", "(7,)"),
        ] {
            assert!(matches!(with(descr, shape), Err(BadHeader::Damaged { .. })), "{descr} {shape}");
        }
        for text in ["", "{}", "{'descr': '<u2'}", "{'descr': '<u2', 'descr': '<u2'}", "{'a': 1}", "["] {
            assert!(matches!(header(text), Err(BadHeader::Damaged { .. })), "{text}");
        }
        for bytes in
            [&b""[..], b"\x93NUMPY", b"\x93NUMPY\x01\x00", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}", b"PK"]
        {
            assert!(matches!(Header::parse(bytes), Err(BadHeader::Damaged { .. })), "{bytes:?}");
        }
        assert!(matches!(Header::parse(&file(4, "{}")), Err(BadHeader::Damaged { .. })));
    }
}
