//! Which dimension of a file is which of the axes that are asked for, where dimensions of size 1 may be named or not.
//!
//! Both lists keep their order. A dimension of size 1 may be left out, an axis may be missing; `Y` and `X` may not.

use patchweave_geometry::Axis;

/// What is known of the dimensions of a file, and the axes that are asked for.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    /// What the file says of every dimension.
    pub own: &'a [Option<Axis>],
    pub sizes: &'a [usize],
    pub given: &'a [Axis],
}

/// For every dimension of the file its place among the axes that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    pub places: Vec<Option<usize>>,
    /// Another assignment of dimensions longer than 1 would have been as right.
    pub is_ambiguous: bool,
}

/// Lists that have nothing to do with each other.
const IMPOSSIBLE: i64 = i64::MIN / 2;

impl Question<'_> {
    /// The best match, if there is any.
    ///
    /// Names that agree count most. Dimensions without a name are `Z` rather than `C`, `C` rather than `T`, and `T`
    /// rather than `S`, where any of these would do.
    pub fn answer(self) -> Option<Match> {
        let n = self.own.len();
        if n == self.given.len() && (0..n).all(|at| self.fits(at, at)) {
            return Some(Match { places: (0..n).map(Some).collect(), is_ambiguous: false });
        }
        let places = self.best(|dimension, place| self.fits_elsewhere(dimension, place))?;
        let is_ambiguous = self.is_ambiguous(&places);
        Some(Match { places, is_ambiguous })
    }

    /// Whether a file's dimension may be called so. Its time points or planes may be called samples (`S`), because that
    /// says how they are used, not what they are.
    fn fits(self, dimension: usize, place: usize) -> bool {
        let given = self.given[place];
        self.own[dimension]
            .is_none_or(|own| given == own || (given == Axis::S && matches!(own, Axis::T | Axis::Z)))
    }

    /// As [`fits`](Self::fits), where not all dimensions stand in the place of their axis: a letter that the file gives
    /// to one dimension is not free for another.
    fn fits_elsewhere(self, dimension: usize, place: usize) -> bool {
        let is_taken = self.own[dimension].is_none() && self.own.contains(&Some(self.given[place]));
        self.fits(dimension, place) && !is_taken
    }

    fn worth(self, dimension: usize, place: usize) -> i64 {
        let given = self.given[place];
        match self.own[dimension] {
            Some(own) if own == given => 1000,
            Some(_) => 500,
            None if self.sizes[dimension] == 1 => 1,
            None => {
                100 + match given {
                    Axis::S => 1,
                    Axis::T => 2,
                    Axis::C => 4,
                    Axis::Z => 8,
                    Axis::Y | Axis::X => 16,
                }
            }
        }
    }

    fn may_be_left_out(self, dimension: usize) -> bool {
        self.sizes[dimension] == 1 && !matches!(self.own[dimension], Some(Axis::Y | Axis::X))
    }

    fn may_be_missing(self, place: usize) -> bool {
        !matches!(self.given[place], Axis::Y | Axis::X)
    }

    /// The match of most worth of the pairs that are allowed.
    fn best(self, allowed: impl Fn(usize, usize) -> bool) -> Option<Vec<Option<usize>>> {
        let (n, m) = (self.own.len(), self.given.len());
        // What the dimensions and axes from a pair of places on are worth together.
        let mut worth = vec![vec![IMPOSSIBLE; m + 1]; n + 1];
        worth[n][m] = 0;
        let options = |worth: &[Vec<i64>], d: usize, p: usize| {
            let pair = if d < n && p < m && allowed(d, p) {
                self.worth(d, p).saturating_add(worth[d + 1][p + 1])
            } else {
                IMPOSSIBLE
            };
            let left_out = if d < n && self.may_be_left_out(d) { worth[d + 1][p] } else { IMPOSSIBLE };
            let missing = if p < m && self.may_be_missing(p) { worth[d][p + 1] } else { IMPOSSIBLE };
            [pair, left_out, missing]
        };
        for d in (0..=n).rev() {
            for p in (0..=m).rev().filter(|&p| (d, p) != (n, m)) {
                worth[d][p] = options(&worth, d, p).into_iter().fold(IMPOSSIBLE, i64::max);
            }
        }
        if worth[0][0] < 0 {
            return None;
        }
        let (mut places, mut p) = (vec![None; n], 0);
        let mut d = 0;
        while (d, p) != (n, m) {
            let [pair, left_out, _] = options(&worth, d, p);
            if pair == worth[d][p] {
                places[d] = Some(p);
                (d, p) = (d + 1, p + 1);
            } else if left_out == worth[d][p] {
                d += 1;
            } else {
                p += 1;
            }
        }
        Some(places)
    }

    /// Whether a dimension that is longer than 1 and has no name could be another axis as well.
    fn is_ambiguous(self, places: &[Option<usize>]) -> bool {
        let unnamed = (0..self.own.len()).filter(|&d| self.own[d].is_none() && self.sizes[d] > 1);
        unnamed.into_iter().any(|d| {
            (0..self.given.len()).filter(|&p| places[d] != Some(p)).any(|other| {
                let allowed = |dimension, place| {
                    self.fits_elsewhere(dimension, place) && (dimension != d || place == other)
                };
                self.best(allowed).is_some()
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn axes(letters: &str) -> Vec<Option<Axis>> {
        letters.chars().map(Axis::from_letter).collect()
    }

    /// What the dimensions are called, `-` for one that is left out and `!` behind what could be otherwise.
    fn called(own: &str, sizes: &[usize], given: &str) -> Option<String> {
        let (own, given) = (axes(own), axes(given).into_iter().flatten().collect::<Vec<_>>());
        let found = Question { own: &own, sizes, given: &given }.answer()?;
        let letters = found.places.iter().map(|place| place.map_or('-', |place| given[place].letter()));
        Some(letters.chain(found.is_ambiguous.then_some('!')).collect())
    }

    #[test]
    fn names_agree_whatever_else_has_size_1() {
        for (own, sizes, given, expected) in [
            ("ZYX", &[1, 8, 8][..], "YX", Some("-YX")),
            ("ZYX", &[1, 8, 8], "TYX", Some("-YX")),
            ("YX", &[8, 8], "TZCYX", Some("YX")),
            ("TCZYX", &[1, 3, 1, 8, 8], "CYX", Some("-C-YX")),
            ("TCZYX", &[1, 3, 1, 8, 8], "ZCYX", Some("-C-YX")),
            ("YXC", &[8, 8, 1], "CYX", Some("YX-")),
            ("ZYX", &[4, 8, 8], "SZYX", Some("ZYX")),
            ("TZYX", &[5, 1, 8, 8], "SYX", Some("S-YX")),
            ("ZYX", &[4, 8, 8], "TYX", None),
            ("ZYX", &[4, 8, 8], "YX", None),
            ("CZYX", &[3, 4, 8, 8], "ZCYX", None),
            ("Z?YX", &[1, 5, 8, 8], "TZYX", Some("-TYX")),
            ("?YX", &[64, 1, 64], "YX", None),
        ] {
            assert_eq!(called(own, sizes, given).as_deref(), expected, "{own} {sizes:?} as {given}");
        }
    }

    #[test]
    fn positions_tell_where_names_do_not() {
        for (own, sizes, given, expected) in [
            ("???", &[1, 8, 9][..], "YX", Some("-YX")),
            ("??", &[8, 9], "ZYX", Some("YX")),
            ("????", &[5, 1, 8, 9], "ZYX", Some("Z-YX")),
            ("????", &[5, 1, 8, 9], "TZYX", Some("TZYX")),
            ("???", &[1, 8, 9], "YXC", Some("YXC")),
            ("?YX", &[1, 8, 9], "YXC", Some("-YX")),
            ("???", &[5, 8, 9], "TZYX", Some("ZYX!")),
            ("???", &[5, 8, 9], "ZTYX", Some("ZYX!")),
            ("???", &[5, 8, 9], "SCYX", Some("CYX!")),
            ("???", &[5, 8, 9], "ZYXC", Some("ZYX!")),
            ("?YX", &[5, 8, 9], "TYX", Some("TYX")),
            ("???", &[5, 8, 9], "YX", None),
            ("?", &[8], "YX", None),
        ] {
            assert_eq!(called(own, sizes, given).as_deref(), expected, "{own} {sizes:?} as {given}");
        }
    }

    proptest! {
        /// Whatever the answer: order is kept, no size but 1 is lost, Y and X are there, and names agree.
        #[test]
        fn answers_lose_nothing(
            own in prop::collection::vec(prop::option::of(0_usize..6), 0..8),
            sizes in prop::collection::vec(1_usize..3, 8),
            given in Just(Axis::ALL.to_vec()).prop_shuffle(),
            n_given in 2_usize..7,
        ) {
            let own: Vec<Option<Axis>> = own.into_iter().map(|axis| axis.map(|axis| Axis::ALL[axis])).collect();
            let sizes = &sizes[..own.len()];
            let given = &given[..n_given];
            if let Some(Match { places, .. }) = (Question { own: &own, sizes, given }).answer() {
                let found: Vec<usize> = places.iter().copied().flatten().collect();
                prop_assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
                for (dimension, place) in places.iter().enumerate() {
                    match place {
                        None => prop_assert_eq!(sizes[dimension], 1),
                        Some(place) => {
                            let fits = Question { own: &own, sizes, given }.fits(dimension, *place);
                            prop_assert!(fits);
                        }
                    }
                }
                for (place, axis) in given.iter().enumerate() {
                    prop_assert!(!matches!(axis, Axis::Y | Axis::X) || found.contains(&place));
                }
            }
        }
    }
}
