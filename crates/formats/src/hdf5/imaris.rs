//! The layout of Imaris: `DataSet/ResolutionLevel n/TimePoint t/Channel c/Data`, and that of its parts, in which a
//! resolution level holds a volume itself.

use hdf5_reader::group::Group;
use patchweave_geometry::Axis;
use patchweave_stack::StackError;

use super::any_dataset::pixels_of;
use super::attributes;
use super::error::hdf5_error;
use super::found::Found;
use super::grid::Level;
use super::imaris_info::ImageInfo;
use super::numbered::numbered;
use super::opener::Opener;
use super::pixels::Pixels;
use crate::file_axes::FileAxes;

const LEVEL: &str = "ResolutionLevel ";
const TIME: &str = "TimePoint ";
const CHANNEL: &str = "Channel ";

/// The image of a file or of a part of one, if it is laid out as Imaris does.
pub(super) fn find<'a>(opener: &'a Opener<'_>, root: &Group) -> Result<Option<Found<'a>>, StackError> {
    // A missing group says that it is another layout; anything else that is wrong with it is found when it is listed.
    let (levels, inside) = match root.group("DataSet") {
        Ok(levels) => (levels, "DataSet"),
        Err(_) => (root.clone(), ""),
    };
    if levels.group(&format!("{LEVEL}0")).is_err() {
        return Ok(None);
    }
    let n_levels = numbered(opener, &levels, LEVEL, inside)?;
    let info = root.group("DataSetInfo").ok().map(|group| ImageInfo::read(&group)).unwrap_or_default();
    let open = move |level: usize| {
        let name = join(inside, &format!("{LEVEL}{level}"));
        let group =
            levels.group(&format!("{LEVEL}{level}")).map_err(hdf5_error(&opener.name(&name), &name))?;
        // The pixel size is that of the full resolution.
        let pixel_size = if level == 0 { info.pixel_size } else { [None; 3] };
        let info = ImageInfo { pixel_size, ..info.clone() };
        match group.group(&format!("{TIME}0")) {
            Ok(_) => times_and_channels(opener, &group, &name, info),
            Err(_) => volume(opener, &group, &name, info),
        }
    };
    Ok(Some(Found { name: String::new(), n_levels, open: Box::new(open) }))
}

fn join(above: &str, name: &str) -> String {
    if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") }
}

/// A level with one dataset per time point and channel.
fn times_and_channels(
    opener: &Opener<'_>,
    level: &Group,
    inside: &str,
    info: ImageInfo,
) -> Result<Level, StackError> {
    let n_times = numbered(opener, level, TIME, inside)?;
    let mut parts = Vec::new();
    let mut sizes = Vec::new();
    let mut n_channels = None;
    for time in 0..n_times {
        let name = format!("{inside}/{TIME}{time}");
        let group = level.group(&format!("{TIME}{time}")).map_err(hdf5_error(&opener.name(&name), &name))?;
        let n = numbered(opener, &group, CHANNEL, &name)?;
        if *n_channels.get_or_insert(n) != n {
            return Err(StackError::damaged(
                opener.name(inside),
                name,
                format!("{n} channels"),
                format!("{} as at the first time point", n_channels.unwrap_or(0)),
            ));
        }
        for channel in 0..n {
            let name = format!("{name}/{CHANNEL}{channel}");
            let group = group
                .group(&format!("{CHANNEL}{channel}"))
                .map_err(hdf5_error(&opener.name(&name), &name))?;
            let (pixels, size) = data(opener, &group, &name)?;
            parts.push(pixels);
            sizes.push(size);
        }
    }
    let size = sizes.first().cloned().unwrap_or_default();
    let leading = vec![n_times, n_channels.unwrap_or(0)];
    if let Some((part, other)) = parts.iter().zip(&sizes).find(|(_, other)| **other != size) {
        return Err(StackError::damaged(
            opener.name(inside),
            part.stack.clone(),
            format!("an image of {other:?}"),
            format!("{size:?} as the first"),
        ));
    }
    let axes = FileAxes::new([Axis::T, Axis::C, Axis::Z, Axis::Y, Axis::X].map(Some).to_vec());
    let name = opener.name(inside);
    Ok(Level { name, format: "Imaris HDF5", leading, parts, shape: size, axes, info })
}

/// A level that holds a single volume.
fn volume(opener: &Opener<'_>, level: &Group, inside: &str, info: ImageInfo) -> Result<Level, StackError> {
    let (pixels, shape) = data(opener, level, inside)?;
    Ok(Level {
        name: opener.name(inside),
        format: "Imaris HDF5",
        leading: Vec::new(),
        parts: vec![pixels],
        shape,
        axes: FileAxes::new([Axis::Z, Axis::Y, Axis::X].map(Some).to_vec()),
        info,
    })
}

/// The dataset of a group and how much of it is the image: chunks are stored whole, and what sticks out is padding.
fn data(opener: &Opener<'_>, group: &Group, inside: &str) -> Result<(Pixels, Vec<usize>), StackError> {
    let inside = format!("{inside}/Data");
    let dataset = opener.dataset(group, "Data").map_err(hdf5_error(&opener.name(&inside), &inside))?;
    let pixels = pixels_of(opener, &dataset, &inside)?;
    let sizes = ["ImageSizeZ", "ImageSizeY", "ImageSizeX"].map(|name| attributes::number(group, name));
    let shape = match sizes {
        [Some(z), Some(y), Some(x)] => vec![z, y, x],
        _ => pixels.shape.clone(),
    };
    Ok((pixels, shape))
}
