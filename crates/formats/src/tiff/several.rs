//! Files that hold several images: what people are told of them, and which path reads the others if one cannot be read.

use patchweave_stack::StackError;

use super::series::Series;
use crate::request::Pyramid;

/// Images that are described one by one.
const MOST_DESCRIBED: usize = 4;

/// Images whose paths are named.
const MOST_NAMED: usize = 3;

/// Series of a file without metadata that names them, of which the first one that can be read says that there are
/// others: their pages are only told apart by their form.
pub(super) fn told(stack: &str, mut all: Vec<Result<Series, StackError>>) -> Vec<Result<Series, StackError>> {
    let is_plain =
        |series: &Result<Series, StackError>| series.as_ref().is_ok_and(|series| series.format == "TIFF");
    if all.len() < 2 || !all.iter().skip(1).any(is_plain) {
        return all;
    }
    let described = all.iter().take(MOST_DESCRIBED).map(|series| match series {
        Ok(series) => format!("{} of {}", series.planes.len(), series.form.describe()),
        Err(_) => "some that do not fit their description".to_owned(),
    });
    let mut described: Vec<String> = described.collect();
    if all.len() > MOST_DESCRIBED {
        described.push("…".to_owned());
    }
    let note = format!(
        "its pages have different shapes and are {} images ({}); a path such as {stack}/0 reads one of them",
        all.len(),
        described.join(", ")
    );
    if let Some(first) = all.iter_mut().flatten().next() {
        first.notes.push(note);
    }
    all
}

/// All images, or why the first one that cannot be read cannot, and which paths read the others.
pub(super) fn all_or_why(
    stack: &str,
    all: Vec<(usize, Result<Pyramid, StackError>)>,
) -> Result<Vec<Pyramid>, StackError> {
    let readable: Vec<usize> = all.iter().filter(|(_, image)| image.is_ok()).map(|(idx, _)| *idx).collect();
    let mut images = Vec::with_capacity(all.len());
    for (_, image) in all {
        match image {
            Ok(image) => images.push(image),
            // Whoever names the axes is asked about this image again.
            Err(error) if readable.is_empty() || matches!(error, StackError::NoAxes { .. }) => {
                return Err(error);
            }
            Err(error) => {
                return Err(StackError::OneOfSeveral {
                    others: others(stack, &readable),
                    source: Box::new(error),
                });
            }
        }
    }
    Ok(images)
}

/// Which paths read images.
fn others(stack: &str, readable: &[usize]) -> String {
    let names: Vec<String> = readable.iter().take(MOST_NAMED).map(|idx| format!("{stack}/{idx}")).collect();
    let more = if readable.len() > names.len() { ", …" } else { "" };
    let verb = if readable.len() == 1 { "reads" } else { "read" };
    format!("{}{more} {verb} the rest", names.join(", "))
}
