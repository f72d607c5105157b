//! All numbers of `f32` in their order: the upper and the lower half of the bits of their place.

/// The place of a finite number among all of them; smaller numbers come before larger ones, both zeros are one.
fn place_of(number: f32) -> u32 {
    // Adding 0 turns -0 into 0.
    let bits = (number + 0.0).to_bits();
    // The bits of negative numbers fall as the numbers rise.
    if bits >> 31 == 0 { bits | (1 << 31) } else { !bits }
}

/// Which of 65 536 classes of neighbouring numbers a number belongs to; classes are in the order of the numbers.
pub(super) fn class_of(number: f32) -> usize {
    half(place_of(number) >> 16)
}

/// Which of the 65 536 numbers of its class a number is, in their order.
pub(super) fn fine_class_of(number: f32) -> usize {
    half(place_of(number) & 0xffff)
}

/// The number of a class.
pub(super) fn number(class: usize, fine_class: usize) -> f32 {
    let [class, fine_class] =
        [class, fine_class].map(|half| u32::try_from(half).unwrap_or(u32::MAX) & 0xffff);
    let place = (class << 16) | fine_class;
    f32::from_bits(if place >> 31 == 1 { place & !(1 << 31) } else { !place })
}

fn half(place: u32) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "16 bits")]
    let half = place as u16;
    usize::from(half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_number() -> impl Strategy<Value = f32> {
        prop_oneof![any::<f32>(), Just(0.0_f32), Just(-0.0_f32), -5.0_f32..5.0]
            .prop_filter("finite", |number| number.is_finite())
    }

    proptest! {
        #[test]
        fn classes_are_in_the_order_of_numbers(a in any_number(), b in any_number()) {
            let of = |number| (class_of(number), fine_class_of(number));
            prop_assert_eq!(of(a).cmp(&of(b)), a.partial_cmp(&b).unwrap());
        }

        #[test]
        fn a_number_is_found_by_its_classes(a in any_number()) {
            prop_assert_eq!(number(class_of(a), fine_class_of(a)), a);
        }
    }
}
