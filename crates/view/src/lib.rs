//! Pixels become pictures: display ranges, false colour, montages of patches, PNG bytes.
//!
//! Arrays come in, [`Picture`]s and bytes go out; nothing here opens or writes a file. Pictures are for people to
//! look at: intensities are clipped and rounded, so nothing should be measured in them.

mod contrast;
mod error;
mod montage;
mod palette;
mod picture;
mod png_bytes;
mod render;
mod scale;
mod side_by_side;

pub use contrast::{Contrast, DisplayRange};
pub use error::ViewError;
pub use montage::{MontageOptions, montage};
pub use palette::{Colour, channel_colour};
pub use picture::{MAX_PIXELS, Picture};
pub use render::{display_ranges, render, render_with};
pub use side_by_side::{SideBySideOptions, side_by_side};
