//! The `patchweave` command; see `patchweave --help`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Gives memory back to the system soon: networks take and free blocks of many sizes, which others keep in pieces.
#[global_allocator]
static HEAP: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    patchweave_cli::main()
}
