//! The list of a virtual dataset: which pixels of which dataset stand where.

use hdf5_reader::Hdf5File;
use hdf5_reader::error::Error;
use hdf5_reader::global_heap::GlobalHeapCollection;
use hdf5_reader::io::Cursor;

use super::selection::Selection;

/// The class of the layout of virtual datasets.
const VIRTUAL: u8 = 3;

/// One entry of the list.
pub(super) struct Mapping {
    /// The name of the file; a dot is the file itself.
    pub file: String,
    pub dataset: String,
    pub source: Selection,
    pub target: Selection,
}

/// The list that a layout message leads to.
pub(super) fn mappings(file: &Hdf5File, layout: &[u8]) -> Result<Vec<Mapping>, Error> {
    let superblock = file.superblock();
    let offset_size = superblock.offset_size;
    let length_size = superblock.length_size;
    let mut cursor = Cursor::new(layout);
    let _version = cursor.read_u8()?;
    let class = cursor.read_u8()?;
    if class != VIRTUAL {
        return Err(Error::UnsupportedLayoutClass(class));
    }
    let address = cursor.read_offset(offset_size)?;
    let index = cursor.read_u32_le()?;
    if Cursor::is_undefined_offset(address, offset_size) {
        return Ok(Vec::new());
    }
    let heap = GlobalHeapCollection::parse_at_storage(file.storage(), address, offset_size, length_size)?;
    let object = u16::try_from(index).ok().and_then(|index| heap.get_object(index));
    let list = object.ok_or_else(|| Error::InvalidData(format!("no object {index} in the heap")))?;
    entries(&list.data, length_size)
}

fn entries(list: &[u8], length_size: u8) -> Result<Vec<Mapping>, Error> {
    let mut cursor = Cursor::new(list);
    let version = cursor.read_u8()?;
    if version > 1 {
        return Err(Error::UnsupportedEncoding(format!("a list of version {version}")));
    }
    let n_entries = cursor.read_length(length_size)?;
    let mut mappings: Vec<Mapping> = Vec::new();
    for _ in 0..n_entries {
        // Since version 1, a name may be that of an earlier entry, or the file itself.
        let flags = if version == 0 { 0 } else { cursor.read_u8()? };
        let file = match flags & 5 {
            0 => plain(&cursor.read_null_terminated_string()?)?,
            4 => ".".to_owned(),
            _ => earlier(&mut cursor, length_size, &mappings)?.file.clone(),
        };
        let dataset = match flags & 2 {
            0 => plain(&cursor.read_null_terminated_string()?)?,
            _ => earlier(&mut cursor, length_size, &mappings)?.dataset.clone(),
        };
        let source = Selection::parse(&mut cursor)?;
        let target = Selection::parse(&mut cursor)?;
        mappings.push(Mapping { file, dataset, source, target });
    }
    Ok(mappings)
}

fn earlier<'a>(
    cursor: &mut Cursor<'_>,
    length_size: u8,
    mappings: &'a [Mapping],
) -> Result<&'a Mapping, Error> {
    let number = cursor.read_length(length_size)?;
    let earlier = usize::try_from(number).ok().and_then(|number| mappings.get(number));
    earlier.ok_or_else(|| Error::InvalidData(format!("the name of entry {number}, which comes later")))
}

/// A name without the signs of patterns, which `%b` makes of it.
fn plain(name: &str) -> Result<String, Error> {
    let mut plain = String::new();
    let mut letters = name.chars();
    while let Some(letter) = letters.next() {
        plain.push(letter);
        if letter == '%' {
            match letters.clone().next() {
                Some('%') => drop(letters.next()),
                Some('b') => {
                    return Err(Error::UnsupportedEncoding(format!("numbered sources ({name})")));
                }
                _ => {}
            }
        }
    }
    Ok(plain)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails panics")]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_escapes() {
        assert_eq!(plain("a%%b 50% .h5").unwrap(), "a%b 50% .h5");
        let error = plain("part%b.h5").err().unwrap().to_string();
        assert!(error.ends_with("numbered sources (part%b.h5)"), "{error}");
    }
}
