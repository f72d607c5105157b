//! What can be wrong with arrays and pictures that are to be shown.

/// Why something could not be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// An array without pixels, or no pictures at all.
    #[error("{what} of shape {shape:?} has nothing to show")]
    Empty {
        /// What was to be shown.
        what: &'static str,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// Inputs and targets that are not pairs.
    #[error("got {n_targets} targets, expected one for each of {n_inputs} inputs")]
    NotPairs {
        /// Patches in the batch of inputs.
        n_inputs: usize,
        /// Patches in the batch of targets.
        n_targets: usize,
    },
    /// Other than one display range per channel.
    #[error("got {n_ranges} display ranges, expected one for each of {n_channels} channels")]
    Ranges {
        /// How many ranges were given.
        n_ranges: usize,
        /// Channels of the patch.
        n_channels: usize,
    },
    /// Percentiles that do not ascend from 0 to 100.
    #[error("got percentiles {low} to {high}, expected 0 <= low < high <= 100")]
    Percentiles {
        /// The lower percentile.
        low: f64,
        /// The upper percentile.
        high: f64,
    },
    /// An option that has to be at least 1.
    #[error("got {name} = 0, expected at least 1")]
    ZeroOption {
        /// The option.
        name: &'static str,
    },
    /// Bytes that are not three per pixel.
    #[error("got {n_bytes} bytes, expected 3 for each of {width} × {height} pixels")]
    ByteCount {
        /// How many bytes were given.
        n_bytes: usize,
        /// Width of the picture.
        width: usize,
        /// Height of the picture.
        height: usize,
    },
    /// A picture of no pixels, or of more than [`MAX_PIXELS`](crate::MAX_PIXELS).
    #[error("got a picture of {width} × {height} pixels, expected 1 to {max_pixels} pixels")]
    PictureSize {
        /// Width of the picture.
        width: usize,
        /// Height of the picture.
        height: usize,
        /// The budget.
        max_pixels: usize,
    },
    /// A width that leaves no pixel for some picture.
    #[error("got a width of at most {max_width} for {n_pictures} pictures, expected at least {min_width}")]
    TooNarrow {
        /// The width asked for.
        max_width: usize,
        /// How many pictures stand beside each other.
        n_pictures: usize,
        /// The smallest width that holds gaps and one pixel of every picture.
        min_width: usize,
    },
    /// The PNG encoder refused.
    #[error("a picture could not be encoded as PNG")]
    Encode(#[from] png::EncodingError),
}
