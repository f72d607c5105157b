//! Tests of what happens in a forked process, where only one thread is left.
#![allow(unsafe_code, reason = "forking is unsafe, and what the tests are about")]

/// Runs `child` in a forked process; whether it said yes. It must not use locks that other threads may hold.
pub fn in_fork(child: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child only runs what the test gives it, and leaves without running anything of the parent's.
    unsafe {
        match libc::fork() {
            0 => {
                // A child that hangs is killed, which the parent sees.
                libc::alarm(60);
                // A panic may not go on to threads of the parent that are not here.
                let is_fine = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child)).unwrap_or(false);
                libc::_exit(if is_fine { 0 } else { 1 })
            }
            pid => {
                assert!(pid > 0, "no fork");
                let mut status = 0;
                assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid);
                libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
            }
        }
    }
}
