//! Work on as many threads as a run may have, where the threads are not those of an epoch.

use crate::LoaderError;

/// Runs `work` on a pool of `n_threads` threads of its own, which parallel code of rayon in it uses, and waits for it.
///
/// ```
/// let n = patchweave_loader::on_threads(3, || rayon::current_num_threads())?;
/// assert_eq!(n, 3);
/// # Ok::<(), patchweave_loader::LoaderError>(())
/// ```
///
/// # Errors
/// [`LoaderError::Threads`] if they cannot be started.
pub fn on_threads<R: Send>(n_threads: usize, work: impl FnOnce() -> R + Send) -> Result<R, LoaderError> {
    // 0 would mean as many as there are cores.
    let n_threads = n_threads.max(1);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(n_threads)
        .thread_name(|nth| format!("patchweave-fit-{nth}"));
    let pool = pool.build().map_err(|source| LoaderError::Threads { n_threads, source })?;
    Ok(pool.install(work))
}
