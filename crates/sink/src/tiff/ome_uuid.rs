//! The UUID of an OME-TIFF file: the same for the same image under the same name, so that its bytes are too.

use std::path::Path;

use crate::{Durability, ImageSpec};

/// Start and factor of the hash FNV-1a of 128 bits.
const START: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const FACTOR: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// A UUID of version 8, which leaves the content to whoever makes it.
pub(crate) fn uuid(file_name: &str, spec: &ImageSpec) -> String {
    let told = ImageSpec { durability: Durability::default(), origin: None, ..spec.clone() };
    // A specification is text as far as it was sent to others; what is not leaves the name of the file.
    let text = serde_json::to_vec(&told).unwrap_or_default();
    let hash = text.iter().chain(file_name.as_bytes());
    let hash = hash.fold(START, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(FACTOR));
    let version = 0xf_u128 << 76;
    let variant = 0b11_u128 << 62;
    let hash = hash & !version & !variant | 0x8 << 76 | 0b10 << 62;
    let digits = format!("{hash:032x}");
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    format!("urn:uuid:{}", parts.join("-"))
}

/// The name of the file as metadata has it.
pub(crate) fn file_name(target: &Path) -> String {
    target.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use patchweave_geometry::ArrayLayout;
    use patchweave_pixel::PixelType;

    use super::*;

    #[test]
    fn images_and_names_differ() {
        let layout = ArrayLayout::new("YX".parse().unwrap(), &[4, 4]).unwrap();
        let spec = ImageSpec::new(layout, PixelType::U8);
        let first = uuid("a.ome.tif", &spec);
        assert_eq!(first.len(), "urn:uuid:".len() + 36);
        assert_eq!((&first[23..24], "89ab".contains(&first[28..29])), ("8", true), "{first}");
        assert_eq!(first, uuid("a.ome.tif", &spec));
        assert_ne!(first, uuid("b.ome.tif", &spec));
        let mut other = spec.clone();
        other.durability = Durability::None;
        other.origin = Some("a".into());
        assert_eq!(first, uuid("a.ome.tif", &other));
        other.name = "other".into();
        assert_ne!(first, uuid("a.ome.tif", &other));
    }
}
