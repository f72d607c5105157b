//! LZF, the filter that h5py brings along: runs of bytes, and copies of what was there before.

use super::super::damage::Damage;

/// Decodes a chunk that has at most `limit` bytes.
pub(super) fn decode(data: &[u8], limit: usize) -> Result<Vec<u8>, Damage> {
    let mut out = Vec::with_capacity(data.len().saturating_mul(2).min(limit));
    let mut rest = data;
    while let Some((&control, after)) = rest.split_first() {
        rest = after;
        let control = usize::from(control);
        if control < 32 {
            let run = rest.split_at_checked(control + 1).ok_or(Damage::End)?;
            if run.0.len() > limit - out.len() {
                return Err(Damage::TooLarge { limit });
            }
            out.extend_from_slice(run.0);
            rest = run.1;
        } else {
            let mut len = control >> 5;
            if len == 7 {
                len += usize::from(next(&mut rest)?);
            }
            let distance = ((control & 31) << 8 | usize::from(next(&mut rest)?)) + 1;
            copy_back(&mut out, distance, len + 2, limit)?;
        }
    }
    Ok(out)
}

fn next(rest: &mut &[u8]) -> Result<u8, Damage> {
    let (&byte, after) = rest.split_first().ok_or(Damage::End)?;
    *rest = after;
    Ok(byte)
}

/// Repeats what stands so far before the end, itself included where the copy is longer than that.
fn copy_back(out: &mut Vec<u8>, distance: usize, len: usize, limit: usize) -> Result<(), Damage> {
    let start = out.len().checked_sub(distance).ok_or(Damage::Back { distance, len: out.len() })?;
    if len > limit - out.len() {
        return Err(Damage::TooLarge { limit });
    }
    let mut left = len;
    while left > 0 {
        let piece = left.min(out.len() - start);
        out.extend_from_within(start..start + piece);
        left -= piece;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails panics")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An encoder as plain as can be: at every place the longest copy among the last bytes, or else a byte as it is.
    fn encode(data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < data.len() {
            let matching = |distance: usize| {
                let same =
                    (0..264.min(data.len() - at)).take_while(|&k| data[at + k - distance] == data[at + k]);
                (same.count(), distance)
            };
            let best = (1..=at.min(300)).map(matching).max().unwrap_or_default();
            let (len, distance) = best;
            if len < 3 {
                out.extend([0, data[at]]);
                at += 1;
                continue;
            }
            let byte = |n: usize| u8::try_from(n).unwrap();
            let short = len - 2;
            let back = distance - 1;
            out.push(byte(short.min(7) << 5 | back >> 8));
            if short >= 7 {
                out.push(byte(short - 7));
            }
            out.push(byte(back & 255));
            at += len;
        }
        out
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(data in prop::collection::vec(0_u8..4, 0..700)) {
            let encoded = encode(&data);
            prop_assert_eq!(decode(&encoded, data.len()).unwrap(), data.clone());
            if !data.is_empty() {
                let refused = decode(&encoded, data.len() - 1);
                prop_assert!(matches!(refused, Err(Damage::TooLarge { .. })), "{:?}", refused);
            }
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(data in prop::collection::vec(any::<u8>(), 0..300), limit in 0_usize..2000) {
            if let Ok(decoded) = decode(&data, limit) {
                prop_assert!(decoded.len() <= limit);
            }
        }
    }

    /// As h5py 3.16 writes it.
    #[test]
    fn runs_may_overlap_themselves() {
        assert_eq!(decode(&[1, 7, 8, 0xE0, 3, 1], 14).unwrap(), [7, 8].repeat(7));
        assert!(matches!(decode(&[0x20, 0], 9), Err(Damage::Back { distance: 1, len: 0 })));
        assert!(matches!(decode(&[3, 1, 2], 9), Err(Damage::End)));
    }
}
