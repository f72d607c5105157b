//! The operations of the golden cases, answered by the crates of this workspace.
//!
//! Every operation reads its parameters by name and calls the public API; it never looks at the expected
//! results, except to learn which columns or how many entries a list is asked for, and whether what was drawn
//! lies within bounds that are too wide to be reached by drawing.

mod augment;
mod axes;
mod backends;
mod config;
mod construct;
mod context;
mod dataset;
mod extract;
mod files;
mod filter;
mod fit;
mod large;
mod mixing;
mod normalize;
mod order;
mod outputs;
mod patching;
mod quantile;
mod quilt;
mod random;
mod slices;
mod specs;
mod stitch;
mod stratified;
mod zarr;

use crate::golden::Operation;

/// The operation of that name, if the workspace has what it needs.
///
/// ```
/// use patchweave_testkit::operations::operation;
///
/// assert!(operation("tile_axis").is_some());
/// assert!(operation("knit").is_none());
/// ```
pub fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        "reshape_array" => axes::reshape_array,
        "restore_array" => axes::restore_array,
        "restore_tile" => axes::restore_tile,
        "restored_slices" => axes::restored_slices,
        "patch_slices" => axes::patch_slices,
        "extract_patch" => extract::extract_patch,
        "extract_patch_zarr" => zarr::extract_patch,
        "zarr_source" => zarr::source,
        "zarr_uri" => zarr::uri,
        "extract_patch_tiff" => files::extract_patch_tiff,
        "file_cache" => files::file_cache,
        "patch_extractor" => extract::patch_extractor,
        "patching_sequential" => patching::sequential,
        "patching_tiled" => patching::tiled,
        "patching_whole" => patching::whole,
        "patching_fixed" => patching::fixed,
        "tile_axis" => patching::tile_axis,
        "patching_random" => random::random,
        "patching_fixed_random" => random::fixed_random,
        "patching_stratified" => stratified::stratified,
        "grouped_sampler" => order::grouped,
        "val_split" => stratified::val_split,
        "norm_apply" => normalize::apply,
        "norm_invert" => normalize::invert,
        "norm_fit" => fit::norm_fit,
        "quantile_stream" => quantile::quantile_stream,
        "filter_out" => filter::filter_out,
        "filter_map" => filter::filter_map,
        "filter_background" => filter::filter_background,
        "augment" => augment::augment,
        "stitch" => stitch::stitch,
        "combine_samples" => stitch::combine_samples,
        "write_paths" => outputs::paths,
        "zarr_tile_write" => outputs::tiles,
        "construct_basic" => construct::construct_basic,
        "construct_multi_channel" => mixing::multi_channel,
        "construct_independent" => mixing::independent,
        "construct_paired" => mixing::paired,
        "construct_pred" => mixing::prediction,
        "principal_channel" => mixing::principal_channel,
        "alpha_mix" => mixing::alpha_mix,
        "lateral_context" => context::patch,
        "pad_index" => context::pad_index,
        "resize_antialias" => context::resize_antialias,
        "data_config" => config::data_config,
        "convert_mode" => config::convert_mode,
        "dataset_item" => dataset::item,
        "dataset_shapes" => dataset::shapes,
        "base.chunk_times" => quilt::chunk_times,
        "base.normalize_border" => quilt::normalize_border,
        "base.validate_border_weight" => quilt::validate_border_weight,
        "base.weight_matrix" => quilt::weight_matrix,
        "quilt2d.construct" | "quilt3d.construct" => quilt::construct,
        "quilt2d.roundtrip" | "quilt3d.roundtrip" => quilt::roundtrip,
        "quilt2d.stitch" | "quilt3d.stitch" => quilt::stitch,
        "quilt2d.unstitch_data_pair" | "quilt3d.unstitch_data_pair" => quilt::data_pair,
        "quilt2d.positions" => quilt::positions,
        "large2d.accumulate" | "large3d.accumulate" => large::accumulate,
        "large2d.normalize" | "large3d.normalize" => large::normalize,
        "large2d.iterate" | "large3d.iterate" => large::iterate,
        "large2d.positions" => large::positions,
        "quilt2d.positional_channels" => quilt::positional_channels,
        "large2d.unstitch_and_clean" | "large3d.unstitch_and_clean" => large::clean,
        "cleanup.weed_2d" | "cleanup.weed_3d" => quilt::weed,
        "q25d.convert" => slices::convert,
        "q25d.boundary" => slices::boundary,
        "q25d.channel_metadata" => slices::channel_metadata,
        "q25d.plan" => slices::plan,
        "q25d.parse_errors" => slices::parse,
        "backends.index" => backends::index,
        "backends.convert" => backends::convert,
        "backends.get_z_slices" => backends::z_slices,
        _ => return None,
    })
}
