//! The axes of tensors: their kinds, sizes and references.

use std::fmt;

/// What an axis holds.
///
/// ```
/// use patchweave_zoo::AxisKind;
///
/// assert!(AxisKind::X.is_space() && !AxisKind::Channel.is_space());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AxisKind {
    /// Samples.
    Batch,
    /// Channels.
    Channel,
    /// Planes.
    Z,
    /// Rows.
    Y,
    /// Columns.
    X,
}

impl AxisKind {
    /// Whether it is one of `Z`, `Y` and `X`.
    #[must_use]
    pub fn is_space(self) -> bool {
        self.place() >= 2
    }

    /// Where it stands in `BCZYX`.
    pub(crate) fn place(self) -> usize {
        match self {
            AxisKind::Batch => 0,
            AxisKind::Channel => 1,
            AxisKind::Z => 2,
            AxisKind::Y => 3,
            AxisKind::X => 4,
        }
    }

    /// As ONNX files have it.
    pub(crate) fn letter(self) -> char {
        ['N', 'C', 'Z', 'Y', 'X'].get(self.place()).copied().unwrap_or('N')
    }
}

/// Which sizes an axis has.
///
/// ```
/// use patchweave_zoo::AxisSize;
///
/// let halves_twice = AxisSize::Steps { min: 64, step: 4 };
/// assert_eq!(halves_twice.to_string(), "64 + n·4");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum AxisSize {
    /// Any.
    Any,
    /// This one.
    Fixed(usize),
    /// `min + n · step`.
    Steps {
        /// The smallest, above 0.
        min: usize,
        /// Above 0.
        step: usize,
    },
    /// `⌊size of the other axis · ratio + offset⌋`.
    Reference {
        /// The tensor of the other axis.
        tensor: String,
        /// The other axis.
        axis: String,
        /// Pixels for a pixel of the other axis: its scale divided by that of this axis.
        ratio: f64,
        /// Pixels in addition.
        offset: f64,
    },
}

impl fmt::Display for AxisSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AxisSize::Any => f.write_str("any"),
            AxisSize::Fixed(size) => write!(f, "{size}"),
            AxisSize::Steps { min, step } => write!(f, "{min} + n·{step}"),
            AxisSize::Reference { tensor, axis, ratio, offset } => {
                write!(f, "{tensor}.{axis}")?;
                if *ratio != 1.0 {
                    write!(f, " · {ratio}")?;
                }
                if *offset != 0.0 { write!(f, " + {offset}") } else { Ok(()) }
            }
        }
    }
}

/// An axis of a tensor.
///
/// ```no_run
/// use patchweave_zoo::Package;
///
/// let package = Package::open("nuclei.zip".as_ref())?;
/// for axis in &package.description().input.axes {
///     println!("{}: {} pixels", axis.id, axis.size);
/// }
/// # Ok::<(), patchweave_zoo::ZooError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct AxisDescr {
    /// What the package calls it.
    pub id: String,
    /// What it holds.
    pub kind: AxisKind,
    /// Which sizes it has.
    pub size: AxisSize,
    /// Pixels of this axis to be cut off at both ends, because they lack a part of what they should see; 0 for inputs.
    pub halo: usize,
    /// How long a pixel is along it, for sizes that refer to other axes.
    pub(crate) scale: f64,
    /// Where the description has it.
    pub(crate) path: String,
    /// Where the description has its size.
    pub(crate) size_path: String,
    /// Where the description has its halo.
    pub(crate) halo_path: String,
}
