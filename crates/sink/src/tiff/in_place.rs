//! Rows of pages that are written where they stay: uncompressed strips lie one after the other in C order.

use patchweave_geometry::Axis;
use patchweave_pixel::ByteOrder;

use crate::flat_file::FlatFile;
use crate::{ImageSpec, SinkError, Work};

/// Where pixels start in the file, as eight bytes.
pub(crate) const PIXELS_START: &str = "pixels_start";

/// Units have about so many bytes.
const UNIT_BYTES: usize = 4 << 20;

/// Rows of pages, in full width.
pub(crate) fn rows(work: &Work, spec: &ImageSpec) -> Result<FlatFile, SinkError> {
    let axes = spec.layout.axes().as_slice();
    let mut unit = spec.layout.shape().to_vec();
    let n_in_row = 1 + usize::from(axes.last() == Some(&Axis::C));
    let rows = unit.len().saturating_sub(n_in_row + 1);
    let row_bytes = unit[rows + 1..].iter().product::<usize>() * spec.pixel_type.n_bytes();
    unit[..rows].fill(1);
    // A power of two, so that units of other formats have a small common multiple with it.
    unit[rows] = (UNIT_BYTES / row_bytes.max(1)).max(1).next_power_of_two();
    let start = work.get(PIXELS_START)?.and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
    let damaged = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    let start = start.ok_or_else(|| work.failed("join the work on", damaged()))?;
    let file = FlatFile::new(work, work.output(), spec.layout.clone(), &unit, spec.pixel_type, start)?;
    Ok(file.with_order(ByteOrder::NATIVE))
}
