//! Ctrl-C: the first asks the run to end cleanly, the second ends the process.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::Failure;

static ASKED_TO_STOP: AtomicBool = AtomicBool::new(false);

/// Exit code of a process ended by the interrupt signal, as shells have it.
const INTERRUPTED: i32 = 130;

/// Listens from now on.
pub(crate) fn listen() -> Result<(), Failure> {
    ctrlc::set_handler(|| {
        if ASKED_TO_STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
    })
    .map_err(Failure::Signals)
}

/// Whether the user asked to stop.
pub(crate) fn asked() -> bool {
    ASKED_TO_STOP.load(Ordering::Relaxed)
}

/// Ends the run if the user asked to.
pub(crate) fn check() -> Result<(), Failure> {
    if asked() { Err(Failure::Interrupted) } else { Ok(()) }
}
