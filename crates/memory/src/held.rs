//! How much memory the process has.

/// The memory of the process that is no file, in bytes; `None` where the system does not tell it.
///
/// It is what Linux calls anonymous: pages of files that are mapped, and those of the program itself, can be dropped and read
/// again.
///
/// ```
/// let held = patchweave_memory::held_bytes();
/// assert_eq!(held.is_some(), cfg!(target_os = "linux"));
/// ```
#[must_use]
pub fn held_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.split_whitespace().next()?.parse::<usize>().ok()?.checked_mul(1024)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_touched_is_held() {
        let before = held_bytes().unwrap();
        let block = vec![1_u8; 64 << 20];
        assert!(held_bytes().unwrap() >= before + (32 << 20), "{}", block.len());
    }
}
