//! Small TIFF files.

use std::fs::File;
use std::path::Path;

use tiff::encoder::Compression;
use tiff::encoder::TiffEncoder;
use tiff::encoder::colortype::Gray16;
use tiff::tags::Tag;

/// A page of 16-bit pixels that is written.
pub struct Page {
    pub height: u32,
    pub width: u32,
    pub rows_per_strip: u32,
}

/// Writes pages whose pixels count from 0 through the whole file; the first one carries `description`.
pub fn write_tiff(path: &Path, pages: &[Page], description: &str, compression: Compression) {
    let mut tiff = TiffEncoder::new(File::create(path).unwrap()).unwrap().with_compression(compression);
    let mut next = 0;
    for (page_idx, page) in pages.iter().enumerate() {
        let mut image = tiff.new_image::<Gray16>(page.width, page.height).unwrap();
        if page_idx == 0 && !description.is_empty() {
            image.encoder().write_tag(Tag::ImageDescription, description).unwrap();
        }
        image.rows_per_strip(page.rows_per_strip).unwrap();
        let end = next + u16::try_from(page.height * page.width).unwrap();
        image.write_data(&(next..end).collect::<Vec<_>>()).unwrap();
        next = end;
    }
}
