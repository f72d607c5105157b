//! The parsers that are given damaged bytes.

/// A parser, and what its bytes stand for.
///
/// ```
/// use patchweave_testkit::FuzzTarget;
///
/// let folder = tempfile::tempdir()?;
/// for target in FuzzTarget::ALL {
///     for seed in target.seeds() {
///         target.read(folder.path(), &seed.bytes)?;
///     }
///     // Damage is read or refused, without a panic.
///     let refusal = target.read(folder.path(), b"\xff{").err();
///     assert!(refusal.is_none_or(|refusal| !refusal.to_string().is_empty()));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FuzzTarget {
    /// Whole TIFF files, directories above all.
    TiffDirectories,
    /// The OME-XML of a TIFF.
    OmeXml,
    /// ImageJ's text in a TIFF.
    ImagejText,
    /// Whole NPY files, headers above all.
    Npy,
    /// Metadata of a Zarr array: `zarr.json` if it says `node_type`, otherwise `.zarray`.
    ZarrMetadata,
    /// A file of shards, whose index comes last.
    ShardIndex,
    /// The list of codecs in a `zarr.json`, and after the first line the chunk that they decode.
    CodecChain,
    /// Whole HDF5 files.
    Hdf5,
    /// Configurations.
    Yaml,
}

impl FuzzTarget {
    /// Every target.
    pub const ALL: [FuzzTarget; 9] = [
        FuzzTarget::TiffDirectories,
        FuzzTarget::OmeXml,
        FuzzTarget::ImagejText,
        FuzzTarget::Npy,
        FuzzTarget::ZarrMetadata,
        FuzzTarget::ShardIndex,
        FuzzTarget::CodecChain,
        FuzzTarget::Hdf5,
        FuzzTarget::Yaml,
    ];
}
