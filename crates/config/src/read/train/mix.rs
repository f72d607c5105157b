//! The keys `mix`, `ratio` and `mix_until`.

use std::path::PathBuf;

use crate::plan::{MixPlan, MixedFile};
use crate::read::values::{Block, Names, Reader, Value, path};
use crate::text::Kind;
use patchweave_loader::MixLength;

/// The keys of `train` that are read here.
pub(crate) const KEYS: &[&str] = &["mix", "ratio", "mix_until"];

const UNTIL: Names<'_, MixLength> =
    Names { known: &[("longest", MixLength::Longest), ("shortest", MixLength::Shortest)], refused: &[] };

/// The most samples per cycle, over all data sets.
const MAX_CYCLE: u64 = 1 << 20;

/// The largest ratio that is accepted.
const MAX_RATIO: u64 = 1_000_000;

/// Ratios are read in thousandths.
const PARTS: u64 = 1000;

/// Reads the mixture of a training; `None` without `mix`, or if it was refused.
pub(crate) fn mix(reader: &mut Reader<'_>, train: &Block<'_>) -> Option<MixPlan> {
    let ratio = train.or(reader, "ratio", PARTS, ratio);
    let until =
        train.or(reader, "mix_until", MixLength::default(), |reader, value| UNTIL.read(reader, value));
    let Some(value) = train.given("mix") else {
        for key in ["ratio", "mix_until"] {
            if let Some(value) = train.given(key) {
                let expected = format!("mix with other configurations, or no {key}");
                reader.refuse_found::<()>(&value, format!("{key} without mix"), expected);
            }
        }
        return None;
    };
    let entries = match value.entries() {
        Some(entries) if !entries.is_empty() => entries,
        _ => return reader.refuse(&value, "a list of blocks, as in [{config: other.yaml, ratio: 2}]"),
    };
    let read: Vec<_> = entries.iter().map(|entry| mixed(reader, entry)).collect();
    let files: Vec<Part> = read.into_iter().collect::<Option<_>>()?;
    let own = ratio?;
    let parts: Vec<u64> = std::iter::once(own).chain(files.iter().map(|file| file.parts)).collect();
    let ratios = smallest(&parts);
    let total: u64 = ratios.iter().sum();
    if total > MAX_CYCLE {
        let found = format!("ratios whose sum in lowest terms is {total}");
        return reader.refuse_found(&value, found, format!("at most {MAX_CYCLE}; round the ratios"));
    }
    let mut ratios = ratios.into_iter().map(|ratio| usize::try_from(ratio).unwrap_or(usize::MAX));
    let own = ratios.next()?;
    let others = files.into_iter().zip(ratios).map(|(file, ratio)| MixedFile { config: file.config, ratio });
    Some(MixPlan { ratio: own, others: others.collect(), until: until? })
}

/// One entry of `mix`, with its ratio in thousandths.
struct Part {
    config: PathBuf,
    parts: u64,
}

fn mixed(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Part> {
    let block = value.block(reader)?.only(reader, &["config", "ratio"]);
    let config = block.need(reader, "config", "the path of a configuration", path);
    let ratio = block.or(reader, "ratio", PARTS, ratio);
    Some(Part { config: config?, parts: ratio? })
}

/// Reads a ratio, in thousandths.
fn ratio(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<u64> {
    let parts = match value.kind {
        Kind::Int(n) => u64::try_from(*n).ok().and_then(|n| n.checked_mul(PARTS)),
        Kind::Float(written) => thousandths(*written),
        _ => None,
    };
    match parts.filter(|parts| (1..=MAX_RATIO * PARTS).contains(parts)) {
        Some(parts) => Some(parts),
        None => reader.refuse(
            value,
            format!("a number above 0 and at most {MAX_RATIO}, with at most 3 decimal places"),
        ),
    }
}

fn thousandths(written: f64) -> Option<u64> {
    #[expect(clippy::cast_precision_loss, reason = "both are far below 2^53")]
    let [n_parts, most] = [PARTS as f64, (MAX_RATIO * PARTS) as f64];
    let parts = written * n_parts;
    let is_whole = (0.0..=most).contains(&parts) && (parts - parts.round()).abs() < 1e-5;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range")]
    is_whole.then(|| parts.round() as u64)
}

/// The ratio in lowest terms.
fn smallest(parts: &[u64]) -> Vec<u64> {
    let common = parts.iter().copied().fold(0, greatest_divisor).max(1);
    parts.iter().map(|parts| parts / common).collect()
}

fn greatest_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn smallest_ratios_say_the_same(parts in prop::collection::vec(1_u64..=1_000_000_000, 1..6)) {
            let ratios = smallest(&parts);
            for (a, b) in (0..parts.len()).zip(1..parts.len()) {
                prop_assert_eq!(u128::from(parts[a]) * u128::from(ratios[b]), u128::from(parts[b]) * u128::from(ratios[a]));
            }
            prop_assert_eq!(ratios.iter().copied().fold(0, greatest_divisor), 1);
        }

        #[test]
        fn every_decimal_of_three_digits_is_exact(parts in 1_u64..=MAX_RATIO * PARTS) {
            let written: f64 = format!("{}.{:03}", parts / PARTS, parts % PARTS).parse().unwrap();
            prop_assert_eq!(thousandths(written), Some(parts));
        }

        #[test]
        fn a_fourth_digit_is_refused(parts in 1_u64..=1_000_000_000, digit in 1_u64..10) {
            let written: f64 = format!("{}.{:03}{digit}", parts / PARTS, parts % PARTS).parse().unwrap();
            prop_assert_eq!(thousandths(written), None);
        }
    }
}
