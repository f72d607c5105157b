//! What is known about an image without reading pixels.

use patchweave_geometry::{ArrayLayout, Axis, Extent, ImageShape, PerAxis, WellField};
use patchweave_pixel::{PixelType, TypedViewMut};

use crate::{Identity, StackError};

/// The size of a pixel along `(Z)YX`, in micrometres.
pub type PixelSize = PerAxis<f64>;

/// From which value to which one a channel is shown.
pub type DisplayWindow = (f64, f64);

/// What is known about an image without reading pixels.
///
/// ```
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::PixelType;
/// use patchweave_stack::StackInfo;
///
/// let layout = ArrayLayout::new("TCYX".parse()?, &[5, 2, 64, 64])?;
/// let info = StackInfo::new("cells.tif", PixelType::U16, layout);
/// assert_eq!(info.shape().to_vec(), [5, 2, 64, 64]);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StackInfo {
    /// Path or URI, or the word `array` for arrays in memory.
    pub source: String,
    /// The type of the pixels in the source and of [typed reads](crate::ImageStackExt::read_typed); patches are always `f32`.
    pub pixel_type: PixelType,
    /// Axes and shape in the order of the source: those that were asked for, or else its own. What is not stored has size 1
    /// here, and a dimension of size 1 that nobody names is left out.
    pub layout: ArrayLayout,
    /// Size of a chunk in these axes, where the source is chunked.
    pub chunks: Option<Vec<usize>>,
    /// Size of a shard in these axes, where chunks are packed into shards.
    pub shards: Option<Vec<usize>>,
    /// Size of a pixel, where the source tells it.
    pub pixel_size: Option<PixelSize>,
    /// Where the centre of the first pixel is along `(Z)YX`, in micrometres, where the source tells it.
    pub translation: Option<PerAxis<f64>>,
    /// What the channels are called, where the source tells it: one name per channel.
    pub channel_names: Option<Vec<String>>,
    /// In which colours the channels are shown, red, green and blue, where the source tells it: one per channel.
    pub channel_colors: Option<Vec<[u8; 3]>>,
    /// From which value to which one the channels are shown, where the source tells it: one pair per channel.
    pub channel_windows: Option<Vec<DisplayWindow>>,
    /// Whether the source says that the pixels are labels, numbers of objects.
    pub is_labels: bool,
    /// Where the image is in a plate, where it is in one.
    pub well_field: Option<WellField>,
    /// Seconds from one time point to the next, where the source tells it.
    pub time_step: Option<f64>,
    /// The format and its version for people (`OME-Zarr 0.4`), where the source is a file.
    pub format: Option<String>,
    /// How chunks are compressed (`zstd`); `None` for pixels that are stored as they are.
    pub compression: Option<String>,
    /// Whether pixels are copied from where they lie, so that chunks are not decoded.
    pub is_in_place: bool,
    /// What the reader noticed and people should know, a sentence each in lower case: `0 of 4 chunks are there`.
    ///
    /// Programs tell every note once per image as a warning.
    pub notes: Vec<String>,
    /// Which pixels these are, to tell whether another image has them too.
    pub identity: Identity,
}

impl StackInfo {
    /// The least that is known of an image; its identity is [unknown](Identity::unknown).
    pub fn new(source: impl Into<String>, pixel_type: PixelType, layout: ArrayLayout) -> Self {
        StackInfo {
            source: source.into(),
            pixel_type,
            layout,
            chunks: None,
            shards: None,
            pixel_size: None,
            translation: None,
            channel_names: None,
            channel_colors: None,
            channel_windows: None,
            is_labels: false,
            well_field: None,
            time_step: None,
            format: None,
            compression: None,
            is_in_place: false,
            notes: Vec::new(),
            identity: Identity::unknown(),
        }
    }

    /// Sets the names of channels, if every channel has one that is not blank; else there are none.
    ///
    /// ```
    /// use patchweave_geometry::ArrayLayout;
    /// use patchweave_pixel::PixelType;
    /// use patchweave_stack::StackInfo;
    ///
    /// let layout = ArrayLayout::new("CYX".parse()?, &[2, 64, 64])?;
    /// let mut info = StackInfo::new("cells.tif", PixelType::U16, layout);
    /// info.set_channel_names(vec!["nuclei ".into(), "actin".into()]);
    /// assert_eq!(info.channel_names.as_deref(), Some(&["nuclei".to_owned(), "actin".to_owned()][..]));
    /// info.set_channel_names(vec!["nuclei".into()]);
    /// assert_eq!(info.channel_names, None, "there are two channels");
    /// # Ok::<(), patchweave_geometry::GeometryError>(())
    /// ```
    pub fn set_channel_names(&mut self, names: Vec<String>) {
        let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        let is_whole = names.len() == self.shape().n_channels && names.iter().all(|name| !name.is_empty());
        self.channel_names = is_whole.then_some(names);
    }

    /// Sets the colours of channels, if there is one for every channel; else there are none.
    ///
    /// ```
    /// use patchweave_geometry::ArrayLayout;
    /// use patchweave_pixel::PixelType;
    /// use patchweave_stack::StackInfo;
    ///
    /// let layout = ArrayLayout::new("CYX".parse()?, &[2, 64, 64])?;
    /// let mut info = StackInfo::new("cells.tif", PixelType::U16, layout);
    /// info.set_channel_colors(vec![Some([0, 0, 255]), Some([0, 255, 0])]);
    /// assert_eq!(info.channel_colors, Some(vec![[0, 0, 255], [0, 255, 0]]));
    /// info.set_channel_colors(vec![Some([0, 0, 255]), None]);
    /// assert_eq!(info.channel_colors, None);
    /// # Ok::<(), patchweave_geometry::GeometryError>(())
    /// ```
    pub fn set_channel_colors(&mut self, colors: Vec<Option<[u8; 3]>>) {
        self.channel_colors = self.for_all_channels(colors);
    }

    /// Sets from which value to which one channels are shown, if every channel has two finite ones, the lower one first; else
    /// there are none.
    ///
    /// ```
    /// use patchweave_geometry::ArrayLayout;
    /// use patchweave_pixel::PixelType;
    /// use patchweave_stack::StackInfo;
    ///
    /// let mut info = StackInfo::new("cells.tif", PixelType::U16, ArrayLayout::new("YX".parse()?, &[64, 64])?);
    /// info.set_channel_windows(vec![Some((100.0, 4095.0))]);
    /// assert_eq!(info.channel_windows, Some(vec![(100.0, 4095.0)]));
    /// info.set_channel_windows(vec![Some((4095.0, 100.0))]);
    /// assert_eq!(info.channel_windows, None);
    /// # Ok::<(), patchweave_geometry::GeometryError>(())
    /// ```
    pub fn set_channel_windows(&mut self, windows: Vec<Option<DisplayWindow>>) {
        let is_usable = |(start, end): &DisplayWindow| start.is_finite() && end.is_finite() && start < end;
        let windows = windows.into_iter().map(|window| window.filter(is_usable)).collect();
        self.channel_windows = self.for_all_channels(windows);
    }

    fn for_all_channels<T>(&self, values: Vec<Option<T>>) -> Option<Vec<T>> {
        let values: Vec<T> = values.into_iter().collect::<Option<_>>()?;
        (values.len() == self.shape().n_channels).then_some(values)
    }

    /// Sets the seconds between time points, if the image has time points and the number is finite and above 0; else there is
    /// no such step.
    ///
    /// ```
    /// use patchweave_geometry::ArrayLayout;
    /// use patchweave_pixel::PixelType;
    /// use patchweave_stack::StackInfo;
    ///
    /// let layout = ArrayLayout::new("TYX".parse()?, &[5, 64, 64])?;
    /// let mut info = StackInfo::new("cells.tif", PixelType::U16, layout);
    /// info.set_time_step(Some(0.5));
    /// assert_eq!(info.time_step, Some(0.5));
    /// info.set_time_step(Some(f64::NAN));
    /// assert_eq!(info.time_step, None);
    /// # Ok::<(), patchweave_geometry::GeometryError>(())
    /// ```
    pub fn set_time_step(&mut self, seconds: Option<f64>) {
        let has_times = self.layout.axes().position(Axis::T).is_some();
        self.time_step = seconds.filter(|step| has_times && step.is_finite() && *step > 0.0);
    }

    /// Refuses memory for pixels of another type than this image has.
    ///
    /// # Errors
    /// [`StackError::PixelType`].
    pub fn check_typed(&self, out: &TypedViewMut<'_>) -> Result<(), StackError> {
        let got = out.pixel_type();
        if got == self.pixel_type { Ok(()) } else { Err(self.other_pixel_type(got)) }
    }

    pub(crate) fn other_pixel_type(&self, got: PixelType) -> StackError {
        StackError::PixelType { stack: self.source.clone(), got, expected: self.pixel_type }
    }

    /// The canonical shape `SC(Z)YX`.
    pub fn shape(&self) -> ImageShape {
        self.layout.image_shape()
    }

    /// The size of a chunk in the axes of the source, where chunks have to be decoded.
    #[must_use]
    pub fn decoded_chunks(&self) -> Option<&[usize]> {
        self.chunks.as_deref().filter(|_| !self.is_in_place)
    }

    /// How many chunks of all samples and channels have to be decoded for the whole image.
    ///
    /// 1 where it is compressed in one piece; `None` where pixels are read in place or no chunks are known.
    ///
    /// ```
    /// use patchweave_geometry::{ArrayLayout, Extent};
    /// use patchweave_pixel::PixelType;
    /// use patchweave_stack::StackInfo;
    ///
    /// let layout = ArrayLayout::new("CZYX".parse()?, &[2, 20, 100, 100])?;
    /// let mut info = StackInfo::new("volume.zarr", PixelType::U16, layout);
    /// assert_eq!(info.n_chunks(), None);
    /// info.chunks = Some(vec![1, 1, 64, 128]);
    /// assert_eq!(info.n_chunks(), Some(2 * 20 * 2));
    /// assert_eq!(info.chunk_bytes(), Some(2 * 64 * 128));
    /// assert_eq!(info.chunk_extent(), Some(Extent::new(&[1, 64, 100])?));
    /// # Ok::<(), patchweave_geometry::GeometryError>(())
    /// ```
    #[must_use]
    pub fn n_chunks(&self) -> Option<u64> {
        let sizes = self.layout.shape().iter().zip(self.decoded_chunks()?);
        let along = sizes.map(|(n, chunk)| n.div_ceil((*chunk).max(1)) as u64);
        Some(along.fold(1, u64::saturating_mul))
    }

    /// Bytes of a whole chunk when it is decoded; those at the ends of the image may have fewer.
    ///
    /// `None` where there is no [number of chunks](Self::n_chunks).
    #[must_use]
    pub fn chunk_bytes(&self) -> Option<u64> {
        let sizes = self.decoded_chunks()?.iter().map(|&size| size as u64);
        Some(sizes.fold(self.pixel_type.n_bytes() as u64, u64::saturating_mul))
    }

    /// The size of a chunk along `(Z)YX`, no larger than the image; chunks count from its first pixel.
    ///
    /// `None` where there is no [number of chunks](Self::n_chunks).
    #[must_use]
    pub fn chunk_extent(&self) -> Option<Extent> {
        let chunks = self.decoded_chunks()?;
        let spatial = [Axis::Z, Axis::Y, Axis::X].into_iter().filter_map(|axis| {
            let dimension = self.layout.axes().position(axis)?;
            Some((*chunks.get(dimension)?).min(self.layout.shape()[dimension]))
        });
        Extent::new(&spatial.collect::<Vec<_>>()).ok()
    }
}
