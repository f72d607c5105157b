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

/// Time by stage.
#[derive(Debug, Clone, Copy, Default)]
struct Stages {
    construct: Duration,
    normalise: Duration,
    augment: Duration,
}

impl Stages {
    fn of_samples(self, n: u32) -> Spent {
        Spent {
            n_patches: n.into(),
            construct: self.construct.saturating_mul(n),
            normalise: self.normalise.saturating_mul(n),
            augment: self.augment.saturating_mul(n),
            reading: ReadCost::default(),
        }
    }
}

/// Adds up what samples cost, and decides which are measured; a sample that is not costs two counters and a comparison.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    total: Spent,
    /// The sample that was measured last.
    last: Stages,
    /// How many samples are to be booked with it, of which `total` knows nothing yet.
    n_like_last: u32,
    /// How many samples come before the next one that is measured.
    n_unmeasured: u32,
}

/// One sample in the making.
pub(crate) struct Lap {
    /// When the stage began; `None` if this sample is not measured.
    stage: Option<Instant>,
    /// What the thread had read before.
    before: ReadCost,
    stages: Stages,
}

impl Meter {
    pub fn total(&self) -> Spent {
        self.total + self.last.of_samples(self.n_like_last)
    }

    /// What was added up so far, which starts anew.
    pub fn take(&mut self) -> Spent {
        let total = self.total();
        self.total = Spent::default();
        self.n_like_last = 0;
        total
    }

    pub fn start(&self) -> Lap {
        let stage = (self.n_unmeasured == 0).then(Instant::now);
        Lap { stage, before: ReadCost::of_thread(), stages: Stages::default() }
    }

    /// The pixels are there, or cannot be had; all that was read was read for them.
    pub fn constructed(&mut self, lap: &mut Lap) {
        let whole = lap.stage_ends();
        let read = ReadCost::of_thread();
        if read == lap.before {
            lap.stages.construct = whole;
        } else {
            let reading = read - lap.before;
            self.total.reading += reading;
            lap.stages.construct = whole.saturating_sub(reading.time());
        }
    }

    /// Books a sample that was made.
    pub fn end(&mut self, lap: &Lap) {
        if lap.stage.is_none() {
            self.n_unmeasured -= 1;
            self.n_like_last += 1;
            return;
        }
        self.total = self.total();
        self.last = lap.stages;
        self.n_like_last = 1;
        let is_fast = self.last.of_samples(1).time() < FAST;
        self.n_unmeasured = if is_fast { EVERY - 1 } else { 0 };
    }
}

impl Lap {
    /// A part of the sample was normalised.
    pub fn normalised(&mut self) {
        let time = self.stage_ends();
        self.stages.normalise += time;
    }

    /// A part of the sample was augmented.
    pub fn augmented(&mut self) {
        let time = self.stage_ends();
        self.stages.augment += time;
    }

    /// How long the stage took that ends now.
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
        meter.constructed(&mut lap);
        spin(normalise);
        lap.normalised();
        spin(augment);
        lap.augmented();
        meter.end(&lap);
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
        let mut n_measured = 0;
        let mut n_booked = 0;
        let mut n_fast = 0;
        for _ in 0..1000 {
            let before = meter.total();
            let is_measured = sample(&mut meter, [Duration::ZERO; 3]);
            let after = meter.total();
            assert_eq!(after.n_patches, before.n_patches + 1);
            if is_measured {
                n_measured += 1;
                n_fast += usize::from(meter.last.of_samples(1).time() < FAST);
            } else {
                n_booked += 1;
                let last = meter.last.of_samples(1);
                assert_eq!(after, before + last);
                assert!(last.time() < FAST);
            }
        }
        let every = usize::try_from(EVERY).unwrap();
        assert!(n_booked <= n_fast * (every - 1) && n_booked > (n_fast.max(1) - 1) * (every - 1));
        assert_eq!(n_measured + n_booked, 1000);
    }

    #[test]
    fn samples_that_failed_do_not_count() {
        let mut meter = Meter::default();
        let mut lap = meter.start();
        spin(FAST);
        meter.constructed(&mut lap);
        assert_eq!(meter.total(), Spent::default());
    }
}
