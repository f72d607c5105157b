//! Rows of a sum of few products of one factor per axis; rows that are alike are kept once.

use std::collections::HashMap;

/// One factor for every place along `ZYX`.
pub(crate) type Term = [Vec<f64>; 3];

/// Every row along `X` of a sum of products, as one of few rows and a factor.
///
/// A single product is one row with a factor for every place along `Z` and `Y`. Of several products there are as
/// many rows as there are ways for their factors to meet; borders have few.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    values: Vec<f64>,
    n_x: usize,
    /// For every place along `Z` and along `Y`.
    places: [Vec<Place>; 2],
    /// How many kinds of places there are along `Y`.
    n_kinds: usize,
}

/// The kind of a place along `Z` or `Y`, and its factor.
#[derive(Debug, Clone, Copy)]
struct Place {
    kind: usize,
    factor: f64,
}

impl Rows {
    /// The rows of these products, all of one size.
    pub fn new(terms: &[Term]) -> Self {
        let n_x = terms.first().map_or(0, |[_, _, x]| x.len());
        if let [[z, y, x]] = terms {
            let places = |factors: &[f64]| factors.iter().map(|&factor| Place { kind: 0, factor }).collect();
            return Rows { values: x.clone(), n_x, places: [places(z), places(y)], n_kinds: 1 };
        }
        let (of_z, kinds_z) = kinds(terms, 0);
        let (of_y, kinds_y) = kinds(terms, 1);
        let mut values = Vec::with_capacity(kinds_z.len() * kinds_y.len() * n_x);
        for (z, y) in kinds_z.iter().flat_map(|&z| kinds_y.iter().map(move |&y| (z, y))) {
            let products = |x| terms.iter().map(|term| term[0][z] * term[1][y] * term[2][x]).sum::<f64>();
            values.extend((0..n_x).map(products));
        }
        Rows { values, n_x, places: [of_z, of_y], n_kinds: kinds_y.len() }
    }

    /// `1 / sum` instead of every sum; infinite where it is 0.
    pub fn inverted(mut self) -> Self {
        for value in &mut self.values {
            *value = 1.0 / *value;
        }
        for place in self.places.iter_mut().flatten() {
            place.factor = 1.0 / place.factor;
        }
        self
    }

    /// Where the values of the rows of a plane begin, and a factor for them.
    #[inline(always)]
    pub fn at_z(&self, z: usize) -> (usize, f64) {
        let Place { kind, factor } = self.places[0][z];
        (kind * self.n_kinds * self.n_x, factor)
    }

    /// How much further the values of a row begin, and a factor for them.
    #[inline(always)]
    pub fn at_y(&self, y: usize) -> (usize, f64) {
        let Place { kind, factor } = self.places[1][y];
        (kind * self.n_x, factor)
    }

    /// The values of all rows.
    #[inline(always)]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The values of a row and a factor for all of them.
    pub fn row(&self, z: usize, y: usize) -> (&[f64], f64) {
        let (plane, of_z) = self.at_z(z);
        let (row, of_y) = self.at_y(y);
        (&self.values[plane + row..][..self.n_x], of_z * of_y)
    }

    /// As [`row`](Self::row); `None` where there is none.
    pub fn get_row(&self, z: usize, y: usize) -> Option<(&[f64], f64)> {
        (z < self.places[0].len() && y < self.places[1].len()).then(|| self.row(z, y))
    }

    /// Whether every sum is 1.
    pub fn is_one(&self) -> bool {
        self.values
            .iter()
            .chain(self.places.iter().flatten().map(|place| &place.factor))
            .all(|&value| value == 1.0)
    }
}

/// Of every place along an axis the kind, and of every kind its first place.
fn kinds(terms: &[Term], axis: usize) -> (Vec<Place>, Vec<usize>) {
    let n = terms.first().map_or(0, |term| term[axis].len());
    let mut known: HashMap<Vec<u64>, usize> = HashMap::new();
    let mut first = Vec::new();
    let places = (0..n).map(|at| {
        let factors = terms.iter().map(|term| term[axis][at].to_bits()).collect();
        let kind = *known.entry(factors).or_insert_with(|| {
            first.push(at);
            first.len() - 1
        });
        Place { kind, factor: 1.0 }
    });
    let places = places.collect();
    (places, first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn term(sizes: [usize; 3]) -> impl Strategy<Value = Term> {
        let along = |n| prop::collection::vec((0_u8..3).prop_map(f64::from), n);
        (along(sizes[0]), along(sizes[1]), along(sizes[2])).prop_map(|(z, y, x)| [z, y, x])
    }

    fn terms() -> impl Strategy<Value = Vec<Term>> {
        (1_usize..4, 1_usize..6, 1_usize..6)
            .prop_flat_map(|(z, y, x)| prop::collection::vec(term([z, y, x]), 1..4))
    }

    proptest! {
        #[test]
        fn rows_are_sums_of_products(terms in terms()) {
            let rows = Rows::new(&terms);
            let inverted = Rows::new(&terms).inverted();
            let [n_z, n_y, n_x] = [0, 1, 2].map(|axis| terms[0][axis].len());
            for (z, y, x) in (0..n_z * n_y * n_x).map(|at| (at / n_x / n_y, at / n_x % n_y, at % n_x)) {
                let sum: f64 = terms.iter().map(|term| term[0][z] * term[1][y] * term[2][x]).sum();
                let (row, factor) = rows.row(z, y);
                prop_assert_eq!(row[x] * factor, sum);
                let (row, factor) = inverted.row(z, y);
                if sum == 0.0 {
                    prop_assert!((0.0 * row[x] * factor).is_nan(), "nothing over nothing");
                } else {
                    prop_assert!((row[x] * factor - 1.0 / sum).abs() < 1e-15);
                }
            }
        }
    }
}
