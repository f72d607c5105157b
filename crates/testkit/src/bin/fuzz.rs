//! Damages files without end and sees whether readers survive: `fuzz TARGET [FILES] --seconds 60`.
//!
//! The tests of every format run a few thousand cases; this runs as many as there is time for, on stable Rust. A case is
//! a function of seed and number, so that `--seed S --first N --cases 1` repeats it. The targets in `fuzz` at the top
//! level are steered by coverage; `--write-seeds FOLDER` writes what they start from.
#![allow(clippy::panic, reason = "a reader that fails is reported by panicking")]

use std::error::Error;
use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;
use patchweave_testkit::{FuzzSeed, FuzzTarget, mutation};

/// Damage files and read them, until time is up.
#[derive(Parser)]
struct Arguments {
    /// What is damaged
    #[arg(value_enum)]
    target: FuzzTarget,
    /// Good files to start from; without them small ones are made
    files: Vec<PathBuf>,
    /// How long
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Another seed damages otherwise
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of the first case
    #[arg(long, default_value_t = 0)]
    first: usize,
    /// How many cases at most for every file
    #[arg(long, default_value_t = usize::MAX)]
    cases: usize,
    /// Only write the good inputs into a folder
    #[arg(long)]
    write_seeds: Option<PathBuf>,
}

/// How long one case may take.
const TIME_LIMIT: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { target, files, seconds, seed, first, cases, write_seeds } = Arguments::parse();
    let mut seeds = Vec::new();
    for path in files {
        seeds.push(FuzzSeed { name: path.display().to_string(), bytes: fs::read(&path)? });
    }
    if seeds.is_empty() {
        seeds = target.seeds();
    }
    if let Some(folder) = write_seeds {
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed{number}")), &seed.bytes)?;
        }
        return Ok(());
    }
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut n_cases = 0_usize;
    let mut n_read = 0_usize;
    let mut batch = first;
    // A thousand cases of every seed in turn.
    while Instant::now() < end && batch - first < cases {
        for (at, start) in seeds.iter().enumerate() {
            let n = 1000.min(cases - (batch - first));
            for case in (batch..batch + n).take_while(|_| Instant::now() < end) {
                let bytes = mutation(seed.wrapping_add(at as u64), &start.bytes, case);
                let folder = tempfile::tempdir()?;
                let begin = Instant::now();
                let result = catch_unwind(AssertUnwindSafe(|| target.read(folder.path(), &bytes)));
                let name = || format!("{}, seed {seed}, case {case}", start.name);
                let Ok(result) = result else { panic!("{} panics", name()) };
                assert!(begin.elapsed() < TIME_LIMIT, "{} takes {:?}", name(), begin.elapsed());
                n_read += usize::from(result.is_ok());
                n_cases += 1;
            }
        }
        batch += 1000;
    }
    writeln!(std::io::stdout().lock(), "{n_cases} cases survived, {n_read} of them were read")?;
    Ok(())
}
