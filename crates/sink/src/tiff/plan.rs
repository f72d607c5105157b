//! What is decided about a TIFF before it is written: levels, strips or tiles, compression, metadata.

use std::path::Path;

use patchweave_geometry::Axis;

use super::metadata::Metadata;
use super::options::{BigTiff, TiffLayout, TiffOptions};
use super::packing::Packing;
use super::pages::{Cut, Pages};
use super::predictor::Predictor;
use crate::{ImageSpec, SinkError};

/// The name of the format.
pub(crate) const NAME: &str = "tiff";

/// Rows and columns of a tile if nobody says other ones.
const TILE: usize = 256;

/// Bytes of a classic directory besides its table of strips or tiles, generously.
const DIRECTORY_BYTES: u64 = 512;

/// What is decided about a file.
#[derive(Debug)]
pub(crate) struct Plan {
    pub packing: Packing,
    pub predictor: Predictor,
    pub metadata: Metadata,
    /// The pages of every level, of which all have the same number.
    pub levels: Vec<Pages>,
    bigtiff: BigTiff,
}

impl Plan {
    pub fn new(target: &Path, spec: &ImageSpec) -> Result<Self, SinkError> {
        let options: TiffOptions = spec.format_options(target, NAME)?;
        let packing = Packing::of(target, spec.compression, spec.levels)?;
        if let Some(shards) = &spec.shards {
            let got = format!("shards of {shards:?}");
            return Err(SinkError::Unfit {
                path: target.into(),
                got,
                expected: "none: TIFF has no shards".into(),
            });
        }
        let plan = Plan {
            packing,
            predictor: Predictor::of(target, options.predictor, packing, spec.pixel_type)?,
            metadata: Metadata::of(target, spec, options.metadata)?,
            levels: levels(target, spec, &options, packing)?,
            bigtiff: options.bigtiff,
        };
        if plan.packing == Packing::None {
            // The size is known now: better refused before anything is written.
            plan.is_big(target, 0, plan.levels.iter().map(Pages::n_bytes).sum())?;
        }
        Ok(plan)
    }

    /// Whether pixels are written where they stay: the place of each is known in advance.
    pub fn is_in_place(&self) -> bool {
        let is_plain = |pages: &Pages| matches!(pages.cut, Cut::Strips(_));
        self.packing == Packing::None && self.levels.len() == 1 && self.levels.iter().all(is_plain)
    }

    /// Whether the file is a BigTIFF, with so many bytes of stored pixels and of text.
    ///
    /// # Errors
    /// [`SinkError::TooLarge`] if it must not be one but would have to.
    pub fn is_big(&self, target: &Path, n_text_bytes: usize, n_pixel_bytes: u64) -> Result<bool, SinkError> {
        let directories = self.levels.iter().map(|pages| {
            let directory = DIRECTORY_BYTES + 8 * pages.n_pieces() + 6 * u64::from(pages.n_samples);
            pages.n_pages.saturating_mul(directory)
        });
        let directories = directories.fold(n_text_bytes as u64, u64::saturating_add);
        let total = directories.saturating_add(n_pixel_bytes);
        let is_too_large = total > u64::from(u32::MAX);
        match self.bigtiff {
            BigTiff::Always => Ok(true),
            BigTiff::Auto => Ok(is_too_large),
            BigTiff::Never if is_too_large => Err(SinkError::TooLarge {
                path: target.into(),
                what: "bytes for a TIFF that is no BigTIFF",
                got: usize::try_from(total).unwrap_or(usize::MAX),
                limit: u32::MAX.into(),
            }),
            BigTiff::Never => Ok(false),
        }
    }
}

/// The pages of every level, cut into strips or tiles.
fn levels(
    target: &Path,
    spec: &ImageSpec,
    options: &TiffOptions,
    packing: Packing,
) -> Result<Vec<Pages>, SinkError> {
    let is_tiled = match options.layout {
        TiffLayout::Auto => spec.levels > 1,
        TiffLayout::Strips => false,
        TiffLayout::Tiles => true,
    };
    let unfit = |got: String, expected: &str| {
        Err(SinkError::Unfit { path: target.into(), got, expected: expected.into() })
    };
    if let (TiffLayout::Strips, Some(chunks)) = (options.layout, &spec.chunks) {
        return unfit(format!("chunks of {chunks:?} with strips"), "no chunks, or the layout tiles");
    }
    let chunk = |axis: Axis| {
        let at = spec.layout.axes().position(axis)?;
        spec.chunks.as_ref()?.get(at).copied()
    };
    let mut levels = Vec::with_capacity(spec.levels);
    for level in 0..spec.levels {
        let layout = spec.level_layout(level);
        let layout = layout.map_err(|source| SinkError::Layout { path: target.into(), source })?;
        let pages = Pages::new(target, &layout, spec.pixel_type)?;
        if pages.n_pages != levels.first().map_or(pages.n_pages, |first: &Pages| first.n_pages) {
            let got = format!("smaller levels of the axes {} with fewer pages", spec.layout.axes());
            return unfit(
                got,
                "levels that get smaller within pages: axes that end in YX or YXC, level axes yx",
            );
        }
        levels.push(if is_tiled {
            let rows = chunk(pages.row_axis).unwrap_or(TILE);
            let columns = chunk(pages.column_axis).unwrap_or(TILE);
            pages.in_tiles(target, rows, columns)?
        } else if packing == Packing::None && spec.levels == 1 {
            pages
        } else {
            pages.in_even_strips()
        });
    }
    Ok(levels)
}

#[cfg(test)]
mod tests {
    use patchweave_geometry::ArrayLayout;
    use patchweave_pixel::PixelType;
    use serde_json::json;

    use super::*;
    use crate::{Codec, LevelAxes};

    fn spec(axes: &str, shape: &[usize], pixel_type: PixelType) -> ImageSpec {
        ImageSpec::new(ArrayLayout::new(axes.parse().unwrap(), shape).unwrap(), pixel_type)
    }

    fn plan(spec: &ImageSpec) -> Result<Plan, SinkError> {
        Plan::new(Path::new("a.tif"), spec)
    }

    fn refused(spec: &ImageSpec) -> String {
        plan(spec).unwrap_err().to_string()
    }

    #[test]
    fn bigtiff_from_four_gibibytes_on() {
        let need = |n| {
            let plan = plan(&spec("ZYX", &[n, 1024, 1024], PixelType::F32)).unwrap();
            plan.is_big(Path::new("a.tif"), 0, plan.levels[0].n_bytes()).unwrap()
        };
        assert!(!need(1));
        assert!(!need(1023));
        assert!(need(1024));
        assert!(need(5000));
        let many = plan(&spec("ZYX", &[1 << 24, 1, 1], PixelType::U8)).unwrap();
        assert!(many.is_big(Path::new("a.tif"), 0, 1 << 24).unwrap(), "directories count");
    }

    #[test]
    fn bigtiff_as_asked() {
        let mut large = spec("ZYX", &[1024, 1024, 1024], PixelType::F32);
        large.options.insert("bigtiff".into(), json!("never"));
        let error = refused(&large);
        assert!(
            error.ends_with("bytes for a TIFF that is no BigTIFF, expected at most 4294967295"),
            "{error}"
        );
        large.compression.codec = Codec::Zstd;
        let packed = plan(&large).unwrap();
        assert!(!packed.is_big(Path::new("a.tif"), 0, 1000).unwrap());
        let mut small = spec("YX", &[4, 4], PixelType::U8);
        small.options.insert("bigtiff".into(), json!("always"));
        assert!(plan(&small).unwrap().is_big(Path::new("a.tif"), 0, 16).unwrap());
    }

    #[test]
    fn chunks_are_tiles() {
        let mut spec = spec("TYX", &[2, 1000, 900], PixelType::U8);
        spec.chunks = Some(vec![1, 100, 64]);
        assert!(plan(&spec).unwrap().is_in_place(), "only tiles have a shape to choose");
        spec.options.insert("layout".into(), json!("tiles"));
        assert_eq!(plan(&spec).unwrap().levels[0].cut, Cut::Tiles(112, 64));
        spec.options.insert("layout".into(), json!("strips"));
        assert_eq!(
            refused(&spec),
            "a.tif: got chunks of [1, 100, 64] with strips, expected no chunks, or the layout tiles"
        );
    }

    #[test]
    fn what_no_tiff_has_is_refused() {
        let mut blosc = spec("YX", &[4, 4], PixelType::U8);
        blosc.compression.codec = Codec::Blosc;
        assert_eq!(
            refused(&blosc),
            "a.tif: got compression blosc, expected zstd, deflate, lzw or none for a TIFF"
        );
        blosc.compression.codec = Codec::Lzw;
        blosc.compression.level = Some(3);
        assert_eq!(refused(&blosc), "a.tif: got level 3 of lzw, expected none, it has no levels");
        blosc.compression.codec = Codec::Deflate;
        blosc.compression.level = Some(10);
        assert_eq!(refused(&blosc), "a.tif: got level 10 of deflate, expected 0 to 9");
        let mut shards = spec("YX", &[4, 4], PixelType::U8);
        shards.shards = Some(vec![4, 4]);
        assert_eq!(refused(&shards), "a.tif: got shards of [4, 4], expected none: TIFF has no shards");
        let mut unknown = spec("YX", &[4, 4], PixelType::U8);
        unknown.options.insert("tiles".into(), json!(true));
        assert_eq!(refused(&unknown), "a.tif: a setting of the format tiff is wrong");
    }

    #[test]
    fn levels_get_smaller_within_pages() {
        let mut volume = spec("ZYX", &[5, 600, 700], PixelType::U16);
        volume.levels = 3;
        assert!(refused(&volume).starts_with("a.tif: got smaller levels of the axes ZYX with fewer pages"));
        volume.level_axes = LevelAxes::Yx;
        let plan = plan(&volume).unwrap();
        let cuts: Vec<(u64, Cut)> = plan.levels.iter().map(|pages| (pages.n_pages, pages.cut)).collect();
        assert_eq!(cuts, [(5, Cut::Tiles(256, 256)), (5, Cut::Tiles(256, 256)), (5, Cut::Tiles(160, 176))]);
        assert_eq!(plan.packing, Packing::Deflate(6));
        let mut turned = spec("XYZ", &[64, 64, 64], PixelType::U16);
        turned.levels = 2;
        assert!(refused(&turned).starts_with("a.tif: got smaller levels of the axes XYZ with fewer pages"));
    }
}
