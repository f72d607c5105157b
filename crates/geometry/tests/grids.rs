//! Laws of grids: windows lie inside and cover what they say, kept parts make up the image.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use patchweave_geometry::{
    AxisGrid, Extent, ImageShape, PerAxis, Region, TileAxis, TileGrid, TileRecord, WindowGrid,
};
use proptest::prelude::*;

/// Per axis the size of a tile, the size of the image, and an overlap smaller than the tile.
fn any_axes() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    let axis = (1_usize..8).prop_flat_map(|tile| (Just(tile), 1_usize..20, 0..tile));
    prop::collection::vec(axis, 2..=3)
}

fn list(axes: &[(usize, usize, usize)], of: impl Fn(&(usize, usize, usize)) -> usize) -> Vec<usize> {
    axes.iter().map(of).collect()
}

fn tiles_of(axes: &[(usize, usize, usize)], n_samples: usize) -> TileGrid {
    let shape = [vec![n_samples, 1], list(axes, |axis| axis.1)].concat();
    let tile = Extent::new(&list(axes, |axis| axis.0)).unwrap();
    let overlaps = PerAxis::new(&list(axes, |axis| axis.2)).unwrap();
    TileGrid::new(ImageShape::from_slice(&shape).unwrap(), tile, overlaps).unwrap()
}

fn contains(region: &Region, at: [i64; 3]) -> bool {
    let start = region.start.to_zyx(0);
    let size = region.size.to_zyx().map(|size| i64::try_from(size).unwrap());
    (0..3).all(|axis| (start[axis]..start[axis] + size[axis]).contains(&at[axis]))
}

/// The pixels of an image by their `ZYX`.
fn pixels(image: &Extent) -> impl Iterator<Item = [i64; 3]> {
    let [z, y, x] = image.to_zyx().map(|size| 0..i64::try_from(size).unwrap());
    z.flat_map(move |z| {
        let x = x.clone();
        y.clone().flat_map(move |y| x.clone().map(move |x| [z, y, x]))
    })
}

proptest! {
    /// Windows cover every pixel unless steps leave gaps, stay inside if they fit, and reach both ends.
    #[test]
    fn windows_along_an_axis(size in 1_usize..60, window in 1_usize..30, step in 1_usize..40) {
        let grid = AxisGrid::new(size, window, step).unwrap();
        let starts: Vec<usize> = grid.starts().collect();
        prop_assert_eq!(starts.len(), grid.n_windows());
        prop_assert_eq!(starts[0], 0);
        prop_assert!(starts.windows(2).all(|pair| pair[0] < pair[1] && pair[1] <= pair[0] + step));
        let last = starts[starts.len() - 1];
        prop_assert_eq!(last + window, size.max(window));
        prop_assert_eq!(grid.start(starts.len() + 3), last);
        // All but the last one stand where steps lead.
        prop_assert!(starts.iter().rev().skip(1).rev().enumerate().all(|(place, &start)| start == place * step));
        let n_covering = |pixel: usize| starts.iter().filter(|&&start| (start..start + window).contains(&pixel)).count();
        if step <= window {
            prop_assert!((0..size).all(|pixel| n_covering(pixel) > 0));
        }
        let regular = starts.len() - 1;
        let sharing = |pixel: usize| {
            starts[..regular].iter().filter(|&&start| (start..start + window).contains(&pixel)).count()
        };
        prop_assert!((0..size).all(|pixel| sharing(pixel) <= grid.n_sharing()));
        if last == regular * step {
            prop_assert_eq!((0..size).map(n_covering).max(), Some(grid.n_sharing()), "none is pulled back");
        }
        for low in 0..size + 2 {
            prop_assert_eq!(grid.start_from(low), starts.iter().copied().find(|&start| start >= low));
        }
    }

    /// Even overlaps: kept parts follow one another from end to end. Odd ones: only the first two share a pixel.
    #[test]
    fn kept_parts_make_up_the_axis(size in 1_usize..200, tile in 1_usize..64, overlap in 0_usize..64) {
        let overlap = overlap % tile;
        let axis = TileAxis::new(size, tile, overlap).unwrap();
        let tiles: Vec<_> = axis.tiles().collect();
        let mut times = vec![0; size];
        for one in &tiles {
            prop_assert_eq!(one.start + one.crop_start, one.stitch);
            prop_assert!(one.crop_size > 0 && one.crop_start + one.crop_size <= tile);
            prop_assert!(one.start + tile <= size || tiles.len() == 1);
            for count in &mut times[one.kept()] {
                *count += 1;
            }
        }
        prop_assert!(times.iter().all(|&count| count >= 1));
        let n_shared = times.iter().sum::<usize>() - size;
        prop_assert!(n_shared == 0 || (overlap % 2 == 1 && n_shared == 1 && tiles.len() > 2));
        prop_assert!(tiles.is_sorted_by_key(|one| (one.kept().start, one.kept().end)));
    }

    /// Tiles that keep a pixel of a part are found as if all were looked at.
    #[test]
    fn tiles_of_a_part(
        size in 1_usize..40, tile in 1_usize..16, overlap in 0_usize..16, start in 0_usize..50, len in 0_usize..20,
    ) {
        let axis = TileAxis::new(size, tile, overlap % tile).unwrap();
        let part = start..start + len;
        let keeps = |place: &usize| axis.tile(*place).kept().any(|pixel| part.contains(&pixel));
        let expected: Vec<usize> = (0..axis.n_tiles()).filter(keeps).collect();
        prop_assert_eq!(axis.keeping(part.clone()).collect::<Vec<_>>(), expected);
    }

    /// Windows that have a pixel of a part are found as if all were looked at, also where they leave gaps.
    #[test]
    fn windows_of_a_part(
        size in 1_usize..40, window in 1_usize..16, step in 1_usize..20, start in 0_usize..50, len in 0_usize..20,
    ) {
        let grid = AxisGrid::new(size, window, step).unwrap();
        let part = start..start + len;
        let has = |place: &usize| (grid.start(*place)..(grid.start(*place) + window).min(size)).any(|pixel| part.contains(&pixel));
        let expected: Vec<usize> = (0..grid.n_windows()).filter(has).collect();
        prop_assert_eq!(grid.touching(part.clone()).collect::<Vec<_>>(), expected);
    }

    /// Windows of a grid lie inside, come row by row, and are as many as there are.
    #[test]
    fn windows_of_an_image(axes in any_axes()) {
        let window = Extent::new(&list(&axes, |axis| axis.0.min(axis.1))).unwrap();
        let image = Extent::new(&list(&axes, |axis| axis.1)).unwrap();
        let step = PerAxis::new(&list(&axes, |axis| axis.2 + 1)).unwrap();
        let grid = WindowGrid::new(image, window, step).unwrap();
        let starts = |index| grid.start(index).unwrap().as_slice().to_vec();
        let all: Vec<Vec<usize>> = (0..grid.n_windows()).map(starts).collect();
        prop_assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "row by row");
        prop_assert_eq!(grid.start(grid.n_windows()), None);
        prop_assert_eq!(grid.step(), step);
        let [z, y, x] = grid.starts_zyx();
        prop_assert_eq!(z.len() * y.len() * x.len(), all.len());
        for index in 0..grid.n_windows() {
            let region = grid.region(index).unwrap();
            let inside = region.clip(&image).unwrap().unwrap();
            prop_assert_eq!(inside.size, window.to_zyx());
        }
    }

    /// Every pixel of every sample is kept, and blocks are kept by the tiles that share a pixel with them.
    #[test]
    fn tiles_of_a_block(
        axes in any_axes(), n_samples in 1_usize..3,
        start in prop::array::uniform3(-4_i64..22), size in prop::array::uniform3(1_usize..9),
    ) {
        let grid = tiles_of(&axes, n_samples);
        let image = Extent::new(&list(&axes, |axis| axis.1)).unwrap();
        let block = Region::new(image.per_axis().of_zyx(start), Extent::new(&size[3 - axes.len()..]).unwrap()).unwrap();
        let tiles: Vec<_> = (0..grid.n_tiles()).map(|index| grid.spec(5, index).unwrap()).collect();
        prop_assert_eq!(grid.spec(5, grid.n_tiles()), None);
        prop_assert_eq!(grid.record(5, grid.n_tiles()), None);
        let record = TileRecord { tile: tiles[tiles.len() - 1], total_tiles: tiles.len() };
        prop_assert_eq!(grid.record(5, tiles.len() - 1), Some(record));
        prop_assert_eq!(grid.n_per_sample() * n_samples, tiles.len());
        for sample_idx in 0..n_samples {
            let of_sample = |tile: &&patchweave_geometry::TileSpec| tile.patch.sample_idx == sample_idx;
            for at in pixels(&image) {
                prop_assert!(tiles.iter().filter(of_sample).any(|tile| contains(&tile.kept(), at)));
            }
            let in_block: Vec<_> = pixels(&image).filter(|&at| contains(&block, at)).collect();
            let shares = |index: &usize| {
                let tile = &tiles[*index];
                of_sample(&tile) && in_block.iter().any(|&at| contains(&tile.kept(), at))
            };
            let expected: Vec<usize> = (0..tiles.len()).filter(shares).collect();
            prop_assert_eq!(grid.keeping(sample_idx, &block).unwrap().collect::<Vec<_>>(), expected);
            let has = |index: &usize| {
                let tile = &tiles[*index];
                of_sample(&tile) && in_block.iter().any(|&at| contains(&tile.patch.region(), at))
            };
            let expected: Vec<usize> = (0..tiles.len()).filter(has).collect();
            prop_assert_eq!(grid.touching(sample_idx, &block).unwrap().collect::<Vec<_>>(), expected);
        }
        prop_assert!(grid.keeping(n_samples, &block).is_err());
        prop_assert!(grid.touching(n_samples, &block).is_err());
    }
}

#[test]
fn huge_steps_do_not_overflow() {
    let grid = AxisGrid::new(usize::MAX, 1, usize::MAX / 2).unwrap();
    assert_eq!(grid.starts().collect::<Vec<_>>(), [0, usize::MAX / 2, usize::MAX - 1]);
    assert_eq!(AxisGrid::new(9, 4, usize::MAX).unwrap().starts().collect::<Vec<_>>(), [0, 5]);
}

#[test]
fn what_makes_no_grid_is_named() {
    let grid = |image: &[usize], window: &[usize], step: &[usize]| {
        let window = Extent::new(window).unwrap();
        WindowGrid::new(Extent::new(image).unwrap(), window, PerAxis::new(step).unwrap())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        grid(&[10, 12], &[4, 13], &[1, 1]),
        "got a window of 4 × 13 pixels, expected one that fits into the image of 10 × 12"
    );
    assert_eq!(
        grid(&[10, 12], &[4, 4], &[0, 1]),
        "got the step [0, 1], expected at least 1 along every axis"
    );
    assert_eq!(grid(&[10, 12], &[4, 4, 4], &[1, 1]), "the window has 3 spatial axes, the image has 2");
}
