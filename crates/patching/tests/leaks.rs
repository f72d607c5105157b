//! Splits that leak nothing and searches for leaks agree with trying all patches, pixel by pixel.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::collections::BTreeSet;

use common::{extent, positions, shape, signed, stratified};
use patchweave_geometry::{
    Context, ContextPadding, Coords, Extent, ImageShape, PatchSpec, RegionSpec, UncorrelatedSpec,
};
use patchweave_patching::{
    FixedPatching, FixedRandomPatching, GridCell, LeakSearch, PatchIndices, PatchRng, Patching,
    PatchingError, RandomPatching, SampleWeights, Separation, SequentialPatching, SharedSample,
    SharedSamples, StratifiedPatching, TiledPatching, WeightedPatching, WholePatching, hold_out,
    split_validation,
};
use proptest::prelude::*;

const PADDINGS: [ContextPadding; 4] = [
    ContextPadding::Reflect,
    ContextPadding::WrapWindow,
    ContextPadding::WrapImage,
    ContextPadding::Constant,
];

fn any_context() -> impl Strategy<Value = Context> {
    (1_usize..4, 0_usize..4, any::<bool>()).prop_map(|(n_scales, padding, grows_depth)| {
        let context = Context::new(n_scales, PADDINGS[padding]).unwrap();
        if grows_depth { context } else { context.keeping_depth() }
    })
}

fn any_sizes() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    let plane = prop::collection::vec((4_usize..26, 1_usize..6), 2);
    let volume = prop::collection::vec((3_usize..9, 1_usize..4), 3);
    prop_oneof![3 => plane, 1 => volume].prop_map(|sizes| sizes.into_iter().unzip())
}

/// The pixels that a patch uses along each axis, position by position.
fn used(patch: &PatchSpec, image: &Extent, context: &Context) -> [BTreeSet<usize>; 3] {
    let axes = context.axes(&patch.coords, &patch.patch_size, image).unwrap();
    axes.map(|axis| (0..axis.len()).filter_map(|position| axis.pixel(position)).collect())
}

fn share_a_pixel(a: &PatchSpec, b: &PatchSpec, image: &Extent, context: &Context) -> bool {
    let a = used(a, image, context);
    let b = used(b, image, context);
    (0..3).all(|axis| !a[axis].is_disjoint(&b[axis]))
}

fn spec(sample_idx: usize, start: &[i64], patch_size: Extent) -> PatchSpec {
    PatchSpec { data_idx: 0, sample_idx, coords: Coords::new(start).unwrap(), patch_size }
}

/// All patches that a stratified strategy can draw from a sample.
fn drawable(train: &StratifiedPatching, sample_idx: usize, image: &Extent) -> Vec<PatchSpec> {
    let starts =
        positions(image.as_slice()).into_iter().map(|start| spec(sample_idx, &signed(&start), train.size()));
    starts.filter(|patch| train.start_expectation(0, sample_idx, &patch.coords).unwrap() > 0.0).collect()
}

fn listed(patching: &dyn Patching) -> Vec<PatchSpec> {
    let spec = |index| *patching.spec(index, &mut PatchRng::for_patch(3, 0, index)).unwrap().patch().unwrap();
    (0..patching.n_patches()).map(spec).collect()
}

/// A search says "no leak" exactly if no patch that can be drawn shares a pixel, and shows one that does.
fn assert_search(
    shapes: &[ImageShape],
    context: Context,
    train: &dyn Patching,
    drawable: &[PatchSpec],
    val: &FixedPatching,
) -> Result<(), TestCaseError> {
    let image = &shapes[0].extent;
    let val_patches = listed(val);
    let shares = |train: &PatchSpec, val: &PatchSpec| {
        train.sample_idx == val.sample_idx && share_a_pixel(train, val, image, &context)
    };
    let is_leaky = drawable.iter().any(|train| val_patches.iter().any(|val| shares(train, val)));
    let leak = LeakSearch::new(shapes, context).find(train, val).unwrap();
    prop_assert_eq!(leak.is_some(), is_leaky, "{:?}", leak);
    if let Some(leak) = leak {
        prop_assert_eq!(leak.val, val_patches[leak.val_index]);
        prop_assert!(drawable.contains(&leak.train), "{:?} is never drawn", leak.train);
        let first = 3 - leak.pixel.n_axes();
        for patch in [&leak.train, &leak.val] {
            let pixels = used(patch, image, &context);
            let has_pixel =
                leak.pixel.iter().enumerate().all(|(axis, at)| pixels[first + axis].contains(&at));
            prop_assert!(has_pixel, "{:?} does not use {:?}", patch, leak.pixel);
        }
    }
    Ok(())
}

/// Cells of one of two samples.
fn some_cells(train: &StratifiedPatching, places: &[usize]) -> Vec<(usize, usize, GridCell)> {
    let cells: Vec<GridCell> = train.all_cells(0).unwrap().collect();
    let places: BTreeSet<usize> = places.iter().map(|place| place % (2 * cells.len()).max(1)).collect();
    let cell = |place: usize| Some((0, place % 2, *cells.get(place / 2)?));
    places.into_iter().filter_map(cell).collect()
}

proptest! {
    /// After holding out cells no training patch uses a pixel of a validation patch; exactly the starts that would
    /// are gone; patches become fewer as starts do.
    #[test]
    fn pixels_are_held_out_and_no_more(
        (image, patch) in any_sizes(), context in any_context(), places in prop::collection::vec(0_usize..1000, 1..4),
    ) {
        let shapes = [shape(2, &image)];
        let before = stratified(&shapes, &patch);
        let mut train = before.clone();
        let cells = some_cells(&train, &places);
        let image = shapes[0].extent;
        let result = hold_out(&mut train, &cells, Separation::Pixels(context));
        let val = match result {
            Ok(ref val) => listed(val),
            Err(_) => cells.iter().map(|&(_, sample_idx, cell)| {
                let start: Vec<i64> =
                    cell.iter().zip(&patch).map(|(g, p)| i64::try_from(g * p).unwrap()).collect();
                spec(sample_idx, &start, before.size())
            }).collect(),
        };
        let mut n_left = 0;
        for sample_idx in 0..2 {
            let all = drawable(&before, sample_idx, &image);
            let of_sample = || val.iter().filter(|val| val.sample_idx == sample_idx);
            let left: Vec<PatchSpec> = all.iter().copied()
                .filter(|train| !of_sample().any(|val| share_a_pixel(train, val, &image, &context)))
                .collect();
            let n = before.n_patches_of(0, sample_idx).unwrap();
            let n = if all.is_empty() { 0 } else { (n * left.len()).div_ceil(all.len()) };
            n_left += n;
            if result.is_ok() {
                prop_assert_eq!(&drawable(&train, sample_idx, &image), &left);
                prop_assert_eq!(train.n_patches_of(0, sample_idx).unwrap(), n);
            }
        }
        match result {
            Ok(val) => {
                prop_assert!(n_left > 0 || val.n_patches() == 0);
                prop_assert_eq!(LeakSearch::new(&shapes, context).find(&train, &val).unwrap(), None);
                let of_val = listed(&val);
                for patch in listed(&train) {
                    prop_assert!(of_val.iter().all(|val| val.sample_idx != patch.sample_idx
                        || !share_a_pixel(&patch, val, &image, &context)));
                }
            }
            Err(PatchingError::NoTrainingLeft { n_val, n_patches }) => {
                prop_assert_eq!((n_val, n_patches, n_left), (val.len(), before.n_patches(), 0));
                prop_assert_eq!(train.n_patches(), before.n_patches());
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    /// Whatever was held out and made rarer, with whatever context a search looks.
    #[test]
    fn searches_in_stratified_strategies_are_exact(
        (image, patch) in any_sizes(), held_out in any_context(), context in any_context(), plain: bool,
        places in prop::collection::vec(0_usize..1000, 1..4),
        factors in prop::collection::vec((0_usize..1000, prop_oneof![Just(0.0), Just(0.5)]), 0..12),
        starts in prop::collection::vec((0_usize..2, prop::array::uniform3(-2_i64..24)), 0..3),
    ) {
        let shapes = [shape(2, &image)];
        let mut train = stratified(&shapes, &patch);
        for (place, factor) in factors {
            for (_, sample_idx, cell) in some_cells(&train, &[place]) {
                train.set_probabilities(0, sample_idx, &[(cell, factor)]).unwrap();
            }
        }
        let separation = if plain { Separation::Patches } else { Separation::Pixels(held_out) };
        let cells = some_cells(&train, &places);
        let val = hold_out(&mut train, &cells, separation);
        let mut specs: Vec<PatchSpec> = val.as_ref().map_or_else(|_| Vec::new(), |val| listed(val));
        let n_axes = image.len();
        specs.extend(starts.into_iter().map(|(sample, start)| spec(sample, &start[3 - n_axes..], train.size())));
        let val = FixedPatching::new(specs.into_iter().map(RegionSpec::from).collect());
        let drawable: Vec<PatchSpec> =
            (0..2).flat_map(|sample_idx| drawable(&train, sample_idx, &shapes[0].extent)).collect();
        assert_search(&shapes, context, &train, &drawable, &val)?;
    }

    /// Every other strategy, against all patches that it can give.
    #[test]
    fn searches_in_all_strategies_are_exact(
        image in prop::array::uniform2(4_usize..26), patch in prop::array::uniform2(1_usize..6),
        context in any_context(), seed in 0_u64..4,
        val_patch in prop::array::uniform2(1_usize..6),
        starts in prop::collection::vec((0_usize..2, prop::array::uniform2(-2_i64..24)), 1..3),
        overlaps in prop::array::uniform2(0_usize..4), weighty in prop::collection::vec(0_usize..60, 0..3),
    ) {
        let shapes = [shape(2, &image)];
        let size = extent(&patch);
        let image = shapes[0].extent;
        let val = starts.iter().map(|(sample, start)| spec(*sample, start, extent(&val_patch)).into());
        let val = FixedPatching::new(val.collect());
        let last = |axis: usize| image.as_slice()[axis].saturating_sub(patch[axis]);
        let anywhere: Vec<PatchSpec> = (0..2)
            .flat_map(|sample| positions(&[last(0) + 1, last(1) + 1]).into_iter().map(move |start| (sample, start)))
            .map(|(sample, start)| spec(sample, &signed(&start), size))
            .collect();
        let random = RandomPatching::new(&shapes, size).unwrap();
        assert_search(&shapes, context, &random, &anywhere, &val)?;

        let overlaps = patchweave_geometry::PerAxis::new(&[overlaps[0] % patch[0], overlaps[1] % patch[1]]).unwrap();
        let mut fixed: Vec<Box<dyn Patching>> = vec![
            Box::new(FixedRandomPatching::new(&shapes, size, seed).unwrap()),
            Box::new(TiledPatching::new(&shapes, size, Some(overlaps)).unwrap()),
            Box::new(WholePatching::new(&shapes).unwrap()),
            Box::new(FixedPatching::new(anywhere.iter().step_by(7).map(|patch| (*patch).into()).collect())),
        ];
        if image.covers(&size) {
            fixed.push(Box::new(SequentialPatching::new(&shapes, size, Some(overlaps)).unwrap()));
        }
        for train in &fixed {
            assert_search(&shapes, context, train, &listed(train), &val)?;
        }

        let block = [3, 4];
        let grid = [image.as_slice()[0].div_ceil(3), image.as_slice()[1].div_ceil(4)];
        let mut weights = vec![0.0; grid[0] * grid[1]];
        let n_blocks = weights.len();
        weighty.iter().for_each(|place| weights[place % n_blocks] = 0.5);
        let map = SampleWeights::new(image, extent(&block), weights.clone()).unwrap();
        let of_map: BTreeSet<Vec<i64>> = positions(image.as_slice())
            .iter()
            .filter(|at| weights[at[0] / 3 * grid[1] + at[1] / 4] > 0.0)
            .map(|at| signed(&[0, 1].map(|axis| at[axis].saturating_sub(patch[axis] / 2).min(last(axis)))))
            .collect();
        for share in [1.0, 0.5] {
            let train = WeightedPatching::new(&shapes, size, vec![map.clone(), map.clone()], share).unwrap();
            let follows = |patch: &&PatchSpec| {
                share < 1.0 || of_map.is_empty() || of_map.contains(patch.coords.as_slice())
            };
            let drawable: Vec<PatchSpec> = anywhere.iter().filter(follows).copied().collect();
            assert_search(&shapes, context, &train, &drawable, &val)?;
        }
    }

    /// Splits of any size leak nothing or say why they cannot be made, and then change nothing.
    #[test]
    fn splits_leak_nothing(
        (image, patch) in any_sizes(), context in any_context(), n_val in 0_usize..12, seed: u64,
    ) {
        let shapes = [shape(2, &image)];
        let before = stratified(&shapes, &patch);
        let mut train = before.clone();
        match split_validation(&mut train, n_val, seed, Separation::Pixels(context)) {
            Ok(val) => {
                prop_assert_eq!(val.n_patches(), n_val);
                let search = LeakSearch::new(&shapes, context);
                prop_assert_eq!(search.find(&train, &val).unwrap(), None);
                let mut again = before.clone();
                let same = split_validation(&mut again, n_val, seed, Separation::Pixels(context)).unwrap();
                prop_assert_eq!(listed(&same), listed(&val));
                prop_assert_eq!(listed(&train), listed(&again));
            }
            Err(_) => prop_assert_eq!(train.n_patches(), before.n_patches()),
        }
    }
}

#[test]
fn held_out_cells_are_taken() {
    let mut train = stratified(&[shape(1, &[32, 32])], &[8, 8]);
    let cell = |y, x| (0, 0, GridCell::new(&[y, x]).unwrap());
    let val = hold_out(&mut train, &[cell(3, 0), cell(1, 1)], Separation::Patches).unwrap();
    let starts: Vec<_> = listed(&val).iter().map(|patch| patch.coords.as_slice().to_vec()).collect();
    assert_eq!(starts, [[24, 0], [8, 8]]);
    assert_eq!(train.n_patches(), 14);
    for cells in [vec![cell(0, 0), cell(1, 1)], vec![cell(1, 1), cell(1, 1)]] {
        let error = hold_out(&mut train, &cells, Separation::Patches).unwrap_err();
        assert_eq!(error.to_string(), "cell [1, 1] of image 0, sample 0 is taken already");
    }
    assert_eq!(train.n_patches(), 14);
    let context = Context::new(3, ContextPadding::Reflect).unwrap();
    let error = hold_out(&mut train, &[cell(0, 0), cell(2, 2)], Separation::Pixels(context)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "all 14 patches of the images use pixels of the 2 validation patches, none is left to train on"
    );
    let error = split_validation(&mut train, 14, 0, Separation::Patches).unwrap_err();
    assert_eq!(
        error.to_string(),
        "got 14 validation patches, expected fewer than the 14 patches of all images"
    );
}

/// A plain split lets lateral context see validation pixels, which a search shows.
#[test]
fn plain_splits_leak_through_lateral_context() {
    let shapes = [shape(1, &[64, 64])];
    let mut train = stratified(&shapes, &[8, 8]);
    let val = split_validation(&mut train, 3, 1, Separation::Patches).unwrap();
    assert_eq!(LeakSearch::new(&shapes, Context::none()).find(&train, &val).unwrap(), None);
    let context = Context::new(2, ContextPadding::Reflect).unwrap();
    assert!(LeakSearch::new(&shapes, context).find(&train, &val).unwrap().is_some());
}

/// Validation patches of separate files, one of which is a training file.
#[test]
fn stacks_are_matched_as_the_caller_says() {
    let shapes = [shape(1, &[16, 16]), shape(1, &[24, 24])];
    let train = RandomPatching::new(&shapes, extent(&[8, 8])).unwrap();
    let patch = |data_idx| PatchSpec { data_idx, ..spec(0, &[16, 16], extent(&[8, 8])) };
    let val = FixedPatching::new(vec![patch(0).into(), patch(1).into()]);
    let search = |stacks: &[Option<usize>]| {
        LeakSearch::new(&shapes, Context::none()).with_stacks(stacks).find(&train, &val)
    };
    assert_eq!(search(&[None, None]).unwrap(), None);
    // The start lies outside of the smaller image.
    assert_eq!(search(&[Some(0), None]).unwrap(), None);
    let leak = search(&[Some(1), None]).unwrap().unwrap();
    assert_eq!((leak.val_index, leak.train.data_idx, leak.val.data_idx), (0, 1, 0));
    assert_eq!(search(&[None]).unwrap_err().to_string(), "there is no image 1");
    assert_eq!(search(&[None, Some(2)]).unwrap_err().to_string(), "there is no image 2");
}

proptest! {
    /// Where images share planes, a leak is found exactly if a training patch has a pixel of a shared plane that a
    /// validation patch has too; the validation image may show other rows and columns of it.
    #[test]
    fn shared_planes_leak_and_no_others(
        size in prop::array::uniform3(1_usize..5), val_size in prop::array::uniform3(1_usize..5),
        start in prop::array::uniform3(0_usize..3), patch in prop::array::uniform3(1_usize..3),
        depths in prop::collection::vec((0_usize..5, 0_usize..5), 0..4), sample in 0_usize..2, is_listed in any::<bool>(),
    ) {
        let patch_size = extent(&[0, 1, 2].map(|axis| patch[axis].min(size[axis]).min(val_size[axis])));
        let train_shape = [shape(2, &size)];
        let val_shape = [shape(3, &val_size)];
        let at = [0, 1, 2].map(|axis| start[axis].min(val_size[axis] - patch_size.as_slice()[axis]));
        let val_patch = PatchSpec { sample_idx: 2, ..spec(0, &at.map(|at| i64::try_from(at).unwrap()), patch_size) };
        let val = FixedPatching::new(vec![val_patch.into()]);
        prop_assert_eq!(val.samples(), [(0, 2)]);
        let depths: Vec<_> = depths.into_iter().filter(|(val, train)| *val < val_size[0] && *train < size[0]).collect();
        let shared = SharedSamples::from([(
            (0, 2),
            vec![SharedSample { data_idx: 0, sample_idx: sample, depths: depths.clone() }],
        )]);

        let sequential = SequentialPatching::new(&train_shape, patch_size, None).unwrap();
        let specs: Vec<RegionSpec> = (0..sequential.n_patches())
            .map(|index| sequential.spec(index, &mut PatchRng::for_patch(0, 0, index)).unwrap())
            .collect();
        let covers = |spec: &PatchSpec, axis: usize, at: usize| {
            let start = usize::try_from(spec.coords.as_slice()[axis]).unwrap();
            (start..start + spec.patch_size.as_slice()[axis]).contains(&at)
        };
        let leaks = |spec: &PatchSpec, train_z: usize, val_z: usize| {
            spec.sample_idx == sample
                && covers(spec, 0, train_z)
                && covers(&val_patch, 0, val_z)
                && [1, 2].into_iter().all(|axis| (0..size[axis]).any(|at| covers(spec, axis, at) && covers(&val_patch, axis, at)))
        };
        let expected = specs.iter().any(|spec| {
            depths.iter().any(|(val_z, train_z)| leaks(spec.patch().unwrap(), *train_z, *val_z))
        });
        let listed = FixedPatching::new(specs.clone());
        let train: &dyn Patching = if is_listed { &listed } else { &sequential };
        let search = LeakSearch::new(&train_shape, Context::none());
        let found = search.with_samples(&val_shape, Context::none(), &shared).find(train, &val).unwrap();
        prop_assert_eq!(found.is_some(), expected);
        if let Some(leak) = found {
            prop_assert_eq!((leak.train.sample_idx, leak.val), (sample, val_patch));
        }
        let none = SharedSamples::new();
        prop_assert_eq!(search.with_samples(&val_shape, Context::none(), &none).find(train, &val).unwrap(), None);
    }
}

/// All channels of a patch count, on both sides.
#[test]
fn channels_from_different_places_all_count() {
    let shapes = [shape(2, &[32, 32])];
    let size = extent(&[8, 8]);
    let mixed = |second: &[i64]| {
        let channels = vec![spec(0, &[0, 0], size), spec(1, second, size)];
        FixedPatching::new(vec![RegionSpec::Uncorrelated(UncorrelatedSpec {
            channels,
            principal_channel: 0,
        })])
    };
    let search = LeakSearch::new(&shapes, Context::none());
    let val = FixedPatching::new(vec![spec(1, &[20, 20], size).into()]);
    assert_eq!(search.find(&mixed(&[12, 12]), &val).unwrap(), None);
    let leak = search.find(&mixed(&[13, 13]), &val).unwrap().unwrap();
    assert_eq!(leak.pixel.as_slice(), [20, 20]);
    assert!(search.find(&val, &mixed(&[13, 13])).unwrap().is_some());
    assert_eq!(mixed(&[0, 0]).indices_of(0).iter().collect::<Vec<_>>(), [0]);
}

#[test]
fn strategies_that_tell_nothing_are_named() {
    struct Silent;
    impl Patching for Silent {
        fn n_patches(&self) -> usize {
            1
        }

        fn spec(&self, _index: usize, _rng: &mut PatchRng) -> Result<RegionSpec, PatchingError> {
            Ok(spec(0, &[0, 0], extent(&[8, 8])).into())
        }

        fn patch_size(&self, _index: usize) -> Result<Extent, PatchingError> {
            Ok(extent(&[8, 8]))
        }

        fn indices_of(&self, _data_idx: usize) -> PatchIndices {
            PatchIndices::Range(0..1)
        }
    }
    let shapes = [shape(1, &[16, 16])];
    let val = FixedPatching::new(vec![spec(0, &[8, 8], extent(&[8, 8])).into()]);
    let error = LeakSearch::new(&shapes, Context::none()).find(&Silent, &val).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the strategy does not tell where its patches of image 0, sample 0 can start"
    );
}

/// Cells are chosen by number, and what is far away is never looked at.
#[test]
fn huge_images_are_split_without_listing_their_cells() {
    let shapes = [shape(1, &[1_000_000, 1_000_000])];
    let mut train = stratified(&shapes, &[64, 64]);
    let context = Context::new(4, ContextPadding::WrapImage).unwrap();
    let val = split_validation(&mut train, 8, 5, Separation::Pixels(context)).unwrap();
    assert_eq!(val.n_patches(), 8);
    assert_eq!(LeakSearch::new(&shapes, context).find(&train, &val).unwrap(), None);
    // Each window covers 512 pixels along an axis; 1023 starts touch it, so 8 × 1023² of 999937² starts are gone.
    let n = 244_140_625_u128;
    let gone = 8 * 1023 * 1023;
    let before = 999_937_u128.pow(2);
    assert_eq!(train.n_patches() as u128, (n * (before - gone)).div_ceil(before));
    let n = train.n_patches();
    for index in (0..n).step_by(n / 1000) {
        let patch = listed_one(&train, index);
        assert!(listed(&val).iter().all(|val| !share_a_pixel(&patch, val, &shapes[0].extent, &context)));
    }
}

fn listed_one(patching: &dyn Patching, index: usize) -> PatchSpec {
    *patching.spec(index, &mut PatchRng::for_patch(3, 0, index)).unwrap().patch().unwrap()
}
