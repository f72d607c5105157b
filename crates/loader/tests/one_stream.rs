//! One stream, whatever the threads, the prefetch, the ranks and the point of resuming.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::collections::BTreeSet;

use patchweave_loader::{
    ChunkAware, Loader, LoaderError, LoaderOptions, LoaderState, MixLength, MixPart, Order, PatchWeights,
    Shapes, Shard, Uneven,
};
use proptest::prelude::*;
use support::{Seen, dataset, seen};

fn orders() -> impl Strategy<Value = Order> {
    let chunk_aware = (1_usize..30, 1_usize..4, 0_u64..20_000).prop_map(|(window, sources, cache_bytes)| {
        Order::ChunkAware(ChunkAware { window, sources, cache_bytes })
    });
    prop_oneof![
        Just(Order::Sequential),
        Just(Order::Shuffled),
        Just(Order::Grouped),
        Just(Order::Weighted),
        chunk_aware,
    ]
}

fn uneven() -> impl Strategy<Value = Uneven> {
    prop_oneof![Just(Uneven::Keep), Just(Uneven::Drop), Just(Uneven::Pad)]
}

/// What decides about the stream.
fn streams() -> impl Strategy<Value = LoaderOptions> {
    let limit = prop_oneof![Just(None), (1_usize..90).prop_map(Some)];
    let shapes = prop_oneof![Just(Shapes::Equal), Just(Shapes::Grouped)];
    let length = prop_oneof![Just(MixLength::Longest), Just(MixLength::Shortest)];
    (1_usize..12, orders(), any::<bool>(), 1_usize..4, limit, shapes, length).prop_map(
        |(batch_size, order, drop_last, passes, max_patches, shapes, mix_length)| LoaderOptions {
            batch_size,
            order,
            drop_last,
            passes,
            max_patches,
            shapes,
            mix_length,
            ..LoaderOptions::default()
        },
    )
}

/// What only changes the speed.
fn speeds() -> impl Strategy<Value = (usize, usize, usize)> {
    (1_usize..5, 1_usize..6, prop_oneof![Just(12_000_usize), Just(1 << 20)])
}

fn with_speed(
    options: LoaderOptions,
    (n_workers, prefetch_batches, prefetch_bytes): (usize, usize, usize),
) -> LoaderOptions {
    LoaderOptions { n_workers, prefetch_batches, prefetch_bytes, ..options }
}

/// One or two data sets with weights.
fn parts(ratios: &[usize], seed: u64) -> Vec<MixPart> {
    let sets = [dataset(&[[24, 20], [17, 33], [9, 9]], seed), dataset(&[[30, 11]], seed)];
    let of = |(set, ratio): (patchweave_construct::Dataset, &usize)| {
        let weights: Vec<f64> = (0..set.n_patches()).map(|index| (index % 3) as f64 + 0.5).collect();
        MixPart::new(set).with_ratio(*ratio).with_weights(PatchWeights::new(&weights).unwrap())
    };
    sets.into_iter().zip(ratios).map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Ranks that stop after some batches, and another number of ranks that goes on from the state of any of them,
    /// deliver together what one thread in one process delivers.
    #[test]
    fn ranks_and_resuming_deal_the_same_stream_out(
        options in streams(),
        ratios in prop_oneof![Just(vec![1]), Just(vec![1, 1]), Just(vec![3, 2])],
        seed in 1_u64..1000,
        epoch in 0_u64..4,
        (speed, later_speed) in (speeds(), speeds()),
        (world_size, later_world_size) in (1_usize..5, 1_usize..5),
        n_steps in 0_usize..6,
        uneven in uneven(),
    ) {
        let loader = |options| Loader::mixed(parts(&ratios, seed), options).unwrap();
        let whole = seen(loader(options).epoch(epoch).unwrap()).unwrap();

        let mut delivered: Vec<Seen> = Vec::new();
        let mut states = BTreeSet::new();
        for rank in 0..world_size {
            let shard = Shard { rank, world_size, uneven: Uneven::Keep };
            let loader = loader(LoaderOptions { shard, ..with_speed(options, speed) });
            let mut batches = loader.epoch(epoch).unwrap();
            let n_before = delivered.len();
            delivered.extend(batches.by_ref().take(n_steps).map(|batch| Seen::of(&batch.unwrap())));
            // A rank that had fewer batches ended before the others.
            if delivered.len() == n_before + n_steps {
                states.insert(serde_json::to_string(&batches.state()).unwrap());
            }
        }
        let n_done = n_steps * world_size;
        prop_assert!(states.len() == 1 || n_done > whole.len() && states.is_empty(), "{states:?}");
        let state = states.first().map(|text| serde_json::from_str::<LoaderState>(text).unwrap());
        if n_done >= whole.len() {
            prop_assert!(state.is_none_or(|state| (state.epoch, state.next_batch) == (epoch + 1, 0)));
        } else {
            let state = state.unwrap();
            let mut padding = Vec::new();
            for rank in 0..later_world_size {
                let shard = Shard { rank, world_size: later_world_size, uneven };
                let loader = loader(LoaderOptions { shard, ..with_speed(options, later_speed) });
                for batch in loader.resume(&state).unwrap() {
                    let batch = batch.unwrap();
                    if batch.is_padding() { &mut padding } else { &mut delivered }.push(Seen::of(&batch));
                }
            }
            let n_left = whole.len() - n_done;
            let rest = n_left % later_world_size;
            match uneven {
                Uneven::Drop => {
                    delivered.extend_from_slice(&whole[whole.len() - rest..]);
                    prop_assert!(padding.is_empty());
                }
                Uneven::Pad => {
                    prop_assert_eq!(padding.len(), (later_world_size - rest) % later_world_size);
                    prop_assert!(padding.iter().all(|batch| whole.contains(batch)));
                }
                _ => prop_assert!(padding.is_empty()),
            }
            delivered.sort_by_key(|batch| batch.batch_idx);
            prop_assert!(delivered == whole);
        }
    }

    /// Every order but the weighted one goes through every data set once in a pass.
    #[test]
    fn a_pass_has_every_patch_once(options in streams(), seed in 1_u64..1000, epoch in 0_u64..3) {
        prop_assume!(options.order != Order::Weighted);
        let options = LoaderOptions { max_patches: None, drop_last: false, ..options };
        let loader = Loader::mixed(parts(&[1], seed), options).unwrap();
        let batches = seen(loader.epoch(epoch).unwrap()).unwrap();
        let mut samples: Vec<_> =
            batches.iter().flat_map(|batch| &batch.samples).map(|id| (id.round.variant, id.index)).collect();
        samples.sort_unstable();
        let n = loader.dataset().n_patches();
        let expected = (0..options.passes as u64).flat_map(|pass| (0..n).map(move |index| (pass, index)));
        prop_assert!(samples.into_iter().eq(expected));
    }

    /// Every round over the data sets holds as many samples of each as its ratio says, and none comes twice.
    #[test]
    fn mixtures_keep_their_ratios(
        options in streams(), ratios in [1_usize..6, 1_usize..6], seed in 1_u64..1000,
    ) {
        let options = LoaderOptions { shapes: Shapes::Equal, max_patches: None, drop_last: false, ..options };
        let loader = Loader::mixed(parts(&ratios, seed), options).unwrap();
        let batches = seen(loader.epoch(0).unwrap()).unwrap();
        let samples: Vec<_> = batches.iter().flat_map(|batch| batch.samples.clone()).collect();
        prop_assert_eq!(samples.len(), loader.n_patches());
        let round_len: usize = ratios.iter().sum();
        for round in samples.chunks(round_len) {
            let n_first = round.iter().filter(|id| id.dataset == 0).count();
            prop_assert_eq!((n_first, round.len() - n_first), (ratios[0], ratios[1]));
        }
        let distinct: BTreeSet<_> =
            samples.iter().map(|id| (id.dataset, id.index, id.round.variant)).collect();
        prop_assert_eq!(distinct.len(), samples.len());
        let n: Vec<usize> = loader.datasets().map(|set| set.n_patches() * options.passes).collect();
        let n_rounds = samples.len() / round_len;
        let covers = |part: usize| n_rounds * ratios[part] >= n[part];
        let is_exact = |part: usize| n_rounds * ratios[part] <= n[part];
        match options.mix_length {
            MixLength::Shortest => prop_assert!(is_exact(0) && is_exact(1)),
            _ => prop_assert!(covers(0) && covers(1)),
        }
    }
}

#[test]
fn passes_make_other_patches() {
    let options = LoaderOptions { passes: 3, order: Order::Shuffled, batch_size: 4, ..Default::default() };
    let loader = Loader::new(dataset(&[[200, 200]], 7), options).unwrap();
    let batches = seen(loader.epoch(0).unwrap()).unwrap();
    let n = loader.dataset().n_patches();
    let samples: Vec<_> = batches.iter().flat_map(|batch| batch.samples.iter().zip(&batch.specs)).collect();
    assert_eq!(samples.len(), 3 * n);
    let order =
        |pass: usize| samples[pass * n..(pass + 1) * n].iter().map(|(id, _)| id.index).collect::<Vec<_>>();
    assert_ne!(order(0), order(1));
    let spec_of = |pass: usize, index: usize| {
        samples[pass * n..(pass + 1) * n]
            .iter()
            .find(|(id, _)| id.index == index)
            .map(|(_, spec)| *spec)
            .unwrap()
    };
    // Two random places of 193 × 193 are the same once in 37 249 times.
    let n_equal = (0..n).filter(|&index| spec_of(0, index) == spec_of(1, index)).count();
    assert!(n_equal < 5, "{n_equal} of {n}");
}

#[test]
fn after_the_last_batch_comes_the_next_epoch() {
    let options = LoaderOptions { batch_size: 5, order: Order::Shuffled, ..Default::default() };
    let loader = Loader::new(dataset(&[[40, 40]], 1), options).unwrap();
    let mut batches = loader.epoch(4).unwrap();
    assert!(batches.by_ref().all(|batch| batch.is_ok()));
    let state = batches.state();
    assert_eq!((state.epoch, state.next_batch), (5, 0));
    assert_eq!(seen(loader.resume(&state).unwrap()).unwrap(), seen(loader.epoch(5).unwrap()).unwrap());
}

/// Numbers that nobody means are refused, or mean what they say; none overflows.
#[test]
fn huge_numbers_are_harmless() {
    let default = LoaderOptions { prefetch_bytes: usize::MAX, ..Default::default() };
    let loader = |options| Loader::new(dataset(&[[40, 40]], 1), options).unwrap();
    let whole = seen(loader(LoaderOptions { batch_size: 25, ..default }).epoch(0).unwrap()).unwrap();
    for options in [
        LoaderOptions { batch_size: usize::MAX, ..default },
        LoaderOptions { batch_size: 25, prefetch_batches: usize::MAX, n_workers: 3, ..default },
        LoaderOptions { batch_size: 25, max_patches: Some(usize::MAX), ..default },
    ] {
        assert_eq!(seen(loader(options).epoch(0).unwrap()).unwrap(), whole, "{options:?}");
    }
    let huge = ChunkAware { window: usize::MAX, sources: usize::MAX, cache_bytes: u64::MAX };
    let aware = LoaderOptions { batch_size: 5, order: Order::ChunkAware(huge), ..default };
    assert_eq!(loader(aware).epoch(0).unwrap().filter(Result::is_ok).count(), 5);
    for uneven in [Uneven::Keep, Uneven::Drop, Uneven::Pad] {
        for rank in [0, 1, usize::MAX - 1] {
            let shard = Shard { rank, world_size: usize::MAX, uneven };
            let loader = loader(LoaderOptions { batch_size: 5, shard, ..default });
            let state = LoaderState { next_batch: 1, ..loader.epoch(0).unwrap().state() };
            let state = LoaderState { epoch: 0, ..state };
            let mut batches = loader.resume(&state).unwrap();
            let n_expected = usize::from(uneven == Uneven::Pad || uneven == Uneven::Keep && rank < 4);
            assert_eq!(batches.by_ref().filter(Result::is_ok).count(), n_expected, "rank {rank} {uneven:?}");
            assert!(batches.state().epoch == 1 || batches.state().next_batch == 1);
        }
    }
    let sparse = LoaderOptions { batch_size: usize::MAX, prefetch_bytes: 4000, ..Default::default() };
    let error = loader(sparse).epoch(0).unwrap().next().unwrap().unwrap_err();
    assert!(matches!(error, LoaderError::Budget { budget: 4000, .. }), "{error}");
}

/// Where shapes are grouped, epochs may have different numbers of batches.
#[test]
fn states_lead_from_any_epoch_to_the_next() {
    let options = LoaderOptions {
        batch_size: 2,
        order: Order::Shuffled,
        shapes: Shapes::Grouped,
        max_patches: Some(10),
        ..Default::default()
    };
    let small = MixPart::new(support::random_patches(vec![support::image(&[30, 30], "YX", 1)], &[5, 5], 2));
    let loader =
        Loader::mixed(vec![MixPart::new(dataset(&[[40, 40]], 1)).with_ratio(3), small], options).unwrap();
    let n_batches: BTreeSet<usize> = (0..20).map(|epoch| loader.epoch(epoch).unwrap().n_batches()).collect();
    assert!(n_batches.len() > 1, "all epochs have {n_batches:?} batches");
    for epoch in 0..20 {
        let mut batches = loader.epoch(epoch).unwrap();
        assert!(batches.by_ref().all(|batch| batch.is_ok()));
        let next = loader.resume(&batches.state()).unwrap();
        assert_eq!(seen(next).unwrap(), seen(loader.epoch(epoch + 1).unwrap()).unwrap());
    }
}

/// A rank that has no batch left, while others have one, goes on with the next epoch when told so.
#[test]
fn ranks_without_batches_go_on_with_the_next_epoch() {
    let shard = Shard { rank: 3, world_size: 4, uneven: Uneven::Keep };
    let options = LoaderOptions { batch_size: 5, shard, ..Default::default() };
    let loader = Loader::new(dataset(&[[40, 40]], 1), options).unwrap();
    let mut batches = loader.epoch(0).unwrap();
    assert_eq!(batches.by_ref().count(), 1);
    let state = batches.state();
    assert_eq!((state.epoch, state.next_batch), (0, 4));
    assert_eq!(loader.resume(&state).unwrap().count(), 0);
    let next = seen(loader.resume(&state.next_epoch()).unwrap()).unwrap();
    assert_eq!(next, seen(loader.epoch(1).unwrap()).unwrap());
}

#[test]
fn other_weights_are_another_stream() {
    let options = LoaderOptions { order: Order::Weighted, ..Default::default() };
    let loader = |weights: [f64; 6]| {
        let part = MixPart::new(dataset(&[[16, 24]], 3)).with_weights(PatchWeights::new(&weights).unwrap());
        Loader::mixed(vec![part], options).unwrap()
    };
    let state = loader([1.0, 2.0, 1.0, 1.0, 1.0, 1.0]).epoch(0).unwrap().state();
    assert!(loader([1.0, 2.0, 1.0, 1.0, 1.0, 1.0]).resume(&state).is_ok());
    let other = loader([2.0, 1.0, 1.0, 1.0, 1.0, 1.0]).resume(&state);
    assert!(matches!(other.err(), Some(LoaderError::OtherStream { .. })));
}

#[test]
fn states_of_other_streams_are_refused() {
    let options = LoaderOptions { batch_size: 5, order: Order::Shuffled, ..Default::default() };
    let loader = |size, seed, options| Loader::new(dataset(&[[size, 40]], seed), options).unwrap();
    let state = loader(40, 1, options).epoch(0).unwrap().state();
    let refusal =
        |loader: Loader| loader.resume(&state).err().map(|error| error.to_string()).unwrap_or_default();
    for (other, what) in [
        (loader(40, 2, options), "seed (1, here 2)"),
        (
            loader(48, 1, options),
            "images (their number, shapes, pixel types or names) and other samples (their number, sizes, channels or how \
             they are made)",
        ),
        (
            loader(40, 1, LoaderOptions { order: Order::Grouped, ..options }),
            "order (its kind, window, cache or weights)",
        ),
        (
            loader(40, 1, LoaderOptions { drop_last: true, ..options }),
            "batches (size, last batch, shapes, passes or limit)",
        ),
    ] {
        let expected = format!(
            "the state belongs to another stream, with other {what}; resume with the data and settings it was taken with, or \
             begin anew without it"
        );
        assert_eq!(refusal(other), expected);
    }
    let other_number = LoaderState { n_batches: 7, next_batch: 1, ..state };
    let error = loader(40, 1, options).resume(&other_number).err().unwrap();
    assert!(error.to_string().contains("other number of batches (7, here 5);"), "{error}");
    let beyond = LoaderState { next_batch: 6, ..state };
    let error = loader(40, 1, options).resume(&beyond).err().unwrap();
    assert!(error.to_string().contains("other next batch (6, here 5);"), "{error}");
    let newer = LoaderState { format: 3, ..state };
    let error = loader(40, 1, options).resume(&newer).err().unwrap();
    assert!(matches!(error, LoaderError::StateFormat { got: 3, expected: 2 }), "{error}");
}

/// The numbers of a state are part of files on disk: this one was written by the first version of its format.
#[test]
fn states_keep_their_meaning() {
    let options = LoaderOptions { batch_size: 5, order: Order::Shuffled, ..Default::default() };
    let mut batches = Loader::new(dataset(&[[40, 40]], 1), options).unwrap().epoch(3).unwrap();
    batches.next().unwrap().unwrap();
    let text = serde_json::to_string(&batches.state()).unwrap();
    let numbers = [
        r#"{"format":2,"epoch":3,"next_batch":1,"seed":1,"n_batches":5,"stream":{"#,
        r#""images":9845772967279509444,"patching":12161962213042174405,"places":10976108708992477970,"#,
        r#""samples":4531152899307806076,"normalization":12693056098884693414,"augmentation":13322943857450292585,"#,
        r#""order":9929646806074584996,"batches":8559240491280789345,"mixture":9929646806074584996}}"#,
    ];
    assert_eq!(text, numbers.concat());
}

#[test]
fn options_out_of_range_are_refused() {
    let refusal = |options| {
        Loader::mixed(parts(&[1, 1], 1), options).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let default = LoaderOptions::default();
    assert_eq!(refusal(LoaderOptions { passes: 0, ..default }), "passes: got 0, expected at least 1");
    assert_eq!(
        refusal(LoaderOptions { max_patches: Some(0), ..default }),
        "max_patches: got 0, expected at least 1"
    );
    let shard = Shard { rank: 2, world_size: 2, uneven: Uneven::Keep };
    assert_eq!(
        refusal(LoaderOptions { shard, ..default }),
        "rank: got 2, expected less than world_size; ranks are counted from 0"
    );
    let order = Order::ChunkAware(ChunkAware { window: 0, ..ChunkAware::default() });
    assert_eq!(refusal(LoaderOptions { order, ..default }), "window: got 0, expected at least 1");
    assert_eq!(
        refusal(LoaderOptions { passes: usize::MAX, ..default }),
        format!("{} times 28 patches are more than can be counted; lower the passes or ratios", usize::MAX)
    );
    let error = Loader::mixed(parts(&[1, 0], 1), default).err().unwrap();
    assert_eq!(error.to_string(), "ratio: got 0, expected at least 1");
    let part = parts(&[1], 1).remove(0);
    let error = Loader::mixed(vec![part; 65_537], default).err().unwrap();
    assert_eq!(error.to_string(), "number of data sets: got 65537, expected at most 65536");
    let weighted = LoaderOptions { order: Order::Weighted, ..default };
    let error = Loader::new(dataset(&[[20, 20]], 1), weighted).err().unwrap();
    assert_eq!(error.to_string(), "the weighted order needs the weights of all data sets");
    let part = MixPart::new(dataset(&[[20, 20]], 1)).with_weights(PatchWeights::new(&[1.0]).unwrap());
    let error = Loader::mixed(vec![part], weighted).err().unwrap();
    assert_eq!(error.to_string(), "got 1 weights for data set 0, expected one for each of its 9 patches");
}
