//! How the images of a plan are opened: with which formats, under which limits, and what their axes are; and the formats of
//! results.

use std::path::Path;
use std::time::Duration;

use patchweave_config::{AxesQuestion, DataType, ReadingPlan, RemotePlan, UnknownAxes};
use patchweave_formats::{
    AxesSource, ChunkCache, Formats, MissingPlanes, OpenOptions, OpenRequest, Pyramid, ReadBudget,
    RemoteOptions, RequestLimit, is_url, layout_in_axes,
};
use patchweave_geometry::{ArrayLayout, Axes};
use patchweave_sink::SinkFormats;
use patchweave_stack::{StackError, with_causes};

use crate::simulated::{future_files, planned_layout};

/// Images of a folder whose axes are compared where none are written.
const MOST_COMPARED: usize = 256;

/// How the images of a plan are opened, and the formats that its results can have.
///
/// ```
/// use patchweave_pipeline::Opening;
///
/// let opening = Opening::default();
/// assert!(opening.formats.named("tiff").is_some());
/// assert!(opening.sinks.find("cells.npy".as_ref(), None).is_ok());
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Opening {
    /// The formats that there are; those of a program's own are found by `data_type: custom`.
    pub formats: Formats,
    /// Limits and the chunk cache, which all images of a run share.
    pub options: OpenOptions,
    /// The formats that results are written in, found by the names in `predict.formats`.
    pub sinks: SinkFormats,
}

impl Opening {
    /// Opening with these formats and the default limits.
    #[must_use]
    pub fn with_formats(formats: Formats) -> Self {
        Opening { formats, ..Opening::default() }
    }

    /// The same, with results in these formats.
    #[must_use]
    pub fn with_sinks(self, sinks: SinkFormats) -> Self {
        Opening { sinks, ..self }
    }

    /// The same formats under the limits of a configuration; images that are opened with it share a cache.
    ///
    /// What the configuration leaves at its default stays as it is here.
    #[must_use]
    pub fn for_reading(&self, reading: &ReadingPlan) -> Self {
        let default = ReadingPlan::default();
        let mut opening = self.clone();
        let options = &mut opening.options;
        if reading.cache_bytes != default.cache_bytes {
            options.cache = ChunkCache::new(reading.cache_bytes as u64);
        }
        if reading.chunk_bytes != default.chunk_bytes {
            options.decoded_chunk_bytes = reading.chunk_bytes;
        }
        if reading.in_flight_bytes != default.in_flight_bytes {
            options.in_flight = ReadBudget::new(reading.in_flight_bytes as u64);
        }
        options.map_files &= reading.map_files;
        options.links_outside |= reading.links_outside;
        read_remote(&mut options.remote, reading.remote);
        let mut remote = opening.sinks.remote().clone();
        read_remote(&mut remote, reading.remote);
        opening.sinks = opening.sinks.with_remote(remote);
        if reading.missing_planes == patchweave_config::MissingPlanes::Zeros {
            options.missing_planes = MissingPlanes::Zeros;
        }
        opening
    }

    /// Opens what is at a path: one or several images, each with its levels.
    pub(crate) fn open(
        &self,
        path: &Path,
        data_type: DataType,
        axes: Option<(&Axes, AxesSource)>,
        n_levels: usize,
    ) -> Result<Vec<Pyramid>, StackError> {
        let mut request = OpenRequest::new(path, &self.options);
        if let Some((axes, source)) = axes {
            (request.axes, request.axes_source) = (Some(axes), source);
        }
        request.n_levels = Some(n_levels);
        match format_name(data_type) {
            Some(name) => self.formats.open(name, &request),
            None => self.formats.open_by_ending(&request),
        }
    }

    /// The axes that the first image of an entry names for itself, and their sizes.
    ///
    /// Where other images of a folder do not fit, those that another of them names, if all images do.
    pub(crate) fn axes_of(&self, question: &AxesQuestion<'_>) -> Result<ArrayLayout, UnknownAxes> {
        let failed = |error: StackError| UnknownAxes {
            found: with_causes(&error),
            expected: what_is_needed(&error),
            is_readable: matches!(error.innermost(), StackError::NoAxes { .. }),
        };
        let future = question.simulate.map_or(Vec::new(), future_files);
        let members = self.formats.members(question.path, format_name(question.data_type), &future);
        let members = members.map_err(failed)?.found;
        let first = members.first().map_or(question.path, |member| &member.path);
        if let Some(layout) = question.simulate.and_then(|simulate| planned_layout(simulate, first)) {
            return Ok(layout);
        }
        let opening = self.for_reading(&question.reading);
        let open = |path: &Path| opening.open(path, question.data_type, None, 1);
        // All of them stay open to the end: the files of an OME-TIFF are then opened once each.
        let mut images = open(first).map_err(failed)?;
        if images.is_empty() {
            return Err(UnknownAxes {
                found: format!("{} holds no image", first.display()),
                expected: "at least one image".to_owned(),
                is_readable: false,
            });
        }
        // What cannot be opened is told where all images are.
        let others = members.iter().skip(1).map(|member| &member.path).filter(|path| !is_url(path));
        images.extend(others.take(MOST_COMPARED).filter_map(|path| open(path).ok()).flatten());
        let layouts =
            images.iter().filter_map(|levels| levels.first()).map(|stack| stack.info().layout.clone());
        let mut all: Vec<ArrayLayout> = layouts.collect();
        Ok(in_common_axes(&all).unwrap_or_else(|| all.swap_remove(0)))
    }
}

/// The first of several layouts in the axes of the first of them that all of them fit.
fn in_common_axes(all: &[ArrayLayout]) -> Option<ArrayLayout> {
    let in_axes = |own: &ArrayLayout, axes: &Axes| layout_in_axes("", own, axes, AxesSource::Checked).ok();
    let mut tried: Vec<&Axes> = Vec::new();
    for axes in all.iter().map(ArrayLayout::axes) {
        if !tried.contains(&axes) {
            tried.push(axes);
            if all.iter().all(|own| in_axes(own, axes).is_some()) {
                return in_axes(all.first()?, axes);
            }
        }
    }
    None
}

/// What a configuration says of images behind URLs, unless it is the default.
fn read_remote(options: &mut RemoteOptions, plan: RemotePlan) {
    let default = RemotePlan::default();
    if plan.requests != default.requests {
        options.requests = RequestLimit::new(plan.requests);
    }
    if plan.idle_seconds != default.idle_seconds {
        options.idle = Duration::from_secs(plan.idle_seconds);
    }
    if plan.tries != default.tries {
        options.tries = plan.tries;
    }
    options.instance_credentials |= plan.instance_credentials;
}

/// The name of the format of a data type; `None` where the ending of every path tells it.
pub(crate) fn format_name(data_type: DataType) -> Option<&'static str> {
    Some(data_type.name()).filter(|_| data_type != DataType::Custom)
}

fn what_is_needed(error: &StackError) -> String {
    match error.innermost() {
        StackError::NoAxes { shape, .. } => {
            let example = match shape.len() {
                0..=2 => "YX",
                3 => "ZYX",
                4 => "CZYX",
                5 => "TCZYX",
                _ => "STCZYX",
            };
            format!("{} letters that name them, as in axes: {example}", shape.len())
        }
        StackError::NoMembers { .. } => "images in the folder, or another path".to_owned(),
        _ => "an image that can be read".to_owned(),
    }
}
