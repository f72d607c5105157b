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
