//! Tests of the budget under many threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever threads need, all of them get it, and never more at a time than there is; what is larger goes alone.
    #[test]
    fn threads_share_a_budget(
        bytes in 0_u64..50,
        needs in prop::collection::vec(prop::collection::vec(1_u64..80, 1..20), 1..8),
    ) {
        let budget = ReadBudget::new(bytes);
        let together = AtomicU64::new(0);
        let most = AtomicU64::new(0);
        thread::scope(|scope| {
            for needs in &needs {
                let budget = budget.clone();
                let together = &together;
                let most = &most;
                scope.spawn(move || {
                    for &need in needs {
                        let permit = budget.take(need);
                        let now = together.fetch_add(need, Ordering::SeqCst) + need;
                        assert!(now <= bytes.max(need), "{now} bytes at a time, {need} of them here");
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::yield_now();
                        together.fetch_sub(need, Ordering::SeqCst);
                        drop(permit);
                    }
                });
            }
        });
        prop_assert_eq!(budget.taken(), 0);
        prop_assert!(budget.most_taken() >= most.load(Ordering::SeqCst));
    }

    /// What needs more while it holds some does not wait for what others hold that do the same.
    #[test]
    fn nested_needs_never_wait_in_a_circle(n_threads in 2_usize..8, bytes in 0_u64..20, need in 1_u64..20) {
        let budget = ReadBudget::new(bytes);
        let other = ReadBudget::new(bytes);
        thread::scope(|scope| {
            for thread in 0..n_threads {
                let (first, second) = if thread % 2 == 0 { (&budget, &other) } else { (&other, &budget) };
                scope.spawn(move || {
                    for _ in 0..20 {
                        let outer = first.take(need);
                        let inner = (first.take(need), second.take(need));
                        thread::yield_now();
                        drop((inner, outer));
                    }
                });
            }
        });
        prop_assert_eq!((budget.taken(), other.taken()), (0, 0));
    }
}

#[test]
fn who_comes_later_does_not_go_first() {
    let budget = ReadBudget::new(10);
    let first = budget.take(6);
    thread::scope(|scope| {
        let large = scope.spawn(|| drop(budget.take(10)));
        // It waits for its turn as soon as it has a number.
        while budget.shared.state().next == 0 {
            thread::yield_now();
        }
        assert!(budget.try_take(1).is_none(), "there is room, but somebody waits");
        drop(first);
        large.join().unwrap();
    });
    assert!(budget.try_take(11).is_some(), "alone, it may be larger than the budget");
    assert_eq!((budget.taken(), budget.most_taken()), (0, 11));
}
