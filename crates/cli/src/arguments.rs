//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Cut training patches out of microscopy images and weave predictions back into images
///
/// Exit codes: 0 fine, 1 the run failed, 2 the command line or the configuration is wrong.
#[derive(Debug, Parser)]
#[command(name = "patchweave", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Do what a configuration says: simulate data, load training batches, predict
    ///
    /// Nothing is written before the whole configuration and all images were checked.
    Run {
        /// The YAML file; paths in it are relative to its folder
        config: PathBuf,
    },
    /// Check a configuration and the images it names, and do nothing else
    Validate {
        /// The YAML file
        config: PathBuf,
    },
    /// Make a small fluorescence data set: one image per structure, and their sum
    Simulate(SimulateOptions),
}

#[derive(Debug, Args)]
pub(crate) struct SimulateOptions {
    /// Folder for the images; made if it does not exist
    pub folder: PathBuf,
    /// Size of the images in pixels, Y,X or Z,Y,X
    #[arg(long, value_delimiter = ',', default_value = "512,512", value_name = "SIZES")]
    pub size: Vec<usize>,
    /// Number of structures: nuclei, filaments, puncta, and again
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub structures: usize,
    /// Seed; the same seed gives the same bytes
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Bits of the mixed image, 8 to 16
    #[arg(long, default_value_t = 16, value_name = "BITS")]
    pub bit_depth: u8,
    /// Expected photons at the brightest pixel of a structure
    #[arg(long, default_value_t = 200.0)]
    pub photons: f64,
    /// Standard deviation of the read noise, in photons
    #[arg(long, default_value_t = 2.0, value_name = "PHOTONS")]
    pub read_noise: f64,
    /// Expected photons where there is no structure
    #[arg(long, default_value_t = 10.0, value_name = "PHOTONS")]
    pub background: f64,
    /// Standard deviation of the point-spread function, in pixels
    #[arg(long, default_value_t = 1.5, value_name = "PIXELS")]
    pub psf_sigma: f64,
    /// Formats to write
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [FormatName::Tiff, FormatName::OmeZarr])]
    pub formats: Vec<FormatName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    Tiff,
    #[value(name = "ome_zarr", alias = "ome-zarr")]
    OmeZarr,
}
