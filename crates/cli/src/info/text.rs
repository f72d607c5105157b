//! What is said about a path, as a person reads it.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::facts::{ImageFacts, PathFacts};
use super::pixels::PixelFacts;
use crate::console::{bytes, counted, grouped};

/// What is said about a path; `is_searched` where it is a folder or a pattern, whose files are counted at the end.
pub(crate) fn lines(facts: &PathFacts, is_searched: bool) -> Vec<String> {
    let n_images = facts.images.iter().filter(|image| image.same_as.is_none()).count();
    let on_disk =
        facts.bytes_on_disk.map_or_else(String::new, |count| format!(", {} on disk", size(count.into())));
    let images = counted(n_images, "image", "images");
    let mut lines = vec![format!("{}: {images}{on_disk}", facts.path)];
    lines.extend(facts.warnings.iter().map(|warning| format!("  warning: {warning}")));
    let mut told: HashMap<String, &ImageFacts> = HashMap::new();
    for image in &facts.images {
        lines.push(format!("{}:", image.source));
        if let Some(same) = &image.same_as {
            lines.push(format!("  is {same}"));
            continue;
        }
        match told.entry(form_of(image)) {
            Entry::Occupied(other) => {
                lines.push(format!("  as {}", other.get().source));
                lines.extend(image.pixels.iter().map(|pixels| line("pixels", &of_pixels(pixels, image))));
            }
            Entry::Vacant(new) => {
                lines.extend(image_lines(image));
                new.insert(image);
            }
        }
    }
    lines.extend(facts.unreadable.iter().map(|file| {
        // Most errors begin with the path themselves.
        let error = file.error.strip_prefix(&format!("{}: ", file.path)).unwrap_or(&file.error);
        format!("{}: cannot be read: {error}", file.path)
    }));
    if is_searched {
        let n_unreadable = facts.unreadable.len();
        let readable = counted(facts.n_files - n_unreadable, "file", "files");
        let rest = match n_unreadable {
            0 => String::new(),
            n => format!("; {} cannot be read", counted(n, "file", "files")),
        };
        lines.push(format!("{images} in {readable}{rest}"));
    }
    lines
}

fn line(what: &str, text: &str) -> String {
    format!("  {what:<12} {text}")
}

/// Everything but name and pixels.
fn form_of(image: &ImageFacts) -> String {
    format!("{:?}", ImageFacts { source: String::new(), pixels: None, ..image.clone() })
}

fn image_lines(image: &ImageFacts) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |what: &str, text: String| lines.push(line(what, &text));
    if let Some(format) = &image.format {
        say("format", format.clone());
    }
    say("axes", image.axes.clone());
    say("shape", format!("{}, {} decoded", product(&image.shape), size(image.decoded_bytes)));
    say("type", image.dtype.to_owned());
    if let Some(chunks) = &image.chunks {
        let how = match (&image.compression, image.is_read_in_place) {
            (Some(compression), _) => format!("compressed with {compression}"),
            (None, true) => "not compressed, read in place".to_owned(),
            (None, false) => "not compressed".to_owned(),
        };
        say("chunks", format!("{}, {how}", product(chunks)));
    }
    if let Some(shards) = &image.shards {
        say("shards", product(shards));
    }
    let sizes = image.pixel_size_um.as_ref().map(along_space);
    say("pixel size", sizes.unwrap_or_else(|| "unknown".to_owned()));
    if let Some(place) = &image.translation_um {
        say("first pixel", along_space(place));
    }
    if let Some(names) = &image.channel_names {
        say("channels", names.join(", "));
    }
    if let Some(seconds) = image.time_step_s {
        say("time step", format!("{} s", rounded(seconds)));
    }
    if image.levels.len() > 1 {
        let levels: Vec<String> = image.levels.iter().map(|level| product(level)).collect();
        say("levels", format!("{}: {}", levels.len(), levels.join(", ")));
    }
    if let Some(factor) = image.amplification {
        let patch = product(&image.patch_size);
        say(
            "patches",
            format!(
                "{patch}: {factor:.1} pixels are decoded for each pixel at random places, without a cache"
            ),
        );
    }
    if let Some(pixels) = &image.pixels {
        say("pixels", of_pixels(pixels, image));
    }
    lines.extend(image.warnings.iter().map(|warning| format!("  warning: {warning}")));
    lines
}

/// From here on, `f32` does not hold every integer.
const EXACT: f32 = 16_777_216.0;

fn of_pixels(pixels: &PixelFacts, image: &ImageFacts) -> String {
    let number = |value: f32| match image.dtype.contains("float") {
        true => format!("{value:?}"),
        false if value.abs() >= EXACT => format!("about {value:.0}"),
        false => format!("{value:.0}"),
    };
    let values = match (pixels.smallest, pixels.median, pixels.largest) {
        (Some(smallest), Some(median), Some(largest)) => {
            format!("{} to {}, median {}", number(smallest), number(largest), number(median))
        }
        _ => "no finite number".to_owned(),
    };
    let seen = match pixels.is_all {
        true => format!("all {} of them", grouped(pixels.n_pixels)),
        false => {
            let n_places = usize::try_from(pixels.n_places).unwrap_or(usize::MAX);
            format!("{} of them in {}", grouped(pixels.n_pixels), counted(n_places, "place", "places"))
        }
    };
    let odd = [(pixels.n_nan, "NaN"), (pixels.n_infinite, "infinite")];
    let odd = odd.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!(", {} {what}", grouped(n)));
    format!("{values}{} ({seen})", odd.collect::<String>())
}

fn product(sizes: &[usize]) -> String {
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn size(count: u128) -> String {
    bytes(count as f64)
}

/// Micrometres along every axis.
fn along_space(values: &BTreeMap<char, f64>) -> String {
    let along = |axis: &char| Some(format!("{axis} {} µm", rounded(*values.get(axis)?)));
    let values: Vec<String> = ['Z', 'Y', 'X'].iter().filter_map(along).collect();
    values.join(", ")
}

/// Four digits, without zeros at the end.
fn rounded(value: f64) -> String {
    let text = format!("{value:.prec$}", prec = if value >= 1.0 { 3 } else { 6 });
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
