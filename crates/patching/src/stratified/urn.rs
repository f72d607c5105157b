//! An urn of balls in many colours, most of them untouched: drawing without putting back.

use std::collections::BTreeMap;

use rand::RngExt;

use crate::PatchRng;

/// Balls numbered by colour, of which only those that were taken out are stored: a Fenwick tree without the
/// nodes that are 0.
#[derive(Debug)]
pub(super) struct Urn {
    n_colours: usize,
    n_left: usize,
    /// Balls taken from the colours below each node of the tree.
    taken: BTreeMap<usize, usize>,
}

impl Urn {
    pub fn new(n_colours: usize, n_balls: usize) -> Self {
        Urn { n_colours, n_left: n_balls, taken: BTreeMap::new() }
    }

    /// The colour of a ball drawn uniformly, which stays in the urn; `None` if the urn is empty.
    ///
    /// `first_ball` gives the number of balls that all colours before one had in the full urn.
    pub fn draw(&self, rng: &mut PatchRng, first_ball: impl Fn(usize) -> usize) -> Option<usize> {
        if self.n_left == 0 {
            return None;
        }
        let mut rest = rng.random_range(0..self.n_left);
        let mut colour = 0;
        let mut balls_before = 0;
        let mut step = self.n_colours.checked_next_power_of_two().unwrap_or(1 << (usize::BITS - 1));
        while step > 0 {
            let next = colour + step;
            if next <= self.n_colours {
                let balls_to_next = first_ball(next);
                let taken = self.taken.get(&next).copied().unwrap_or(0);
                let n_left = balls_to_next - balls_before - taken;
                if n_left <= rest {
                    rest -= n_left;
                    (colour, balls_before) = (next, balls_to_next);
                }
            }
            step /= 2;
        }
        Some(colour)
    }

    /// Takes balls of one colour out of the urn, which holds that many.
    pub fn take(&mut self, colour: usize, n_balls: usize) {
        self.n_left -= n_balls;
        let mut node = colour + 1;
        while node <= self.n_colours {
            *self.taken.entry(node).or_insert(0) += n_balls;
            node += node & node.wrapping_neg();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Until the urn is empty every draw gives a colour that is left; then each colour came as often as there
        /// were balls of it.
        #[test]
        fn all_balls_come_once(balls in prop::collection::vec(0_usize..6, 1..20), seed: u64) {
            let first: Vec<usize> = (0..=balls.len()).map(|colour| balls[..colour].iter().sum()).collect();
            let mut urn = Urn::new(balls.len(), first[balls.len()]);
            let mut rng = PatchRng::for_patch(seed, 0, 0);
            let mut drawn = vec![0; balls.len()];
            while let Some(colour) = urn.draw(&mut rng, |colour| first[colour]) {
                urn.take(colour, 1);
                drawn[colour] += 1;
            }
            prop_assert_eq!(drawn, balls);
        }
    }
}
