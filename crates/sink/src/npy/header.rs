//! The header of an NPY file; no pixels.

use patchweave_pixel::PixelType;

use crate::ImageSpec;

/// Pixels start at a multiple of this, as NumPy has it.
const ALIGNMENT: usize = 64;

/// Magic bytes, version 1.0; the length of what follows comes next, in two bytes.
const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";

/// Everything before the pixels.
pub(super) fn header(spec: &ImageSpec) -> Vec<u8> {
    let sizes: Vec<String> = spec.layout.shape().iter().map(usize::to_string).collect();
    let descr = descr(spec.pixel_type);
    let shape = sizes.join(", ");
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    let n_before = MAGIC.len() + 2;
    let n_bytes = (n_before + text.len() + 1).next_multiple_of(ALIGNMENT);
    let padding = n_bytes - n_before - text.len() - 1;
    text.extend(std::iter::repeat_n(' ', padding));
    text.push('\n');
    // An image has six axes at most, whose sizes fit many times; version 2.0 is for those that do not.
    let n_text = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [MAGIC, &n_text.to_le_bytes(), text.as_bytes()].concat()
}

/// A pixel type in NumPy's words.
fn descr(pixel_type: PixelType) -> &'static str {
    match pixel_type {
        PixelType::Bool => "|b1",
        PixelType::U8 => "|u1",
        PixelType::U16 => "<u2",
        PixelType::U32 => "<u4",
        PixelType::U64 => "<u8",
        PixelType::I8 => "|i1",
        PixelType::I16 => "<i2",
        PixelType::I32 => "<i4",
        PixelType::I64 => "<i8",
        PixelType::F16 => "<f2",
        PixelType::F32 => "<f4",
        PixelType::F64 => "<f8",
    }
}

#[cfg(test)]
mod tests {
    use patchweave_geometry::ArrayLayout;

    use super::*;

    #[test]
    fn pixels_start_aligned_behind_the_description() {
        let layout = ArrayLayout::new("ZYX".parse().unwrap(), &[3, 4, 5]).unwrap();
        let bytes = header(&ImageSpec::new(layout, PixelType::U16));
        // 118 bytes after the length, so that pixels start at 128.
        let expected = [
            &b"\x93NUMPY\x01\x00v\x00"[..],
            b"{'descr': '<u2', 'fortran_order': False, 'shape': (3, 4, 5), }",
            &[b' '; 55],
            b"\n",
        ];
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn the_largest_shape_fits() {
        // The product has to be countable, the digits of each size do not matter to the header.
        let layout = ArrayLayout::new("STCZYX".parse().unwrap(), &[1000; 6]).unwrap();
        let bytes = header(&ImageSpec::new(layout, PixelType::U8));
        assert_eq!((bytes.len() % ALIGNMENT, bytes.last()), (0, Some(&b'\n')));
    }
}
