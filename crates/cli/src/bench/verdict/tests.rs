//! Exactly one verdict for any numbers, and an advice only where it promises enough.

use proptest::prelude::*;

use super::*;

const CHUNK_AWARE: Change = Change::ChunkAware { window: 256 };

/// Two busy workers of two cores, a consumer that waits all the time.
fn facts(stages: Stages, alternatives: &[Alternative]) -> Facts<'_> {
    Facts {
        stages,
        elapsed: 5.0,
        consumer_waited: 5.0,
        n_workers: 2,
        n_cores: 2,
        prefetch_batches: 8,
        is_cache_chosen: false,
        n_decodes: 100.0,
        decodes_per_chunk: 5.2,
        alternatives,
    }
}

fn decoding(decode: f64, construct: f64) -> Stages {
    Stages { decode, construct, ..Stages::default() }
}

fn alternative(change: Change, n_decodes: f64) -> Alternative {
    Alternative { change, n_decodes }
}

#[test]
fn the_largest_part_of_the_time_gives_the_verdict() {
    let none = Stages::default();
    let table = [
        (Stages { decode: 6.0, read: 1.0, construct: 3.0, ..none }, Kind::Decode, 0.6),
        (Stages { decode: 1.0, read: 6.0, construct: 3.0, ..none }, Kind::Read, 0.6),
        (Stages { wait: 4.0, decode: 3.0, construct: 3.0, ..none }, Kind::Wait, 0.4),
        (Stages { read: 2.0, decode: 2.0, construct: 3.0, ..none }, Kind::Decode, 2.0 / 7.0),
        (Stages { construct: 6.0, decode: 4.0, ..none }, Kind::Construct, 0.6),
        (Stages { normalise: 6.0, construct: 4.0, ..none }, Kind::Normalise, 0.6),
        (Stages { augment: 6.0, construct: 4.0, ..none }, Kind::Augment, 0.6),
        (Stages { construct: 4.0, idle: 6.0, ..none }, Kind::Slots, 0.6),
    ];
    for (stages, kind, share) in table {
        let verdict = facts(stages, &[]).judge();
        assert_eq!((verdict.kind, verdict.advice), (kind, None), "{stages:?}");
        assert!((verdict.share - share).abs() < 1e-9, "{verdict:?}");
    }
}

#[test]
fn a_consumer_that_does_not_wait_has_nothing_to_gain() {
    let stages = Stages { decode: 1.0, idle: 9.0, ..Stages::default() };
    let alternatives = [alternative(CHUNK_AWARE, 1.0)];
    let slow = Facts { consumer_waited: 0.1, ..facts(stages, &alternatives) };
    let verdict = slow.judge();
    assert_eq!((verdict.kind, verdict.advice), (Kind::Consumer, None));
    assert!(slow.line(&verdict).contains("could deliver 10.0 × as much"), "{}", slow.line(&verdict));
    let waiting_less = Facts { stages: Stages { decode: 6.0, ..stages }, consumer_waited: 2.4, ..slow };
    assert_eq!(waiting_less.judge().kind, Kind::Consumer, "workers wait more than the consumer does");
    let waiting_more = Facts { stages: Stages { decode: 11.0, ..stages }, consumer_waited: 2.4, ..slow };
    assert_eq!(waiting_more.judge().kind, Kind::Decode);
    let even = Facts { stages: decoding(9.0, 1.0), ..slow };
    assert_eq!(even.judge().kind, Kind::Consumer, "workers are busy, but the consumer is as fast");
}

#[test]
fn fewer_decodes_are_advised_where_they_help() {
    // Three quarters of the time are saved on nine tenths of it.
    let stages = decoding(9.0, 1.0);
    let fewer = [alternative(CHUNK_AWARE, 25.0)];
    let found = facts(stages, &fewer);
    let verdict = found.judge();
    let advice = verdict.advice.unwrap();
    assert_eq!(advice.change, CHUNK_AWARE);
    assert!((advice.gain - 1.0 / (1.0 - 0.9 * 0.75)).abs() < 1e-9);
    assert_eq!(
        found.line(&verdict),
        "reader-bound: 90 % of time decoding chunks; each chunk is decoded 5.2 times an epoch; chunk-aware order would \
         give about 3.1 × (train.order: {name: chunk_aware, window: 256})"
    );
    // Time without a slot does not count.
    let with_idle = Stages { idle: 5.0, ..stages };
    assert!((facts(with_idle, &fewer).gain_of(&fewer[0]) - found.gain_of(&fewer[0])).abs() < 1e-9);
    let hardly = [alternative(CHUNK_AWARE, 90.0)];
    assert_eq!(facts(stages, &hardly).judge().advice, None, "8 % are not worth it");
    // What the consumer waits for is all that it can gain.
    let limited = Facts { consumer_waited: 2.5, ..facts(stages, &fewer) };
    assert!((limited.judge().advice.unwrap().gain - 2.0).abs() < 1e-9);
}

#[test]
fn the_first_of_what_helps_about_as_much_is_advised() {
    let small = Change::CacheMib(512);
    let large = Change::CacheMib(1024);
    let table = [([25.0, 24.0, 23.0], CHUNK_AWARE), ([80.0, 24.0, 23.0], small), ([80.0, 70.0, 10.0], large)];
    for (n_decodes, change) in table {
        let changes = [CHUNK_AWARE, small, large];
        let alternatives: Vec<_> =
            changes.into_iter().zip(n_decodes).map(|(change, n)| alternative(change, n)).collect();
        let advice = facts(decoding(9.0, 1.0), &alternatives).judge().advice.unwrap();
        assert_eq!(advice.change, change);
    }
}

#[test]
fn cores_that_make_no_patches_are_told() {
    let idle_core = Facts { n_workers: 1, ..facts(decoding(1.0, 9.0), &[]) };
    let verdict = idle_core.judge();
    assert_eq!(verdict.kind, Kind::Workers);
    assert_eq!(verdict.advice, Some(Advice { change: Change::Workers(2), gain: 2.0 }));
    assert!(idle_core.line(&verdict).starts_with("worker-bound: 1 of 2 cores make patches; 2 workers"));
    // A reader that nothing else helps gets them as well, and stays a reader.
    let reader = Facts { stages: decoding(9.0, 1.0), ..idle_core };
    assert_eq!(reader.judge().kind, Kind::Decode);
    assert_eq!(reader.judge().advice, Some(Advice { change: Change::Workers(2), gain: 2.0 }));
    let starved = Facts { stages: Stages { idle: 9.0, construct: 1.0, ..Stages::default() }, ..idle_core };
    let starved = Facts { prefetch_batches: 1, ..starved };
    assert_eq!(starved.judge().kind, Kind::Slots);
    assert_eq!(starved.judge().advice.unwrap().change, Change::PrefetchBatches(8));
}

#[test]
fn a_chosen_cache_stays_as_long_as_something_else_helps() {
    let table = [(50.0, CHUNK_AWARE), (99.0, Change::CacheMib(512))];
    for (n_decodes, change) in table {
        let alternatives = [alternative(CHUNK_AWARE, n_decodes), alternative(Change::CacheMib(512), 1.0)];
        let chosen = Facts { is_cache_chosen: true, ..facts(decoding(9.0, 1.0), &alternatives) };
        assert_eq!(chosen.judge().advice.unwrap().change, change);
    }
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..10.0, Just(0.0), any::<f64>()]
}

prop_compose! {
    fn any_stages()(of in prop::array::uniform7(any_number())) -> Stages {
        let [read, decode, wait, construct, normalise, augment, idle] = of;
        Stages { read, decode, wait, construct, normalise, augment, idle }
    }
}

proptest! {
    #[test]
    fn any_numbers_have_one_verdict(
        stages in any_stages(),
        (elapsed, consumer_waited, n_decodes) in (any_number(), any_number(), any_number()),
        (n_workers, n_cores, prefetch_batches) in (0_usize..9, 0_usize..9, 0_usize..9),
        (chunk_aware, cache, is_cache_chosen) in (any_number(), any_number(), any::<bool>()),
    ) {
        let shares = stages.shares();
        prop_assert!((shares.all().iter().sum::<f64>() - 1.0).abs() < 1e-9, "{shares:?}");
        prop_assert!(shares.all().iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
        let alternatives = [alternative(CHUNK_AWARE, chunk_aware), alternative(Change::CacheMib(512), cache)];
        let facts = Facts {
            stages, elapsed, consumer_waited, n_workers, n_cores, prefetch_batches, is_cache_chosen, n_decodes,
            decodes_per_chunk: n_decodes, alternatives: &alternatives,
        };
        let verdict = facts.judge();
        prop_assert!((0.0..=1.0).contains(&verdict.share), "{verdict:?}");
        if let Some(advice) = verdict.advice {
            prop_assert!((MIN_GAIN..=MAX_GAIN).contains(&advice.gain), "{verdict:?}");
            prop_assert!(verdict.kind != Kind::Consumer);
        }
        let line = facts.line(&verdict);
        prop_assert!(!line.contains('\n'));
        let names = ["reader", "wait", "construct", "normalise", "augment", "worker", "slot", "consumer"];
        let n_kinds = names.iter().filter(|name| line.contains(&format!("{name}-bound: "))).count();
        prop_assert_eq!(n_kinds, 1, "{}", line);
    }

    /// Where fewer decodes are promised, a larger promise is never the smaller gain.
    #[test]
    fn fewer_decodes_never_gain_less(stages in any_stages(), few in 0.0..100.0, more in 0.0..100.0) {
        let facts = facts(stages, &[]);
        let (few, more) = if few < more { (few, more) } else { (more, few) };
        prop_assert!(
            facts.gain_of(&alternative(CHUNK_AWARE, few)) >= facts.gain_of(&alternative(CHUNK_AWARE, more))
        );
    }
}
