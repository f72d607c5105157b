//! What a format has to do to be written by anybody, in any order, and finished at once.

use std::path::Path;

use patchweave_pixel::{TypedArray, TypedView};

use crate::{ImageSpec, OutputKind, SinkError, Unit, UnitGrid, Work};

/// A format in which images are written.
///
/// To write a format of your own, implement this and [`UnitStore`] and add it to [`SinkFormats`](crate::SinkFormats).
/// Temporary names, final names, what was written and what is missing, smaller levels, resuming and durability are the
/// business of the [`Job`](crate::Job).
///
/// ```
/// use std::path::Path;
///
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::{ByteOrder, PixelType, TypedArray, TypedView};
/// use patchweave_sink::{
///     ImageSpec, Job, OutputKind, SinkError, SinkFormat, SinkFormats, Unit, UnitGrid, UnitStore, Work,
/// };
///
/// /// Pixels in C order and nothing else.
/// struct Raw;
///
/// impl SinkFormat for Raw {
///     fn name(&self) -> &str {
///         "raw"
///     }
///
///     fn endings(&self) -> &[&str] {
///         &["raw"]
///     }
///
///     fn output(&self) -> OutputKind {
///         OutputKind::File
///     }
///
///     fn check(&self, _target: &Path, _spec: &ImageSpec) -> Result<(), SinkError> {
///         Ok(())
///     }
///
///     fn prepare(&self, _work: &Work, _spec: &ImageSpec) -> Result<(), SinkError> {
///         Ok(())
///     }
///
///     fn level(&self, work: &Work, spec: &ImageSpec, _level: usize) -> Result<Box<dyn UnitStore>, SinkError> {
///         let grid = UnitGrid::new(spec.layout.clone(), spec.layout.shape());
///         let grid = grid.map_err(|source| SinkError::Layout { path: work.target().into(), source })?;
///         Ok(Box::new(RawUnit { grid, spec: spec.clone(), work: work.clone() }))
///     }
///
///     fn assemble(&self, work: &Work, _spec: &ImageSpec) -> Result<(), SinkError> {
///         let bytes = work.get("pixels")?.unwrap_or_default();
///         std::fs::write(work.output(), bytes).map_err(|source| work.failed("write", source))
///     }
/// }
///
/// /// The image as one unit.
/// struct RawUnit {
///     grid: UnitGrid,
///     spec: ImageSpec,
///     work: Work,
/// }
///
/// impl UnitStore for RawUnit {
///     fn units(&self) -> &UnitGrid {
///         &self.grid
///     }
///
///     fn write(&self, _unit_idx: usize, _unit: &Unit, pixels: &TypedView<'_>) -> Result<(), SinkError> {
///         self.work.put("pixels", &pixels.to_le_bytes())
///     }
///
///     fn read(&self, _unit_idx: usize, unit: &Unit) -> Result<Option<TypedArray>, SinkError> {
///         let bytes = self.work.get("pixels")?.unwrap_or_default();
///         Ok(TypedArray::from_bytes(self.spec.pixel_type, &unit.size, &bytes, ByteOrder::Little))
///     }
/// }
///
/// let mut formats = SinkFormats::default();
/// formats.add(Raw);
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("ones.raw");
/// let layout = ArrayLayout::new("YX".parse()?, &[2, 2])?;
/// let job = Job::start(&formats, &path, None, ImageSpec::new(layout, PixelType::U16))?;
/// let pixels = TypedArray::U16(ndarray::ArrayD::from_elem(vec![2, 2], 1));
/// job.sink().write(0, pixels.view())?;
/// job.commit()?;
/// assert_eq!(std::fs::read(path)?, [1, 0, 1, 0, 1, 0, 1, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait SinkFormat: Send + Sync {
    /// What the format is called in configurations and on the command line.
    fn name(&self) -> &str;

    /// The endings of its files, the usual one first, in lower case and without the first dot.
    fn endings(&self) -> &[&str];

    /// What it makes.
    fn output(&self) -> OutputKind;

    /// The specification with what it leaves to the format decided, where others than the format have to know of it.
    fn settle(&self, spec: ImageSpec) -> ImageSpec {
        spec
    }

    /// Refuses an image or settings that it cannot write, before anything is made.
    ///
    /// # Errors
    /// Which of them, and what could be written.
    fn check(&self, target: &Path, spec: &ImageSpec) -> Result<(), SinkError>;

    /// Makes what has to be there before units are written.
    ///
    /// # Errors
    /// The failure to write.
    fn prepare(&self, work: &Work, spec: &ImageSpec) -> Result<(), SinkError>;

    /// The units of a level, in a process that has joined.
    ///
    /// # Errors
    /// A level that the format cannot have, or the failure to open what was prepared.
    fn level(&self, work: &Work, spec: &ImageSpec, level: usize) -> Result<Box<dyn UnitStore>, SinkError>;

    /// Makes the whole output out of units that were all written, at [`Work::output`]. It may have been tried before.
    ///
    /// # Errors
    /// The failure to read or write.
    fn assemble(&self, work: &Work, spec: &ImageSpec) -> Result<(), SinkError>;
}

/// The units of one level of an image in a format: writes and reads pixels that are known to fit.
pub trait UnitStore: Send + Sync {
    /// The units.
    fn units(&self) -> &UnitGrid;

    /// Writes a unit as a whole, or fails and leaves what was there; it may be written by several at the same time.
    ///
    /// # Errors
    /// The failure to write.
    fn write(&self, unit_idx: usize, unit: &Unit, pixels: &TypedView<'_>) -> Result<(), SinkError>;

    /// Reads a unit that was written; `None` if it is not there.
    ///
    /// # Errors
    /// The failure to read.
    fn read(&self, unit_idx: usize, unit: &Unit) -> Result<Option<TypedArray>, SinkError>;
}
