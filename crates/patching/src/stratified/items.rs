//! The regions of a sample by decreasing weight: equal ones in runs, unchanged ones without a list.

use super::area_class::AreaClass;

/// All regions with weight, by decreasing weight.
#[derive(Debug, Clone)]
pub(super) struct Items {
    runs: Vec<ItemRun>,
    classes: Vec<AreaClass>,
    /// Places among the changed regions, by decreasing weight.
    by_weight: Vec<usize>,
}

/// Neighbouring items of equal weight.
#[derive(Debug, Clone, Copy)]
struct ItemRun {
    weight: f64,
    n_items: usize,
    first_item: usize,
    source: Source,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    /// The unchanged regions of this class.
    Class(usize),
    /// Changed regions from this place in the order by weight.
    Changed(usize),
}

/// One region.
#[derive(Debug, Clone, Copy)]
pub(super) enum Item<'a> {
    /// An unchanged region by its place among those of its class.
    Unchanged { class: &'a AreaClass, nth: usize },
    /// A changed region by its place in the list of them.
    Changed(usize),
}

impl Items {
    /// The changed regions by their weights, and all classes of unchanged ones.
    pub fn new(weights: &[f64], classes: Vec<AreaClass>) -> Self {
        let mut by_weight: Vec<usize> = (0..weights.len()).filter(|&place| weights[place] > 0.0).collect();
        by_weight.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]));
        let of_class = classes.iter().enumerate().map(|(class_idx, class)| ItemRun {
            weight: class.area() as f64,
            n_items: class.n_unchanged(),
            first_item: 0,
            source: Source::Class(class_idx),
        });
        let mut runs: Vec<ItemRun> = of_class.filter(|run| run.n_items > 0).collect();
        let mut place = 0;
        for equal in by_weight.chunk_by(|&a, &b| weights[a] == weights[b]) {
            let weight = equal.first().map_or(0.0, |&first| weights[first]);
            runs.push(ItemRun {
                weight,
                n_items: equal.len(),
                first_item: 0,
                source: Source::Changed(place),
            });
            place += equal.len();
        }
        runs.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let mut first_item = 0;
        for run in &mut runs {
            run.first_item = first_item;
            first_item += run.n_items;
        }
        Items { runs, classes, by_weight }
    }

    /// Weights and how many items have them, in the order of the items.
    pub fn weights(&self) -> impl Iterator<Item = (f64, usize)> + '_ {
        self.runs.iter().map(|run| (run.weight, run.n_items))
    }

    /// The region that is item number `item`, of which there are enough.
    pub fn get(&self, item: usize) -> Item<'_> {
        let run = self.runs[self.runs.partition_point(|run| run.first_item <= item) - 1];
        let nth = item - run.first_item;
        match run.source {
            Source::Class(class_idx) => Item::Unchanged { class: &self.classes[class_idx], nth },
            Source::Changed(place) => Item::Changed(self.by_weight[place + nth]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stratified::grid::Grid;
    use patchweave_geometry::Extent;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Items come by decreasing weight, and each region with weight comes once.
        #[test]
        fn items_are_all_regions_by_weight(
            image in prop::array::uniform2(4_usize..30), patch in prop::array::uniform2(1_usize..7),
            changes in prop::collection::btree_map(0_usize..500, prop_oneof![Just(0.0), Just(1.5), 0.0_f64..20.0], 0..20),
        ) {
            let grid = Grid::new(Extent::new(&image).unwrap(), Extent::new(&patch).unwrap());
            let changes: BTreeMap<usize, f64> =
                changes.into_iter().filter(|(region, _)| *region < grid.n_regions()).collect();
            let (regions, weights): (Vec<usize>, Vec<f64>) = changes.iter().map(|(a, b)| (*a, *b)).unzip();
            let mut classes = AreaClass::all(&grid);
            for &region in &regions {
                classes.iter_mut().for_each(|class| class.note_change(grid.region_at(region), &grid));
            }
            let items = Items::new(&weights, classes);
            let by_item: Vec<f64> =
                items.weights().flat_map(|(weight, n)| std::iter::repeat_n(weight, n)).collect();
            prop_assert!(by_item.is_sorted_by(|a, b| a >= b));
            let mut seen = BTreeMap::new();
            for (item, weight) in by_item.into_iter().enumerate() {
                let region = match items.get(item) {
                    Item::Unchanged { class, nth } => class.nth_unchanged(nth, &grid),
                    Item::Changed(place) => regions[place],
                };
                prop_assert_eq!(seen.insert(region, weight), None);
            }
            let weight = |region| changes.get(&region).copied().unwrap_or(grid.area(grid.region_at(region)) as f64);
            let all = (0..grid.n_regions()).map(|region| (region, weight(region)));
            prop_assert!(seen.into_iter().eq(all.filter(|(_, weight)| *weight > 0.0)));
        }
    }
}
