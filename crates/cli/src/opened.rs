//! Paths of the command line, opened with the format that the user or the ending names.

use std::path::Path;

use patchweave_files::check_path;
use patchweave_formats::{Format, Formats, OpenOptions, OpenRequest, Pyramid, guessed_axes, is_url};
use patchweave_geometry::Axes;
use patchweave_stack::StackError;

use crate::Failure;

/// The format of a path: that of a name, given by an option of the command line, or else of its ending.
pub(crate) fn format_of<'a>(
    path: &Path,
    given: Option<(&str, &str)>,
    formats: &'a Formats,
) -> Result<&'a dyn Format, Failure> {
    let names = || formats.names().join(", ");
    match given {
        Some((option, name)) => formats
            .named(name)
            .ok_or_else(|| Failure::Arguments(format!("{option}: got {name}, expected one of {}", names()))),
        None => match formats.of_path(path) {
            Some(format) => Ok(format),
            None => {
                if !is_url(path) {
                    check_path(path).map_err(StackError::Path)?;
                }
                let path = path.display();
                Err(Failure::Arguments(format!(
                    "the name of {path} does not tell its format, expected --type with one of {}",
                    names()
                )))
            }
        },
    }
}

/// The images of a path with all levels; where neither the file nor the user names the axes, what the file says and
/// axes that fit its number of dimensions.
pub(crate) fn open(
    path: &Path,
    format: &dyn Format,
    axes: Option<&Axes>,
    options: &OpenOptions,
) -> Result<(Vec<Pyramid>, Option<String>), StackError> {
    let open = |axes| {
        let mut request = OpenRequest::new(path, options);
        (request.axes, request.n_levels) = (axes, None);
        format.open(&request)
    };
    match open(axes) {
        Err(StackError::NoAxes { own, shape, stack }) => match guessed_axes(&own, shape.len()) {
            Some(axes) => Ok((open(Some(&axes))?, Some(own))),
            None => Err(StackError::NoAxes { own, shape, stack }),
        },
        other => Ok((other?, None)),
    }
}
