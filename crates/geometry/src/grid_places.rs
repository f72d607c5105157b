//! All places of a grid, made of what there is along each of its axes.

/// Everything along `Z` with everything along `Y` and `X`, the last axis fastest.
///
/// ```
/// use patchweave_geometry::grid_places;
///
/// let places: Vec<[usize; 3]> = grid_places([4..5, 0..2, 7..9]).collect();
/// assert_eq!(places, [[4, 0, 7], [4, 0, 8], [4, 1, 7], [4, 1, 8]]);
/// ```
pub fn grid_places<I>([z, y, x]: [I; 3]) -> impl Iterator<Item = [I::Item; 3]>
where
    I: Iterator<Item: Copy> + Clone,
{
    z.flat_map(move |z| {
        let x = x.clone();
        y.clone().flat_map(move |y| x.clone().map(move |x| [z, y, x]))
    })
}
