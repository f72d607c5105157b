//! Laws of regions, samples and records.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use patchweave_geometry::{
    ArrayLayout, Axes, AxisIndex, Extent, GeometryError, ImageShape, PatchSpec, PerAxis, Region, RegionSpec,
    TileRecord, TileSpec,
};
use proptest::prelude::*;

proptest! {
    /// A pixel is in the clipped part exactly if it is in the region and in the image.
    #[test]
    fn clipping_keeps_what_is_inside(
        start in prop::array::uniform3(-12_i64..12), size in prop::array::uniform3(1_usize..8),
        image in prop::array::uniform3(1_usize..10),
    ) {
        let region = Region::new(PerAxis::new(&start).unwrap(), Extent::new(&size).unwrap()).unwrap();
        let inside = region.clip(&Extent::new(&image).unwrap()).unwrap();
        for axis in 0..3 {
            let covered = |at: i64| at >= start[axis] && at < start[axis] + i64::try_from(size[axis]).unwrap();
            let kept: Vec<usize> = (0..image[axis]).filter(|&at| covered(i64::try_from(at).unwrap())).collect();
            match &inside {
                Some(inside) => {
                    prop_assert!(inside.range(axis).eq(kept.iter().copied()));
                    let first = i64::try_from(inside.start[axis]).unwrap();
                    prop_assert_eq!(start[axis] + i64::try_from(inside.offset[axis]).unwrap(), first);
                }
                None if axis == 0 => {
                    let none = (0..3).any(|axis| {
                        start[axis] >= i64::try_from(image[axis]).unwrap()
                            || start[axis] + i64::try_from(size[axis]).unwrap() <= 0
                    });
                    prop_assert!(none);
                }
                None => {}
            }
        }
    }

    #[test]
    fn samples_count_s_slow_and_t_fast(n_s in 1_usize..5, n_t in 1_usize..5, t_first: bool) {
        let (axes, shape) = if t_first { ("TSYX", [n_t, n_s, 2, 2]) } else { ("STYX", [n_s, n_t, 2, 2]) };
        let layout = ArrayLayout::new(axes.parse().unwrap(), &shape).unwrap();
        for sample_idx in 0..n_s * n_t {
            prop_assert_eq!(layout.locate_sample(sample_idx).unwrap(), (sample_idx / n_t, sample_idx % n_t));
        }
        let out_of_range = GeometryError::SampleOutOfRange { sample_idx: n_s * n_t, n_samples: n_s * n_t };
        prop_assert_eq!(layout.locate_sample(n_s * n_t), Err(out_of_range));
    }

    /// Regions far outside never overflow.
    #[test]
    fn extreme_coordinates_are_harmless(start in any::<i64>(), size in 1_usize..1000) {
        let region = Region::new(PerAxis::new(&[start, 0]).unwrap(), Extent::new(&[size, 1]).unwrap()).unwrap();
        prop_assert!(region.clip(&Extent::new(&[10, 10]).unwrap()).is_ok());
    }
}

#[test]
fn axes_strings_are_checked() {
    let refused = |axes: &str| axes.parse::<Axes>().unwrap_err().to_string();
    assert_eq!(refused("YXYC"), "axes \"YXYC\" name Y twice");
    assert_eq!(refused("SCY"), "axes \"SCY\" lack X, every image has Y and X");
    assert_eq!(refused("yx"), "axes \"yx\" hold the letter 'y', expected letters of STCZYX");
    let layout = ArrayLayout::new("YX".parse().unwrap(), &[2, 3, 4]).unwrap_err();
    assert_eq!(layout.to_string(), "axes YX name 2 dimensions, got an array of shape [2, 3, 4]");
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    assert!(Extent::new(&[usize::MAX, 2]).is_err());
    assert!(Extent::new(&[3]).is_err());
    assert!(ImageShape::from_slice(&[0, 1, 4, 4]).is_err());
    assert!(ImageShape::from_slice(&[1, 1, 4]).is_err());
    assert!(ArrayLayout::new("SYX".parse().unwrap(), &[usize::MAX, 2, 2]).is_err());
}

#[test]
fn start_and_size_both_have_the_rank_of_the_image() {
    let image = Extent::new(&[8, 8]).unwrap();
    let start = PerAxis::new(&[0, 0]).unwrap();
    let size = Extent::new(&[3, 4, 4]).unwrap();
    let error = Region { start, size }.clip(&image).unwrap_err();
    assert_eq!(error.to_string(), "size has 3 spatial axes, the image has 2");
}

#[test]
fn an_index_names_every_dimension() {
    let layout = ArrayLayout::new("ZCTSYX".parse().unwrap(), &[5, 4, 3, 2, 6, 7]).unwrap();
    let region = Region::new(PerAxis::new(&[1, -2, 5]).unwrap(), Extent::new(&[2, 4, 9]).unwrap()).unwrap();
    let index = layout.index(3, Some(&[2, 0]), &region).unwrap();
    let expected = [
        AxisIndex::Range(1, 3),
        AxisIndex::Channels(vec![2, 0]),
        AxisIndex::At(0),
        AxisIndex::At(1),
        AxisIndex::Range(-2, 2),
        AxisIndex::Range(5, 14),
    ];
    assert_eq!(index, expected);
}

#[test]
fn records_survive_serialisation() {
    let patch = PatchSpec {
        data_idx: 1,
        sample_idx: 2,
        coords: PerAxis::new(&[-3, 4]).unwrap(),
        patch_size: Extent::new(&[8, 8]).unwrap(),
    };
    let tile = TileSpec {
        patch,
        crop_coords: PerAxis::new(&[1, 1]).unwrap(),
        crop_size: Extent::new(&[6, 6]).unwrap(),
        stitch_coords: PerAxis::new(&[0, 5]).unwrap(),
    };
    for spec in [RegionSpec::from(patch), RegionSpec::from(tile)] {
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<RegionSpec>(&text).unwrap(), spec);
    }
    let record = TileRecord { tile, total_tiles: 9 };
    let text = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<TileRecord>(&text).unwrap(), record);
    assert_eq!(serde_json::from_str::<TileSpec>(&text).unwrap(), tile);
    assert!(serde_json::from_str::<TileRecord>(&serde_json::to_string(&tile).unwrap()).is_err());
    assert!(serde_json::from_str::<Extent>("[0, 4]").is_err());
    assert!(serde_json::from_str::<Axes>("\"YXQ\"").is_err());
}
