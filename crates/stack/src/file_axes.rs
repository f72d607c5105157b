//! The axes that a file names for itself, and what becomes of them beside those of the configuration.

use patchweave_geometry::{ArrayLayout, Axes, Axis};

use crate::StackError;

/// What a file says about the axis of each of its dimensions; `None` where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FileAxes(Vec<Option<Axis>>);

impl FileAxes {
    /// What a file says, dimension by dimension.
    pub fn new(axes: Vec<Option<Axis>>) -> Self {
        FileAxes(axes)
    }

    /// A file that says nothing.
    pub fn unknown(n_dimensions: usize) -> Self {
        FileAxes(vec![None; n_dimensions])
    }

    /// The layout of an image of this shape: in `given` axes if there are any, which must not contradict the file, or
    /// else in the file's own, which must then be complete.
    ///
    /// A file's time points or planes may be called samples (`S`), because that says how they are used, not what they
    /// are.
    pub fn layout(
        &self,
        stack: &str,
        given: Option<&Axes>,
        shape: &[usize],
    ) -> Result<ArrayLayout, StackError> {
        let axes = match given {
            Some(given) if given.len() != shape.len() => {
                let (stack, shape) = (stack.to_owned(), shape.to_vec());
                return Err(StackError::AxesLength { stack, axes: given.clone(), shape });
            }
            Some(given) if !self.agree(given) => {
                return Err(StackError::AxesDisagree {
                    stack: stack.to_owned(),
                    given: given.clone(),
                    own: self.to_string(),
                });
            }
            Some(given) => given.clone(),
            None => self.complete(shape.len()).ok_or_else(|| StackError::NoAxes {
                stack: stack.to_owned(),
                shape: shape.to_vec(),
                own: self.to_string(),
            })?,
        };
        ArrayLayout::new(axes, shape).map_err(|source| StackError::Window { stack: stack.to_owned(), source })
    }

    fn agree(&self, given: &Axes) -> bool {
        let fits = |(&given, own): (&Axis, &Option<Axis>)| match own {
            None => true,
            Some(own) => given == *own || (given == Axis::S && matches!(own, Axis::T | Axis::Z)),
        };
        given.as_slice().iter().zip(&self.0).all(fits)
    }

    fn complete(&self, n_dimensions: usize) -> Option<Axes> {
        let letters: Option<String> = self.0.iter().map(|axis| axis.map(Axis::letter)).collect();
        letters?.parse().ok().filter(|axes: &Axes| axes.len() == n_dimensions)
    }
}

impl std::fmt::Display for FileAxes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|axis| write!(f, "{}", axis.map_or('?', Axis::letter)))
    }
}

/// Axes for a file that does not name all of its own, to show what it holds: free letters in place of every `?` of
/// [`StackError::NoAxes`], the last two dimensions being `Y` and `X` where it says nothing at all.
///
/// ```
/// use patchweave_stack::guessed_axes;
///
/// assert_eq!(guessed_axes("?YX", 3).unwrap().to_string(), "SYX");
/// assert_eq!(guessed_axes("S?YX", 4).unwrap().to_string(), "SZYX");
/// assert_eq!(guessed_axes("????", 4).unwrap().to_string(), "SZYX");
/// assert!(guessed_axes("???????", 7).is_none());
/// ```
#[must_use]
pub fn guessed_axes(own: &str, n_dimensions: usize) -> Option<Axes> {
    let is_silent = own.chars().all(|letter| letter == '?');
    let own = match is_silent && n_dimensions >= 2 {
        true => format!("{}YX", "?".repeat(n_dimensions - 2)),
        false => own.to_owned(),
    };
    let free = [Axis::S, Axis::Z, Axis::C, Axis::T].map(Axis::letter);
    let mut free = free.into_iter().filter(|letter| !own.contains(*letter));
    let known = |letter| if letter == '?' { free.next() } else { Some(letter) };
    let letters: Option<String> = own.chars().map(known).collect();
    letters?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(letters: &str) -> FileAxes {
        FileAxes::new(letters.chars().map(Axis::from_letter).collect())
    }

    fn layout(file: &str, given: Option<&str>, shape: &[usize]) -> Result<String, String> {
        let given: Option<Axes> = given.map(|axes| axes.parse().unwrap());
        let layout = own(file).layout("a.tif", given.as_ref(), shape);
        layout.map(|layout| layout.axes().to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_file_speaks_where_the_configuration_is_silent() {
        assert_eq!(layout("ZCYX", None, &[3, 2, 8, 8]), Ok("ZCYX".into()));
        assert_eq!(
            layout("?YX", None, &[3, 8, 8]),
            Err("a.tif: its dimensions of sizes [3, 8, 8] are ?YX, expected axes that name them all, because the \
                 file does not"
                .into())
        );
    }

    #[test]
    fn both_must_agree() {
        assert_eq!(layout("?YX", Some("ZYX"), &[3, 8, 8]), Ok("ZYX".into()));
        assert_eq!(layout("TYX", Some("SYX"), &[3, 8, 8]), Ok("SYX".into()));
        assert_eq!(layout("ZYX", Some("SYX"), &[3, 8, 8]), Ok("SYX".into()));
        assert_eq!(
            layout("CYX", Some("SYX"), &[3, 8, 8]),
            Err("a.tif: got axes SYX, the file's own metadata says CYX".into())
        );
        assert_eq!(
            layout("ZYX", Some("TYX"), &[3, 8, 8]),
            Err("a.tif: got axes TYX, the file's own metadata says ZYX".into())
        );
        assert_eq!(
            layout("YX", Some("ZYX"), &[8, 8]),
            Err("a.tif: axes ZYX name 3 dimensions, the image has 2 with sizes [8, 8]".into())
        );
    }
}
