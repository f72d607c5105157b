//! The stratified strategy in closed form equals one that lists all regions and all starts.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{draw, extent, positions, shape, signed};
use patchweave_geometry::{Coords, ImageShape, PerAxis};
use patchweave_patching::{Patching, StratifiedPatching};
use proptest::prelude::*;

/// One sample, every region with the list of its starts.
struct Listed {
    image: Vec<usize>,
    patch: Vec<usize>,
    /// Cells in row-major order with the starts of their regions and their factors.
    regions: Vec<(Vec<usize>, BTreeSet<Vec<usize>>, f64)>,
    excluded: BTreeSet<Vec<usize>>,
    /// Factors in the order in which cells first got one.
    factors: Vec<(Vec<usize>, f64)>,
}

impl Listed {
    fn new(image: &[usize], patch: &[usize]) -> Self {
        let grid: Vec<usize> = image.iter().zip(patch).map(|(n, p)| (n + 1) / p).collect();
        let region = |cell: Vec<usize>| {
            let starts = positions(patch).into_iter().map(|local| {
                cell.iter().zip(patch).zip(local).map(|((g, p), l)| g * p + l).collect::<Vec<_>>()
            });
            let is_valid =
                |start: &Vec<usize>| (0..image.len()).all(|axis| start[axis] + patch[axis] <= image[axis]);
            let starts = starts.filter(is_valid).collect();
            (cell, starts, 1.0)
        };
        Listed {
            image: image.to_vec(),
            patch: patch.to_vec(),
            regions: positions(&grid).into_iter().map(region).collect(),
            excluded: BTreeSet::new(),
            factors: Vec::new(),
        }
    }

    /// Removes the starts whose local part is at least 1 along the axes where the region is one before the cell.
    fn exclude(&mut self, cell: &[usize]) {
        self.excluded.insert(cell.to_vec());
        for (region, starts, _) in &mut self.regions {
            let before: Vec<_> = cell.iter().zip(region.iter()).map(|(e, g)| e.checked_sub(*g)).collect();
            if before.iter().all(|before| matches!(before, Some(0 | 1))) {
                starts.retain(|start| {
                    let touches =
                        |axis: usize| before[axis] == Some(0) || start[axis] % self.patch[axis] >= 1;
                    !(0..self.patch.len()).all(touches)
                });
            }
        }
    }

    fn set_factor(&mut self, cell: &[usize], factor: f64) {
        match self.factors.iter_mut().find(|(known, _)| known == cell) {
            Some(known) => known.1 = factor,
            None => self.factors.push((cell.to_vec(), factor)),
        }
        self.regions.iter_mut().filter(|(region, ..)| region == cell).for_each(|region| region.2 = factor);
    }

    fn weights(&self) -> Vec<f64> {
        self.regions.iter().map(|(_, starts, factor)| starts.len() as f64 * factor).collect()
    }

    fn n_patches(&self) -> usize {
        let total: f64 = self.weights().iter().sum();
        if total <= 0.0 {
            return 0;
        }
        let mut n = 1.0;
        for (size, p) in self.image.iter().zip(&self.patch) {
            n *= *size as f64 / *p as f64;
        }
        for (_, factor) in &self.factors {
            n -= 1.0 - factor;
        }
        let mut n = (n - self.excluded.len() as f64).ceil();
        let mut whole = 0;
        while n >= 1.0 {
            (n, whole) = (n - 1.0, whole + 1);
        }
        whole
    }
}

/// A sample of an image: which cells to exclude and which factors to set, as places in the list of all cells.
#[derive(Debug, Clone)]
enum Action {
    Exclude(Vec<usize>),
    Factors(Vec<(usize, f64)>),
}

fn any_actions() -> impl Strategy<Value = Vec<Action>> {
    let factor = prop_oneof![Just(0.0), Just(0.1), Just(0.25), Just(0.5), Just(1.0), 0.0..=1.0];
    let action = prop_oneof![
        prop::collection::vec(0_usize..1000, 0..6).prop_map(Action::Exclude),
        prop::collection::vec((0_usize..1000, factor), 0..20).prop_map(Action::Factors),
    ];
    prop::collection::vec(action, 0..4)
}

fn any_sizes() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    let plane = prop::collection::vec((1_usize..24, 1_usize..7), 2);
    let volume = prop::collection::vec((1_usize..10, 1_usize..4), 3);
    prop_oneof![plane, volume].prop_map(|sizes| sizes.into_iter().unzip())
}

/// The strategy and the model after the same actions.
fn after(image: &[usize], patch: &[usize], actions: &[Action]) -> (StratifiedPatching, Listed) {
    let mut patching = StratifiedPatching::new(&[shape(1, image)], extent(patch)).unwrap();
    let mut listed = Listed::new(image, patch);
    let cells: Vec<Vec<usize>> = listed.regions.iter().map(|(cell, ..)| cell.clone()).collect();
    let cell = |place: usize| (!cells.is_empty()).then(|| cells[place % cells.len()].clone());
    for action in actions {
        match action {
            Action::Exclude(places) => {
                let chosen: Vec<_> = places.iter().filter_map(|&place| cell(place)).collect();
                chosen.iter().for_each(|cell| listed.exclude(cell));
                let chosen: Vec<_> = chosen.iter().map(|cell| PerAxis::new(cell).unwrap()).collect();
                patching.exclude(0, 0, &chosen).unwrap();
            }
            Action::Factors(factors) => {
                let chosen: Vec<_> =
                    factors.iter().filter_map(|&(place, r)| Some((cell(place)?, r))).collect();
                chosen.iter().for_each(|(cell, factor)| listed.set_factor(cell, *factor));
                let chosen: Vec<_> =
                    chosen.iter().map(|(cell, r)| (PerAxis::new(cell).unwrap(), *r)).collect();
                patching.set_probabilities(0, 0, &chosen).unwrap();
            }
        }
    }
    (patching, listed)
}

proptest! {
    #[test]
    fn closed_form_equals_lists((image, patch) in any_sizes(), actions in any_actions()) {
        let (patching, listed) = after(&image, &patch, &actions);
        let n = listed.n_patches();
        prop_assert_eq!(patching.n_patches(), n);
        prop_assert_eq!(patching.n_patches_of(0, 0).unwrap(), n);

        let regions: Vec<_> = patching.regions(0, 0).unwrap().collect();
        prop_assert_eq!(regions.len(), listed.regions.len());
        let weights = listed.weights();
        let total: f64 = weights.iter().sum();
        for ((region, (cell, starts, _)), weight) in regions.iter().zip(&listed.regions).zip(&weights) {
            prop_assert_eq!(region.cell.as_slice(), cell.as_slice());
            prop_assert_eq!(region.area, starts.len());
            prop_assert_eq!(region.weight, *weight);
            let expected = if n == 0 { 0.0 } else { n as f64 * weight / total };
            prop_assert!((region.expected_count - expected).abs() <= 1e-9 * expected);
        }
        let included: Vec<_> = patching.included_cells(0, 0).unwrap().map(|cell| cell.as_slice().to_vec()).collect();
        let wanted: Vec<_> = listed.regions.iter().map(|(cell, ..)| cell.clone()).collect();
        let all: Vec<_> = patching.all_cells(0).unwrap().map(|cell| cell.as_slice().to_vec()).collect();
        prop_assert_eq!(&all, &wanted);
        prop_assert!(included.into_iter().eq(wanted.into_iter().filter(|cell| !listed.excluded.contains(cell))));

        let expectation = |start: &[usize]| {
            let region = listed.regions.iter().find(|(_, starts, _)| starts.contains(start));
            region.map_or(0.0, |(_, _, factor)| if n == 0 { 0.0 } else { n as f64 * factor / total })
        };
        for start in positions(&image) {
            let wanted = expectation(&start);
            let got = patching.start_expectation(0, 0, &Coords::new(&signed(&start)).unwrap()).unwrap();
            prop_assert!((got - wanted).abs() <= 1e-9 * wanted, "start {:?}: {} instead of {}", start, got, wanted);
        }
        for index in 0..n.min(60) {
            for epoch in 0..3 {
                let start: Vec<usize> =
                    draw(&patching, epoch, index).coords.iter().map(|at| usize::try_from(at).unwrap()).collect();
                prop_assert!(expectation(&start) > 0.0, "index {} gives {:?}", index, start);
            }
        }
    }

    /// After any exclusions no start is left whose patch touches an excluded block.
    #[test]
    fn excluded_blocks_are_never_touched((image, patch) in any_sizes(), actions in any_actions()) {
        let (patching, listed) = after(&image, &patch, &actions);
        for start in positions(&image) {
            let start = signed(&start);
            let touches = |cell: &Vec<usize>| {
                (0..cell.len()).all(|axis| {
                    let p = i64::try_from(patch[axis]).unwrap();
                    (start[axis] - i64::try_from(cell[axis]).unwrap() * p).abs() < p
                })
            };
            if listed.excluded.iter().any(touches) {
                prop_assert_eq!(patching.start_expectation(0, 0, &Coords::new(&start).unwrap()).unwrap(), 0.0);
            }
        }
    }

    /// Indices of stacks and samples follow one another, whatever was changed.
    #[test]
    fn indices_are_dealt_out_in_order(
        images in prop::collection::vec((1_usize..4, 1_usize..20, 1_usize..20), 1..4),
        changes in prop::collection::vec((0_usize..4, 0_usize..4, any_actions()), 0..4),
    ) {
        let shapes: Vec<ImageShape> = images.iter().map(|&(n, height, width)| shape(n, &[height, width])).collect();
        let mut patching = StratifiedPatching::new(&shapes, extent(&[4, 5])).unwrap();
        let mut n_of = BTreeMap::new();
        for (data_idx, sample_idx, actions) in changes {
            let Some(image) = shapes.get(data_idx) else { continue };
            let cells: Vec<_> = patching.all_cells(data_idx).unwrap().collect();
            let is_known = sample_idx < image.n_samples && !cells.is_empty();
            for action in actions.iter().filter(|_| is_known) {
                match action {
                    Action::Exclude(places) => {
                        let chosen: Vec<_> = places.iter().map(|place| cells[place % cells.len()]).collect();
                        patching.exclude(data_idx, sample_idx, &chosen).unwrap();
                    }
                    Action::Factors(factors) => {
                        let chosen: Vec<_> = factors.iter().map(|(place, r)| (cells[place % cells.len()], *r)).collect();
                        patching.set_probabilities(data_idx, sample_idx, &chosen).unwrap();
                    }
                }
            }
        }
        let mut next = 0;
        for (data_idx, image) in shapes.iter().enumerate() {
            let first = next;
            for sample_idx in 0..image.n_samples {
                let n = patching.n_patches_of(data_idx, sample_idx).unwrap();
                for index in next..next + n {
                    let patch = draw(&patching, 0, index);
                    prop_assert_eq!((patch.data_idx, patch.sample_idx), (data_idx, sample_idx));
                }
                n_of.insert((data_idx, sample_idx), n);
                next += n;
            }
            prop_assert!(patching.indices_of(data_idx).iter().eq(first..next));
        }
        prop_assert_eq!(patching.n_patches(), next);
        prop_assert_eq!(n_of.values().sum::<usize>(), next);
    }
}

#[test]
fn what_does_not_exist_is_refused_and_changes_nothing() {
    let mut patching = StratifiedPatching::new(&[shape(2, &[20, 20])], extent(&[8, 8])).unwrap();
    let cell = PerAxis::new(&[0, 0]).unwrap();
    let outside = PerAxis::new(&[2, 0]).unwrap();
    let n = patching.n_patches();
    let refused = [
        (patching.exclude(0, 2, &[cell]), "sample 2 of image 0 does not exist"),
        (patching.exclude(1, 0, &[]), "sample 0 of image 1 does not exist"),
        (
            patching.exclude(0, 0, &[cell, outside]),
            "cell [2, 0] does not exist, the grid of image 0 is [2, 2]",
        ),
        (
            patching.set_probabilities(0, 0, &[(cell, 0.5), (outside, 0.5)]),
            "cell [2, 0] does not exist, the grid of image 0 is [2, 2]",
        ),
        (
            patching.set_probabilities(0, 1, &[(cell, 1.5)]),
            "cell [0, 0] of image 0, sample 1: got factor 1.5, expected 0 to 1",
        ),
        (
            patching.set_probabilities(0, 1, &[(cell, f64::NAN)]),
            "cell [0, 0] of image 0, sample 1: got factor NaN, expected 0 to 1",
        ),
    ];
    for (result, message) in refused {
        assert_eq!(result.unwrap_err().to_string(), message);
    }
    assert_eq!(patching.n_patches(), n);
    assert_eq!(patching.included_cells(0, 0).unwrap().count(), 4);
    assert!(patching.spec(n, &mut patchweave_patching::PatchRng::for_patch(0, 0, 0)).is_err());
    assert!(StratifiedPatching::new(&[shape(1, &[20, 20])], extent(&[4, 8, 8])).is_err());
}

/// A list of regions or samples would take all memory.
#[test]
fn size_costs_nothing() {
    let huge = [shape(1, &[1_000_000, 1_000_000]), shape(1 << 40, &[100, 100])];
    let mut patching = StratifiedPatching::new(&huge, extent(&[64, 64])).unwrap();
    assert_eq!(patching.n_patches(), 244_140_625 + 3 * (1 << 40));
    patching.exclude(1, 1 << 39, &[PerAxis::new(&[0, 0]).unwrap()]).unwrap();
    patching.exclude(0, 0, &[PerAxis::new(&[7000, 7000]).unwrap()]).unwrap();
    assert_eq!(patching.n_patches(), 244_140_624 + 3 * (1 << 40) - 3);
    let last = draw(&patching, 0, patching.n_patches() - 1);
    assert_eq!((last.data_idx, last.sample_idx), (1, (1 << 40) - 1));
    assert_eq!(draw(&patching, 0, 244_140_623).data_idx, 0);
}

/// The number of patches is rounded as if factors were subtracted in the order in which cells first got one.
#[test]
fn rounding_follows_the_order_of_factors() {
    let factors = [0.1, 0.1, 0.1, 0.3, 0.1, 0.3];
    let n_patches = |order: [usize; 6], first: f64| {
        let mut patching = StratifiedPatching::new(&[shape(1, &[48, 48])], extent(&[8, 8])).unwrap();
        let cell = |place: usize| PerAxis::new(&[place, 0]).unwrap();
        patching.set_probabilities(0, 0, &[(cell(order[0]), first)]).unwrap();
        let in_order: Vec<_> =
            order.iter().zip(factors).map(|(&place, factor)| (cell(place), factor)).collect();
        patching.set_probabilities(0, 0, &in_order).unwrap();
        patching.n_patches()
    };
    // 36 - 5 is 31, but these subtractions end a little above, and their reverse does not.
    assert_eq!((n_patches([0, 1, 2, 3, 4, 5], 0.1), n_patches([5, 4, 3, 2, 1, 0], 0.9)), (32, 32));
    let reversed: f64 = factors.iter().rev().fold(36.0, |n, factor| n - (1.0 - factor));
    assert_eq!(reversed.ceil(), 31.0);
}
