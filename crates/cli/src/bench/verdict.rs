//! What holds loading back, and what would help: one verdict from measured numbers, nothing else.

use serde::Serialize;

/// An advice has to promise so many times the speed.
pub(super) const MIN_GAIN: f64 = 1.1;

/// Gains beyond this are not told apart.
const MAX_GAIN: f64 = 1000.0;

/// Times are cut off here, in seconds, so that their sum is finite.
const MAX_TIME: f64 = 1e15;

/// Times of the worker threads by stage, added up, or the shares of their time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub(super) struct Stages {
    /// Fetching bytes.
    pub read: f64,
    /// Turning them into pixels.
    pub decode: f64,
    /// Waiting for chunks that another thread decodes.
    pub wait: f64,
    /// Finding places and copying pixels.
    pub construct: f64,
    pub normalise: f64,
    pub augment: f64,
    /// No slot to fill, and starting and handing over.
    pub idle: f64,
}

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    /// Seconds of all workers.
    pub stages: Stages,
    /// Seconds that loading took.
    pub elapsed: f64,
    /// Seconds of it in which the consumer waited.
    pub consumer_waited: f64,
    pub n_workers: usize,
    pub n_cores: usize,
    pub prefetch_batches: usize,
    /// Whether the configuration says how large the cache is, so that it should stay as it is.
    pub is_cache_chosen: bool,
    pub n_decodes: f64,
    /// How often a chunk is decoded in an epoch, on average.
    pub decodes_per_chunk: f64,
    /// What could be done about reading, what is preferred first.
    pub alternatives: &'a [Alternative],
}

/// A setting, and how many chunks would have been decoded with it for the same number of patches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Alternative {
    pub change: Change,
    pub n_decodes: f64,
}

/// A setting that can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    ChunkAware { window: usize },
    CacheMib(u64),
    Workers(usize),
    PrefetchBatches(usize),
}

/// What loading waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// Fetching bytes.
    Read,
    /// Decoding chunks.
    Decode,
    /// Threads that need the chunk that another one decodes.
    Wait,
    Construct,
    Normalise,
    Augment,
    /// Cores that no worker uses.
    Workers,
    /// Room for batches, while the consumer waits as well.
    Slots,
    /// Whoever takes the batches.
    Consumer,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Verdict {
    pub kind: Kind,
    /// The share of the workers' time that speaks for it.
    pub share: f64,
    pub advice: Option<Advice>,
}

/// A change and how many times the speed it should give.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Advice {
    pub change: Change,
    pub gain: f64,
}

impl Stages {
    fn all(&self) -> [f64; 7] {
        [self.read, self.decode, self.wait, self.construct, self.normalise, self.augment, self.idle]
    }

    /// Shares that sum up to 1; where no time was measured, everything is idle.
    pub fn shares(&self) -> Stages {
        let [read, decode, wait, construct, normalise, augment, idle] = self.all().map(sane);
        let total = read + decode + wait + construct + normalise + augment + idle;
        if total <= 0.0 {
            return Stages { idle: 1.0, ..Stages::default() };
        }
        Stages {
            read: read / total,
            decode: decode / total,
            wait: wait / total,
            construct: construct / total,
            normalise: normalise / total,
            augment: augment / total,
            idle: idle / total,
        }
    }

    /// Everything that fewer decodes would save.
    fn reading(&self) -> f64 {
        self.read + self.decode + self.wait
    }
}

impl Facts<'_> {
    /// The share of time in which the consumer waited.
    fn waiting(&self) -> f64 {
        let waited = sane(self.consumer_waited);
        let elapsed = sane(self.elapsed);
        if elapsed > 0.0 { (waited / elapsed).min(1.0) } else { 0.0 }
    }

    /// A gain as far as the consumer allows: it goes no faster than without waiting.
    fn limited(&self, gain: f64) -> f64 {
        gain.min(1.0 / (1.0 - self.waiting())).clamp(1.0, MAX_GAIN)
    }

    /// How many times the speed a change should give, if the time for reading goes with the number of decodes.
    pub fn gain_of(&self, alternative: &Alternative) -> f64 {
        let before = sane(self.n_decodes);
        let after = sane(alternative.n_decodes);
        if before <= 0.0 || self.stages.shares().reading() <= 0.0 {
            return 1.0;
        }
        let shares = self.stages.shares();
        // Time without a slot is not that of patches.
        let of_patches = shares.reading() + shares.construct + shares.normalise + shares.augment;
        let saved = shares.reading() * (1.0 - (after / before).min(1.0));
        self.limited(of_patches / (of_patches - saved).max(of_patches / MAX_GAIN))
    }

    /// What fewer decodes would help; a larger cache where its size was chosen only if nothing else does.
    fn advice_on_reading(&self) -> Option<Advice> {
        let is_welcome = |change: &Change| !self.is_cache_chosen || !matches!(change, Change::CacheMib(_));
        self.best_of(is_welcome).or_else(|| self.best_of(|_| true))
    }

    /// The first change that helps about as much as the best.
    fn best_of(&self, is_welcome: impl Fn(&Change) -> bool) -> Option<Advice> {
        let welcome = self.alternatives.iter().filter(|one| is_welcome(&one.change));
        let advice: Vec<Advice> =
            welcome.map(|one| Advice { change: one.change, gain: self.gain_of(one) }).collect();
        let best = advice.iter().map(|one| one.gain).fold(MIN_GAIN, f64::max);
        advice.into_iter().find(|one| one.gain >= MIN_GAIN.max(0.9 * best))
    }

    fn advice_on_workers(&self) -> Option<Advice> {
        let gain = self.limited(self.n_cores as f64 / self.n_workers.max(1) as f64);
        let change = Change::Workers(self.n_cores);
        Some(Advice { change, gain }).filter(|advice| advice.gain >= MIN_GAIN)
    }

    /// What loading waits for, and what would help.
    pub fn judge(&self) -> Verdict {
        let shares = self.stages.shares();
        let waiting = self.waiting();
        let is_idle = shares.idle > 0.5;
        let is_consumer_slower = waiting <= 0.5 && waiting < shares.idle;
        if is_consumer_slower || self.limited(MAX_GAIN) < MIN_GAIN {
            return Verdict { kind: Kind::Consumer, share: shares.idle, advice: None };
        }
        if is_idle {
            let change = Change::PrefetchBatches(8);
            let gain = self.limited(1.0 / (1.0 - shares.idle).max(1.0 / MAX_GAIN));
            let advice = Some(Advice { change, gain }).filter(|_| self.prefetch_batches < 2);
            let advice = advice.filter(|advice| advice.gain >= MIN_GAIN);
            return Verdict { kind: Kind::Slots, share: shares.idle, advice };
        }
        let own = [
            (Kind::Construct, shares.construct),
            (Kind::Normalise, shares.normalise),
            (Kind::Augment, shares.augment),
        ];
        let reading = [(Kind::Decode, shares.decode), (Kind::Read, shares.read), (Kind::Wait, shares.wait)];
        let (kind, share) = largest(own);
        if shares.reading() >= share {
            let (kind, share) = largest(reading);
            let advice = self.advice_on_reading().or_else(|| self.advice_on_workers());
            return Verdict { kind, share, advice };
        }
        match self.advice_on_workers() {
            Some(advice) => Verdict { kind: Kind::Workers, share: 1.0 - shares.idle, advice: Some(advice) },
            None => Verdict { kind, share, advice: None },
        }
    }

    /// The verdict in one line.
    pub fn line(&self, verdict: &Verdict) -> String {
        let percent = 100.0 * verdict.share;
        let advice = match &verdict.advice {
            Some(advice) => advice.text(),
            None => format!("no setting is known that would give {MIN_GAIN} ×"),
        };
        let chunks = format!("each chunk is decoded {:.1} times an epoch", self.decodes_per_chunk);
        match verdict.kind {
            Kind::Read => format!("reader-bound: {percent:.0} % of time fetching bytes; {chunks}; {advice}"),
            Kind::Decode => {
                format!("reader-bound: {percent:.0} % of time decoding chunks; {chunks}; {advice}")
            }
            Kind::Wait => format!(
                "wait-bound: {percent:.0} % of time waiting for chunks that another thread decodes; {chunks}; {advice}"
            ),
            Kind::Construct => {
                format!("construct-bound: {percent:.0} % of time copying and computing pixels; {advice}")
            }
            Kind::Normalise => format!("normalise-bound: {percent:.0} % of time normalising; {advice}"),
            Kind::Augment => format!("augment-bound: {percent:.0} % of time flipping and turning; {advice}"),
            Kind::Workers => {
                format!("worker-bound: {} of {} cores make patches; {advice}", self.n_workers, self.n_cores)
            }
            Kind::Slots => {
                format!(
                    "slot-bound: {percent:.0} % of time without a slot to fill, or starting epochs; {advice}"
                )
            }
            Kind::Consumer => format!(
                "consumer-bound: the consumer waited for {:.0} % of the time, workers had nothing to do for {percent:.0} %; the loader \
                 could deliver {:.1} × as much, nothing to gain here",
                100.0 * self.waiting(),
                self.could_deliver()
            ),
        }
    }

    /// How many times what was delivered the workers could, if nobody kept them waiting.
    fn could_deliver(&self) -> f64 {
        (1.0 / (1.0 - self.stages.shares().idle).max(1.0 / MAX_GAIN)).min(MAX_GAIN)
    }
}

impl Advice {
    fn text(&self) -> String {
        let gain = format!("would give about {:.1} ×", self.gain);
        match self.change {
            Change::ChunkAware { .. } => format!("chunk-aware order {gain} ({})", self.change.setting()),
            Change::CacheMib(mib) => format!("a cache of {mib} MiB {gain} ({})", self.change.setting()),
            Change::Workers(n) => {
                format!("{n} workers would give up to {:.1} × ({})", self.gain, self.change.setting())
            }
            Change::PrefetchBatches(n) => format!("{n} batches ahead {gain} ({})", self.change.setting()),
        }
    }
}

impl Change {
    /// How a configuration says it.
    pub fn setting(&self) -> String {
        match self {
            Change::ChunkAware { window } => {
                format!("train.order: {{name: chunk_aware, window: {window}}}")
            }
            Change::CacheMib(mib) => format!("reading.cache_mib: {mib}"),
            Change::Workers(n) => format!("data_config.num_workers: {n}"),
            Change::PrefetchBatches(n) => format!("train.prefetch_batches: {n}"),
        }
    }
}

/// A measured number as far as it can be one.
fn sane(number: f64) -> f64 {
    if number.is_nan() { 0.0 } else { number.clamp(0.0, MAX_TIME) }
}

fn largest(of: [(Kind, f64); 3]) -> (Kind, f64) {
    let [first, rest @ ..] = of;
    rest.into_iter().fold(first, |best, next| if next.1 > best.1 { next } else { best })
}

#[cfg(test)]
mod tests;
