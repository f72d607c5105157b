//! Colours of windows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::SlicesError;

/// The colour of a window: its place in the grid along each axis, modulo the number of colours along it.
///
/// Windows of the same colour do not overlap unless the last one of an axis was pulled back into the image. It is
/// written as `"y,x"`.
///
/// ```
/// use patchweave_slices::Colour;
///
/// assert_eq!("1,0".parse::<Colour>()?, Colour { y: 1, x: 0 });
/// assert_eq!(Colour { y: 2, x: 3 }.to_string(), "2,3");
/// # Ok::<(), patchweave_slices::SlicesError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour {
    /// Along `Y`.
    pub y: usize,
    /// Along `X`.
    pub x: usize,
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.y, self.x)
    }
}

impl FromStr for Colour {
    type Err = SlicesError;

    fn from_str(text: &str) -> Result<Self, SlicesError> {
        let colour = || {
            let (y, x) = text.split_once(',')?;
            Some(Colour { y: y.trim().parse().ok()?, x: x.trim().parse().ok()? })
        };
        colour().ok_or_else(|| SlicesError::UnknownName {
            what: "colour",
            got: text.to_owned(),
            expected: "two numbers as in \"1,0\"",
        })
    }
}

impl TryFrom<String> for Colour {
    type Error = SlicesError;

    fn try_from(text: String) -> Result<Self, SlicesError> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> String {
        colour.to_string()
    }
}
