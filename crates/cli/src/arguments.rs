//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use patchweave_geometry::{Axes, Extent};
use patchweave_pixel::PixelType;
use patchweave_predict::Part;
use patchweave_sink::{Compression, Durability, LevelAxes};

use crate::convert::values::{
    LevelCount, Parts, Scale, Sizes, parse_compression, parse_durability, parse_level_axes, parse_levels,
    parse_parts, parse_pixel_type, parse_scale, parse_setting, parse_sizes,
};

/// Cut training patches out of microscopy images and stitch predictions back into images
///
/// Exit codes: 0 success, 1 the run failed, 2 the command line or the configuration is wrong, 3 a prediction left out what it
/// could not read.
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
        /// Save the progress of loading in this file, and resume from it if it exists
        ///
        /// It is written before the first batch, at the end of every epoch, and where a run fails or is interrupted.
        #[arg(long, value_name = "FILE")]
        state: Option<PathBuf>,
        #[command(flatten)]
        results: ResultOptions,
        #[command(flatten)]
        trace: TraceOptions,
    },
    /// Do only the prediction of a configuration, in one process or shared out among several
    ///
    /// Results get their names when they are whole. What is written of others stays, whatever happens: `--resume` goes on
    /// with it, and leads to the same bytes. A training gives no more than its statistics here.
    Predict {
        /// The YAML file, which needs a `predict` section; paths in it are relative to its folder
        config: PathBuf,
        #[command(flatten)]
        results: ResultOptions,
        /// Make one part of the results, as in 0/3, 1/3 and 2/3; nothing is finished before --finish
        ///
        /// Parts can run at the same time, in any order and again, on all machines that have the output folder.
        #[arg(long, value_name = "I/N", value_parser = parse_part, conflicts_with_all = ["resume", "restart", "finish"])]
        shard: Option<Part>,
        /// Check that all parts were made, and give the results their names
        #[arg(long, conflicts_with_all = ["resume", "restart"])]
        finish: bool,
        #[command(flatten)]
        trace: TraceOptions,
    },
    /// Check a configuration and the images it names
    Validate {
        /// The YAML file
        config: PathBuf,
        /// Prove that training and validation share no pixel, lateral context included, or name one they share
        ///
        /// Images that are simulated by the configuration must have been made. Filters read the images once.
        #[arg(long)]
        leaks: bool,
        /// Read every pixel of all images once, and name all that are truncated or damaged
        ///
        /// Images that are simulated by the configuration must have been made. What is told of an image is the first place that
        /// cannot be read, and how many more there are; pixels that are infinite or no number are told as well.
        #[arg(long)]
        deep: bool,
    },
    /// Measure how fast the training of a configuration is loaded, where the time goes, and what would help
    ///
    /// Loads as a run of a single process would, with an empty cache of decoded chunks at the start of what is measured, and
    /// writes nothing.
    /// Images that are simulated by the configuration must have been made. The last line is the verdict.
    Bench {
        /// The YAML file, which needs a `train` section
        config: PathBuf,
        #[command(flatten)]
        options: BenchOptions,
        #[command(flatten)]
        trace: TraceOptions,
    },
    /// Print what a file, a folder or a URL holds, and what reading patches from it costs
    Info(InfoOptions),
    /// Write an image, a folder or a series in another format, with levels, other chunks, another type, or a part of it
    ///
    /// What is begun and stopped is gone on with by the same command. Nothing has its final name before it is whole.
    Convert(Box<ConvertOptions>),
    /// Tell of models
    Model {
        #[command(subcommand)]
        command: ModelCommand,
    },
    /// Make a small fluorescence data set: one image per structure, and their sum
    Simulate(SimulateOptions),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Print what is in the file of a network, which tiles it takes, and how far its outputs see
    ///
    /// The last is measured: pixels of random images are changed, at all places that may make a difference. A package of the
    /// BioImage Model Zoo tells it itself; its steps before and after the network are printed as well.
    Info {
        /// The network: an ONNX file, or a package (a folder, an archive, or the YAML file that describes it)
        network: PathBuf,
        /// The axes of its input in their order, as in NCYX or NZYXC [default: found out]
        #[arg(long)]
        axes: Option<String>,
        /// Try sizes of tiles other than those that the file says
        #[arg(long)]
        resize: bool,
        /// Who runs the network: tract, onnxruntime, or onnxruntime=LIBRARY
        #[arg(long, default_value = "tract")]
        runtime: String,
    },
    /// Predict the example in a package of the BioImage Model Zoo, and compare with the results in it
    ///
    /// The exit code is 1 if a result differs by more than the package allows.
    Test {
        /// The package: a folder, an archive, or the YAML file that describes it
        package: PathBuf,
        /// Who runs the network: tract, onnxruntime, or onnxruntime=LIBRARY
        #[arg(long, default_value = "tract")]
        runtime: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ResultOptions {
    /// Replace results that exist, as `overwrite: true` in the configuration does; inputs are never replaced
    #[arg(long)]
    pub overwrite: bool,
    /// Go on with a prediction that was begun and not finished: only what is missing is made
    #[arg(long, conflicts_with = "restart")]
    pub resume: bool,
    /// Remove what was begun and not finished, and begin anew
    #[arg(long)]
    pub restart: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TraceOptions {
    /// Write a trace of every thread: a file for ui.perfetto.dev or chrome://tracing
    #[arg(long = "trace", value_name = "FILE")]
    pub file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchOptions {
    /// Seconds to measure; replaying and --try take as long again
    #[arg(long, default_value_t = 5.0, value_name = "SECONDS", value_parser = parse_seconds)]
    pub seconds: f64,
    /// Simulate a consumer that works this many milliseconds on each batch
    #[arg(long, default_value_t = 0, value_name = "MS", value_parser = clap::value_parser!(u64).range(..=60_000))]
    pub consume_ms: u64,
    /// Threads that make patches, instead of those of the configuration
    #[arg(long, value_name = "N", value_parser = parse_workers)]
    pub workers: Option<usize>,
    /// Order of the patches, instead of that of the configuration
    #[arg(long, value_enum, value_name = "ORDER")]
    pub order: Option<OrderName>,
    /// Also measure with the settings that the verdict advises
    #[arg(long = "try")]
    pub tries: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "file")]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrderName {
    Sequential,
    Shuffled,
    Grouped,
    #[value(name = "chunk_aware", alias = "chunk-aware")]
    ChunkAware,
}

#[derive(Debug, Args)]
pub(crate) struct InfoOptions {
    /// A file, a Zarr store, a place inside of one (as in image.ome.zarr/0 or volume.h5/raw), a URL, a folder or a
    /// pattern
    pub path: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Size of the patches whose reading cost is printed, Y,X or Z,Y,X [default: 64,64 or 16,64,64]
    #[arg(long, value_name = "SIZES", value_parser = parse_size)]
    pub patch: Option<Extent>,
    /// Also read a sample of the pixels: smallest, median and largest value
    ///
    /// At most 32 places that are spread over the image are read, 4 million pixels and 256 MiB of chunks, or one chunk where
    /// it is larger.
    #[arg(long)]
    pub pixels: bool,
    /// The axes of the image, where the file does not name them
    #[arg(long)]
    pub axes: Option<Axes>,
    /// The format, where the name of the path does not tell
    #[arg(long = "type", value_name = "FORMAT")]
    pub data_type: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ConvertOptions {
    /// A file, a Zarr store, a place inside of one (as in image.ome.zarr/0 or volume.h5/raw), a URL, a folder or a
    /// pattern
    pub input: PathBuf,
    /// Where the result will stand; a folder for its results if the input is a folder, a pattern, or several images
    pub output: PathBuf,
    /// The format of the result, where the ending of OUTPUT does not tell
    #[arg(long = "to", value_name = "FORMAT")]
    pub to: Option<String>,
    /// The format of the input, where its name does not tell
    #[arg(long = "from", value_name = "FORMAT")]
    pub from: Option<String>,
    /// The axes of the input, where the file does not name them
    #[arg(long)]
    pub axes: Option<Axes>,
    /// How many levels the result has, itself included, or `auto`: until Y and X have 256 pixels at most
    #[arg(long, default_value = "1", value_name = "N", value_parser = parse_levels)]
    pub levels: LevelCount,
    /// The axes along which levels get smaller: yx, zyx, or auto (Z too if its pixel is not longer than twice Y's)
    #[arg(long, default_value = "auto", value_name = "AXES", value_parser = parse_level_axes)]
    pub level_axes: LevelAxes,
    /// Only a part, as in y=0:512,x=100:300,t=2:5; positions behind : are not included
    #[arg(long, value_name = "PARTS", value_parser = parse_parts)]
    pub region: Option<Parts>,
    /// Only these channels, in this order, as in 2,0
    #[arg(long, value_delimiter = ',', value_name = "CHANNELS")]
    pub channels: Option<Vec<usize>>,
    /// The pixel type of the result [default: that of the input]
    #[arg(long = "type", value_name = "TYPE", value_parser = parse_pixel_type)]
    pub pixel_type: Option<PixelType>,
    /// none: values are rounded and clipped; range: from the smallest to the largest value; or LOW,HIGH
    #[arg(long, default_value = "none", value_name = "SCALE", allow_hyphen_values = true, value_parser = parse_scale)]
    pub scale: Scale,
    /// Chunk sizes, as in z=32,y=128,x=128; other axes have 1 [default: the format chooses]
    #[arg(long, value_name = "SIZES", value_parser = parse_sizes)]
    pub chunks: Option<Sizes>,
    /// Shard sizes, as for chunks [default: the format chooses]
    #[arg(long, value_name = "SIZES", value_parser = parse_sizes)]
    pub shards: Option<Sizes>,
    /// none, zstd, deflate, lzw, blosc or blosc_zstd, with a level if wanted, as in zstd:9 [default: the format chooses]
    #[arg(long, value_name = "CODEC", value_parser = parse_compression)]
    pub compression: Option<Compression>,
    /// A setting of the format, as in version=0.4; can be given several times
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_setting)]
    pub settings: Vec<(String, String)>,
    /// Pixels are labels: levels have only numbers that exist [default: if the input says so]
    #[arg(long)]
    pub labels: bool,
    /// Threads that read, convert and write [default: one for every core]
    #[arg(long, value_name = "N", value_parser = parse_workers)]
    pub workers: Option<usize>,
    /// Memory for pixels in MiB
    #[arg(long, default_value_t = 512, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1 << 24))]
    pub memory: u64,
    /// What is on the disk at the end: none, files or full
    #[arg(long, default_value = "full", value_name = "WHAT", value_parser = parse_durability)]
    pub durability: Durability,
    /// Replace a result that exists
    #[arg(long)]
    pub overwrite: bool,
    /// Read the result again and compare every pixel
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateOptions {
    /// Folder for the images; made if it does not exist
    pub folder: PathBuf,
    /// Size of the images in pixels, Y,X or Z,Y,X
    #[arg(long, default_value = "512,512", value_name = "SIZES", value_parser = parse_size)]
    pub size: Extent,
    /// Number of structures: nuclei, filaments, puncta, and again
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub structures: usize,
    /// Seed; the same seed gives the same bytes
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Bits of the mixed image, 8 to 16
    #[arg(long, default_value_t = 16, value_name = "BITS", value_parser = clap::value_parser!(u8).range(8..=16))]
    pub bit_depth: u8,
    /// Expected photons at the brightest pixel of a structure
    #[arg(long, default_value_t = 200.0, allow_negative_numbers = true)]
    pub photons: f64,
    /// Standard deviation of the read noise, in photons
    #[arg(long, default_value_t = 2.0, value_name = "PHOTONS", allow_negative_numbers = true)]
    pub read_noise: f64,
    /// Expected photons where there is no structure
    #[arg(long, default_value_t = 10.0, value_name = "PHOTONS", allow_negative_numbers = true)]
    pub background: f64,
    /// Standard deviation of the point-spread function, in pixels
    #[arg(long, default_value_t = 1.5, value_name = "PIXELS", allow_negative_numbers = true)]
    pub psf_sigma: f64,
    /// Formats to write, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', default_value = "tiff,ome_zarr")]
    pub formats: Vec<FormatName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    Tiff,
    #[value(name = "ome_zarr", alias = "ome-zarr")]
    OmeZarr,
}

/// Sizes with commas between them, as `512,512`.
fn parse_size(text: &str) -> Result<Extent, String> {
    let expected = "expected two sizes Y,X or three sizes Z,Y,X with commas between them, as in 512,512";
    let sizes: Result<Vec<usize>, _> = text.split(',').map(|size| size.trim().parse()).collect();
    let sizes = sizes.ok().filter(|sizes| matches!(sizes.len(), 2 | 3)).ok_or(expected)?;
    Extent::new(&sizes).map_err(|error| error.to_string())
}

/// A part among all of them, as `0/3`.
fn parse_part(text: &str) -> Result<Part, String> {
    let numbers = text.split_once('/').and_then(|(idx, n)| Some((idx.parse().ok()?, n.parse().ok()?)));
    let part = numbers.and_then(|(idx, n)| Part::new(idx, n));
    part.ok_or_else(|| {
        "expected the number of a part, counted from 0, and how many there are: 0/3, 1/3 or 2/3".into()
    })
}

/// Seconds that can be waited for.
fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0.0 && *seconds <= 3600.0);
    seconds.ok_or_else(|| "expected seconds, more than 0 and at most 3600".to_owned())
}

/// As many threads as a configuration may ask for.
fn parse_workers(text: &str) -> Result<usize, String> {
    let workers = text.parse().ok().filter(|workers| (1..=1024).contains(workers));
    workers.ok_or_else(|| "expected a number of threads from 1 to 1024".to_owned())
}
