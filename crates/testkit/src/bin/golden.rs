//! Runs golden cases: `golden DIR` takes every case at or below a folder, in folders and in zip packs.
//!
//! Exit code 0 if at least one check was run and none failed.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use patchweave_testkit::golden::{find_cases, run};
use patchweave_testkit::operations::operation;

/// Compare this library with results that another program made.
#[derive(Parser)]
struct Arguments {
    /// One case, the folder of an operation, many of them, or a zip pack.
    folder: PathBuf,
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let Arguments { folder } = Arguments::parse();
    let report = run(&find_cases(&folder)?, operation);
    write!(std::io::stdout().lock(), "{report}")?;
    let is_good = report.n_failed() == 0 && report.n_passed() > 0;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
