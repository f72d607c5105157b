//! Which pixels the values of a dataset are, and why other values are none.

use hdf5_reader::{ByteOrder as FileOrder, Datatype, EnumMember};
use patchweave_pixel::{ByteOrder, PixelType};
use patchweave_stack::StackError;

/// The type of pixels, if a dataset has any.
pub(super) fn pixel_type(datatype: &Datatype) -> Option<(PixelType, ByteOrder)> {
    let native = |order: &FileOrder| match order {
        FileOrder::LittleEndian => ByteOrder::Little,
        FileOrder::BigEndian => ByteOrder::Big,
    };
    match datatype {
        Datatype::FixedPoint { size, signed, byte_order } => {
            let pixel_type = match (size, signed) {
                (1, false) => PixelType::U8,
                (2, false) => PixelType::U16,
                (4, false) => PixelType::U32,
                (8, false) => PixelType::U64,
                (1, true) => PixelType::I8,
                (2, true) => PixelType::I16,
                (4, true) => PixelType::I32,
                (8, true) => PixelType::I64,
                _ => return None,
            };
            Some((pixel_type, native(byte_order)))
        }
        Datatype::FloatingPoint { size, byte_order } => {
            let pixel_type = match size {
                2 => PixelType::F16,
                4 => PixelType::F32,
                8 => PixelType::F64,
                _ => return None,
            };
            Some((pixel_type, native(byte_order)))
        }
        // The numbers of an enumeration; names have no place in an image.
        Datatype::Enum { base, members } => {
            let (pixel_type, order) = pixel_type(base)?;
            match pixel_type {
                PixelType::U8 | PixelType::I8 if is_truth(members) => Some((PixelType::Bool, order)),
                pixel_type if pixel_type.is_integer() => Some((pixel_type, order)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether members are those of truth values as Python writes them.
fn is_truth(members: &[EnumMember]) -> bool {
    let is = |name: &str, value: u8| {
        let same = |member: &&EnumMember| member.name.eq_ignore_ascii_case(name);
        members.iter().find(same).is_some_and(|member| member.value == [value])
    };
    members.len() == 2 && is("FALSE", 0) && is("TRUE", 1)
}

/// What values are called that are no pixels.
pub(super) fn called(datatype: &Datatype) -> String {
    match datatype {
        Datatype::FixedPoint { size, .. } => format!("integers of {size} bytes"),
        Datatype::FloatingPoint { size, .. } => format!("floats of {size} bytes"),
        Datatype::String { .. } => "text".to_owned(),
        Datatype::Compound { fields, .. } => {
            let names: Vec<&str> = fields.iter().take(4).map(|field| field.name.as_str()).collect();
            let more = if fields.len() > names.len() { ", …" } else { "" };
            format!("compound values ({}{more})", names.join(", "))
        }
        Datatype::Array { .. } => "small arrays".to_owned(),
        Datatype::Enum { base, .. } => format!("an enumeration of {}", called(base)),
        Datatype::VarLen { .. } => "variable-length sequences".to_owned(),
        Datatype::Opaque { .. } => "opaque bytes".to_owned(),
        Datatype::Reference { .. } => "references".to_owned(),
        Datatype::Bitfield { .. } => "bit fields".to_owned(),
    }
}

/// Why the bits of a number do not mean what its size suggests, if so; `message` is the datatype as it stands in the
/// file. The reader of datatypes leaves out what is compared here.
pub(super) fn odd_bits(message: &[u8]) -> Option<String> {
    let number = |at: usize| {
        let bytes = message.get(at..at.checked_add(2)?)?;
        Some(u16::from_le_bytes(bytes.try_into().ok()?))
    };
    let [first, flags, sign, ..] = *message else { return None };
    let n_bits = number(4)?.saturating_mul(8);
    let offset = number(8)?;
    let precision = number(10)?;
    match first & 15 {
        0 => {
            // Bits that are not used are 0, unless the file says otherwise.
            let is_unsigned = flags & 8 == 0;
            let is_zero_padded = flags & 6 == 0;
            let is_plain = offset == 0 && (precision == n_bits || (is_unsigned && is_zero_padded));
            (!is_plain).then(|| format!("integers of {precision} bits in {n_bits}, from bit {offset} on"))
        }
        1 => {
            let &[exponent, n_exponent, mantissa, n_mantissa, ref bias @ ..] = message.get(12..)? else {
                return None;
            };
            let bias = u32::from_le_bytes(*bias.first_chunk()?);
            let got = (exponent, n_exponent, mantissa, n_mantissa, bias);
            let (expected, last) = match n_bits {
                16 => ((10, 5, 0, 10, 15), 15),
                32 => ((23, 8, 0, 23, 127), 31),
                64 => ((52, 11, 0, 52, 1023), 63),
                _ => return None,
            };
            let is_vax = flags & 0x41 == 0x41;
            let has_leading_one = flags >> 4 & 3 == 2;
            let is_usual = (offset, precision, sign) == (0, n_bits, last) && got == expected;
            let is_usual = is_usual && has_leading_one && !is_vax;
            (!is_usual).then(|| {
                format!("floats of {n_bits} bits with {n_exponent} for the exponent and {n_mantissa} for the mantissa")
            })
        }
        8 => odd_bits(message.get(8..)?),
        _ => None,
    }
}

/// The pixels that the values of a dataset are; `message` is the datatype as it stands in the file.
pub(super) fn numbers(
    stack: &str,
    datatype: &Datatype,
    message: &[u8],
) -> Result<(PixelType, ByteOrder), StackError> {
    let unsupported = |what: String, hint: &'static str| StackError::Unsupported {
        stack: stack.to_owned(),
        what: format!("a dataset of {what}"),
        hint,
    };
    match (pixel_type(datatype), odd_bits(message)) {
        (None, _) => Err(unsupported(called(datatype), "name a dataset of booleans, integers or floats")),
        (_, Some(odd)) => Err(unsupported(odd, "store its values as usual integers or floats")),
        (Some(numbers), None) => Ok(numbers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(class_and_flags: [u8; 4], size: u8, properties: &[u8]) -> Vec<u8> {
        [&class_and_flags[..], &[size, 0, 0, 0], properties].concat()
    }

    #[test]
    fn only_usual_numbers_are_usual() {
        let integer = |flags, size, offset, precision| {
            odd_bits(&message([0x10, flags, 0, 0], size, &[offset, 0, precision, 0]))
        };
        assert_eq!(integer(8, 2, 0, 16), None);
        assert_eq!(integer(0, 2, 0, 12), None);
        assert_eq!(integer(8, 2, 0, 12).as_deref(), Some("integers of 12 bits in 16, from bit 0 on"));
        assert!(integer(0, 2, 4, 12).is_some() && integer(4, 2, 0, 12).is_some());
        let half = [0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0];
        assert_eq!(odd_bits(&message([0x11, 0x20, 15, 0], 2, &half)), None);
        let brain = [0, 0, 16, 0, 7, 8, 0, 7, 127, 0, 0, 0];
        let odd = odd_bits(&message([0x11, 0x20, 15, 0], 2, &brain));
        assert_eq!(odd.as_deref(), Some("floats of 16 bits with 8 for the exponent and 7 for the mantissa"));
        let labels =
            [&[0x18, 3, 0, 0, 2, 0, 0, 0][..], &message([0x10, 8, 0, 0], 2, &[0, 0, 12, 0])].concat();
        assert!(odd_bits(&labels).is_some());
        assert_eq!(odd_bits(&[0x10, 8]), None);
    }
}
