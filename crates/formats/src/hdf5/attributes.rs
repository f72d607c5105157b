//! Attributes of HDF5 objects as the programs that wrote them mean them.

use hdf5_reader::global_heap::GlobalHeapCollection;
use hdf5_reader::group::Group;
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::datatype::VarLenKind;
use hdf5_reader::messages::{MSG_ATTRIBUTE, attribute};
use hdf5_reader::{Attribute, Dataset, Datatype, Hdf5File};
use patchweave_geometry::Axis;

use super::header::{self, Message};
use super::located::Node;
use crate::file_axes::FileAxes;

/// More than any array has dimensions.
const MOST_TEXTS: usize = 32;

/// The text of an attribute; Imaris writes it as an array of single characters.
pub(super) fn text(group: &Group, name: &str) -> Option<String> {
    Some(joined(&group.attribute(name).ok()?.read_strings().ok()?))
}

fn joined(strings: &[String]) -> String {
    strings.concat().trim_end_matches('\0').trim().to_owned()
}

/// A number that is written as text.
pub(super) fn number<T: std::str::FromStr>(group: &Group, name: &str) -> Option<T> {
    text(group, name)?.parse().ok()
}

/// What a dataset says of its dimensions: ilastik's `axistags`, or the labels of dimension scales.
pub(super) fn axes(dataset: &Dataset) -> FileAxes {
    named(dataset.ndim(), |name| dataset.attribute(name).ok()?.read_strings().ok())
}

/// The same of a dataset that the reader gives up on; attributes that do not stand in its header say nothing.
pub(super) fn axes_in_header(node: &Node, n_dimensions: usize) -> FileAxes {
    let messages = header::messages(&node.file, node.address).unwrap_or_default();
    named(n_dimensions, |name| messages.iter().find_map(|message| text_in(&node.file, message, name)))
}

fn named(n_dimensions: usize, texts: impl Fn(&str) -> Option<Vec<String>>) -> FileAxes {
    let named = axistags(&texts).or_else(|| labels(&texts));
    let axes = named.filter(|axes| axes.len() == n_dimensions);
    axes.map_or_else(|| FileAxes::unknown(n_dimensions), FileAxes::new)
}

/// The texts of a message if it is an attribute of this name.
fn text_in(file: &Hdf5File, message: &Message, name: &str) -> Option<Vec<String>> {
    let Message { kind: MSG_ATTRIBUTE, is_shared: false, body } = message else { return None };
    let superblock = file.superblock();
    let offset_size = superblock.offset_size;
    let length_size = superblock.length_size;
    let attribute = attribute::parse(&mut Cursor::new(body), offset_size, length_size, body.len());
    let attribute = attribute.ok().filter(|attribute| attribute.name == name)?;
    if !matches!(attribute.datatype, Datatype::VarLen { kind: VarLenKind::String, .. }) {
        return Attribute::from_message(attribute).read_strings().ok();
    }
    // A length, and where in the heap the text stands.
    let entry_size = 8 + usize::from(offset_size);
    let text = |entry: &[u8]| {
        let mut cursor = Cursor::new(entry);
        let len = usize::try_from(cursor.read_u32_le().ok()?).ok()?;
        let address = cursor.read_offset(offset_size).ok()?;
        let index = u16::try_from(cursor.read_u32_le().ok()?).ok()?;
        if len == 0 {
            return Some(String::new());
        }
        let heap = GlobalHeapCollection::parse_at_storage(file.storage(), address, offset_size, length_size);
        let bytes = heap.ok()?.get_object(index)?.data.get(..len)?.to_vec();
        String::from_utf8(bytes).ok()
    };
    attribute.raw_data.chunks_exact(entry_size).take(MOST_TEXTS).map(text).collect()
}

fn axis(name: &str) -> Option<Axis> {
    let mut letters = name.chars();
    let letter = letters.next()?.to_ascii_uppercase();
    letters.next().is_none().then(|| Axis::from_letter(letter)).flatten()
}

/// `{"axes": [{"key": "y", …}, …]}`
fn axistags(texts: impl Fn(&str) -> Option<Vec<String>>) -> Option<Vec<Option<Axis>>> {
    let text = joined(&texts("axistags")?);
    let tags: serde_json::Value = serde_json::from_str(&text).ok()?;
    let keys = tags.get("axes")?.as_array()?.iter();
    Some(keys.map(|tag| axis(tag.get("key")?.as_str()?)).collect())
}

fn labels(texts: impl Fn(&str) -> Option<Vec<String>>) -> Option<Vec<Option<Axis>>> {
    Some(texts("DIMENSION_LABELS")?.iter().map(|label| axis(label)).collect())
}
