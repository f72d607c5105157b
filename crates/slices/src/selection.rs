//! Which slices of a volume become planes.

use patchweave_geometry::coordinate;
use serde::{Deserialize, Serialize};

use crate::{SlicesError, Span};

/// Which slices of a volume become planes, and in which order.
///
/// ```
/// use patchweave_slices::{Span, ZSlices};
///
/// assert_eq!(ZSlices::from(Span { step: Some(2), ..Span::ALL }).resolve(5)?, [0, 2, 4]);
/// assert_eq!(ZSlices::from(vec![3, 1, 1]).resolve(5)?, [3, 1, 1]);
/// let error = ZSlices::from(vec![5]).resolve(5).unwrap_err();
/// assert_eq!(error.to_string(), "index 5 is out of range for axis z of size 5");
/// # Ok::<(), patchweave_slices::SlicesError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ZSlices {
    /// All of them in order.
    #[default]
    All,
    /// Those of a slice of their numbers.
    Span(Span),
    /// These, in this order, repeats included.
    List(Vec<usize>),
}

impl ZSlices {
    /// The numbers of the slices in a volume of `n_slices`; never empty.
    ///
    /// # Errors
    /// [`SlicesError::EmptySelection`], [`SlicesError::OutOfRange`], [`SlicesError::ZeroStep`].
    pub fn resolve(&self, n_slices: usize) -> Result<Vec<usize>, SlicesError> {
        let selected = match self {
            ZSlices::All => (0..n_slices).collect(),
            ZSlices::Span(span) => span.indices(n_slices)?,
            ZSlices::List(list) => {
                if let Some(&outside) = list.iter().find(|&&z| z >= n_slices) {
                    let got = coordinate(outside);
                    return Err(SlicesError::OutOfRange { axis: "z", got, size: n_slices });
                }
                list.clone()
            }
        };
        if selected.is_empty() { Err(SlicesError::EmptySelection { n_slices }) } else { Ok(selected) }
    }
}

impl From<Span> for ZSlices {
    fn from(span: Span) -> Self {
        ZSlices::Span(span)
    }
}

impl From<Vec<usize>> for ZSlices {
    fn from(list: Vec<usize>) -> Self {
        ZSlices::List(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_selected_is_refused() {
        for empty in
            [ZSlices::List(Vec::new()), ZSlices::from(Span::from(3..3)), ZSlices::from(Span::from(9..))]
        {
            let error = empty.resolve(5).unwrap_err();
            assert_eq!(error.to_string(), "the selection of slices is empty, there are 5");
        }
        let error = ZSlices::from(Span { step: Some(0), ..Span::ALL }).resolve(5).unwrap_err();
        assert_eq!(error.to_string(), "got a slice with step 0, expected any other step");
    }
}
