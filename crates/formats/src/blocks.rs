//! The size of blocks that arrays without chunks of their own are read in.

/// Larger blocks read more than a patch needs, smaller ones cost more than they read.
const BLOCK_BYTES: usize = 1 << 20;

/// The largest piece of an array in C order that is one piece of its file and has at most `limit` bytes, and not many
/// more than a megabyte: whole along the dimensions that vary fastest, cut along one, a single position along all others.
pub(crate) fn block(shape: &[usize], bytes_per_value: usize, limit: usize) -> Vec<usize> {
    of_values(shape, (BLOCK_BYTES.min(limit) / bytes_per_value.max(1)).max(1))
}

fn of_values(shape: &[usize], n_values: usize) -> Vec<usize> {
    let mut left = n_values;
    let mut block: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&n| {
            let own = n.min(left).max(1);
            // Behind what was cut nothing is longer than 1.
            left = if own == n { left / n.max(1) } else { 1 };
            own
        })
        .collect();
    block.reverse();
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blocks_are_in_one_piece(shape in prop::collection::vec(1_usize..9, 1..5), n_values in 1_usize..200) {
            let block = of_values(&shape, n_values);
            prop_assert!(block.iter().product::<usize>() <= n_values);
            let sizes = block.iter().zip(&shape).rev();
            let mut behind_cut = sizes.skip_while(|(own, n)| own == n).skip(1);
            prop_assert!(behind_cut.all(|(own, _)| *own == 1), "{:?}", block);
        }
    }
}
