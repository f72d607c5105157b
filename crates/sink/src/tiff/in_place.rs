//! Rows of pages that are written where they stay: uncompressed strips lie one after the other in C order.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use patchweave_geometry::{Axis, c_strides};
use patchweave_pixel::{ByteOrder, PixelType, TypedArray, TypedView};

use crate::{ImageSpec, SinkError, Unit, UnitGrid, UnitStore, Work};

/// Where pixels start in the file, as eight bytes.
pub(crate) const PIXELS_START: &str = "pixels_start";

/// Units have about so many bytes.
const UNIT_BYTES: usize = 4 << 20;

/// Rows of pages, in full width.
pub(crate) struct Rows {
    work: Work,
    units: UnitGrid,
    pixel_type: PixelType,
    pixels_start: u64,
}

impl Rows {
    pub fn open(work: &Work, spec: &ImageSpec) -> Result<Self, SinkError> {
        let axes = spec.layout.axes().as_slice();
        let mut unit = spec.layout.shape().to_vec();
        let n_in_row = 1 + usize::from(axes.last() == Some(&Axis::C));
        let rows = unit.len().saturating_sub(n_in_row + 1);
        let row_bytes = unit[rows + 1..].iter().product::<usize>() * spec.pixel_type.n_bytes();
        unit[..rows].fill(1);
        // A power of two, so that units of other formats have a small common multiple with it.
        unit[rows] = (UNIT_BYTES / row_bytes.max(1)).max(1).next_power_of_two();
        let units = UnitGrid::new(spec.layout.clone(), &unit);
        let units = units.map_err(|source| SinkError::Layout { path: work.target().into(), source })?;
        let start = work.get(PIXELS_START)?.and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
        let damaged = || std::io::Error::from(std::io::ErrorKind::InvalidData);
        let pixels_start = start.ok_or_else(|| work.failed("join the work on", damaged()))?;
        Ok(Rows { work: work.clone(), units, pixel_type: spec.pixel_type, pixels_start })
    }

    /// Where the bytes of a unit are.
    fn place(&self, unit: &Unit) -> SeekFrom {
        let strides = c_strides(self.units.layout().shape());
        let first: usize = unit.start.iter().zip(strides).map(|(at, stride)| at * stride).sum();
        SeekFrom::Start(self.pixels_start + (first * self.pixel_type.n_bytes()) as u64)
    }
}

impl UnitStore for Rows {
    fn units(&self) -> &UnitGrid {
        &self.units
    }

    fn write(&self, _unit_idx: usize, unit: &Unit, pixels: &TypedView<'_>) -> Result<(), SinkError> {
        let file = File::options().write(true).open(self.work.output());
        let written = file.and_then(|mut file| {
            file.seek(self.place(unit))?;
            file.write_all(&pixels.to_bytes())?;
            self.work.sync(&file)
        });
        written.map_err(|source| self.work.failed("write", source))
    }

    fn read(&self, _unit_idx: usize, unit: &Unit) -> Result<Option<TypedArray>, SinkError> {
        let mut bytes = vec![0; unit.n_pixels() * self.pixel_type.n_bytes()];
        let file = File::open(self.work.output());
        let read = file.and_then(|mut file| {
            file.seek(self.place(unit))?;
            file.read_exact(&mut bytes)
        });
        read.map_err(|source| self.work.failed("read back", source))?;
        let none = || SinkError::OutOfMemory { path: self.work.target().into(), shape: unit.size.clone() };
        TypedArray::from_bytes(self.pixel_type, &unit.size, &bytes, ByteOrder::NATIVE)
            .map(Some)
            .ok_or_else(none)
    }
}
