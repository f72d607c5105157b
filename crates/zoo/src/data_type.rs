//! The types of values that a package names, and casts to them.

use std::fmt;

/// A type of values.
///
/// ```
/// use patchweave_zoo::DataType;
///
/// let byte = DataType::named("uint8").unwrap();
/// // As NumPy casts: towards 0, and around at the ends.
/// assert_eq!([3.9, -1.0, 257.0].map(|value| byte.cast(value)), [3.0, 255.0, 1.0]);
/// assert_eq!(DataType::named("half"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataType {
    /// `float32`.
    F32,
    /// `float64`; values are kept as `f32`.
    F64,
    /// `bool`: 0 or 1.
    Bool,
    /// Whole numbers of so many bits, below 0 as well if signed.
    Integer {
        /// 8, 16, 32 or 64.
        bits: u8,
        /// Whether there are numbers below 0.
        signed: bool,
    },
}

/// All types by their names.
const NAMES: &[(&str, DataType)] = &[
    ("float32", DataType::F32),
    ("float64", DataType::F64),
    ("bool", DataType::Bool),
    ("uint8", DataType::Integer { bits: 8, signed: false }),
    ("int8", DataType::Integer { bits: 8, signed: true }),
    ("uint16", DataType::Integer { bits: 16, signed: false }),
    ("int16", DataType::Integer { bits: 16, signed: true }),
    ("uint32", DataType::Integer { bits: 32, signed: false }),
    ("int32", DataType::Integer { bits: 32, signed: true }),
    ("uint64", DataType::Integer { bits: 64, signed: false }),
    ("int64", DataType::Integer { bits: 64, signed: true }),
];

impl DataType {
    /// The type of a name, as NumPy has it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, data_type)| *data_type)
    }

    /// The names of all types.
    pub(crate) fn names() -> String {
        NAMES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// Whether it has fractions.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(self, DataType::F32 | DataType::F64)
    }

    /// A value as this type keeps it: whole numbers are cut towards 0 and begin anew at their ends, and what is no number
    /// becomes 0.
    #[must_use]
    pub fn cast(self, value: f32) -> f32 {
        match self {
            DataType::F32 | DataType::F64 => value,
            DataType::Bool => f32::from(value != 0.0),
            DataType::Integer { .. } if !value.is_finite() => 0.0,
            DataType::Integer { bits, signed } => {
                let n_values = f64::from(bits).exp2();
                let rest = f64::from(value).trunc().rem_euclid(n_values);
                single(if signed && rest >= n_values / 2.0 { rest - n_values } else { rest })
            }
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(_, known)| known == self).map_or("number", |(name, _)| name))
    }
}

/// The nearest `f32`.
pub(crate) fn single(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "rounding is meant")]
    let value = value as f32;
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_keeps_what_it_can_hold() {
        for (name, data_type) in NAMES {
            assert_eq!(data_type.to_string(), *name);
            assert_eq!([0.0, 1.0].map(|value| data_type.cast(value)), [0.0, 1.0]);
        }
        let cast = |name: &str, value| DataType::named(name).unwrap().cast(value);
        assert_eq!(cast("int8", 128.0), -128.0);
        assert_eq!(cast("int8", -1.9), -1.0);
        assert_eq!(cast("uint16", -3.0), 65_533.0);
        assert_eq!(cast("uint64", 1e9), 1e9);
        assert_eq!(cast("uint8", f32::NAN), 0.0);
        assert_eq!(cast("bool", -0.5), 1.0);
        assert_eq!(cast("float64", 0.1), 0.1);
    }
}
