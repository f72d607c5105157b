//! Rows of a window in bands.

use std::ops::Range;

/// Rows in bands of at most `n_rows`, or single rows, which end where chunks do if a band holds a whole one.
pub(crate) fn bands(rows: &Range<usize>, n_rows: usize, chunk: usize) -> Vec<Range<usize>> {
    let n_rows = n_rows.max(1);
    let mut bands = Vec::new();
    let mut start = rows.start;
    while start < rows.end {
        let mut end = start.saturating_add(n_rows).min(rows.end);
        let aligned = end - end % chunk;
        if end < rows.end && aligned > start {
            end = aligned;
        }
        bands.push(start..end);
        start = end;
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bands_are_all_rows_and_end_with_chunks(start in 0_usize..50, n in 1_usize..60, most in 0_usize..70, chunk in 1_usize..20) {
            let bands = bands(&(start..start + n), most, chunk);
            let rows: Vec<usize> = bands.iter().cloned().flatten().collect();
            prop_assert_eq!(rows, (start..start + n).collect::<Vec<_>>());
            for band in &bands {
                prop_assert!(band.len() <= most.max(1));
                prop_assert!(most < chunk || band.end == start + n || band.end % chunk == 0);
            }
        }
    }
}
