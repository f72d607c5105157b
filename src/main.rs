//! The `patchweave` command; see `patchweave --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    patchweave_cli::main()
}
