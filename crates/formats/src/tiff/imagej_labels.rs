//! The labels that ImageJ keeps of slices, and what they say about channels.
//!
//! They stand in a tag of their own: a mark, pairs of a kind and a number of entries, then all entries one after the other.
//! Another tag says how many bytes each has.

use patchweave_pixel::ByteOrder;

use super::directory::{Directory, tag};
use super::file::TiffFile;

/// Entries that are looked through.
const MOST_ENTRIES: usize = 1 << 20;

/// Bytes of the list of kinds, and of all labels.
const MOST_HEADER: usize = 1 << 10;
const MOST_TEXT: usize = 16 << 20;

/// The labels of a file, one for every slice; none if they cannot be read.
pub(super) fn labels(file: &TiffFile, directory: &Directory) -> Vec<String> {
    read(file, directory).unwrap_or_default()
}

fn read(file: &TiffFile, directory: &Directory) -> Option<Vec<String>> {
    let place = || "the labels by ImageJ".to_owned();
    let lens = directory.values(tag::IMAGEJ_BYTE_COUNTS)?.uints(file, MOST_ENTRIES, place).ok()?;
    let metadata = directory.values(tag::IMAGEJ_METADATA)?;
    let (start, _) = metadata.place(0)?;
    let (header_len, lens) = lens.split_first()?;
    let header = file.read(start, *header_len, MOST_HEADER, place).ok()?;
    let (first, n) = entries(file.order, &header)?;
    let lens = lens.get(first..first.checked_add(n)?).map(|labels| (&lens[..first], labels));
    let (before, lens) = lens?;
    let skipped = before.iter().try_fold(*header_len, |sum, len| sum.checked_add(*len))?;
    let len = lens.iter().try_fold(0_u64, |sum, len| sum.checked_add(*len))?;
    skipped.checked_add(len).filter(|end| *end <= metadata.n_bytes())?;
    let bytes = file.read(start.checked_add(skipped)?, len, MOST_TEXT, place).ok()?;
    let mut rest = &bytes[..];
    let label = |len: &u64| {
        let (label, after) = rest.split_at_checked(usize::try_from(*len).ok()?)?;
        rest = after;
        Some(utf16(file.order, label))
    };
    lens.iter().map(label).collect()
}

/// The number of the first label among all entries, and how many there are.
fn entries(order: ByteOrder, header: &[u8]) -> Option<(usize, usize)> {
    let words = header.as_chunks::<4>().0.iter().map(|word| match order {
        ByteOrder::Little => u32::from_le_bytes(*word),
        ByteOrder::Big => u32::from_be_bytes(*word),
    });
    let words: Vec<u32> = words.collect();
    let (_, kinds) = words.split_first().filter(|(mark, _)| **mark == u32::from_be_bytes(*b"IJIJ"))?;
    let mut first = 0_usize;
    for &[kind, n] in kinds.as_chunks::<2>().0 {
        let n = usize::try_from(n).ok()?;
        if kind == u32::from_be_bytes(*b"labl") {
            return Some((first, n));
        }
        first = first.checked_add(n)?;
    }
    None
}

fn utf16(order: ByteOrder, bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| match order {
        ByteOrder::Little => u16::from_le_bytes(*unit),
        ByteOrder::Big => u16::from_be_bytes(*unit),
    });
    char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// What channels are called, by labels of as many planes, of which those of one position follow each other.
///
/// A label is the name of a channel only if it is the same for all other planes of the channel, and not for all channels.
pub(super) fn channel_names(labels: &[String], n_channels: usize, n_planes: usize) -> Vec<String> {
    if n_channels < 2 || labels.len() != n_planes {
        return Vec::new();
    }
    let name = |channel: usize| {
        let mut names = labels.iter().skip(channel).step_by(n_channels).map(|label| without_position(label));
        let first = names.next()?;
        names.all(|name| name == first).then(|| first.to_owned())
    };
    let names: Vec<String> = (0..n_channels).map(name).collect::<Option<_>>().unwrap_or_default();
    if names.iter().all(|name| *name == names[0]) { Vec::new() } else { names }
}

/// The first line of a label without the position that ImageJ writes before it, as in `c:1/2 z:3/5 - DAPI`.
fn without_position(label: &str) -> &str {
    let line = label.lines().next().unwrap_or_default().trim();
    let mut rest = line;
    while let Some((part, after)) = rest.split_once(' ') {
        let is_position = part.split_once(':').is_some_and(|(axis, at)| {
            let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            matches!(axis, "c" | "z" | "t")
                && at.split_once('/').is_some_and(|(at, n)| is_number(at) && is_number(n))
        });
        if !is_position {
            break;
        }
        rest = after;
    }
    let has_position = rest.len() < line.len();
    rest.strip_prefix("- ").filter(|_| has_position).unwrap_or(rest).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(labels: &[&str], n_channels: usize) -> Vec<String> {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        channel_names(&labels, n_channels, labels.len())
    }

    #[test]
    fn labels_name_channels_where_they_say_nothing_else() {
        assert_eq!(names(&["DAPI", "GFP", "DAPI", "GFP"], 2), ["DAPI", "GFP"]);
        let positions =
            ["c:1/2 z:1/2 - DAPI", "c:2/2 z:1/2 - a b - c", "c:1/2 z:2/2 - DAPI", "c:2/2 z:2/2 - a b - c"];
        assert_eq!(names(&positions, 2), ["DAPI", "a b - c"]);
        assert_eq!(names(&["DAPI\nexposure 3", "GFP", "DAPI\nexposure 4", "GFP"], 2), ["DAPI", "GFP"]);
        // Names of slices, of files, of one channel, or of too few planes.
        assert!(names(&["DAPI", "GFP", "DAPI", "slice 4"], 2).is_empty());
        assert!(names(&["a.tif", "a.tif", "a.tif", "a.tif"], 2).is_empty());
        assert!(names(&["1", "2", "3", "4"], 2).is_empty());
        assert!(names(&["DAPI", "DAPI"], 1).is_empty());
        assert!(channel_names(&["DAPI".to_owned(), "GFP".to_owned()], 2, 4).is_empty());
    }

    #[test]
    fn positions_are_cut_and_nothing_else() {
        for (label, name) in [
            ("c:1/2 t:3/4 - GFP ", "GFP"),
            ("c:1/2 GFP", "GFP"),
            ("- GFP", "- GFP"),
            ("c:1 - GFP", "c:1 - GFP"),
            ("c:/2 - GFP", "c:/2 - GFP"),
            ("", ""),
        ] {
            assert_eq!(without_position(label), name, "{label:?}");
        }
    }

    #[test]
    fn lists_of_kinds_are_read_in_either_order_of_bytes() {
        let little = [&b"JIJI"[..], b"ofni", &1_u32.to_le_bytes(), b"lbal", &4_u32.to_le_bytes()].concat();
        assert_eq!(entries(ByteOrder::Little, &little), Some((1, 4)));
        assert_eq!(entries(ByteOrder::Big, &little), None);
        let big = [&b"IJIJ"[..], b"labl", &4_u32.to_be_bytes()].concat();
        assert_eq!(entries(ByteOrder::Big, &big), Some((0, 4)));
        assert_eq!(entries(ByteOrder::Big, &big[..10]), None);
    }
}
