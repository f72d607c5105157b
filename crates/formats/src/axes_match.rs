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

/// For every dimension of the file its place among the axes that are asked for, `None` where it is left out.
pub(crate) type Places = Vec<Option<usize>>;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoMatch {
    /// Dimensions and axes contradict each other.
    Contradiction,
    /// A dimension longer than 1 could be one axis or another: axes that each leave only one reading.
    Unclear(Vec<Vec<Axis>>),
}

/// Lists that have nothing to do with each other.
const IMPOSSIBLE: i64 = i64::MIN / 2;

impl Question<'_> {
    /// The match, in which names that agree count most.
    ///
    /// # Errors
    /// [`NoMatch`] if there is none, or if neither names nor sizes tell which dimension longer than 1 is which axis.
    pub fn answer(self) -> Result<Places, NoMatch> {
        let n = self.own.len();
        if n == self.given.len() && (0..n).all(|at| self.fits(at, at)) {
            return Ok((0..n).map(Some).collect());
        }
        let best = self.best(|dimension, place| self.fits_elsewhere(dimension, place));
        let places = best.ok_or(NoMatch::Contradiction)?;
        let others = self.other_readings(&places);
        if others.is_empty() {
            return Ok(places);
        }
        let mut readings: Vec<Vec<Axis>> = Vec::new();
        for reading in std::iter::once(&places).chain(&others).map(|places| self.letters(places)) {
            if !readings.contains(&reading) {
                readings.push(reading);
            }
        }
        Err(NoMatch::Unclear(readings))
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
            None => 1,
        }
    }

    fn may_be_left_out(self, dimension: usize) -> bool {
        self.sizes[dimension] == 1 && !matches!(self.own[dimension], Some(Axis::Y | Axis::X))
    }

    fn may_be_missing(self, place: usize) -> bool {
        !matches!(self.given[place], Axis::Y | Axis::X)
    }

    /// The match of most worth of the pairs that are allowed.
    fn best(self, allowed: impl Fn(usize, usize) -> bool) -> Option<Places> {
        let n = self.own.len();
        let m = self.given.len();
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
        let mut places = vec![None; n];
        let mut p = 0;
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

    /// Matches in which a dimension that is longer than 1 and has no name is another axis.
    fn other_readings(self, places: &[Option<usize>]) -> Vec<Places> {
        let unnamed = (0..self.own.len()).filter(|&d| self.own[d].is_none() && self.sizes[d] > 1);
        let elsewhere = unnamed
            .flat_map(|d| (0..self.given.len()).filter(move |&p| places[d] != Some(p)).map(move |p| (d, p)));
        let reading = |(d, p)| {
            self.best(|dimension, place| {
                self.fits_elsewhere(dimension, place) && (dimension != d || place == p)
            })
        };
        elsewhere.filter_map(reading).collect()
    }

    /// The axes that say as much as a match and leave nothing open: a letter for every dimension if all have one, or else
    /// for those that need one.
    fn letters(self, places: &[Option<usize>]) -> Vec<Axis> {
        let is_complete = places.iter().all(Option::is_some);
        let needed = places.iter().enumerate().filter_map(|(dimension, place)| {
            let axis = self.given[(*place)?];
            let is_needed = self.sizes[dimension] > 1 || matches!(axis, Axis::Y | Axis::X);
            (is_complete || is_needed).then_some(axis)
        });
        needed.collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn axes(letters: &str) -> Vec<Option<Axis>> {
        letters.chars().map(Axis::from_letter).collect()
    }

    /// What the dimensions are called, `-` for one that is left out; several readings with `|` between them.
    fn called(own: &str, sizes: &[usize], given: &str) -> Option<String> {
        let own = axes(own);
        let given = axes(given).into_iter().flatten().collect::<Vec<_>>();
        let letters = |axes: &[Axis]| axes.iter().map(|axis| axis.letter()).collect::<String>();
        match (Question { own: &own, sizes, given: &given }).answer() {
            Ok(places) => {
                Some(places.iter().map(|place| place.map_or('-', |place| given[place].letter())).collect())
            }
            Err(NoMatch::Contradiction) => None,
            Err(NoMatch::Unclear(readings)) => {
                Some(readings.iter().map(|axes| letters(axes)).collect::<Vec<_>>().join("|"))
            }
        }
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
            ("???", &[5, 8, 9], "TZYX", Some("TYX|ZYX")),
            ("?YX", &[5, 8, 9], "SCZYX", Some("SYX|CYX|ZYX")),
            ("???", &[5, 8, 9], "ZYXC", Some("ZYX|YXC")),
            ("????", &[5, 6, 8, 9], "TCZYX", Some("TCYX|CZYX|TZYX")),
            ("?????", &[1, 5, 1, 8, 9], "TZYX", Some("ZYX|TYX")),
            ("???", &[1, 8, 1], "ZYXC", Some("ZYX|YXC")),
            ("T?YX", &[1, 5, 8, 9], "TZYX", Some("TZYX")),
            ("?YX", &[5, 8, 9], "TYX", Some("TYX")),
            ("???", &[5, 8, 9], "YX", None),
            ("?", &[8], "YX", None),
        ] {
            assert_eq!(called(own, sizes, given).as_deref(), expected, "{own} {sizes:?} as {given}");
        }
    }

    /// Every way to pair dimensions with axes in order, in which only sizes of 1 are left out.
    fn all_pairs(question: Question<'_>, d: usize, p: usize) -> Vec<Places> {
        let n = question.own.len();
        let m = question.given.len();
        if (d, p) == (n, m) {
            return vec![Vec::new()];
        }
        let first = |place: Option<usize>, rest: Vec<Places>| {
            rest.into_iter().map(move |rest| [vec![place], rest].concat()).collect::<Vec<_>>()
        };
        let mut all = Vec::new();
        if d < n && p < m && question.fits_elsewhere(d, p) {
            all.extend(first(Some(p), all_pairs(question, d + 1, p + 1)));
        }
        if d < n && question.may_be_left_out(d) {
            all.extend(first(None, all_pairs(question, d + 1, p)));
        }
        if p < m && question.may_be_missing(p) {
            all.extend(all_pairs(question, d, p + 1));
        }
        all
    }

    proptest! {
        /// An answer is the only reading of what is longer than 1 and has no name, and what is offered instead is one.
        #[test]
        fn nothing_is_guessed(
            own in prop::collection::vec(prop::option::weighted(0.3, 0_usize..6), 2..6),
            sizes in prop::collection::vec(1_usize..4, 6),
            given in Just(Axis::ALL.to_vec()).prop_shuffle(),
            n_given in 2_usize..7,
        ) {
            let own: Vec<Option<Axis>> = own.into_iter().map(|axis| axis.map(|axis| Axis::ALL[axis])).collect();
            let sizes = &sizes[..own.len()];
            let given = &given[..n_given];
            let question = Question { own: &own, sizes, given };
            let n = own.len();
            let in_order = n == given.len() && (0..n).all(|at| question.fits(at, at));
            let readings: std::collections::BTreeSet<Vec<_>> = all_pairs(question, 0, 0).into_iter().map(|places| {
                let unnamed = (0..n).filter(|&d| own[d].is_none() && sizes[d] > 1);
                unnamed.map(|d| places[d]).collect()
            }).collect();
            match question.answer() {
                Ok(_) => prop_assert!(in_order || readings.len() == 1),
                Err(NoMatch::Contradiction) => prop_assert!(!in_order && readings.is_empty()),
                Err(NoMatch::Unclear(offered)) => {
                    prop_assert!(!in_order && readings.len() > 1 && !offered.is_empty());
                    // Y and X of size 1 may be either of two dimensions even then.
                    let n_long = sizes.iter().filter(|size| **size > 1).count();
                    for given in offered.iter().filter(|given| given.len() == n || given.len() == n_long) {
                        let narrowed = Question { given, ..question }.answer();
                        prop_assert!(narrowed.is_ok(), "{:?} as {:?}", narrowed, given);
                    }
                }
            }
        }

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
            if let Ok(places) = (Question { own: &own, sizes, given }).answer() {
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
