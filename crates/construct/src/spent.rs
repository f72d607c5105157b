//! What making samples costs: time by stage, and what was read for them.
//!
//! Small samples take less than a microsecond, and reading the clock some hundredths of one. Samples that take longer
//! than [`FAST`] are therefore measured one by one, faster ones every [`EVERY`]th time: the others are booked with what
//! the last measured one took. What the stacks report (reading, decoding, waiting) is exact for every sample.

use std::ops::{Add, AddAssign};
use std::time::{Duration, Instant};

use patchweave_stack::ReadCost;

/// Samples that are made in less time than this, without reading, need not all be measured.
const FAST: Duration = Duration::from_micros(20);

/// One out of so many fast samples is measured.
const EVERY: u32 = 16;

/// What it took to make samples.
///
/// ```
/// use patchweave_construct::Spent;
///
/// let mut total = Spent::default();
/// total += Spent { n_patches: 3, ..Spent::default() };
/// total += Spent { n_patches: 4, ..Spent::default() };
/// assert_eq!((total.n_patches, total.time()), (7, std::time::Duration::ZERO));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Samples that were made; those that failed are not among them, but what was read for them is.
    pub n_patches: u64,
    /// Time for finding places, copying pixels into the sample and whatever else its constructor does, without
    /// [`reading`](Self::reading). Pixels that a file has in place are fetched by the operating system during this time.
    pub construct: Duration,
    /// Time for normalising.
    pub normalise: Duration,
    /// Time for drawing and applying augmentations.
    pub augment: Duration,
    /// What the stacks had to do: fetch bytes, decode chunks, wait for other threads that did.
    pub reading: ReadCost,
}

impl Spent {
    /// All time of all stages.
    #[must_use]
    pub fn time(&self) -> Duration {
        let stages = [self.construct, self.normalise, self.augment];
        stages.into_iter().fold(self.reading.time(), Duration::saturating_add)
    }
}

impl Add for Spent {
    type Output = Spent;

    fn add(self, other: Spent) -> Spent {
        Spent {
            n_patches: self.n_patches.saturating_add(other.n_patches),
            construct: self.construct.saturating_add(other.construct),
            normalise: self.normalise.saturating_add(other.normalise),
            augment: self.augment.saturating_add(other.augment),
            reading: self.reading + other.reading,
        }
    }
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Spent) {
        *self = *self + other;
    }
}

/// Adds up what samples cost, and decides which are measured.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    total: Spent,
    /// The time by stage of the last sample that was measured.
    last: Spent,
    /// So many samples are booked with it before the next is measured.
    n_unmeasured: u32,
}

/// One sample in the making.
pub(crate) struct Lap {
    /// When the stage began; `None` if this sample is not measured.
    stage: Option<Instant>,
    /// What the thread had read before.
    before: ReadCost,
    spent: Spent,
}

impl Meter {
    pub fn total(&self) -> Spent {
        self.total
    }

    /// What was added up so far, which starts anew.
    pub fn take(&mut self) -> Spent {
        std::mem::take(&mut self.total)
    }

    pub fn start(&self) -> Lap {
        let stage = (self.n_unmeasured == 0).then(Instant::now);
        Lap { stage, before: ReadCost::of_thread(), spent: Spent::default() }
    }

    /// Books a sample that was made.
    pub fn end(&mut self, lap: Lap) {
        let reading = lap.reading();
        if lap.stage.is_some() {
            self.last = lap.spent;
            let is_fast = lap.spent.time() < FAST;
            self.n_unmeasured = if is_fast { EVERY - 1 } else { 0 };
        } else {
            self.n_unmeasured -= 1;
        }
        self.total += Spent { n_patches: 1, reading, ..self.last };
    }

    /// Books what was read for a sample that failed.
    pub fn abandon(&mut self, lap: &Lap) {
        self.total.reading += lap.reading();
    }
}

impl Lap {
    /// The pixels are there; all that was read was read for them.
    pub fn constructed(&mut self) {
        self.spent.construct = self.stage_ends().saturating_sub(self.reading().time());
    }

    pub fn normalised(&mut self) {
        self.spent.normalise = self.stage_ends();
    }

    pub fn augmented(&mut self) {
        self.spent.augment = self.stage_ends();
    }

    fn reading(&self) -> ReadCost {
        ReadCost::of_thread() - self.before
    }

    fn stage_ends(&mut self) -> Duration {
        let Some(start) = self.stage else { return Duration::ZERO };
        let now = Instant::now();
        self.stage = Some(now);
        now.saturating_duration_since(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spin(time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time {
            std::hint::spin_loop();
        }
    }

    /// Makes a sample whose stages take these times; whether it was measured.
    fn sample(meter: &mut Meter, [construct, normalise, augment]: [Duration; 3]) -> bool {
        let mut lap = meter.start();
        let is_measured = lap.stage.is_some();
        spin(construct);
        lap.constructed();
        spin(normalise);
        lap.normalised();
        spin(augment);
        lap.augmented();
        meter.end(lap);
        is_measured
    }

    #[test]
    fn slow_samples_are_all_measured() {
        let mut meter = Meter::default();
        let [construct, normalise, augment] = [1, 2, 3].map(|n| FAST * n);
        let begin = Instant::now();
        for n in 1..50 {
            assert!(sample(&mut meter, [construct, normalise, augment]));
            let total = meter.total();
            assert_eq!(total.n_patches, u64::from(n));
            assert!(total.construct >= construct * n && total.normalise >= normalise * n);
            assert!(total.augment >= augment * n);
        }
        assert!(meter.total().time() <= begin.elapsed(), "nothing is counted twice");
        assert_eq!(meter.take().n_patches, 49);
        assert_eq!(meter.total(), Spent::default());
    }

    /// Whatever the machine does in between, the samples that follow a fast one are booked as it was.
    #[test]
    fn fast_samples_are_booked_like_the_one_that_was_measured() {
        let mut meter = Meter::default();
        let (mut n_measured, mut n_booked, mut n_fast) = (0, 0, 0);
        for _ in 0..1000 {
            let before = meter.total();
            let is_measured = sample(&mut meter, [Duration::ZERO; 3]);
            let after = meter.total();
            assert_eq!(after.n_patches, before.n_patches + 1);
            if is_measured {
                n_measured += 1;
                n_fast += usize::from(meter.last.time() < FAST);
            } else {
                n_booked += 1;
                assert_eq!(after.time(), before.time() + meter.last.time());
                assert!(meter.last.time() < FAST);
            }
        }
        let every = usize::try_from(EVERY).unwrap();
        assert!(n_booked <= n_fast * (every - 1) && n_booked > (n_fast.max(1) - 1) * (every - 1));
        assert_eq!(n_measured + n_booked, 1000);
    }

    #[test]
    fn samples_that_failed_do_not_count() {
        let mut meter = Meter::default();
        let lap = meter.start();
        spin(FAST);
        meter.abandon(&lap);
        assert_eq!(meter.total(), Spent::default());
    }
}
