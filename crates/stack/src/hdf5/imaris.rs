//! The layout of Imaris: `DataSet/ResolutionLevel n/TimePoint t/Channel c/Data`, and that of its parts, in which a
//! resolution level holds a volume itself.

use hdf5_reader::group::Group;
use patchweave_geometry::{Axis, PerAxis};

use super::dataset::Pixels;
use super::grid::Level;
use super::{Found, Opener, attributes, hdf5_error, numbered};
use crate::file_axes::FileAxes;
use crate::{PixelSize, StackError};

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
    let pixel_size = root.group("DataSetInfo").and_then(|info| info.group("Image")).ok();
    let pixel_size = pixel_size.as_ref().and_then(pixel_size_of);
    let open = move |level: usize| {
        let name = join(inside, &format!("{LEVEL}{level}"));
        let group =
            levels.group(&format!("{LEVEL}{level}")).map_err(hdf5_error(&opener.name(&name), &name))?;
        // The pixel size is that of the full resolution.
        let pixel_size = pixel_size.filter(|_| level == 0);
        match group.group(&format!("{TIME}0")) {
            Ok(_) => times_and_channels(opener, &group, &name, pixel_size),
            Err(_) => volume(opener, &group, &name, pixel_size),
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
    pixel_size: Option<PixelSize>,
) -> Result<Level, StackError> {
    let n_times = numbered(opener, level, TIME, inside)?;
    let (mut parts, mut sizes) = (Vec::new(), Vec::new());
    let mut n_channels = None;
    for time in 0..n_times {
        let name = format!("{inside}/{TIME}{time}");
        let group = level.group(&format!("{TIME}{time}")).map_err(hdf5_error(&opener.name(&name), &name))?;
        let n = numbered(opener, &group, CHANNEL, &name)?;
        if *n_channels.get_or_insert(n) != n {
            return Err(StackError::Damaged {
                stack: opener.name(inside),
                place: name,
                got: format!("{n} channels"),
                expected: format!("{} as at the first time point", n_channels.unwrap_or(0)),
            });
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
    let (size, leading) =
        (sizes.first().cloned().unwrap_or_default(), vec![n_times, n_channels.unwrap_or(0)]);
    if let Some((part, other)) = parts.iter().zip(&sizes).find(|(_, other)| **other != size) {
        return Err(StackError::Damaged {
            stack: opener.name(inside),
            place: part.stack.clone(),
            got: format!("an image of {other:?}"),
            expected: format!("{size:?} as the first"),
        });
    }
    let axes = FileAxes::new([Axis::T, Axis::C, Axis::Z, Axis::Y, Axis::X].map(Some).to_vec());
    let name = opener.name(inside);
    Ok(Level { name, format: "Imaris HDF5", leading, parts, shape: size, axes, pixel_size })
}

/// A level that holds a single volume.
fn volume(
    opener: &Opener<'_>,
    level: &Group,
    inside: &str,
    pixel_size: Option<PixelSize>,
) -> Result<Level, StackError> {
    let (pixels, shape) = data(opener, level, inside)?;
    Ok(Level {
        name: opener.name(inside),
        format: "Imaris HDF5",
        leading: Vec::new(),
        parts: vec![pixels],
        shape,
        axes: FileAxes::new([Axis::Z, Axis::Y, Axis::X].map(Some).to_vec()),
        pixel_size,
    })
}

/// The dataset of a group and how much of it is the image: chunks are stored whole, and what sticks out is padding.
fn data(opener: &Opener<'_>, group: &Group, inside: &str) -> Result<(Pixels, Vec<usize>), StackError> {
    let inside = format!("{inside}/Data");
    let dataset = group.dataset("Data").map_err(hdf5_error(&opener.name(&inside), &inside))?;
    let pixels = Pixels::new(opener, &dataset, &inside)?;
    let sizes = ["ImageSizeZ", "ImageSizeY", "ImageSizeX"].map(|name| attributes::number(group, name));
    let shape = match sizes {
        [Some(z), Some(y), Some(x)] => vec![z, y, x],
        _ => pixels.shape.clone(),
    };
    Ok((pixels, shape))
}

/// What the extent of the image says about the size of its pixels.
fn pixel_size_of(image: &Group) -> Option<PixelSize> {
    let micrometres = match attributes::text(image, "Unit")?.to_lowercase().as_str() {
        "um" | "µm" | "micron" | "microns" => 1.0,
        "nm" => 1e-3,
        "mm" => 1e3,
        _ => return None,
    };
    let size = |letter: &str, number: usize| -> Option<f64> {
        let end: f64 = attributes::number(image, &format!("ExtMax{number}"))?;
        let start: f64 = attributes::number(image, &format!("ExtMin{number}"))?;
        let n_pixels: u32 = attributes::number(image, letter)?;
        let size = (end - start) / f64::from(n_pixels) * micrometres;
        (size.is_finite() && size > 0.0).then_some(size)
    };
    PerAxis::new(&[size("Z", 2)?, size("Y", 1)?, size("X", 0)?]).ok()
}
