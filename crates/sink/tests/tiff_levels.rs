//! Smaller levels stand in directories below those of the pages, with the means of the pixels under them.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]
#![allow(dead_code, reason = "helpers are shared with other test programs")]

mod tiff_support;

use std::io::Cursor;

use ndarray::{ArrayD, IxDyn};
use patchweave_geometry::PerAxis;
use patchweave_pixel::{Pixel, PixelType, TypedArray, TypedPixel, with_typed};
use patchweave_sink::{Codec, ImageSpec};
use proptest::prelude::*;
use tiff::decoder::Decoder;
use tiff::tags::Tag;

use tiff_support::{beginning_at, decoded, pixels, places_below, spec, start, write_image};

/// The mean of the pixels under every pixel of a level, in plain loops.
fn means<T: Pixel + TypedPixel>(pixels: &ArrayD<T>, factors: &[usize]) -> TypedArray {
    let shape: Vec<usize> = pixels.shape().iter().zip(factors).map(|(n, by)| n.div_ceil(*by)).collect();
    T::typed(ArrayD::from_shape_fn(shape, |at: IxDyn| {
        let mut block = pixels.view();
        for (dimension, factor) in factors.iter().enumerate() {
            let start = at[dimension] * factor;
            let end = (start + factor).min(pixels.shape()[dimension]);
            block.slice_axis_inplace(ndarray::Axis(dimension), (start..end).into());
        }
        let sum: f64 = block.iter().map(|pixel| pixel.to_f64()).sum();
        T::from_f64(sum / block.len() as f64)
    }))
}

fn check(spec: &ImageSpec, seed: u64) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tif");
    let pixels = pixels(spec, seed);
    write_image(&path, spec, &pixels);
    let file = std::fs::read(&path).unwrap();
    prop_assert!(decoded(&file) == *pixels.view().to_bytes());
    let below = places_below(&file);
    let settled = start(&path, spec).spec().clone();
    for level in 1..spec.levels {
        let axes = spec.layout.axes().as_slice();
        let factors: Vec<usize> = axes.iter().map(|axis| settled.level_factor(level, *axis)).collect();
        let expected = with_typed!(TypedArray, &pixels, pixels => means(pixels, &factors));
        let mut found = Vec::new();
        for places in &below {
            prop_assert_eq!(places.len(), spec.levels - 1);
            let page = beginning_at(&file, places[level - 1]);
            let mut decoder = Decoder::new(Cursor::new(&page)).unwrap();
            prop_assert_eq!(decoder.get_tag_unsigned::<u32>(Tag::NewSubfileType).unwrap(), 1);
            found.extend(decoded(&page));
        }
        prop_assert!(found == *expected.view().to_bytes(), "level {}", level);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn levels_are_the_means_of_their_pixels(
        axes in prop::sample::select(vec!["YX", "CYX", "ZYX", "TYXC", "SCYX", "TZCYX"]),
        sides in (1_usize..90, 1_usize..90),
        n in 1_usize..4,
        levels in 2_usize..5,
        pixel_type in prop::sample::select(vec![PixelType::U8, PixelType::U16, PixelType::I32]),
        codec in prop::sample::select(vec![Codec::Auto, Codec::None, Codec::Zstd]),
        layout in prop::sample::select(vec!["auto", "strips"]),
        seed in any::<u64>(),
    ) {
        let shape: Vec<usize> = axes.chars().map(|letter| match letter {
            'Y' => sides.0,
            'X' => sides.1,
            _ => n,
        }).collect();
        let mut spec = spec(axes, &shape, pixel_type, &[("layout", layout)]);
        spec.levels = levels;
        spec.compression.codec = codec;
        check(&spec, seed)?;
    }
}

#[test]
fn large_pages_have_levels_from_several_units() {
    let mut spec = spec("ZYX", &[2, 1403, 1901], PixelType::U16, &[]);
    spec.levels = spec.enough_levels();
    assert_eq!(spec.levels, 4);
    let folder = tempfile::tempdir().unwrap();
    assert!(start(&folder.path().join("a.tif"), &spec).sink().info().units.n_units() > 2);
    check(&spec, 4).unwrap();
}

#[test]
fn pixels_of_levels_are_larger() {
    let mut spec = spec("YX", &[64, 64], PixelType::U8, &[]);
    spec.levels = 3;
    spec.pixel_size = Some(PerAxis::new(&[0.25, 0.5]).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.ome.tif");
    write_image(&path, &spec, &pixels(&spec, 1));
    let file = std::fs::read(&path).unwrap();
    let places = &places_below(&file)[0];
    let columns = |file: &[u8]| {
        let mut decoder = Decoder::new(Cursor::new(file)).unwrap();
        let [n, d] = decoder.get_tag_u32_vec(Tag::XResolution).unwrap()[..] else { panic!("no fraction") };
        f64::from(n) / f64::from(d)
    };
    assert_eq!(columns(&file), 20_000.0);
    assert_eq!(columns(&beginning_at(&file, places[1])), 5_000.0);
}
