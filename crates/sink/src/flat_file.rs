//! Pixels in C order in one piece of a file, written in place in leading rows.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use patchweave_geometry::{ArrayLayout, c_strides};
use patchweave_pixel::{ByteOrder, PixelType, TypedArray, TypedView};

use crate::{SinkError, Unit, UnitGrid, UnitStore, Work};

/// The pixels of an image in a file; by default the least significant byte of each comes first.
pub(crate) struct FlatFile {
    work: Work,
    file: PathBuf,
    units: UnitGrid,
    pixel_type: PixelType,
    pixels_start: u64,
    order: ByteOrder,
}

impl FlatFile {
    /// Pixels that start at a place of a file that is there, in units of these sizes, each of which is one piece of the file.
    pub fn new(
        work: &Work,
        file: PathBuf,
        layout: ArrayLayout,
        unit_size: &[usize],
        pixel_type: PixelType,
        pixels_start: u64,
    ) -> Result<Self, SinkError> {
        let units = UnitGrid::new(layout, unit_size);
        let units = units.map_err(|source| SinkError::Layout { path: work.target().into(), source })?;
        let order = ByteOrder::Little;
        Ok(FlatFile { work: work.clone(), file, units, pixel_type, pixels_start, order })
    }

    /// The same pixels with the bytes of each in another order.
    pub fn with_order(self, order: ByteOrder) -> Self {
        FlatFile { order, ..self }
    }

    /// Where the bytes of a unit are.
    fn place(&self, unit: &Unit) -> SeekFrom {
        let strides = c_strides(self.units.layout().shape());
        let first: usize = unit.start.iter().zip(strides).map(|(at, stride)| at * stride).sum();
        SeekFrom::Start(self.pixels_start + (first * self.pixel_type.n_bytes()) as u64)
    }
}

impl UnitStore for FlatFile {
    fn units(&self) -> &UnitGrid {
        &self.units
    }

    fn write(&self, _unit_idx: usize, unit: &Unit, pixels: &TypedView<'_>) -> Result<(), SinkError> {
        let file = File::options().write(true).open(&self.file);
        let written = file.and_then(|mut file| {
            file.seek(self.place(unit))?;
            file.write_all(&pixels.to_bytes_in(self.order))?;
            self.work.sync(&file)
        });
        written.map_err(|source| self.work.failed("write", source))
    }

    fn read(&self, _unit_idx: usize, unit: &Unit) -> Result<Option<TypedArray>, SinkError> {
        let mut bytes = vec![0; unit.n_pixels() * self.pixel_type.n_bytes()];
        let file = File::open(&self.file);
        let read = file.and_then(|mut file| {
            file.seek(self.place(unit))?;
            file.read_exact(&mut bytes)
        });
        read.map_err(|source| self.work.failed("read back", source))?;
        let none = || SinkError::OutOfMemory { path: self.work.target().into(), shape: unit.size.clone() };
        let pixels = TypedArray::from_bytes(self.pixel_type, &unit.size, &bytes, self.order);
        pixels.map(Some).ok_or_else(none)
    }
}

/// Makes the file: what comes before the pixels, and room for these.
pub(crate) fn make_file(
    work: &Work,
    file: &Path,
    before: &[u8],
    n_pixel_bytes: u64,
) -> Result<(), SinkError> {
    let made = File::create(file).and_then(|mut file| {
        file.write_all(before)?;
        file.set_len(before.len() as u64 + n_pixel_bytes)
    });
    made.map_err(|source| work.failed("write", source))
}

/// The bytes of all pixels, if a file can have so many.
pub(crate) fn n_pixel_bytes(
    path: &Path,
    layout: &ArrayLayout,
    pixel_type: PixelType,
) -> Result<u64, SinkError> {
    let limit = i64::MAX.unsigned_abs();
    let n_pixels: usize = layout.shape().iter().product();
    let n_bytes = n_pixels.checked_mul(pixel_type.n_bytes()).map(|n| n as u64).filter(|n| *n < limit);
    let too_large = || SinkError::TooLarge { path: path.into(), what: "pixels", got: n_pixels, limit };
    n_bytes.ok_or_else(too_large)
}
