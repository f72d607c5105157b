//! The nearest whole number, of two the even one; the standard library calls a function for every number where the processor
//! it builds for is not known to have an instruction.

/// From here on every `f64` is whole.
const WHOLE_F64: f64 = (1_u64 << 52) as f64;
/// From here on every `f32` is whole.
const WHOLE_F32: f32 = (1_u32 << 23) as f32;

/// As [`f64::round_ties_even`], but for the sign of zero.
#[inline(always)]
pub(crate) fn nearest_f64(value: f64) -> f64 {
    // The sum has no room for a fraction; it is rounded as every sum is.
    let bound = WHOLE_F64.copysign(value);
    if value.abs() < WHOLE_F64 { value + bound - bound } else { value }
}

/// As [`f32::round_ties_even`], but for the sign of zero.
#[inline(always)]
pub(crate) fn nearest_f32(value: f32) -> f32 {
    let bound = WHOLE_F32.copysign(value);
    if value.abs() < WHOLE_F32 { value + bound - bound } else { value }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_same_f64(value: f64) -> bool {
        let (got, expected) = (nearest_f64(value), value.round_ties_even());
        got == expected || (got.is_nan() && expected.is_nan())
    }

    fn is_same_f32(value: f32) -> bool {
        let (got, expected) = (nearest_f32(value), value.round_ties_even());
        got == expected || (got.is_nan() && expected.is_nan())
    }

    proptest! {
        #[test]
        fn any_number_is_rounded_as_the_library_does(
            bits in any::<u64>(), bits_f32 in any::<u32>(), half in -1_000_000_i32..1_000_000,
        ) {
            prop_assert!(is_same_f64(f64::from_bits(bits)));
            prop_assert!(is_same_f32(f32::from_bits(bits_f32)));
            prop_assert!(is_same_f64(f64::from(half) / 2.0));
            prop_assert!(is_same_f32(half as f32 / 2.0));
        }
    }

    #[test]
    fn numbers_where_fractions_end_are_rounded() {
        for value in
            [WHOLE_F64, WHOLE_F64 / 2.0, 0.0, 0.5, 1.5, f64::NAN, f64::INFINITY, f64::MAX, f64::MIN_POSITIVE]
        {
            for near in [value, value.next_up(), value.next_down(), -value, -value.next_down(), value + 0.5] {
                assert!(is_same_f64(near), "{near}");
            }
        }
        for value in
            [WHOLE_F32, WHOLE_F32 / 2.0, 0.0, 0.5, 1.5, f32::NAN, f32::INFINITY, f32::MAX, f32::MIN_POSITIVE]
        {
            for near in [value, value.next_up(), value.next_down(), -value, -value.next_down(), value + 0.5] {
                assert!(is_same_f32(near), "{near}");
            }
        }
    }
}
