//! The largest pixel of a box around every pixel.

/// What lies beyond the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Border {
    /// Zeros.
    Zeros,
    /// The block mirrored with its edge repeated, `d c b a | a b c d`: pixels that a window has anyway.
    Symmetric,
}

/// Replaces every pixel `i` by the largest one in `[i − m/2, i − m/2 + m)` for a window of `m` pixels along
/// each axis. Pixels that are no number count as the smallest.
///
/// Method: running maxima from both ends of segments of `m` pixels (van Herk 1992; Gil and Werman 1993),
/// axis by axis: three comparisons per pixel and axis, whatever `m` is.
pub(super) fn sliding_max(block: &mut [f32], shape: [usize; 4], window: [usize; 4], border: Border) {
    block.iter_mut().filter(|pixel| pixel.is_nan()).for_each(|pixel| *pixel = f32::NEG_INFINITY);
    if block.is_empty() {
        return;
    }
    let mut suffixes = Vec::new();
    let mut row = 1;
    for (&n, &m) in shape.iter().zip(&window).rev() {
        if m > 1 {
            suffixes.resize(n * row, 0.0);
            for lines in block.chunks_exact_mut(n * row) {
                slide(lines, &mut suffixes, row, m, border);
            }
        }
        row *= n;
    }
}

/// Slides a window of `m` rows over rows of `row` pixels; with rows of one pixel, along a line.
fn slide(lines: &mut [f32], suffixes: &mut [f32], row: usize, m: usize, border: Border) {
    let n = lines.len() / row;
    let before = m / 2;
    suffixes.copy_from_slice(lines);
    suffixes.chunks_mut(m * row).for_each(|segment| run_backward(segment, row));
    lines.chunks_mut(m * row).for_each(|segment| run_forward(segment, row));
    let prefixes = &lines[..];
    let last = &lines[(n - 1) * row..];

    // A window inside the lines is the end of one segment and the start of the next, or just one segment.
    let whole = suffixes.iter_mut().zip(&prefixes[((m - 1) * row).min(n * row)..]);
    whole.for_each(|(suffix, &prefix)| *suffix = larger(*suffix, prefix));
    // One that ends beyond them has the last segment in place of the next one, unless it starts in it.
    let cut_off = (n + 1).saturating_sub(m)..(n - 1) / m * m;
    for first in cut_off {
        raise(&mut suffixes[first * row..(first + 1) * row], last);
    }
    // One that starts before them is the start of the first segment.
    let n_early = before.min(n);
    for place in 0..n_early {
        let end = (place + m - 1 - before).min(n - 1);
        lines.copy_within(end * row..(end + 1) * row, place * row);
    }
    let late = &mut lines[n_early * row..];
    late.copy_from_slice(&suffixes[..late.len()]);

    if border == Border::Zeros {
        let inside = n_early * row..((n + 1 + before).saturating_sub(m).max(n_early) * row).min(n * row);
        lines[..inside.start].iter_mut().for_each(|pixel| *pixel = larger(*pixel, 0.0));
        lines[inside.end..].iter_mut().for_each(|pixel| *pixel = larger(*pixel, 0.0));
    }
}

/// Each row becomes the maximum of itself and all rows before it.
fn run_forward(segment: &mut [f32], row: usize) {
    if row == 1 {
        return run_along(segment.iter_mut());
    }
    for start in (row..segment.len()).step_by(row) {
        let (before, rest) = segment.split_at_mut(start);
        raise(&mut rest[..row], &before[start - row..]);
    }
}

/// Each row becomes the maximum of itself and all rows behind it.
fn run_backward(segment: &mut [f32], row: usize) {
    if row == 1 {
        return run_along(segment.iter_mut().rev());
    }
    for start in (row..segment.len()).step_by(row).rev() {
        let (before, rest) = segment.split_at_mut(start);
        raise(&mut before[start - row..], &rest[..row]);
    }
}

fn run_along<'a>(pixels: impl Iterator<Item = &'a mut f32>) {
    let mut running = f32::NEG_INFINITY;
    pixels.for_each(|pixel| {
        running = larger(running, *pixel);
        *pixel = running;
    });
}

fn raise(pixels: &mut [f32], others: &[f32]) {
    pixels.iter_mut().zip(others).for_each(|(pixel, &other)| *pixel = larger(*pixel, other));
}

/// One instruction, unlike `f32::max`, for there is nothing here that is no number.
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array4, Ix4};
    use proptest::prelude::*;

    /// Even, so that the block starts where one copy of it and its mirror image do.
    const FAR: usize = 20;

    /// Every window pixel by pixel, the border made by hand.
    fn naive(block: &Array4<f32>, window: [usize; 4], border: Border) -> Array4<f32> {
        let shape = block.raw_dim();
        // Counted from far beyond the block, so that no place is negative.
        let inside = |at: usize, n: usize| match border {
            Border::Zeros => at.checked_sub(FAR * n).filter(|&at| at < n),
            Border::Symmetric => Some((at % (2 * n)).min(2 * n - 1 - at % (2 * n))),
        };
        Array4::from_shape_fn(shape, |center| {
            let center: [usize; 4] = center.into();
            let mut largest = f32::NEG_INFINITY;
            for offset in ndarray::indices(Ix4(window[0], window[1], window[2], window[3])) {
                let offset: [usize; 4] = offset.into();
                let place: [Option<usize>; 4] = std::array::from_fn(|axis| {
                    let n = shape[axis];
                    inside(FAR * n + center[axis] + offset[axis] - window[axis] / 2, n)
                });
                let pixel = match place {
                    [Some(c), Some(z), Some(y), Some(x)] => block[[c, z, y, x]],
                    _ => 0.0,
                };
                largest = if pixel > largest { pixel } else { largest };
            }
            largest
        })
    }

    fn any_case() -> impl Strategy<Value = (Array4<f32>, [usize; 4], Border)> {
        let sizes = (1_usize..3, 1_usize..5, 1_usize..8, 1_usize..12);
        let window = (1_usize..4, 1_usize..7, 1_usize..10, 1_usize..15);
        let border = prop::sample::select(vec![Border::Zeros, Border::Symmetric]);
        (sizes, window, border).prop_flat_map(|((c, z, y, x), (wc, wz, wy, wx), border)| {
            let pixel = prop_oneof![20 => -9_i8..9, 1 => Just(i8::MIN)];
            let pixel = pixel.prop_map(|pixel| if pixel == i8::MIN { f32::NAN } else { f32::from(pixel) });
            prop::collection::vec(pixel, c * z * y * x).prop_map(move |pixels| {
                (Array4::from_shape_vec([c, z, y, x], pixels).unwrap(), [wc, wz, wy, wx], border)
            })
        })
    }

    proptest! {
        #[test]
        fn it_is_the_largest_pixel_of_the_window((block, window, border) in any_case()) {
            let expected = naive(&block, window, border);
            let shape = block.dim().into();
            let mut pixels = block.into_raw_vec_and_offset().0;
            sliding_max(&mut pixels, shape, window, border);
            prop_assert_eq!(pixels, expected.into_raw_vec_and_offset().0);
        }
    }
}
