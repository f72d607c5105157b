//! Pictures as PNG files in memory.

use crate::{MAX_PIXELS, Picture, ViewError};

impl Picture {
    /// This picture as the bytes of a PNG file without metadata; equal pictures give equal bytes.
    ///
    /// # Errors
    /// [`ViewError::PictureSize`] for a side that PNG cannot store, [`ViewError::Encode`] if the encoder refuses.
    pub fn encode_png(&self) -> Result<Vec<u8>, ViewError> {
        let width = self.width();
        let height = self.height();
        let (Ok(n_columns), Ok(n_rows)) = (u32::try_from(width), u32::try_from(height)) else {
            return Err(ViewError::PictureSize { width, height, max_pixels: MAX_PIXELS });
        };
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, n_columns, n_rows);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.as_rgb())?;
        writer.finish()?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decodes_to_the_same_pixels(width in 1_usize..20, height in 1_usize..20, seed: u8) {
            let rgb: Vec<u8> = (0..3 * width * height)
                .map(|at| u8::try_from(at % 251).unwrap().wrapping_mul(seed))
                .collect();
            let picture = Picture::from_rgb(width, height, rgb).unwrap();
            let bytes = picture.encode_png().unwrap();
            prop_assert_eq!(&bytes, &picture.encode_png().unwrap());

            let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
            let mut decoded = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut decoded).unwrap();
            prop_assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
            let decoded =
                Picture::from_rgb(info.width.try_into().unwrap(), info.height.try_into().unwrap(), decoded);
            prop_assert_eq!(decoded.unwrap(), picture);
        }
    }
}
