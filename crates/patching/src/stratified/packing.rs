//! Best fit decreasing packing of weights in a given number of bins. Nothing here knows regions.
//!
//! Equal weights are packed together and neighbouring bins with equal contents are stored once, so packing
//! costs as much as there are different weights, not as there are regions.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::counts::whole_number;

/// Weights in bins of one capacity.
#[derive(Debug, Clone)]
pub(super) struct Packing {
    capacity: f64,
    runs: Vec<BinRun>,
}

/// Neighbouring bins that hold equal weights.
#[derive(Debug, Clone)]
struct BinRun {
    first_bin: usize,
    n_bins: usize,
    layers: Vec<Layer>,
}

/// Items of equal weight that lie in each bin of a run; the next bin has the next items.
#[derive(Debug, Clone, Copy)]
struct Layer {
    first_item: usize,
    per_bin: usize,
    weight: f64,
    /// Weight in a bin up to and with this layer.
    filled: f64,
}

impl BinRun {
    fn filled(&self) -> f64 {
        self.layers.last().map_or(0.0, |layer| layer.filled)
    }
}

impl Packing {
    /// Packs items that come as runs `(weight, number)` of decreasing positive weight.
    ///
    /// Each item goes where the space left over is smallest, to the first bin among equals. One that fits
    /// nowhere goes to the bin with most space, the first among equals, and all bins grow until it fits.
    pub fn new(items: impl IntoIterator<Item = (f64, usize)>, n_bins: usize) -> Self {
        let mut packer = Packer { capacity: 0.0, n_packed: 0, open: BTreeMap::new() };
        packer.put(BinRun { first_bin: 0, n_bins, layers: Vec::new() });
        for (weight, n_items) in items {
            packer.pack(weight, n_items);
        }
        let mut runs: Vec<BinRun> = packer.open.into_values().collect();
        runs.sort_unstable_by_key(|run| run.first_bin);
        Packing { capacity: packer.capacity, runs }
    }

    /// The item of a bin that a number in `[0, 1)` falls on; `None` if it falls on the unused part.
    ///
    /// Items are counted in the order they came in.
    pub fn pick(&self, bin: usize, unit: f64) -> Option<usize> {
        let run = self.runs.get(self.runs.partition_point(|run| run.first_bin <= bin).checked_sub(1)?)?;
        let at = unit * self.capacity;
        let layer_idx = run.layers.partition_point(|layer| layer.filled <= at);
        let layer = run.layers.get(layer_idx)?;
        let below = layer_idx.checked_sub(1).and_then(|below| run.layers.get(below));
        let within = whole_number((at - below.map_or(0.0, |below| below.filled)) / layer.weight);
        Some(layer.first_item + (bin - run.first_bin) * layer.per_bin + within.min(layer.per_bin - 1))
    }
}

/// Bins that are being packed, by what they hold and then from the last to the first.
struct Packer {
    capacity: f64,
    n_packed: usize,
    open: BTreeMap<(Filled, Reverse<usize>), BinRun>,
}

/// A weight as a key: weights are finite and not negative, so their bits have their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Filled(u64);

impl Filled {
    fn new(weight: f64) -> Self {
        // A negative zero would be the largest of all keys.
        Filled((weight + 0.0).max(0.0).to_bits())
    }
}

impl Packer {
    fn pack(&mut self, weight: f64, mut n_items: usize) {
        self.capacity = self.capacity.max(weight);
        while n_items > 0 {
            let Some(run) = self.take_best(weight) else { return };
            let fitting = whole_number((self.capacity - run.filled()) / weight).clamp(1, n_items);
            let n_full = (n_items / fitting).min(run.n_bins);
            n_items -= self.fill(&run, 0..n_full, weight, fitting);
            if n_full < run.n_bins {
                let n_started = n_items.min(1);
                n_items -= self.fill(&run, n_full..n_full + n_started, weight, n_items);
                self.fill(&run, n_full + n_started..run.n_bins, weight, 0);
            }
        }
    }

    /// The bins in which `weight` leaves the least space, or else those with most space, after growing.
    fn take_best(&mut self, weight: f64) -> Option<BinRun> {
        let fitting = (Filled::new(self.capacity - weight), Reverse(0));
        if let Some((&key, _)) = self.open.range(..=fitting).next_back() {
            return self.open.remove(&key);
        }
        let (&(emptiest, _), _) = self.open.first_key_value()?;
        let (&key, _) = self.open.range(..=(emptiest, Reverse(0))).next_back()?;
        let run = self.open.remove(&key)?;
        self.capacity = run.filled() + weight;
        Some(run)
    }

    /// Puts the next items into some bins of a run and gives their number.
    fn fill(&mut self, run: &BinRun, bins: Range<usize>, weight: f64, per_bin: usize) -> usize {
        let skip =
            |layer: &Layer| Layer { first_item: layer.first_item + bins.start * layer.per_bin, ..*layer };
        let mut layers: Vec<Layer> = run.layers.iter().map(skip).collect();
        if per_bin > 0 {
            let filled = run.filled() + per_bin as f64 * weight;
            layers.push(Layer { first_item: self.n_packed, per_bin, weight, filled });
        }
        let n_items = per_bin * bins.len();
        self.n_packed += n_items;
        self.put(BinRun { first_bin: run.first_bin + bins.start, n_bins: bins.len(), layers });
        n_items
    }

    fn put(&mut self, run: BinRun) {
        if run.n_bins > 0 {
            self.open.insert((Filled::new(run.filled()), Reverse(run.first_bin)), run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Item by item, as it is described.
    fn slowly(weights: &[f64], n_bins: usize) -> (f64, Vec<Vec<usize>>) {
        let mut capacity = weights.iter().copied().fold(0.0, f64::max);
        let mut bins: Vec<(f64, Vec<usize>)> = vec![(0.0, Vec::new()); n_bins];
        for (item, &weight) in weights.iter().enumerate() {
            let mut best: Option<usize> = None;
            for (bin, (filled, _)) in bins.iter().enumerate() {
                if *filled <= capacity - weight && best.is_none_or(|best| *filled > bins[best].0) {
                    best = Some(bin);
                }
            }
            let best = best.unwrap_or_else(|| {
                let emptiest = bins.iter().map(|(filled, _)| *filled).fold(f64::INFINITY, f64::min);
                let bin = bins.iter().position(|(filled, _)| *filled == emptiest).unwrap();
                capacity = emptiest + weight;
                bin
            });
            bins[best].0 += weight;
            bins[best].1.push(item);
        }
        (capacity, bins.into_iter().map(|(_, items)| items).collect())
    }

    /// Runs of whole weights, largest first.
    fn any_items() -> impl Strategy<Value = Vec<(f64, usize)>> {
        prop::collection::btree_map(1_u32..40, 1_usize..9, 1..8)
            .prop_map(|runs| runs.into_iter().rev().map(|(weight, n)| (f64::from(weight), n)).collect())
    }

    proptest! {
        /// With whole weights, whose sums are exact, packing runs is packing items.
        #[test]
        fn runs_are_packed_as_items(items in any_items(), n_bins in 1_usize..12) {
            let packing = Packing::new(items.iter().copied(), n_bins);
            let weights: Vec<f64> =
                items.iter().flat_map(|&(weight, n)| std::iter::repeat_n(weight, n)).collect();
            let (capacity, bins) = slowly(&weights, n_bins);
            prop_assert_eq!(packing.capacity, capacity);
            for (bin, wanted) in bins.iter().enumerate() {
                // One number in the middle of each unit of weight.
                let units = (0_u32..).map(|unit| f64::from(unit) + 0.5).take_while(|&at| at < capacity);
                let mut seen: Vec<Option<usize>> = units.map(|at| packing.pick(bin, at / capacity)).collect();
                let filled: f64 = wanted.iter().map(|&item| weights[item]).sum();
                prop_assert_eq!(seen.iter().flatten().count() as f64, filled);
                seen.dedup();
                let seen: Vec<usize> = seen.into_iter().flatten().collect();
                prop_assert_eq!(&seen, wanted);
            }
        }

        /// Fractions: nothing is lost, doubled or heavier than a bin, but for rounding.
        #[test]
        fn every_item_is_in_one_bin(
            mut items in prop::collection::vec((0.001_f64..10.0, 1_usize..9), 1..12), n_bins in 1_usize..30,
        ) {
            items.sort_by(|a, b| b.0.total_cmp(&a.0));
            let packing = Packing::new(items.iter().copied(), n_bins);
            let mut seen = Vec::new();
            for run in &packing.runs {
                prop_assert!(run.filled() <= packing.capacity * (1.0 + 1e-12));
                for bin in 0..run.n_bins {
                    let of_bin = |layer: &Layer| {
                        let first = layer.first_item + bin * layer.per_bin;
                        first..first + layer.per_bin
                    };
                    seen.extend(run.layers.iter().flat_map(of_bin));
                }
            }
            seen.sort_unstable();
            prop_assert!(seen.into_iter().eq(0..items.iter().map(|(_, n)| n).sum()));
            prop_assert_eq!(packing.runs.iter().map(|run| run.n_bins).sum::<usize>(), n_bins);
        }
    }

    #[test]
    fn a_run_of_any_length_is_packed_at_once() {
        let n = 1 << 40;
        let packing = Packing::new([(64.0, n), (6.4, n)], n + 10);
        assert!(packing.runs.len() < 10, "{} runs", packing.runs.len());
        assert_eq!(packing.pick(n - 1, 0.5), Some(n - 1));
    }
}
