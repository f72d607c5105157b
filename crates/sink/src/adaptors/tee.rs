//! Several sinks that get the same pixels.

use std::sync::Arc;

use patchweave_geometry::Axis;
use patchweave_pixel::{TypedArray, TypedView};

use super::inner;
use crate::unit_grid::times_to_multiple;
use crate::{ImageSink, SinkError, SinkInfo, Unit};

/// Several sinks of one image that get the same pixels, each in its own axes and units.
///
/// Its units are in the axes of the first sink, and so large that they are made of whole units of each.
///
/// ```
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::{PixelType, TypedArray};
/// use patchweave_sink::{ImageSink, ImageSpec, Job, SinkFormats, Tee};
///
/// let folder = tempfile::tempdir()?;
/// let layout = ArrayLayout::new("YX".parse()?, &[30, 40])?;
/// let mut jobs = Vec::new();
/// for name in ["a.tif", "a.ome.zarr"] {
///     let spec = ImageSpec::new(layout.clone(), PixelType::I32);
///     jobs.push(Job::start(&SinkFormats::default(), &folder.path().join(name), None, spec)?);
/// }
/// let tee = Tee::new(jobs.iter().map(Job::sink).collect())?;
/// for unit_idx in 0..tee.info().units.n_units() {
///     let unit = tee.info().unit(unit_idx)?;
///     tee.write(unit_idx, TypedArray::zeros(PixelType::I32, &unit.size).unwrap().view())?;
/// }
/// for job in jobs {
///     job.commit()?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Tee {
    info: SinkInfo,
    sinks: Vec<Arc<dyn ImageSink>>,
}

impl Tee {
    /// Joins sinks of images of one size and pixel type.
    ///
    /// # Errors
    /// [`SinkError::Unfit`] if there is none, or they differ.
    pub fn new(sinks: Vec<Arc<dyn ImageSink>>) -> Result<Self, SinkError> {
        let Some(first) = sinks.first() else {
            let expected = "at least one".to_owned();
            return Err(SinkError::Unfit { path: "".into(), got: "no sinks".to_owned(), expected });
        };
        let info = first.info();
        let axes = info.units.layout().axes().as_slice();
        let mut factors = vec![1; axes.len()];
        for sink in &sinks[1..] {
            let other = sink.info();
            check_form(info, other)?;
            for (at, axis) in axes.iter().enumerate() {
                let other_size = other.units.layout().axes().position(*axis);
                let other_size =
                    other_size.and_then(|at| other.units.unit_size().get(at)).copied().unwrap_or(1);
                let size = info.units.unit_size()[at] * factors[at];
                if other_size < info.units.layout().shape()[at] {
                    factors[at] *= times_to_multiple(size, other_size);
                } else {
                    factors[at] = info.units.layout().shape()[at];
                }
            }
        }
        let units = info.units.joined(&factors).map_err(|source| info.layout_error(source))?;
        let info = SinkInfo { units, ..info.clone() };
        Ok(Tee { info, sinks })
    }

    /// The order of this tee's axes in a sink, and where a unit is there.
    fn place(&self, sink: &dyn ImageSink, unit: &Unit) -> (Vec<usize>, Unit) {
        let own = self.info.units.layout().axes();
        let place = |axis: &Axis| own.position(*axis);
        let order: Vec<usize> =
            sink.info().units.layout().axes().as_slice().iter().filter_map(place).collect();
        let pick = |values: &[usize]| order.iter().map(|at| values[*at]).collect();
        let unit = Unit { start: pick(&unit.start), size: pick(&unit.size) };
        (order, unit)
    }
}

impl ImageSink for Tee {
    fn info(&self) -> &SinkInfo {
        &self.info
    }

    fn write(&self, unit_idx: usize, pixels: TypedView<'_>) -> Result<(), SinkError> {
        let unit = self.info.check(unit_idx, &pixels)?;
        self.sinks.iter().try_for_each(|sink| {
            let (order, unit) = self.place(sink, &unit);
            inner::write(sink, &unit, &pixels.view().permuted_axes(&order))
        })
    }

    fn is_written(&self, unit_idx: usize) -> Result<bool, SinkError> {
        let unit = self.info.unit(unit_idx)?;
        for sink in &self.sinks {
            if !inner::is_written(sink, &self.place(sink, &unit).1)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn read(&self, unit_idx: usize) -> Result<Option<TypedArray>, SinkError> {
        let unit = self.info.unit(unit_idx)?;
        // The first one has these axes.
        self.sinks.first().map_or(Ok(None), |sink| inner::read(sink, &unit))
    }
}

fn check_form(first: &SinkInfo, other: &SinkInfo) -> Result<(), SinkError> {
    let form = |info: &SinkInfo| {
        let layout = info.units.layout();
        let mut sizes: Vec<_> = layout.axes().to_canonical().as_slice().to_vec();
        sizes.dedup();
        let sizes: Vec<String> =
            sizes.iter().map(|axis| format!("{axis:?} {}", layout.size_of(*axis).unwrap_or(1))).collect();
        format!("{} ({})", sizes.join(", "), info.pixel_type)
    };
    let got = form(other);
    let expected = form(first);
    if got == expected {
        return Ok(());
    }
    let expected = format!("{expected} as in {}", first.target.display());
    Err(SinkError::Unfit { path: other.target.clone(), got, expected })
}
