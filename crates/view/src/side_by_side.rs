//! Pictures beside each other, as a prediction beside its input.

use crate::{Colour, Picture, ViewError};

/// How pictures stand beside each other; sizes are pixels.
///
/// ```
/// use patchweave_view::SideBySideOptions;
///
/// let narrow = SideBySideOptions { max_width: Some(1200), ..SideBySideOptions::default() };
/// assert_eq!(narrow.gap, 8);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SideBySideOptions {
    /// Between neighbours.
    pub gap: usize,
    /// What is seen in gaps and below shorter pictures.
    pub background: Colour,
    /// The widest result; pictures are shrunk alike, by area means, until it holds. `None` for any width.
    pub max_width: Option<usize>,
}

/// A gap of 8 on dark grey, any width.
impl Default for SideBySideOptions {
    fn default() -> Self {
        SideBySideOptions { gap: 8, background: [24, 24, 28], max_width: None }
    }
}

/// Pictures from left to right, aligned at the top.
///
/// ```
/// use patchweave_view::{Picture, SideBySideOptions, side_by_side};
///
/// let pictures = [Picture::filled(100, 40, [255, 0, 0])?, Picture::filled(100, 40, [0, 0, 255])?];
/// let whole = side_by_side(&pictures, &SideBySideOptions::default())?;
/// assert_eq!((whole.width(), whole.height()), (208, 40));
/// let half = SideBySideOptions { max_width: Some(108), ..SideBySideOptions::default() };
/// let half = side_by_side(&pictures, &half)?;
/// assert_eq!((half.width(), half.height()), (108, 20));
/// # Ok::<(), patchweave_view::ViewError>(())
/// ```
///
/// # Errors
/// [`ViewError::Empty`] without pictures, [`ViewError::TooNarrow`] if `max_width` does not hold gaps and one pixel
/// per picture, [`ViewError::PictureSize`] if the result exceeds [`MAX_PIXELS`](crate::MAX_PIXELS).
pub fn side_by_side(pictures: &[Picture], options: &SideBySideOptions) -> Result<Picture, ViewError> {
    let n_pictures = pictures.len();
    if n_pictures == 0 {
        return Err(ViewError::Empty { what: "a row of pictures", shape: vec![0] });
    }
    let gaps = options.gap.saturating_mul(n_pictures - 1);
    let pictures_width: usize = pictures.iter().map(Picture::width).fold(0, usize::saturating_add);
    let available = match options.max_width {
        Some(max_width) if max_width < gaps.saturating_add(pictures_width) => {
            let min_width = gaps.saturating_add(n_pictures);
            if max_width < min_width {
                return Err(ViewError::TooNarrow { max_width, n_pictures, min_width });
            }
            max_width - gaps
        }
        _ => pictures_width,
    };
    let widths = shared_widths(pictures, pictures_width, available);
    let shrunk: Vec<Picture> = pictures
        .iter()
        .zip(widths)
        .map(|(picture, width)| {
            let height = scaled(picture.height(), width, picture.width()).max(1);
            picture.shrunk(width, height)
        })
        .collect::<Result<_, _>>()?;
    in_a_row(&shrunk, options)
}

/// Widths that shrink alike from a sum of `from` to at most `to`, each at least 1.
///
/// Widths rounded down never exceed `to` together, so no common factor has to be searched for. Only pictures that would
/// vanish break this: each of them is raised to one pixel, which is taken from the widest picture, where it is seen least.
fn shared_widths(pictures: &[Picture], from: usize, to: usize) -> Vec<usize> {
    let mut widths: Vec<usize> =
        pictures.iter().map(|picture| scaled(picture.width(), to, from).max(1)).collect();
    // Slivers that were rounded up to one pixel take it from the widest.
    for _ in to..widths.iter().sum() {
        if let Some(widest) = widths.iter_mut().max() {
            *widest -= 1;
        }
    }
    widths
}

/// `size · to / from` rounded down; sizes of pictures do not overflow a product of two.
fn scaled(size: usize, to: usize, from: usize) -> usize {
    let product = size as u128 * to as u128 / from as u128;
    usize::try_from(product).unwrap_or(size)
}

fn in_a_row(pictures: &[Picture], options: &SideBySideOptions) -> Result<Picture, ViewError> {
    let gaps = options.gap.saturating_mul(pictures.len() - 1);
    let width = pictures.iter().map(Picture::width).fold(gaps, usize::saturating_add);
    let height = pictures.iter().map(Picture::height).fold(0, usize::max);
    let mut row = Picture::filled(width, height, options.background)?;
    let mut left = 0;
    for picture in pictures {
        row.paste(picture, left, 0);
        left += picture.width() + options.gap;
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn width_is_kept_or_fits(
            sizes in prop::collection::vec((1_usize..60, 1_usize..20), 1..6), gap in 0_usize..5,
            max_width in 1_usize..200,
        ) {
            let pictures: Vec<Picture> =
                sizes.iter().map(|&(width, height)| Picture::filled(width, height, [5; 3]).unwrap()).collect();
            let full = SideBySideOptions { gap, ..SideBySideOptions::default() };
            let whole = side_by_side(&pictures, &full).unwrap();
            let gaps = gap * (sizes.len() - 1);
            prop_assert_eq!(whole.width(), gaps + sizes.iter().map(|size| size.0).sum::<usize>());
            prop_assert_eq!(whole.height(), sizes.iter().map(|size| size.1).max().unwrap());

            let fitted =
                side_by_side(&pictures, &SideBySideOptions { max_width: Some(max_width), ..full });
            if max_width < gaps + sizes.len() {
                let is_too_narrow = matches!(fitted, Err(ViewError::TooNarrow { .. }));
                prop_assert!(is_too_narrow);
            } else if max_width >= whole.width() {
                prop_assert_eq!(fitted.unwrap(), whole);
            } else {
                let fitted = fitted.unwrap();
                prop_assert!(fitted.width() <= max_width);
                prop_assert!(fitted.width() + sizes.len() > max_width, "{} of {max_width}", fitted.width());
            }
        }
    }

    #[test]
    fn pixels_stand_where_they_belong() {
        let pictures = [Picture::filled(1, 2, [1; 3]).unwrap(), Picture::filled(2, 1, [2; 3]).unwrap()];
        let options = SideBySideOptions { gap: 1, background: [9; 3], max_width: None };
        let row = side_by_side(&pictures, &options).unwrap();
        let first_bytes: Vec<u8> = row.as_rgb().iter().copied().step_by(3).collect();
        assert_eq!(first_bytes, [1, 9, 2, 2, 1, 9, 9, 9]);
    }

    #[test]
    fn nothing_is_an_error() {
        let error = side_by_side(&[], &SideBySideOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), "a row of pictures of shape [0] has nothing to show");
    }
}
