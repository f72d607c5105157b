//! Moving the counts of a histogram to other bins, in whole units and without loss.
//!
//! Where the pixels of an old bin lie in it is not known any more, so they are taken to be spread evenly. Shares of new bins
//! are then fractions of a count; counts stay whole, because fractions would add up to rounding errors and another total.
//! Largest remainders give every bin its share to within one unit and keep the total.

use super::edges::{Edges, N_BINS};
use crate::moments::to_f64;

/// The share of an old bin that one new bin gets.
struct Part {
    bin: usize,
    n_units: u64,
    remainder: f64,
}

/// Adds the counts of old bins to those of new bins.
///
/// An old bin is taken to be filled evenly, as far as it lies between `low` and `high`. The new bins that it
/// overlaps get whole units in proportion; the units left over go to the largest remainders, lower bins
/// first. Whatever rounding makes of the total is set right in the fullest bin.
pub(super) fn move_counts(
    (old, old_counts): (&Edges, &[u64]),
    (low, high): (f64, f64),
    (new, counts): (&Edges, &mut [u64]),
) {
    let mut parts = Vec::new();
    let mut n_taken = 0;
    let mut n_given = 0;
    let mut first = new.bin_of(low.max(old.at(0)));
    for (bin, &n_units) in old_counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        let start = old.at(bin).clamp(low, high);
        let end = old.at(bin + 1).clamp(low, high);
        n_taken += n_units;
        // Old bins are in order, so this passes every new bin once.
        while first + 1 < N_BINS && new.at(first + 1) <= start {
            first += 1;
        }
        // So it is for most old bins, which are narrower than new ones, and for those without width.
        if end <= new.at(first + 1) {
            counts[first] += n_units;
            n_given += n_units;
            continue;
        }
        split(n_units, (start, end), (new, first), &mut parts);
        for part in &parts {
            counts[part.bin] += part.n_units;
            n_given += part.n_units;
        }
    }
    if n_taken != n_given
        && let Some(fullest) = counts.iter_mut().rev().max()
    {
        *fullest = (*fullest + n_taken).saturating_sub(n_given);
    }
}

/// Splits units that lie between two values over the bins from `first` on.
fn split(n_units: u64, (start, end): (f64, f64), (new, first): (&Edges, usize), parts: &mut Vec<Part>) {
    parts.clear();
    let n = to_f64(n_units);
    let mut n_left = n_units;
    for bin in (first..N_BINS).take_while(|&bin| new.at(bin) < end) {
        let overlap = new.at(bin + 1).min(end) - new.at(bin).max(start);
        let share = n * (overlap.max(0.0) / (end - start));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the whole part, from 0 to n"
        )]
        let n_whole = share as u64;
        n_left = n_left.saturating_sub(n_whole);
        parts.push(Part { bin, n_units: n_whole, remainder: share - to_f64(n_whole) });
    }
    if n_left > 0 {
        parts.sort_by(|a, b| b.remainder.total_cmp(&a.remainder));
        parts.iter_mut().zip(0..n_left).for_each(|(part, _)| part.n_units += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// The definition, old bin by old bin, with every new bin looked at.
    fn naive(old: &Edges, old_counts: &BTreeMap<usize, u64>, new: &Edges) -> Vec<u64> {
        let mut counts = vec![0; N_BINS];
        for (&bin, &n) in old_counts {
            let start = old.at(bin);
            let end = old.at(bin + 1);
            let mut shares: Vec<(usize, f64)> = (0..N_BINS)
                .filter(|&bin| new.at(bin) < end && new.at(bin + 1) > start)
                .map(|bin| (bin, new.at(bin + 1).min(end) - new.at(bin).max(start)))
                .map(|(bin, overlap)| (bin, to_f64(n) * (overlap / (end - start))))
                .collect();
            let mut left = n;
            for (bin, share) in &shares {
                let whole = (0..=n).rev().find(|&whole| to_f64(whole) <= *share).unwrap();
                counts[*bin] += whole;
                left -= whole;
            }
            shares.sort_by(|(_, a), (_, b)| b.fract().total_cmp(&a.fract()));
            shares.iter().zip(0..left).for_each(|((bin, _), _)| counts[*bin] += 1);
        }
        counts
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn units_go_where_the_definition_says(
            (low, range) in (-100.0_f64..100.0, 0.1_f64..100.0),
            (below, above) in (0.0_f64..30.0, 0.0_f64..30.0),
            old_counts in prop::collection::btree_map(0..N_BINS, 1_u64..50, 1..8),
        ) {
            let old = Edges::around(low, low + range);
            let new = Edges::around(low - 0.1 * range - below, low + 1.1 * range + above);
            let mut counts = vec![0; N_BINS];
            let mut dense = vec![0; N_BINS];
            old_counts.iter().for_each(|(&bin, &n)| dense[bin] = n);
            move_counts((&old, &dense), (f64::NEG_INFINITY, f64::INFINITY), (&new, &mut counts));
            prop_assert_eq!(counts.iter().sum::<u64>(), old_counts.values().sum::<u64>());
            prop_assert!(counts == naive(&old, &old_counts, &new));
        }

        /// Wide old bins over many narrow new ones, cut off where the pixels end.
        #[test]
        fn limits_hold_and_no_unit_is_lost(n in 1_u64..1000, bin in 0..N_BINS, share in 0.0_f64..1.0) {
            let old = Edges::around(0.0, 1000.0);
            let new = Edges::around(0.0, 1.0);
            let low = 0.5 * share;
            let high = share;
            let mut old_counts = vec![0; N_BINS];
            old_counts[bin] = n;
            let mut counts = vec![0; N_BINS];
            move_counts((&old, &old_counts), (low, high), (&new, &mut counts));
            prop_assert_eq!(counts.iter().sum::<u64>(), n);
            let filled = |bin: &usize| counts[*bin] > 0;
            let first = (0..N_BINS).find(filled).unwrap();
            let last = (0..N_BINS).rev().find(filled).unwrap();
            prop_assert!(new.bin_of(low) <= first && last <= new.bin_of(high));
        }
    }
}
