//! The numeric types of pixels, and moves between an array's own axes and the canonical `SC(Z)YX`.
//!
//! Values go in and out; nothing here knows files, patches or threads.

mod axes;
mod copy;
mod exact;
mod pixel_map;
mod rounding;
mod typed;
mod types;

pub use axes::{MoveError, canonical_view, own_axes_view, restore, restore_tile, to_canonical};
pub use copy::{copy_as_f32, copy_block, copy_block_as_f32, copy_bytes, copy_bytes_as_f32};
pub use exact::{InexactPixel, find_inexact, find_inexact_bytes};
pub use half::f16;
pub use pixel_map::{Lost, PixelMap};
pub use typed::{TypedArray, TypedPixel, TypedView, TypedViewMut};
pub use types::{ByteOrder, Pixel, PixelType};
