//! A sink that tells how far it is.

use std::sync::Arc;

use patchweave_pixel::{TypedArray, TypedView};

use crate::{ImageSink, SinkError, SinkInfo};

/// A sink that calls a function with every unit that was written.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::{PixelType, TypedArray};
/// use patchweave_sink::{ImageSink, ImageSpec, Job, SinkFormats, Watched};
///
/// let folder = tempfile::tempdir()?;
/// let spec = ImageSpec::new(ArrayLayout::new("YX".parse()?, &[6, 6])?, PixelType::U8);
/// let job = Job::start(&SinkFormats::default(), &folder.path().join("a.tif"), None, spec)?;
/// let n_pixels = Arc::new(AtomicUsize::new(0));
/// let counter = Arc::clone(&n_pixels);
/// let sink = Watched::new(job.sink(), move |_unit_idx, n| {
///     counter.fetch_add(n, Ordering::Relaxed);
/// });
/// sink.write(0, TypedArray::zeros(PixelType::U8, &[6, 6]).unwrap().view())?;
/// assert_eq!(n_pixels.load(Ordering::Relaxed), 36);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Watched<F> {
    sink: Arc<dyn ImageSink>,
    on_written: F,
}

impl<F: Fn(usize, usize) + Send + Sync> Watched<F> {
    /// Calls a function with the number of every unit that was written and the number of its pixels.
    pub fn new(sink: Arc<dyn ImageSink>, on_written: F) -> Self {
        Watched { sink, on_written }
    }
}

impl<F: Fn(usize, usize) + Send + Sync> ImageSink for Watched<F> {
    fn info(&self) -> &SinkInfo {
        self.sink.info()
    }

    fn write(&self, unit_idx: usize, pixels: TypedView<'_>) -> Result<(), SinkError> {
        let n_pixels = pixels.shape().iter().product();
        self.sink.write(unit_idx, pixels)?;
        (self.on_written)(unit_idx, n_pixels);
        Ok(())
    }

    fn is_written(&self, unit_idx: usize) -> Result<bool, SinkError> {
        self.sink.is_written(unit_idx)
    }

    fn read(&self, unit_idx: usize) -> Result<Option<TypedArray>, SinkError> {
        self.sink.read(unit_idx)
    }
}
