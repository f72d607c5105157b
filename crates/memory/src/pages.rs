//! Large blocks: pages of the system, huge ones where it has them.
//!
//! The first touch of a page costs more than writing all of it; a huge page is touched once instead of 512 times.

use memmap2::{MmapMut, MmapOptions};

use crate::{Block, MemoryError};

/// Whole pages.
#[derive(Debug)]
pub(crate) struct Pages(MmapMut);

impl Pages {
    /// At least `n_bytes` bytes, all 0.
    ///
    /// # Errors
    /// [`MemoryError::Exhausted`].
    pub fn new(n_bytes: usize) -> Result<Self, MemoryError> {
        let exhausted = |_| MemoryError::Exhausted { n_bytes };
        let pages = MmapOptions::new().len(n_bytes).map_anon().map_err(exhausted)?;
        // Without huge pages it is slower and nothing else.
        #[cfg(target_os = "linux")]
        pages.advise(memmap2::Advice::HugePage).ok();
        Ok(Pages(pages))
    }
}

impl Block for Pages {
    fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// The flags of the mapping that an address lies in.
    fn flags_at(address: usize) -> Option<String> {
        let maps = std::fs::read_to_string("/proc/self/smaps").ok()?;
        let mut is_inside = false;
        for line in maps.lines() {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            let bounds =
                range.map(|(from, to)| (usize::from_str_radix(from, 16), usize::from_str_radix(to, 16)));
            if let Some((Ok(from), Ok(to))) = bounds {
                is_inside = (from..to).contains(&address);
            }
            if let Some(flags) = line.strip_prefix("VmFlags:").filter(|_| is_inside) {
                return Some(flags.to_owned());
            }
        }
        None
    }

    #[test]
    fn huge_pages_are_asked_for() {
        // Without it, the kernel knows no huge pages, or shows nothing about them.
        if !std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
            return;
        }
        let pages = Pages::new(5 << 20).unwrap();
        let Some(flags) = flags_at(pages.bytes().as_ptr().addr()) else { return };
        assert!(flags.split_whitespace().any(|flag| flag == "hg"), "{flags}");
    }
}
