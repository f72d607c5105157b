//! Another reader finds the pixels of every layout, compression and predictor.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]
#![allow(dead_code, reason = "helpers are shared with other test programs")]

mod tiff_support;

use std::io::Cursor;

use patchweave_geometry::Axis;
use patchweave_pixel::PixelType;
use patchweave_sink::{Codec, ImageSpec};
use proptest::prelude::*;
use tiff::decoder::{ChunkType, Decoder};
use tiff::tags::{CompressionMethod, Tag};

use tiff_support::{decoded, is_bigtiff, pixels, shuffled, spec, start, write_image, write_unit};

const AXES: [&str; 14] =
    ["YX", "XY", "CYX", "YXC", "ZYX", "XYZ", "TYX", "SYX", "TZCYX", "CSYX", "STCZYX", "TYXC", "YXT", "ZCYXT"];

fn shapes(axes: &str) -> impl Strategy<Value = Vec<usize>> + use<> {
    // The last axes are those of a page.
    let n_leading = axes.len() - 2 - usize::from(axes.ends_with('C'));
    let sizes: Vec<std::ops::Range<usize>> =
        (0..axes.len()).map(|at| if at < n_leading || at == n_leading + 2 { 1..4 } else { 1..70 }).collect();
    sizes
}

fn images() -> impl Strategy<Value = (ImageSpec, u64)> {
    let image = prop::sample::select(AXES.to_vec()).prop_flat_map(|axes| (Just(axes), shapes(axes)));
    let codecs = vec![Codec::Auto, Codec::None, Codec::Zstd, Codec::Deflate, Codec::Lzw];
    let layouts = prop::sample::select(vec!["auto", "strips", "tiles"]);
    let how = (layouts, prop::sample::select(codecs), any::<bool>(), any::<bool>());
    let types = prop::sample::select(PixelType::ALL.to_vec());
    (image, types, how, prop::option::of((1_usize..60, 1_usize..60)), any::<u64>()).prop_map(
        |((axes, shape), pixel_type, (layout, codec, is_predicted, is_big), tile, seed)| {
            let options = [
                ("layout", layout),
                ("predictor", if is_predicted { "auto" } else { "none" }),
                ("metadata", "shaped"),
                ("bigtiff", if is_big { "always" } else { "auto" }),
            ];
            let mut spec = spec(axes, &shape, pixel_type, &options);
            spec.compression.codec = codec;
            spec.chunks = tile.filter(|_| layout == "tiles").map(|(rows, columns)| {
                let at = axes.len() - 2 - usize::from(axes.ends_with('C'));
                let mut chunks = vec![1; axes.len()];
                chunks[at..at + 2].copy_from_slice(&[rows, columns]);
                chunks
            });
            (spec, seed)
        },
    )
}

/// The crate `tiff` fails on tiles in LZW that reach beyond the last column; `tests/readers` has such from tifffile.
fn is_decoded_by_others(spec: &ImageSpec) -> bool {
    let axes = spec.layout.axes().as_slice();
    let at = axes.len() - 1 - usize::from(axes.last() == Some(&Axis::C));
    let columns = spec.layout.shape()[at];
    let tile = spec.chunks.as_ref().map_or(256, |chunks| chunks[at]).min(columns).next_multiple_of(16);
    let is_tiled = spec.options["layout"] == "tiles";
    spec.compression.codec != Codec::Lzw || !is_tiled || columns.is_multiple_of(tile)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn another_reader_finds_the_pixels((spec, seed) in images()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.tif");
        let pixels = pixels(&spec, seed);
        let job = start(&path, &spec);
        let sink = job.sink();
        for unit_idx in shuffled(sink.info().units.n_units(), seed) {
            write_unit(&*sink, &pixels, unit_idx);
            let unit = sink.info().unit(unit_idx).unwrap();
            let back = sink.read(unit_idx).unwrap().unwrap();
            let own = pixels.view().slice_box(&unit.start, &unit.size);
            prop_assert!(back.view().to_bytes() == own.to_bytes());
        }
        job.commit().unwrap();
        let file = std::fs::read(&path).unwrap();
        if is_decoded_by_others(&spec) {
            prop_assert!(decoded(&file) == *pixels.view().to_bytes());
        }
        let is_big = spec.options["bigtiff"] == "always";
        prop_assert_eq!(is_bigtiff(&file), is_big);
    }
}

#[test]
fn pages_of_several_units_and_strips_conform() {
    let folder = tempfile::tempdir().unwrap();
    for (layout, codec, method) in [
        ("strips", Codec::Zstd, CompressionMethod::ZSTD),
        ("strips", Codec::Lzw, CompressionMethod::LZW),
        ("strips", Codec::None, CompressionMethod::None),
        ("tiles", Codec::Deflate, CompressionMethod::Deflate),
        ("tiles", Codec::None, CompressionMethod::None),
    ] {
        let mut spec = spec("CYX", &[2, 1501, 1303], PixelType::F32, &[("layout", layout)]);
        spec.compression.codec = codec;
        let path = folder.path().join("large.tif");
        let pixels = pixels(&spec, 3);
        write_image(&path, &spec, &pixels);
        let file = std::fs::read(&path).unwrap();
        assert!(decoded(&file) == *pixels.view().to_bytes(), "{layout} {codec:?}");
        let mut decoder = Decoder::new(Cursor::new(&file)).unwrap();
        let is_tiled = decoder.get_chunk_type() == ChunkType::Tile;
        assert_eq!(is_tiled, layout == "tiles");
        assert_eq!(decoder.get_tag_unsigned::<u16>(Tag::Compression).unwrap(), method.to_u16());
        let predictor = decoder.find_tag_unsigned::<u16>(Tag::Predictor).unwrap();
        assert_eq!(predictor, (codec != Codec::None).then_some(3));
        let n_pieces = if is_tiled { decoder.tile_count() } else { decoder.strip_count() };
        let expected = match (layout, codec) {
            ("tiles", _) => 6 * 6,
            (_, Codec::None) => 1501_u32.div_ceil(256 * 1024 / (1303 * 4)),
            // A power of two of rows.
            _ => 1501_u32.div_ceil(32),
        };
        assert_eq!(n_pieces.unwrap(), expected, "{layout} {codec:?}");
        let units = start(&folder.path().join("other.tif"), &spec).sink().info().units.clone();
        assert!(units.n_units() > 2, "{layout} {codec:?}");
    }
}

#[test]
fn compression_and_predictors_make_smooth_images_small() {
    let folder = tempfile::tempdir().unwrap();
    let size = |codec: Codec, predictor: &str, level: Option<i32>| {
        let mut spec = spec("YX", &[256, 256], PixelType::U16, &[("predictor", predictor)]);
        spec.compression.codec = codec;
        spec.compression.level = level;
        let ramp = ndarray::ArrayD::from_shape_fn(vec![256, 256], |at| {
            u16::try_from(at[0] * 31 + at[1] * 17 + at[1] % 3).unwrap()
        });
        let path = folder.path().join("ramp.tif");
        write_image(&path, &spec, &patchweave_pixel::TypedArray::U16(ramp));
        std::fs::metadata(&path).unwrap().len()
    };
    let whole = size(Codec::None, "none", None);
    for codec in [Codec::Zstd, Codec::Deflate, Codec::Lzw] {
        let (plain, predicted) = (size(codec, "none", None), size(codec, "auto", None));
        assert!(predicted < plain / 2 && predicted < whole / 4, "{codec:?}: {whole} {plain} {predicted}");
    }
    assert!(size(Codec::Deflate, "auto", Some(9)) < size(Codec::Deflate, "auto", Some(0)));
}
