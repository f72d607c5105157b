//! The conversion of one image.

use std::path::Path;
use std::sync::Arc;

use patchweave_convert::{
    ConvertError, Difference, Running, Selection, Source, Written, check, extremes, fitting_threads, in_pool,
    spec_of, write,
};
use patchweave_formats::{Formats, OpenOptions, stored_bytes};
use patchweave_geometry::{ArrayLayout, Axes, Axis, WellField};
use patchweave_pixel::{Lost, PixelMap};
use patchweave_sink::{ImageSpec, Job, SinkFormats, UnitGrid, labels_target, list_labels};
use patchweave_stack::ImageStack;

use super::labels::{Labels, labels_of};
use super::targets::{OME_ZARR, Target};
use super::values::{LevelCount, Scale};
use crate::arguments::ConvertOptions;
use crate::console::{bytes, counted, grouped, shown};
use crate::opened::open;
use crate::steps::Steps;
use crate::{Console, Failure, interrupt};

/// One image on its way.
pub(crate) struct Conversion<'a> {
    pub options: &'a ConvertOptions,
    pub formats: &'a Formats,
    pub sinks: &'a SinkFormats,
    pub console: &'a Console,
    pub target: Target,
}

/// What was written of an image.
pub(crate) struct Done {
    pub written: Written,
    /// The names of labels that were taken along.
    labels: Vec<String>,
    pub units: UnitGrid,
}

impl Conversion<'_> {
    pub fn run(&self) -> Result<(), Failure> {
        let source = self.source()?;
        let spec = self.spec(&source)?;
        let done = self.write_at(&self.target.output, &source, spec)?;
        self.tell(&source, &done)?;
        if self.options.check { self.check(&source, &done.units) } else { Ok(()) }
    }

    /// Writes the image and its labels to a place, which need not be where the result will stand.
    pub fn write_at(&self, place: &Path, source: &Source, spec: ImageSpec) -> Result<Done, Failure> {
        let labels = self.labels()?;
        let format = self.target.plate.as_ref().map(|_| OME_ZARR).or(self.options.to.as_deref());
        let job = Job::resume(self.sinks, place, format, spec)?;
        if let Err(error) = fitting_threads(&job, source, self.running()) {
            if job.is_resumed() {
                job.leave();
            }
            return Err(error.into());
        }
        let units = job.sink().info().units.clone();
        // Labels first: they have to be there when the image is put together.
        let made = self
            .write_labels(&job, labels)
            .and_then(|labels| Ok((self.write(&job, source, "converting")?, labels)));
        let (written, labels) = match made {
            Ok(made) => made,
            Err(error) => {
                job.leave();
                return Err(error);
            }
        };
        job.commit()?;
        Ok(Done { written, labels, units })
    }

    fn write(&self, job: &Job, source: &Source, what: &str) -> Result<Written, Failure> {
        let bar = Steps::new(what, job.sink().info().units.n_units(), "units");
        let written = write(job, source, self.running(), |n_done| {
            bar.set_position(n_done as u64);
            !interrupt::asked()
        })?;
        bar.finish_and_clear();
        Ok(written)
    }

    /// The labels of the image; a part is only taken of labels that have its pixels.
    fn labels(&self) -> Result<Vec<Labels>, Failure> {
        let image = &self.target.stack.info().layout;
        let labels = labels_of(self.target.stack.as_ref(), self.formats)?;
        let parts = self.options.region.iter().flat_map(|parts| &parts.0);
        for (Labels { name, stack }, (axis, _)) in
            labels.iter().flat_map(|own| parts.clone().map(move |part| (own, part)))
        {
            let size = stack.info().layout.size_of(*axis);
            if size.is_some_and(|size| image.size_of(*axis) != Some(size)) {
                let text = format!(
                    "--region: the labels {name} have {} pixels along {axis:?}, expected {} as the image has",
                    size.unwrap_or(1),
                    image.size_of(*axis).unwrap_or(1)
                );
                return Err(Failure::Arguments(text));
            }
        }
        Ok(labels)
    }

    /// Writes labels into the result of their image, if that is an OME-Zarr; returns their names.
    fn write_labels(&self, image: &Job, labels: Vec<Labels>) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        for Labels { name, stack } in labels {
            let Some(target) = labels_target(image, &name) else {
                let format = image.format_name();
                self.console.say(format!("warning: the labels {name} are not taken along into {format}"))?;
                continue;
            };
            if self.sinks.stands(&target)? {
                // Written by a run that was stopped after it.
                names.push(name);
                continue;
            }
            let selection = self.selection(stack.info().layout.axes());
            let map = PixelMap::to(stack.info().pixel_type);
            let source = Source::new(stack, selection, map)?;
            let mut spec = self.spec(&source)?;
            spec.is_labels = true;
            spec.name.clone_from(&name);
            let job = Job::resume(self.sinks, &target, Some(OME_ZARR), spec)?;
            match self.write(&job, &source, &name) {
                Ok(_) => job.commit()?,
                Err(error) => {
                    job.leave();
                    return Err(error);
                }
            };
            names.push(name);
        }
        if !names.is_empty() {
            list_labels(image, &names)?;
        }
        Ok(names)
    }

    fn running(&self) -> Running {
        Running { memory_bytes: self.options.memory << 20, n_threads: self.n_threads() }
    }

    fn n_threads(&self) -> usize {
        self.options.workers.unwrap_or(Running::default().n_threads)
    }

    /// What is selected of an image with these axes.
    fn selection(&self, axes: &Axes) -> Selection {
        let parts = self.options.region.iter().flat_map(|parts| &parts.0);
        let own = parts.filter(|(axis, _)| axes.contains(*axis));
        own.fold(Selection::whole(), |selection, (axis, range)| selection.with_range(*axis, range.clone()))
    }

    /// What is read, and what pixels become.
    pub fn source(&self) -> Result<Source, Failure> {
        let mut selection = Selection::whole();
        // All of them, so that an axis that the image lacks is told.
        for (axis, range) in self.options.region.iter().flat_map(|parts| &parts.0) {
            selection = selection.with_range(*axis, range.clone());
        }
        if let Some(channels) = &self.options.channels {
            selection = selection.with_channels(channels.clone());
        }
        let stack = Arc::clone(&self.target.stack);
        let pixel_type = self.options.pixel_type.unwrap_or(stack.info().pixel_type);
        let map = PixelMap::to(pixel_type);
        let source = Source::new(stack, selection, map)?;
        Ok(match self.options.scale {
            Scale::None => source,
            Scale::Given(low, high) => source.with_map(map.with_scale(low, high)),
            Scale::Range => {
                let (low, high) = in_pool(self.n_threads(), || extremes(&source))?.unwrap_or((0.0, 1.0));
                self.console.say(format!("values from {low} to {high} are spread over {pixel_type}"))?;
                source.with_map(map.with_scale(low, high))
            }
        })
    }

    pub fn spec(&self, source: &Source) -> Result<ImageSpec, Failure> {
        let options = self.options;
        let mut spec = spec_of(source)?;
        spec.is_labels |= options.labels;
        let field = source.stack().info().well_field.as_ref().filter(|_| self.target.plate.is_some());
        let name = self.target.output.file_name().map(|name| name.to_string_lossy().into_owned());
        spec.name = name.and_then(|name| name.split('.').next().map(str::to_owned)).unwrap_or(spec.name);
        spec.name = field.and_then(WellField::path).unwrap_or(spec.name);
        spec.level_axes = options.level_axes;
        spec.levels = match options.levels {
            LevelCount::Given(n) => n,
            LevelCount::Auto => spec.enough_levels(),
        };
        let axes = spec.layout.axes().as_slice().to_vec();
        spec.chunks = options.chunks.as_ref().map(|sizes| sizes.of(&axes));
        let chunk = |axis| options.chunks.as_ref().map_or(1, |sizes| sizes.along(axis, 1));
        spec.shards = options.shards.as_ref().map(|sizes| {
            // A shard of one chunk along axes that are not named.
            axes.iter().map(|axis| sizes.along(*axis, chunk(*axis))).collect()
        });
        spec.compression = options.compression.unwrap_or_default();
        spec.durability = options.durability;
        for (key, value) in &options.settings {
            let value = match value.as_str() {
                "true" => true.into(),
                "false" => false.into(),
                text => text.into(),
            };
            spec.options.insert(key.clone(), value);
        }
        spec.origin = Some(self.origin(source));
        Ok(spec)
    }

    /// What the result is made of: work on it is only gone on with while that stays.
    fn origin(&self, source: &Source) -> String {
        let info = source.stack().info();
        let stored = &self.target.stored;
        format!("{stored} {} {:?} {:?}", info.source, source.selection(), source.map())
    }

    fn tell(&self, source: &Source, Done { written: outcome, labels, .. }: &Done) -> Result<(), Failure> {
        let output = &self.target.output;
        let layout = source.layout();
        let size = stored_bytes(output).map(|n| {
            #[expect(clippy::cast_precision_loss, reason = "for people")]
            let n = n as f64;
            format!(", {} on disk", bytes(n))
        });
        let found = match outcome.n_found {
            0 => String::new(),
            n => format!(
                "; {} of {} were there from before",
                grouped(n as u64),
                counted(outcome.n_units, "unit", "units")
            ),
        };
        self.console.say(format!(
            "{}: {} {:?} {}{}{found}",
            shown(output),
            layout.axes(),
            layout.shape(),
            source.map().pixel_type(),
            size.unwrap_or_default(),
        ))?;
        if !labels.is_empty() {
            self.console.say(format!("  with labels: {}", labels.join(", ")))?;
        }
        self.tell_losses(source, outcome)
    }

    /// Warns of pixels that became others.
    pub fn tell_losses(&self, source: &Source, written: &Written) -> Result<(), Failure> {
        let Lost { n_clipped, n_rounded, n_nan } = written.lost;
        let told = [
            (n_clipped, "were outside of the range of", "clipped"),
            (n_rounded, "are no values of", "rounded"),
            (n_nan, "are not a number in", "set to 0"),
        ];
        for (n, what, done) in told.into_iter().filter(|(n, ..)| *n > 0) {
            let pixel_type = source.map().pixel_type();
            self.console
                .say(format!("warning: {} pixels {what} {pixel_type} and were {done}", grouped(n)))?;
        }
        Ok(())
    }

    /// Planes of a result whose units are not known, in the axes in which OME-Zarr stores them.
    pub fn planes(&self, source: &Source) -> Result<UnitGrid, Failure> {
        let layout = source.layout();
        let axes = layout.axes().to_canonical();
        let sizes = |axis: &Axis| layout.size_of(*axis).unwrap_or(1);
        let shape: Vec<usize> = axes.as_slice().iter().map(sizes).collect();
        let plane = |axis: &Axis| if matches!(axis, Axis::Y | Axis::X) { sizes(axis) } else { 1 };
        let plane: Vec<usize> = axes.as_slice().iter().map(plane).collect();
        let grid = ArrayLayout::new(axes, &shape).and_then(|layout| UnitGrid::new(layout, &plane));
        let stack = || source.stack().info().source.clone();
        Ok(grid.map_err(|error| ConvertError::Geometry { stack: stack(), source: error })?)
    }

    /// Opens the result and compares it.
    pub fn check(&self, source: &Source, units: &UnitGrid) -> Result<(), Failure> {
        let output = &self.target.output;
        let Some(format) = self.formats.of_path(output) else {
            return Err(Failure::Arguments(format!(
                "--check: {} cannot be read again under this name",
                output.display()
            )));
        };
        let stored = units.layout().axes();
        let own = source.layout().axes();
        let axes = if format.name() == "zarr" { None } else { Some(own) };
        let (images, _) = open(output, format, axes, &OpenOptions::default())?;
        let written: Vec<Arc<dyn ImageStack>> =
            images.into_iter().filter_map(|image| image.into_iter().next()).collect();
        let found = in_pool(self.n_threads(), || check(source, units, &written))?;
        let what = match found {
            None => {
                let n_pixels: usize = units.layout().shape().iter().product();
                return self.console.say(format!("checked {} pixels", grouped(n_pixels as u64)));
            }
            Some(Difference::Form { got, expected }) => format!("got {got}, expected {expected}"),
            Some(Difference::Pixels(unit)) => {
                format!("pixels in the part at {:?} of size {:?} ({stored})", unit.start, unit.size)
            }
        };
        let input = source.stack().info().source.clone();
        Err(Failure::NotTheSame { input, path: output.clone(), what })
    }
}
