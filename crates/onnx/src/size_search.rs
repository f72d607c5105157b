//! Which sizes a network takes along an axis, found out by trying.

use patchweave_model::SizeRule;

/// Steps that networks have, in rising order.
const STEPS: [usize; 16] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 128];

/// How many sizes above a base have to be taken until a step is believed.
const N_TRIES: usize = 3;

/// How often the smallest sizes are raised until a network runs, each time by twice as many steps.
const MOST_RAISES: usize = 8;

/// The sizes that `takes` takes, of which `base` is one; those below the smallest one are taken to fail.
pub(crate) fn find_sizes(base: usize, mut takes: impl FnMut(usize) -> bool) -> SizeRule {
    let step = STEPS.into_iter().find(|step| (1..=N_TRIES).all(|n| takes(base + n * step)));
    let Some(step) = step else { return SizeRule::Fixed(base) };
    // Numbers of steps below the base: of the first it is known that it is taken, of the second that it is not.
    let (mut taken, mut refused) = (0, base.div_ceil(step));
    while refused - taken > 1 {
        let middle = taken + (refused - taken) / 2;
        if takes(base - middle * step) { taken = middle } else { refused = middle }
    }
    match base - taken * step {
        1 if step == 1 => SizeRule::Any,
        min => SizeRule::Steps { min, step },
    }
}

/// The same sizes, of which the smallest are raised until `runs` with them; a network may fail on sizes that it can be made ready
/// for. Where all sizes are fixed, nothing is tried.
///
/// # Errors
/// What the last try failed with.
pub(crate) fn raise_until<E>(
    mut sizes: [SizeRule; 3],
    mut runs: impl FnMut([usize; 3]) -> Result<(), E>,
) -> Result<[SizeRule; 3], E> {
    let is_open = |rule: &SizeRule| !matches!(rule, SizeRule::Fixed(_));
    if !sizes.iter().any(is_open) {
        return Ok(sizes);
    }
    for raise in 0..MOST_RAISES {
        if runs(sizes.map(SizeRule::smallest)).is_ok() {
            return Ok(sizes);
        }
        for rule in sizes.iter_mut().filter(|rule| is_open(rule)) {
            let step = rule.step();
            *rule = SizeRule::Steps { min: rule.smallest() + (step << raise), step };
        }
    }
    runs(sizes.map(SizeRule::smallest)).map(|()| sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_raised_until_they_run() {
        let steps = |min, step| SizeRule::Steps { min, step };
        let open = [SizeRule::Fixed(1), SizeRule::Any, steps(8, 8)];
        let at_least =
            |n: usize| move |[_, y, x]: [usize; 3]| if y.min(x) < n { Err((y, x)) } else { Ok(()) };
        assert_eq!(raise_until(open, at_least(1)), Ok(open));
        assert_eq!(raise_until(open, at_least(3)), Ok([SizeRule::Fixed(1), steps(4, 1), steps(32, 8)]));
        assert_eq!(raise_until(open, at_least(100)), Ok([SizeRule::Fixed(1), steps(128, 1), steps(1024, 8)]));
        assert_eq!(raise_until(open, at_least(1000)), Err((256, 2048)));
        let fixed = [SizeRule::Fixed(1); 3];
        assert_eq!(raise_until(fixed, at_least(9)), Ok(fixed));
    }

    #[test]
    fn steps_and_smallest_sizes_are_found() {
        for (base, min, step) in
            [(128, 16, 16), (128, 4, 2), (96, 48, 48), (128, 20, 1), (100, 4, 32), (64, 64, 64)]
        {
            let rule = SizeRule::Steps { min, step };
            assert_eq!(find_sizes(base, |n| rule.accepts(n)), rule);
        }
        assert_eq!(find_sizes(128, |n| n > 0), SizeRule::Any);
        assert_eq!(find_sizes(128, |n| n == 128), SizeRule::Fixed(128));
    }

    #[test]
    fn the_first_guess_costs_few_tries() {
        let mut n_tries = 0;
        find_sizes(128, |n| {
            n_tries += 1;
            n % 16 == 0
        });
        assert!(n_tries < 20, "{n_tries}");
    }
}
