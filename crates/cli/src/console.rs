//! What a person sees: lines on the standard output, progress and complaints on the standard error.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use patchweave_stack::{messages, with_causes};

use crate::Failure;

#[derive(Debug, Default)]
pub(crate) struct Console;

impl Console {
    pub fn new() -> Self {
        Console
    }

    /// Prints a line; a reader that went away is a failure of the run.
    pub fn say(&self, line: impl AsRef<str>) -> Result<(), Failure> {
        writeln!(io::stdout().lock(), "{}", line.as_ref()).map_err(Failure::Output)
    }

    /// Prints what went wrong, with all causes.
    pub fn complain(&self, failure: &Failure) {
        let text = messages(failure).join("\n  caused by: ");
        // Without a standard error there is nobody left to tell.
        if writeln!(io::stderr().lock(), "error: {text}").is_err() {}
    }
}

/// What went wrong with all causes, in one line.
pub(crate) fn in_one_line(error: &dyn Error) -> String {
    with_causes(error).replace(['\n', '\r'], " ")
}

/// A path as a person would type it here: relative to the current folder where it lies below it.
pub(crate) fn shown(path: &Path) -> String {
    let below_here = || {
        let here = std::env::current_dir().ok()?.canonicalize().ok()?;
        Some(path.canonicalize().ok()?.strip_prefix(here).ok()?.to_owned())
    };
    below_here().as_deref().unwrap_or(path).display().to_string()
}

/// A count with thin groups of three digits, as `262 144`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A count with the right form of its noun.
pub(crate) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n as u64), if n == 1 { one } else { many })
}

/// Bytes in the largest decimal unit that leaves a whole part.
pub(crate) fn bytes(count: f64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = count;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{value:.0} B") } else { format!("{value:.1} {}", units[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1 000", "1 234 567"]);
        assert_eq!([0.0, 999.0, 1000.0, 2.5e9].map(bytes), ["0 B", "999 B", "1.0 kB", "2.5 GB"]);
    }
}
