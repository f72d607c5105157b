//! What is said about a path, as a person reads it.

use super::facts::{ImageFacts, PathFacts};
use crate::console::bytes;

pub(crate) fn lines(facts: &PathFacts) -> Vec<String> {
    let n_images = facts.images.len();
    let on_disk =
        facts.bytes_on_disk.map_or_else(String::new, |count| format!(", {} on disk", size(count.into())));
    let images = if n_images == 1 { "1 image".to_owned() } else { format!("{n_images} images") };
    let mut lines = vec![format!("{}: {images}{on_disk}", facts.path)];
    lines.extend(facts.warnings.iter().map(|warning| format!("  warning: {warning}")));
    let mut told: Vec<&ImageFacts> = Vec::new();
    for image in &facts.images {
        lines.push(format!("{}:", image.source));
        match told.iter().find(|other| has_same_form(other, image)) {
            Some(other) => lines.push(format!("  as {}", other.source)),
            None => {
                lines.extend(image_lines(image));
                told.push(image);
            }
        }
    }
    lines
}

fn has_same_form(one: &ImageFacts, other: &ImageFacts) -> bool {
    *one == ImageFacts { source: one.source.clone(), ..other.clone() }
}

fn image_lines(image: &ImageFacts) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |what: &str, text: String| lines.push(format!("  {what:<12} {text}"));
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
    let sizes = image.pixel_size_um.as_ref().map(|sizes| {
        let sizes: Vec<String> = ['Z', 'Y', 'X']
            .iter()
            .filter_map(|axis| Some(format!("{axis} {} µm", rounded(*sizes.get(axis)?))))
            .collect();
        sizes.join(", ")
    });
    say("pixel size", sizes.unwrap_or_else(|| "not told".to_owned()));
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
    lines.extend(image.warnings.iter().map(|warning| format!("  warning: {warning}")));
    lines
}

fn product(sizes: &[usize]) -> String {
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn size(count: u128) -> String {
    bytes(count as f64)
}

/// Four digits, without zeros at the end.
fn rounded(value: f64) -> String {
    let text = format!("{value:.prec$}", prec = if value >= 1.0 { 3 } else { 6 });
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
