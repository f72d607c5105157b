//! One patch of a plan.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Colour, SlicesError};

/// Rows and columns of a patch, whose stop is not part of it.
///
/// ```
/// use patchweave_slices::{PlaneWindow, WindowEnds};
///
/// let text = r#"{"y_start": 2, "y_stop": 4, "x_start": 6, "x_stop": 10}"#;
/// let ends: WindowEnds = serde_json::from_str(text)?;
/// assert_eq!(ends.window()?, Some(PlaneWindow { y_start: 2, y_stop: 4, x_start: 6, x_stop: 10 }));
/// let ends: WindowEnds = serde_json::from_str(&text.replace("10", "6"))?;
/// assert_eq!(
///     ends.window().unwrap_err().to_string(),
///     "got the window y 2..4 and x 6..6 in a plan, expected starts before their stops, or null for all four"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlaneWindow {
    /// The first row.
    pub y_start: usize,
    /// The row behind the last.
    pub y_stop: usize,
    /// The first column.
    pub x_start: usize,
    /// The column behind the last.
    pub x_stop: usize,
}

/// One patch of an [`ExtractionPlan`](crate::ExtractionPlan): all channels in the place of one slice.
///
/// ```
/// use patchweave_slices::PatchEntry;
///
/// let text = r#"{"patch_idx": 3, "n": 0, "z0": 2, "y_start": 0, "y_stop": 4, "x_start": 6, "x_stop": 10,
///     "color_y_idx": 0, "color_x_idx": 1, "required_z_indices": [1, 2, 3]}"#;
/// let entry: PatchEntry = serde_json::from_str(text)?;
/// assert_eq!(entry.window.unwrap().x_start, 6);
/// assert_eq!(entry.colour.x, 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Flat", into = "Flat")]
pub struct PatchEntry {
    /// Its number in the plan.
    pub patch_idx: usize,
    /// Which sample of the image.
    pub n: usize,
    /// In the place of which slice of the volume.
    pub z0: usize,
    /// Which part of the plane; `None` means all of it.
    pub window: Option<PlaneWindow>,
    /// The colour of the window.
    pub colour: Colour,
    /// For every operation all slices from its least to its greatest offset, as far as they exist; ascending. All entries
    /// of a slice share one list.
    pub required_z_indices: Arc<[usize]>,
}

/// A window as plans write it: both ends of both axes, or null for all four, which is the whole plane.
///
/// ```
/// use patchweave_slices::{PlaneWindow, WindowEnds};
///
/// let window = PlaneWindow { y_start: 2, y_stop: 4, x_start: 6, x_stop: 10 };
/// assert_eq!(WindowEnds::from(Some(window)).window()?, Some(window));
/// let text = serde_json::to_string(&WindowEnds::from(None))?;
/// assert_eq!(text, r#"{"y_start":null,"y_stop":null,"x_start":null,"x_stop":null}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowEnds {
    y_start: Option<usize>,
    y_stop: Option<usize>,
    x_start: Option<usize>,
    x_stop: Option<usize>,
}

/// An entry as it is written.
#[derive(Serialize, Deserialize)]
struct Flat {
    patch_idx: usize,
    n: usize,
    z0: usize,
    #[serde(flatten)]
    ends: WindowEnds,
    color_y_idx: usize,
    color_x_idx: usize,
    required_z_indices: Vec<usize>,
}

impl From<Option<PlaneWindow>> for WindowEnds {
    fn from(window: Option<PlaneWindow>) -> Self {
        let end = |end: fn(PlaneWindow) -> usize| window.map(end);
        WindowEnds {
            y_start: end(|window| window.y_start),
            y_stop: end(|window| window.y_stop),
            x_start: end(|window| window.x_start),
            x_stop: end(|window| window.x_stop),
        }
    }
}

impl fmt::Display for WindowEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |end: Option<usize>| end.map_or_else(|| "null".to_owned(), |end| end.to_string());
        let WindowEnds { y_start, y_stop, x_start, x_stop } = *self;
        let [y_start, y_stop, x_start, x_stop] = [y_start, y_stop, x_start, x_stop].map(end);
        write!(f, "y {y_start}..{y_stop} and x {x_start}..{x_stop}")
    }
}

impl WindowEnds {
    /// The window, `None` if none is meant.
    ///
    /// # Errors
    /// [`SlicesError::Written`] unless there are all four ends, starts before their stops, or none of them.
    pub fn window(self) -> Result<Option<PlaneWindow>, SlicesError> {
        match (self.y_start, self.y_stop, self.x_start, self.x_stop) {
            (None, None, None, None) => Ok(None),
            (Some(y_start), Some(y_stop), Some(x_start), Some(x_stop))
                if y_start < y_stop && x_start < x_stop =>
            {
                Ok(Some(PlaneWindow { y_start, y_stop, x_start, x_stop }))
            }
            _ => Err(SlicesError::Written {
                what: "the window",
                got: self.to_string(),
                expected: "starts before their stops, or null for all four".to_owned(),
            }),
        }
    }
}

impl TryFrom<Flat> for PatchEntry {
    type Error = SlicesError;

    fn try_from(flat: Flat) -> Result<Self, SlicesError> {
        let Flat { patch_idx, n, z0, ends, color_y_idx, color_x_idx, required_z_indices } = flat;
        let window = ends.window()?;
        let colour = Colour { y: color_y_idx, x: color_x_idx };
        let required_z_indices = required_z_indices.into();
        Ok(PatchEntry { patch_idx, n, z0, window, colour, required_z_indices })
    }
}

impl From<PatchEntry> for Flat {
    fn from(entry: PatchEntry) -> Self {
        Flat {
            patch_idx: entry.patch_idx,
            n: entry.n,
            z0: entry.z0,
            ends: entry.window.into(),
            color_y_idx: entry.colour.y,
            color_x_idx: entry.colour.x,
            required_z_indices: entry.required_z_indices.to_vec(),
        }
    }
}
