//! How far something is: a bar on a terminal, lines now and then in a log.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::console::grouped;

/// The least time between two lines.
const LEAST: Duration = Duration::from_secs(10);
/// The longer something takes, the fewer lines: this part of the time lies between two.
const PART: u32 = 20;

/// How far something is, shown on the standard error.
pub(crate) struct Steps {
    bar: ProgressBar,
    what: String,
    unit: String,
    /// Where lines are printed instead of a bar.
    lines: Option<Lines>,
}

/// When lines are printed.
struct Lines {
    started: Instant,
    last: Mutex<Instant>,
}

impl Steps {
    pub fn new(what: &str, n_steps: usize, unit: &str) -> Self {
        let bar = ProgressBar::new(n_steps as u64).with_message(what.to_owned());
        let form = format!("{{msg:>12}} [{{bar:32}}] {{pos}}/{{len}} {unit} · {{per_sec}} · {{eta}} left");
        let bar = match ProgressStyle::with_template(&form) {
            Ok(style) => bar.with_style(style.progress_chars("━━╌")),
            Err(_) => bar,
        };
        let now = Instant::now();
        let lines = Lines { started: now, last: Mutex::new(now) };
        Steps {
            bar,
            what: what.to_owned(),
            unit: unit.to_owned(),
            lines: (!io::stderr().is_terminal()).then_some(lines),
        }
    }

    pub fn set_length(&self, n_steps: u64) {
        self.bar.set_length(n_steps);
    }

    pub fn set_position(&self, n_done: u64) {
        self.bar.set_position(n_done);
        self.tell();
    }

    pub fn inc(&self, n: u64) {
        self.bar.inc(n);
        self.tell();
    }

    /// Runs something that prints, without a bar in its way.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    pub fn finish_and_clear(&self) {
        self.bar.finish_and_clear();
    }

    fn tell(&self) {
        let Some(lines) = &self.lines else { return };
        let Some(elapsed) = lines.due(Instant::now()) else { return };
        let n_steps = self.bar.length().unwrap_or(0);
        let line = line(&self.what, &self.unit, self.bar.position(), n_steps, elapsed);
        // Whether anybody reads it changes nothing.
        if writeln!(io::stderr().lock(), "{line}").is_err() {}
    }
}

impl Lines {
    /// The time since the beginning, if a line is due.
    fn due(&self, now: Instant) -> Option<Duration> {
        let elapsed = now.saturating_duration_since(self.started);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(*last) < LEAST.max(elapsed / PART) {
            return None;
        }
        *last = now;
        Some(elapsed)
    }
}

/// How far something is, with rate and time left.
#[expect(clippy::cast_precision_loss, reason = "for people")]
fn line(what: &str, unit: &str, n_done: u64, n_steps: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let rate = if seconds > 0.0 { n_done as f64 / seconds } else { 0.0 };
    let left = if rate > 0.0 {
        format!("{} left", time(n_steps.saturating_sub(n_done) as f64 / rate))
    } else {
        "time left not known".to_owned()
    };
    let digits = if rate < 10.0 { 2 } else { 0 };
    format!(
        "{what}: {} of {} {unit} ({:.0} %), {rate:.digits$} {unit}/s, {left}",
        grouped(n_done),
        grouped(n_steps),
        100.0 * n_done as f64 / n_steps.max(1) as f64,
    )
}

/// A time in the two largest of its units.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "floats saturate")]
fn time(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    match (seconds / 86_400, seconds / 3600, seconds / 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_get_rarer() {
        let started = Instant::now();
        let lines = Lines { started, last: Mutex::new(started) };
        let second = Duration::from_secs(1);
        let due: Vec<u32> = (0..=100_000).filter(|n| lines.due(started + second * *n).is_some()).collect();
        assert_eq!(due[..3], [10, 20, 30]);
        assert!(due.windows(2).all(|pair| pair[1] - pair[0] >= 10), "{due:?}");
        assert!((50..200).contains(&due.len()), "{} lines in a day", due.len());
        let gap = |at: usize| due[at + 1] - due[at];
        assert!(gap(due.len() - 2) > 4000);
    }

    #[test]
    fn lines_tell_rate_and_time_left() {
        let told = |n_done, n_steps, seconds| {
            line("prediction", "tiles", n_done, n_steps, Duration::from_secs(seconds))
        };
        assert_eq!(
            told(1500, 6000, 30),
            "prediction: 1 500 of 6 000 tiles (25 %), 50 tiles/s, 1 min 30 s left"
        );
        assert_eq!(told(1, 90_001, 2), "prediction: 1 of 90 001 tiles (0 %), 0.50 tiles/s, 2 d 2 h left");
        assert_eq!(told(0, 10, 60), "prediction: 0 of 10 tiles (0 %), 0.00 tiles/s, time left not known");
        assert_eq!(told(10, 10, 5), "prediction: 10 of 10 tiles (100 %), 2.00 tiles/s, 0 s left");
        assert_eq!(told(10, 10_810, 30).rsplit_once(", ").unwrap().1, "9 h 0 min left");
    }
}
