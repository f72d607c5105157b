//! What is drawn follows the laws that are promised, by seeded tests with stated rates of false alarm.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::collections::BTreeMap;

use common::{assert_expected, count_starts, draw, extent, positions, shape, signed, stratified};
use patchweave_geometry::{Context, ContextPadding, Coords, PerAxis};
use patchweave_patching::{
    GridCell, Patching, RandomPatching, SampleWeights, Separation, StratifiedPatching, WeightedPatching,
    hold_out, split_validation,
};

fn cell(position: &[usize]) -> GridCell {
    PerAxis::new(position).unwrap()
}

/// False alarm below 1e-6.
#[test]
fn random_starts_are_uniform() {
    let patching = RandomPatching::new(&[shape(1, &[9, 12])], extent(&[4, 5])).unwrap();
    let n_epochs = 1000;
    let counts = count_starts(&patching, n_epochs);
    let starts = positions(&[6, 8]);
    let expected = n_epochs as f64 * patching.n_patches() as f64 / starts.len() as f64;
    assert_expected(
        starts.iter().map(|start| (counts.get(&signed(start)).copied().unwrap_or(0), expected)),
        1,
    );
    assert_eq!(counts.values().sum::<u32>(), 9000);
    assert!(counts.keys().all(|start| start[0] <= 5 && start[1] <= 7));
}

/// Compares every start and every region with its expectation; false alarm below 2e-6.
fn assert_stratified(patching: &StratifiedPatching, image: &[usize], n_epochs: u64) {
    let counts = count_starts(patching, n_epochs);
    let mut by_start = Vec::new();
    for start in positions(image) {
        let start = signed(&start);
        let expected = patching.start_expectation(0, 0, &Coords::new(&start).unwrap()).unwrap();
        by_start.push((counts.get(&start).copied().unwrap_or(0), expected * n_epochs as f64));
    }
    assert!(
        (by_start.iter().map(|(_, expected)| expected).sum::<f64>() / n_epochs as f64
            - patching.n_patches() as f64)
            .abs()
            < 1e-6
    );
    assert_expected(by_start, 1);

    let patch: Vec<i64> = signed(patching.size().as_slice());
    let mut by_region: BTreeMap<Vec<i64>, u32> = BTreeMap::new();
    for (start, count) in counts {
        let region = start.iter().zip(&patch).map(|(at, p)| at / p).collect();
        *by_region.entry(region).or_insert(0) += count;
    }
    let regions = patching.regions(0, 0).unwrap().map(|region| {
        let count = by_region.get(&signed(region.cell.as_slice())).copied().unwrap_or(0);
        (count, region.expected_count * n_epochs as f64)
    });
    assert_expected(regions, 1);
}

/// False alarm below 2e-6.
#[test]
fn untouched_images_follow_their_expectations() {
    assert_stratified(&stratified(&[shape(1, &[14, 17])], &[4, 5]), &[14, 17], 400);
}

/// One region per index, some of them smaller, rarer or empty; false alarm below 2e-6.
#[test]
fn excluded_cells_and_factors_follow_their_expectations() {
    let mut patching = stratified(&[shape(1, &[23, 19])], &[4, 4]);
    patching.exclude(0, 0, &[cell(&[1, 1]), cell(&[3, 2]), cell(&[4, 0])]).unwrap();
    patching
        .set_probabilities(0, 0, &[(cell(&[0, 0]), 0.4), (cell(&[0, 3]), 0.0), (cell(&[2, 2]), 0.7)])
        .unwrap();
    assert_eq!(patching.n_patches(), 23);
    assert_stratified(&patching, &[23, 19], 1000);
}

/// More regions than indices, so several share a bin; false alarm below 2e-6.
#[test]
fn packed_regions_follow_their_expectations() {
    let mut patching = stratified(&[shape(1, &[21, 23])], &[4, 4]);
    let cells: Vec<GridCell> = patching.all_cells(0).unwrap().collect();
    let factors = [0.1, 0.35, 0.8, 0.1, 0.1];
    let factors: Vec<_> = cells.iter().enumerate().map(|(place, cell)| (*cell, factors[place % 5])).collect();
    patching.set_probabilities(0, 0, &factors[..25]).unwrap();
    let n_regions = patching.regions(0, 0).unwrap().filter(|region| region.weight > 0.0).count();
    assert!(patching.n_patches() < n_regions);
    assert_stratified(&patching, &[21, 23], 4000);
}

/// Starts removed for lateral context, which leaves odd boxes; false alarm below 2e-6.
#[test]
fn remaining_starts_follow_their_expectations() {
    let mut patching = stratified(&[shape(1, &[40, 41])], &[4, 4]);
    let context = Context::new(2, ContextPadding::WrapImage).unwrap();
    hold_out(&mut patching, &[(0, 0, cell(&[0, 4])), (0, 0, cell(&[7, 7]))], Separation::Pixels(context))
        .unwrap();
    assert_stratified(&patching, &[40, 41], 500);
}

/// Volumes; false alarm below 2e-6.
#[test]
fn volumes_follow_their_expectations() {
    let mut patching = stratified(&[shape(1, &[5, 9, 8])], &[2, 3, 3]);
    patching.exclude(0, 0, &[cell(&[0, 1, 1])]).unwrap();
    patching.set_probabilities(0, 0, &[(cell(&[1, 0, 0]), 0.5)]).unwrap();
    assert_stratified(&patching, &[5, 9, 8], 1000);
}

/// The index that a full region has for itself always draws it: one visit per epoch is certain, and only the
/// unused parts of other bins add to it.
#[test]
fn full_regions_are_visited_in_every_epoch() {
    let mut patching = stratified(&[shape(1, &[39, 38])], &[8, 8]);
    patching.exclude(0, 0, &[cell(&[2, 2])]).unwrap();
    let full: Vec<Vec<i64>> = patching
        .regions(0, 0)
        .unwrap()
        .filter(|region| region.area == 64)
        .map(|region| signed(region.cell.as_slice()))
        .collect();
    assert_eq!(full.len(), 8);
    let n_epochs = 400_u64;
    let mut beyond = 0.0;
    for epoch in 0..n_epochs {
        let mut visits: BTreeMap<Vec<i64>, u32> = BTreeMap::new();
        for index in 0..patching.n_patches() {
            *visits
                .entry(draw(&patching, epoch, index).coords.iter().map(|at| at / 8).collect())
                .or_insert(0) += 1;
        }
        assert!(full.iter().all(|region| visits.contains_key(region)));
        beyond += full.iter().map(|region| f64::from(visits[region] - 1)).sum::<f64>();
    }
    // The visits beyond the first are what is expected of them; 5.2 standard deviations of a Poisson law, which
    // is wider than theirs, are exceeded with probability below 1e-6.
    let region = patching.regions(0, 0).unwrap().find(|region| region.area == 64).unwrap();
    let expected = (region.expected_count - 1.0) * full.len() as f64 * n_epochs as f64;
    assert!((beyond - expected).abs() < 5.2 * expected.sqrt(), "{beyond} instead of {expected}");
}

fn binomial(n: u32, k: u32) -> f64 {
    (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product()
}

/// Validation patches fall to samples by a hypergeometric law; false alarm below 1e-6.
#[test]
fn validation_counts_are_hypergeometric() {
    // 16 and 9 patches, of which 6 are chosen.
    let shapes = [shape(1, &[32, 32]), shape(1, &[24, 24])];
    let train = stratified(&shapes, &[8, 8]);
    let n_seeds = 20_000_u32;
    let mut counts = [0_u32; 7];
    for seed in 0..u64::from(n_seeds) {
        let val = split_validation(&mut train.clone(), 6, seed, Separation::Patches).unwrap();
        counts[val.indices_of(1).iter().count()] += 1;
    }
    let law = |k: u32| binomial(9, k) * binomial(16, 6 - k) / binomial(25, 6);
    // 5 and 6 patches of the smaller image are counted together, they are rare.
    let expected: Vec<f64> = (0..=6).map(|k| law(k) * f64::from(n_seeds)).collect();
    let rare = (counts[5] + counts[6], expected[5] + expected[6]);
    assert_expected((0..5).map(|k| (counts[k], expected[k])).chain([rare]), 1);
}

/// Samples without a free cell drop out: the first image has three patches but one cell. Its part of 2 validation
/// patches follows from drawing one by one; false alarm below 1e-6.
#[test]
fn validation_counts_are_bounded_by_cells() {
    let shapes = [shape(1, &[12, 12]), shape(1, &[16, 16])];
    let train = stratified(&shapes, &[8, 8]);
    assert_eq!(train.n_patches(), 7);
    let n_seeds = 20_000_u32;
    let mut n_first = 0;
    for seed in 0..u64::from(n_seeds) {
        let val = split_validation(&mut train.clone(), 2, seed, Separation::Patches).unwrap();
        assert_eq!(val.n_patches(), 2);
        n_first += u32::try_from(val.indices_of(0).iter().count()).unwrap();
    }
    let none = 4.0 / 7.0 * 3.0 / 6.0;
    let expected = [none, 1.0 - none].map(|share| share * f64::from(n_seeds));
    assert_expected([(n_seeds - n_first, expected[0]), (n_first, expected[1])], 1);
    let all = split_validation(&mut train.clone(), 5, 0, Separation::Patches).unwrap();
    assert_eq!(all.n_patches(), 5);
    let error = split_validation(&mut train.clone(), 6, 0, Separation::Patches).unwrap_err();
    assert_eq!(
        error.to_string(),
        "got 6 validation patches, expected at most 5, the number of free cells inside the images"
    );
}

/// All choices of two of seven free cells are equally likely; false alarm below 1e-6.
#[test]
fn validation_cells_are_drawn_without_replacement() {
    let mut train = stratified(&[shape(1, &[25, 26])], &[8, 8]);
    train.exclude(0, 0, &[cell(&[0, 1]), cell(&[2, 2])]).unwrap();
    let n_seeds = 10_000_u32;
    let mut counts: BTreeMap<Vec<i64>, u32> = BTreeMap::new();
    for seed in 0..u64::from(n_seeds) {
        let val = split_validation(&mut train.clone(), 2, seed, Separation::Patches).unwrap();
        let pair = (0..2).flat_map(|index| draw(&val, 0, index).coords.as_slice().to_vec());
        *counts.entry(pair.collect()).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 21);
    assert!(counts.keys().all(|pair| pair[..2] != pair[2..] && pair[..2] != [0, 8] && pair[2..] != [16, 16]));
    assert_expected(counts.into_values().map(|count| (count, f64::from(n_seeds) / 21.0)), 1);
}

/// Cells that stick out of the image are not chosen, though the grid has them.
#[test]
fn validation_cells_lie_inside_the_image() {
    let train = stratified(&[shape(1, &[23, 24])], &[8, 8]);
    assert_eq!(train.included_cells(0, 0).unwrap().count(), 9);
    for seed in 0..200 {
        let val = split_validation(&mut train.clone(), 6, seed, Separation::Patches).unwrap();
        assert!((0..6).all(|index| draw(&val, 0, index).coords[0] <= 15));
    }
}

/// The law of weighted starts, summed up over all centres; false alarm below 1e-6 per case.
#[test]
fn weighted_starts_follow_their_map() {
    for (block, share) in [([1, 1], 1.0), ([3, 4], 1.0), ([3, 4], 0.6)] {
        let image = [8, 11];
        let patch = [3, 4];
        let grid = [8_usize.div_ceil(block[0]), 11_usize.div_ceil(block[1])];
        let weights: Vec<f64> =
            positions(&grid).iter().map(|at| ((at[0] * 5 + at[1] * 3) % 4) as f64).collect();
        let total: f64 = weights.iter().sum();
        let mut law: BTreeMap<Vec<i64>, f64> = BTreeMap::new();
        let mut n_pixels = vec![0.0; weights.len()];
        let block_of = |at: &[usize]| at[0] / block[0] * grid[1] + at[1] / block[1];
        positions(&image).iter().for_each(|at| n_pixels[block_of(at)] += 1.0);
        for at in positions(&image) {
            let chance = share * weights[block_of(&at)] / total / n_pixels[block_of(&at)];
            let start =
                [0, 1].map(|axis| at[axis].saturating_sub(patch[axis] / 2).min(image[axis] - patch[axis]));
            *law.entry(signed(&start)).or_insert(0.0) += chance;
        }
        for start in positions(&[6, 8]) {
            *law.entry(signed(&start)).or_insert(0.0) += (1.0 - share) / 48.0;
        }
        let map = SampleWeights::new(extent(&image), extent(&block), weights).unwrap();
        let patching = WeightedPatching::new(&[shape(1, &image)], extent(&patch), vec![map], share).unwrap();
        assert_eq!(patching.n_patches(), 9);
        let n_epochs = 10_000;
        let counts = count_starts(&patching, n_epochs);
        assert!(counts.keys().all(|start| law.contains_key(start)));
        let n_draws = n_epochs as f64 * 9.0;
        assert_expected(
            law.iter().map(|(start, chance)| (counts.get(start).copied().unwrap_or(0), chance * n_draws)),
            1,
        );
    }
}

/// A sample without weight is drawn from uniformly; false alarm below 1e-6.
#[test]
fn maps_of_zeros_prefer_nothing() {
    let shapes = [shape(2, &[6, 6])];
    let maps = vec![vec![0.0; 36], positions(&[6, 6]).iter().map(|at| f64::from(at[..] == [0, 0])).collect()];
    let maps = maps.into_iter().map(|map| SampleWeights::new(extent(&[6, 6]), extent(&[1, 1]), map).unwrap());
    let patching = WeightedPatching::new(&shapes, extent(&[3, 3]), maps.collect(), 1.0).unwrap();
    let mut counts: BTreeMap<Vec<i64>, u32> = BTreeMap::new();
    for (epoch, index) in (0..1000).flat_map(|epoch| (0..8).map(move |index| (epoch, index))) {
        let patch = draw(&patching, epoch, index);
        if patch.sample_idx == 0 {
            *counts.entry(patch.coords.as_slice().to_vec()).or_insert(0) += 1;
        } else {
            assert_eq!(patch.coords.as_slice(), [0, 0]);
        }
    }
    assert_eq!(counts.len(), 16);
    assert_expected(counts.into_values().map(|count| (count, 250.0)), 1);
}

/// A seed of its own makes a strategy independent of that of the data set.
#[test]
fn own_seeds_decide_alone() {
    let shapes = [shape(1, &[40, 40])];
    let map = SampleWeights::new(extent(&[40, 40]), extent(&[8, 8]), vec![1.0; 25]).unwrap();
    let of_seed = |seed| -> [Box<dyn Patching>; 2] {
        [
            Box::new(stratified(&shapes, &[8, 8]).with_seed(seed)),
            Box::new(
                WeightedPatching::new(&shapes, extent(&[8, 8]), vec![map.clone()], 0.5)
                    .unwrap()
                    .with_seed(seed),
            ),
        ]
    };
    let starts = |patching: &dyn Patching, seed| -> Vec<Coords> {
        let of_index = |index| {
            let mut rng = patchweave_patching::PatchRng::for_patch(seed, 0, index);
            patching.spec(index, &mut rng).unwrap().patch().unwrap().coords
        };
        (0..patching.n_patches()).map(of_index).collect()
    };
    for (one, other) in of_seed(1).iter().zip(&of_seed(2)) {
        assert_eq!(starts(one, 7), starts(one, 8));
        assert_ne!(starts(one, 7), starts(other, 7));
    }
}
