//! Packs golden cases: `pack-golden SOURCE DESTINATION CASE...`, one zip per folder and a manifest.

use std::io::Write;
use std::path::PathBuf;

use clap::Parser;
use patchweave_testkit::golden::pack_cases;

/// Pack golden cases, always to the same bytes.
#[derive(Parser)]
struct Arguments {
    /// The folder that holds manifest.json or index.json, and folders of cases.
    source: PathBuf,
    /// Where the packs and their manifest go.
    destination: PathBuf,
    /// Folders, or single cases as `folder/case`.
    #[arg(required = true)]
    cases: Vec<String>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Arguments { source, destination, cases } = Arguments::parse();
    let list = pack_cases(&source, &destination, &cases)?;
    writeln!(std::io::stdout().lock(), "{} cases, {} checks", list.n_cases, list.n_checks)?;
    Ok(())
}
