//! The `patchweave` command; see `patchweave --help`.
#![cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(
        unsafe_code,
        reason = "the C library is told what to do with freed blocks; the one use says why it is sound here"
    )
)]

use std::process::ExitCode;

/// Blocks of so many bytes and more go back to the system as soon as they are free.
///
/// The C library would take ever larger ones for blocks to come: networks free blocks of many sizes, and twice as much memory would
/// stay with the process as they ever need at once.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const GIVEN_BACK: std::ffi::c_int = 4 << 20;

fn main() -> ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it takes two numbers, and no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, GIVEN_BACK);
    }
    patchweave_cli::main()
}
