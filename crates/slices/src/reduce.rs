//! Several planes into one, pixel by pixel.

use ndarray::{ArrayView2, ArrayViewMut2};
use patchweave_pixel::Pixel;

use crate::ZOperation;

/// Writes what becomes of `members`; `None` stands for a plane of zeros. Sums run in `f64` in the order of the members,
/// row by row.
pub(crate) fn reduce<T: Pixel>(
    kind: ZOperation,
    members: &[Option<ArrayView2<'_, T>>],
    mut out: ArrayViewMut2<'_, T>,
) {
    match (kind, members) {
        (ZOperation::Identity, [Some(plane), ..]) => out.assign(plane),
        (ZOperation::Identity, _) => out.fill(T::default()),
        (ZOperation::Mean | ZOperation::Std, _) => {
            let n_columns = out.ncols();
            let mut means = vec![0.0; n_columns];
            let mut squares = vec![0.0; n_columns];
            let n = members.len() as f64;
            for (y, mut row) in out.rows_mut().into_iter().enumerate() {
                let rows = || members.iter().map(|plane| plane.as_ref().map(|plane| plane.row(y)));
                means.fill(0.0);
                for values in rows().flatten() {
                    means.iter_mut().zip(values).for_each(|(sum, value)| *sum += value.to_f64());
                }
                means.iter_mut().for_each(|sum| *sum /= n);
                if kind == ZOperation::Mean {
                    row.iter_mut().zip(&means).for_each(|(out, mean)| *out = T::from_f64(*mean));
                    continue;
                }
                squares.fill(0.0);
                for values in rows() {
                    let sums = squares.iter_mut().zip(&means);
                    match values {
                        Some(values) => sums.zip(values).for_each(|((sum, mean), value)| {
                            *sum += (value.to_f64() - mean).powi(2);
                        }),
                        None => sums.for_each(|(sum, mean)| *sum += mean.powi(2)),
                    }
                }
                row.iter_mut().zip(&squares).for_each(|(out, sum)| *out = T::from_f64((sum / n).sqrt()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn of(kind: ZOperation, members: &[Option<&Array2<f32>>]) -> Array2<f32> {
        let members: Vec<_> = members.iter().map(|plane| plane.map(|plane| plane.view())).collect();
        let mut out = Array2::from_elem((2, 2), f32::NAN);
        reduce(kind, &members, out.view_mut());
        out
    }

    #[test]
    fn zeros_count_as_members() {
        let a = array![[1.0, 2.0], [3.0, 4.0]];
        let b = array![[3.0, 2.0], [5.0, -4.0]];
        assert_eq!(of(ZOperation::Identity, &[Some(&a)]), a);
        assert_eq!(of(ZOperation::Identity, &[None]), Array2::<f32>::zeros((2, 2)));
        assert_eq!(of(ZOperation::Mean, &[Some(&a), Some(&b)]), array![[2.0, 2.0], [4.0, 0.0]]);
        assert_eq!(of(ZOperation::Mean, &[Some(&a), None]), array![[0.5, 1.0], [1.5, 2.0]]);
        assert_eq!(of(ZOperation::Std, &[Some(&a), Some(&b)]), array![[1.0, 0.0], [1.0, 4.0]]);
        assert_eq!(of(ZOperation::Std, &[Some(&a), None]), array![[0.5, 1.0], [1.5, 2.0]]);
        assert_eq!(of(ZOperation::Std, &[Some(&a)]), Array2::<f32>::zeros((2, 2)));
    }

    /// Sums in `f32` would lose the small one.
    #[test]
    fn large_values_do_not_swallow_small_ones() {
        let plane = |value: f32| Array2::from_elem((2, 2), value);
        let large = plane(3e8);
        let small = plane(3.0);
        let negative = plane(-3e8);
        assert_eq!(of(ZOperation::Mean, &[Some(&large), Some(&small), Some(&negative)]), plane(1.0));
    }
}
