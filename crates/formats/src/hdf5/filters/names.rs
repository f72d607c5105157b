//! What filters are called in The HDF Group's list of registered filters.

use hdf5_reader::messages::filter_pipeline::FilterDescription;

/// The registered name of a filter.
pub(super) fn registered(id: u16) -> Option<&'static str> {
    Some(match id {
        1 => "deflate",
        2 => "shuffle",
        3 => "fletcher32",
        4 => "szip",
        5 => "nbit",
        6 => "scaleoffset",
        257 => "hzip",
        258 => "fpzip",
        305 => "lzo",
        307 => "bzip2",
        32000 => "lzf",
        32001 => "blosc",
        32002 => "mafisc",
        32003 => "snappy",
        32004 => "lz4",
        32005 => "apax",
        32006 => "cbf",
        32007 => "jpeg-xr",
        32008 => "bitshuffle",
        32009 => "spdp",
        32010 => "lpc-rice",
        32011 => "ccsds-123",
        32012 => "jpeg-ls",
        32013 => "zfp",
        32014 => "fpzip",
        32015 => "zstd",
        32016 => "b3d",
        32017 => "sz",
        32018 => "fcidecomp",
        32019 => "jpeg",
        32020 => "vbz",
        32021 => "fapec",
        32022 => "bitgroom",
        32023 => "granular bitround",
        32024 => "sz3",
        32025 => "delta-rice",
        32026 => "blosc2",
        32027 => "flac",
        32028 => "sperr",
        32029 => "terse/prolix",
        32030 => "ffmpeg",
        _ => return None,
    })
}

/// The names of all filters of a chain, in the order in which they are applied on writing.
pub(in crate::hdf5) fn all(filters: &[FilterDescription]) -> String {
    let name = |filter: &FilterDescription| {
        registered(filter.id).map_or_else(|| format!("filter {}", filter.id), str::to_owned)
    };
    filters.iter().map(name).collect::<Vec<_>>().join("+")
}
