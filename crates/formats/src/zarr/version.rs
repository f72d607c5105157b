//! The versions of the format.

/// The version that the metadata of an array or group has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZarrVersion {
    V2,
    V3,
}
