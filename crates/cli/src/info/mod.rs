//! `patchweave info`: what a path holds, and what reading patches from it will cost.

mod facts;
mod text;

use std::path::Path;

use patchweave_geometry::{Axes, Axis};
use patchweave_stack::{Format, Formats, OpenOptions, OpenRequest, Pyramid, StackError, stored_bytes};

use crate::arguments::InfoOptions;
use crate::{Console, Failure};
use facts::{ImageFacts, PathFacts};

pub(crate) fn info(options: &InfoOptions, formats: &Formats, console: &Console) -> Result<(), Failure> {
    let path = options.path.as_path();
    let format = format_of(options, formats)?;
    let (images, guess) = open(path, format, options.axes.as_ref())?;
    let facts = PathFacts {
        path: path.display().to_string(),
        // Not known of what lies elsewhere.
        bytes_on_disk: stored_bytes(path).ok(),
        images: images.iter().map(|image| ImageFacts::of(image, guess.as_deref(), options)).collect(),
    };
    if options.json {
        let json = serde_json::to_string_pretty(&facts).map_err(Failure::Json)?;
        return console.say(json);
    }
    text::lines(&facts).iter().try_for_each(|line| console.say(line))
}

fn format_of<'a>(options: &InfoOptions, formats: &'a Formats) -> Result<&'a dyn Format, Failure> {
    let path = options.path.display();
    match &options.data_type {
        Some(name) => formats.named(name).ok_or_else(|| {
            let names = formats.names().join(", ");
            Failure::Arguments(format!("--type: got {name}, expected one of {names}"))
        }),
        None => formats.of_path(&options.path).ok_or_else(|| {
            let names = formats.names().join(", ");
            Failure::Arguments(format!(
                "the name of {path} does not tell its format, expected --type with one of {names}"
            ))
        }),
    }
}

/// The images of a path with all levels; where neither the file nor the user names the axes, what the file says and
/// axes that fit its number of dimensions.
fn open(
    path: &Path,
    format: &dyn Format,
    axes: Option<&Axes>,
) -> Result<(Vec<Pyramid>, Option<String>), StackError> {
    let options = OpenOptions::default();
    let open = |axes| {
        let mut request = OpenRequest::new(path, &options);
        (request.axes, request.n_levels) = (axes, None);
        format.open(&request)
    };
    match open(axes) {
        Err(StackError::NoAxes { own, shape, stack }) => match guess(&own, shape.len()) {
            Some(axes) => Ok((open(Some(&axes))?, Some(own))),
            None => Err(StackError::NoAxes { own, shape, stack }),
        },
        other => Ok((other?, None)),
    }
}

/// Axes for what a file says, a letter that is free in place of every `?`.
fn guess(own: &str, n_dimensions: usize) -> Option<Axes> {
    let is_unknown = own.chars().all(|letter| letter == '?');
    let own = if is_unknown && n_dimensions >= 2 {
        format!("{}YX", "?".repeat(n_dimensions - 2))
    } else {
        own.to_owned()
    };
    let mut free = [Axis::S, Axis::Z, Axis::C, Axis::T]
        .map(Axis::letter)
        .into_iter()
        .filter(|letter| !own.contains(*letter));
    let letters: Option<String> =
        own.chars().map(|letter| if letter == '?' { free.next() } else { Some(letter) }).collect();
    letters?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_dimensions_get_free_letters() {
        let guessed = |own: &str| guess(own, own.len()).map(|axes| axes.to_string());
        assert_eq!(guessed("?YX").as_deref(), Some("SYX"));
        assert_eq!(guessed("S?YX").as_deref(), Some("SZYX"));
        assert_eq!(guessed("???").as_deref(), Some("SYX"));
        assert_eq!(guessed("??").as_deref(), Some("YX"));
        assert_eq!(guessed("???????"), None);
        assert_eq!(guess("", 3).unwrap().to_string(), "SYX");
    }
}
