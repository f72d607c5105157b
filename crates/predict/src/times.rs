//! Where the time of a prediction goes.

use std::time::Duration;

use patchweave_loader::WorkStats;

/// No ratio is told beyond this.
const MOST: f64 = 1000.0;

/// What keeps a prediction from being quicker.
///
/// ```
/// assert_eq!(patchweave_predict::PredictTimes::default().bound(), patchweave_predict::Bound::Models);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// The models work most of the time.
    Models,
    /// The models wait for tiles that are read and cut.
    Reading,
    /// The models wait until units are joined and written.
    Writing,
    /// Images are opened and models made ready.
    Preparing,
    /// What models made is handed over to be joined.
    HandingOver,
}

/// Where the time of a prediction went; see [`Progress`](crate::Progress).
///
/// Reading and writing go on beside the models, each on threads of its own; their times are added up over these.
///
/// ```
/// use std::time::Duration;
///
/// use patchweave_predict::{Bound, PredictTimes};
///
/// let mut times = PredictTimes::default();
/// times.elapsed = Duration::from_secs(10);
/// times.models = Duration::from_secs(9);
/// times.writing = Duration::from_secs(6);
/// times.n_writers = 2;
/// assert_eq!((times.bound(), times.share(Bound::Models)), (Bound::Models, 0.9));
/// assert_eq!(times.n_models_written(), 3.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PredictTimes {
    /// Time since the run was started.
    pub elapsed: Duration,
    /// Time in which models were made ready and images opened, before the first tiles of these.
    pub preparing: Duration,
    /// Time in which models worked.
    pub models: Duration,
    /// Time in which models waited for tiles.
    pub waited_for_tiles: Duration,
    /// Time in which models waited for threads that write, the last units included.
    pub waited_for_writers: Duration,
    /// What the threads that read did.
    pub reading: WorkStats,
    /// Time in which threads joined, encoded and wrote units.
    pub writing: Duration,
    /// How many threads write.
    pub n_writers: usize,
}

impl PredictTimes {
    /// What takes the largest share.
    #[must_use]
    pub fn bound(&self) -> Bound {
        let all = [Bound::HandingOver, Bound::Preparing, Bound::Writing, Bound::Reading, Bound::Models];
        // Of equal shares the last one counts.
        all.into_iter().max_by(|a, b| self.share(*a).total_cmp(&self.share(*b))).unwrap_or(Bound::Models)
    }

    /// The share of the time that something takes, from 0 to 1; all of them are 1 together, if any time went by.
    #[must_use]
    pub fn share(&self, of: Bound) -> f64 {
        let told = self.preparing + self.models + self.waited_for_tiles + self.waited_for_writers;
        let elapsed = self.elapsed.max(told).as_secs_f64();
        let time = match of {
            Bound::Models => self.models,
            Bound::Reading => self.waited_for_tiles,
            Bound::Writing => self.waited_for_writers,
            Bound::Preparing => self.preparing,
            Bound::HandingOver => self.elapsed.saturating_sub(told),
        };
        if elapsed > 0.0 { time.as_secs_f64() / elapsed } else { 0.0 }
    }

    /// How many times as quick the models could be until they wait for tiles, at most 1000.
    #[must_use]
    pub fn n_models_fed(&self) -> f64 {
        self.kept_up_with(self.reading.spent.time(), self.reading.n_workers)
    }

    /// How many times as quick the models could be until they wait for units to be written, at most 1000.
    #[must_use]
    pub fn n_models_written(&self) -> f64 {
        self.kept_up_with(self.writing, self.n_writers)
    }

    #[expect(clippy::cast_precision_loss, reason = "a few threads")]
    fn kept_up_with(&self, busy: Duration, n_threads: usize) -> f64 {
        let of_each = busy.as_secs_f64() / n_threads.max(1) as f64;
        let models = self.models.as_secs_f64();
        if of_each * MOST <= models { MOST } else { models / of_each }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(elapsed: u64, models: u64, tiles: u64, writers: u64) -> PredictTimes {
        let [elapsed, models, waited_for_tiles, waited_for_writers] =
            [elapsed, models, tiles, writers].map(Duration::from_millis);
        PredictTimes { elapsed, models, waited_for_tiles, waited_for_writers, ..PredictTimes::default() }
    }

    #[test]
    fn shares_are_one_together_and_the_largest_is_the_bound() {
        let all = [Bound::HandingOver, Bound::Preparing, Bound::Writing, Bound::Reading, Bound::Models];
        for (elapsed, models, tiles, writers, bound) in [
            (100, 94, 3, 1, Bound::Models),
            (100, 20, 50, 25, Bound::Reading),
            (100, 20, 10, 60, Bound::Writing),
            (100, 20, 10, 10, Bound::HandingOver),
            // Clocks that are read at different times.
            (90, 50, 25, 25, Bound::Models),
            (1, 0, 0, 0, Bound::HandingOver),
        ] {
            let times = times(elapsed, models, tiles, writers);
            assert_eq!(times.bound(), bound, "{times:?}");
            let sum: f64 = all.iter().map(|one| times.share(*one)).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{times:?}: {sum}");
        }
    }

    #[test]
    fn reading_feeds_more_models_on_more_threads() {
        let mut times = times(100, 60, 0, 0);
        assert_eq!((times.n_models_fed(), times.n_models_written()), (MOST, MOST));
        times.reading.spent.construct = Duration::from_millis(40);
        times.reading.n_workers = 1;
        assert!((times.n_models_fed() - 1.5).abs() < 1e-9);
        times.reading.n_workers = 2;
        assert!((times.n_models_fed() - 3.0).abs() < 1e-9);
        times.preparing = Duration::from_millis(61);
        assert_eq!(times.bound(), Bound::Preparing);
        times.models = Duration::ZERO;
        assert_eq!(times.n_models_fed(), 0.0);
    }
}
