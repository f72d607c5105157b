//! Statistics as text, with as many digits as mean something.

/// Digits of a width, such as a deviation, that are shown.
const DIGITS: i32 = 3;
/// Decimals that are shown in any case, and the most before powers of ten are.
const DECIMALS: std::ops::RangeInclusive<i32> = 2..=9;
/// From here on numbers are shown by powers of ten.
const LARGE: f64 = 1e9;

/// Two numbers in the digits that tell the smaller of them, or their difference, apart from 0.
///
/// `width` is what counts: the deviation beside a mean, the difference of two limits.
pub(crate) fn pair(first: f64, second: f64, width: f64, between: &str) -> String {
    let width = width.abs();
    let magnitude = |value: f64| if value == 0.0 || !value.is_finite() { 0 } else { exponent(value) };
    let largest = first.abs().max(second.abs());
    // A width of 0 leaves the numbers themselves, all digits of an f32.
    let decimals = if width > 0.0 { DIGITS - 1 - magnitude(width) } else { 8 - magnitude(largest) };
    if largest >= LARGE || decimals > *DECIMALS.end() {
        let shown = |value: f64| {
            let n_digits = (magnitude(value) + decimals).clamp(DIGITS - 1, 16);
            scientific(value, n_digits.unsigned_abs() as usize)
        };
        return format!("{} {between} {}", shown(first), shown(second));
    }
    let decimals = decimals.clamp(*DECIMALS.start(), *DECIMALS.end()).unsigned_abs() as usize;
    let shown = |value: f64| {
        let text = format!("{value:.decimals$}");
        if width > 0.0 { text } else { without_zeros(&text) }
    };
    format!("{} {between} {}", shown(first), shown(second))
}

/// A number with two decimals, and more where they are not 0.
fn without_zeros(text: &str) -> String {
    let least = text.find('.').map_or(text.len(), |point| point + 3);
    let end = text.trim_end_matches('0').len().max(least);
    text.get(..end).unwrap_or(text).to_owned()
}

/// The power of ten of the first digit.
fn exponent(value: f64) -> i32 {
    let text = format!("{:e}", value.abs());
    text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
}

/// A number by powers of ten, without zeros at its end.
fn scientific(value: f64, n_decimals: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{value:.n_decimals$e}");
    match text.split_once('e') {
        Some((digits, exponent)) if digits.contains('.') => {
            let digits = digits.trim_end_matches('0').trim_end_matches('.');
            format!("{digits}e{exponent}")
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_follow_the_width() {
        let of_mean = |mean, std| pair(mean, std, std, "±");
        assert_eq!(of_mean(512.345, 98.765), "512.35 ± 98.77");
        assert_eq!(of_mean(0.5, 1.25e-3), "0.50000 ± 0.00125");
        assert_eq!(of_mean(1_000.001_234_5, 0.000_123_4), "1000.001235 ± 0.000123");
        assert_eq!(of_mean(2.5e-16, 1e-16), "2.5e-16 ± 1e-16");
        assert_eq!(of_mean(0.0, 1.234_5e-16), "0 ± 1.23e-16");
        assert_eq!(of_mean(1.5, 1.234e-14), "1.5 ± 1.23e-14".replace("1.5 ", "1.5e0 "));
        assert_eq!(of_mean(1e30, 2.5e28), "1e30 ± 2.5e28");
        assert_eq!(of_mean(700.0, 0.0), "700.00 ± 0.00");
        assert_eq!(of_mean(f64::from(0.7_f32), 0.0), "0.699999988 ± 0.00");
        assert_eq!(of_mean(1e-16, 0.0), "1e-16 ± 0");
        let range = |low: f64, high: f64| pair(low, high, high - low, "to");
        assert_eq!(range(1000.001, 1000.002), "1000.001000 to 1000.002000");
        assert_eq!(range(3.0, 65_535.0), "3.00 to 65535.00");
        assert_eq!(range(-1e-20, 4e-20), "-1e-20 to 4e-20");
    }

    #[test]
    fn no_two_numbers_look_alike_that_are_not() {
        for scale in [1e-30, 1e-16, 1e-6, 1.0, 1e4, 1e12, 1e30] {
            for offset in [0.0, 1.0, 100.0, 1e5] {
                let low = offset * scale;
                let high = (offset + 1.5) * scale;
                let text = pair(low, high, high - low, "to");
                let (a, b) = text.split_once(" to ").unwrap();
                let [a, b] = [a, b].map(|number| number.parse::<f64>().unwrap());
                assert!((b - a - 1.5 * scale).abs() <= 0.02 * scale, "{text}");
            }
        }
    }
}
