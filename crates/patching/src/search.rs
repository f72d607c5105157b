//! Binary search over numbers that are computed instead of stored.

/// The first number below `n` for which `holds` is true, or `n`; once true it stays true.
pub(crate) fn first_where(n: usize, holds: impl Fn(usize) -> bool) -> usize {
    let mut low = 0;
    let mut high = n;
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The `nth` natural number, counted from 0, that is not in an ascending list without repetitions.
pub(crate) fn nth_outside(listed: &[usize], nth: usize) -> usize {
    // `listed[place] - place` numbers that are not listed come before the one at `place`.
    nth + first_where(listed.len(), |place| listed[place] - place > nth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counts_what_is_not_listed(listed in prop::collection::btree_set(0_usize..60, 0..40)) {
            let list: Vec<usize> = listed.iter().copied().collect();
            let outside = (0..).filter(|number| !listed.contains(number));
            for (nth, number) in outside.take(80).enumerate() {
                prop_assert_eq!(nth_outside(&list, nth), number);
            }
        }

        #[test]
        fn finds_the_first(n in 0_usize..100, first in 0_usize..120) {
            prop_assert_eq!(first_where(n, |number| number >= first), first.min(n));
        }
    }
}
