//! Virtual datasets: pixels that are those of other datasets, in this file or in others.
//!
//! Read are lists of regular steps, whose sources are opened with the dataset. A source that does not exist then has the
//! fill value, as HDF5 has it, as long as any other does; everything else that cannot be read is refused when the dataset is
//! opened.

mod mapping;
mod order;
mod part;
mod selection;

use std::collections::{BTreeSet, HashMap};
use std::io::ErrorKind;
use std::sync::Arc;

use hdf5_reader::error::Error;
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::{
    MSG_DATA_LAYOUT, MSG_DATASPACE, MSG_DATATYPE, MSG_FILL_VALUE, MSG_FILL_VALUE_OLD, dataspace, datatype,
    fill_value,
};
use hdf5_reader::{Datatype, Hdf5File};
use patchweave_pixel::{ByteOrder, PixelType};
use patchweave_stack::{StackError, StoredArray};

use self::mapping::Mapping;
use self::order::Order;
use self::part::Part;
use self::selection::{Along, Selection};
use super::dataset::stored;
use super::datatype::numbers;
use super::error::hdf5_error;
use super::header::{self, Message};
use super::located::{Located, Node};
use super::opener::Opener;
use super::pixels::{Body, Pixels, shape_of};
use crate::blocks::block;

const COPY: &str =
    "copy its pixels into a dataset of their own, as h5py does with new['raw'] = old['raw'][:]";

/// The pixels of a virtual dataset of the file.
///
/// # Errors
/// [`StackError`] if they cannot be read, whatever the reason.
pub(super) fn virtual_pixels(opener: &Opener<'_>, node: &Node, inside: &str) -> Result<Pixels, StackError> {
    let stack = opener.name(inside);
    let declared = Declared::new(node).map_err(|error| failed(&stack, inside, error))?;
    let (pixel_type, order) = numbers(&stack, &declared.datatype, &declared.datatype_bytes)?;
    let shape = shape_of(&stack, &declared.shape, pixel_type)?;
    let sources = declared.open(opener, node, &stack, (pixel_type, order), &shape)?;
    Ok(Pixels {
        pixel_type,
        stored_type: pixel_type,
        // Bytes are those of this machine when they are read.
        order: ByteOrder::NATIVE,
        shape,
        chunk: sources.block.clone(),
        is_chunked: sources.is_chunked,
        compression: sources.compression.clone(),
        place: None,
        objects: opener.object(node).and_then(|own| sources.objects(own)),
        notes: sources.notes.clone(),
        body: Body::Virtual(Arc::new(move |start: &[usize], size: &[usize]| sources.read(start, size))),
        stack,
    })
}

/// What is known of a virtual dataset without its sources.
struct Declared {
    pub datatype: Datatype,
    /// The datatype as it stands in the file.
    pub datatype_bytes: Vec<u8>,
    pub shape: Vec<u64>,
    fill: Option<Vec<u8>>,
    mappings: Vec<Mapping>,
}

/// The pixels of a virtual dataset.
struct Virtual {
    /// In the order of the list, in which later ones cover earlier ones.
    parts: Vec<Part>,
    order: Order,
    /// One pixel, in the byte order of this machine.
    fill: Vec<u8>,
    /// What is read at once.
    pub block: Vec<usize>,
    /// How the first source is compressed that is.
    pub compression: Option<String>,
    pub is_chunked: bool,
    /// What people should know.
    pub notes: Vec<String>,
}

impl Declared {
    /// Reads the header of a virtual dataset and its list.
    pub fn new(node: &Node) -> Result<Self, Error> {
        let file = &node.file;
        let superblock = file.superblock();
        let messages = header::messages(file, node.address)?;
        let body = |kind: u16, what: &str| match messages.iter().find(|message| message.kind == kind) {
            Some(Message { is_shared: true, .. }) => {
                Err(Error::UnsupportedEncoding(format!("{what} that is shared")))
            }
            Some(message) => Ok(Some(&message.body)),
            None => Ok(None),
        };
        let needed = |kind, what: &str| {
            body(kind, what)?.ok_or_else(|| Error::InvalidData(format!("a virtual dataset without {what}")))
        };
        let offset_size = superblock.offset_size;
        let length_size = superblock.length_size;
        let space = needed(MSG_DATASPACE, "a dataspace")?;
        let space = dataspace::parse(&mut Cursor::new(space), offset_size, length_size, space.len())?;
        let datatype_bytes = needed(MSG_DATATYPE, "a datatype")?.clone();
        let datatype = datatype::parse(&mut Cursor::new(&datatype_bytes), datatype_bytes.len())?.datatype;
        let fill = match body(MSG_FILL_VALUE, "a fill value")? {
            Some(fill) => {
                fill_value::parse_new(&mut Cursor::new(fill), offset_size, length_size, fill.len())?.value
            }
            None => match body(MSG_FILL_VALUE_OLD, "a fill value")? {
                Some(fill) => {
                    fill_value::parse_old(&mut Cursor::new(fill), offset_size, length_size, fill.len())?.value
                }
                None => None,
            },
        };
        let mappings = mapping::mappings(file, needed(MSG_DATA_LAYOUT, "a layout")?)?;
        Ok(Declared { datatype, datatype_bytes, shape: space.dims, fill, mappings })
    }

    /// Opens the sources of a dataset whose pixels are of a type.
    ///
    /// # Errors
    /// [`StackError`] if pixels of the dataset could not be read.
    pub fn open(
        self,
        opener: &Opener<'_>,
        node: &Node,
        stack: &str,
        (pixel_type, order): (PixelType, ByteOrder),
        shape: &[usize],
    ) -> Result<Virtual, StackError> {
        if node.is_linked {
            return Err(unsupported(stack, "in a linked file", "open the file that has it"));
        }
        let limit = opener.request.options.decoded_chunk_bytes;
        let n_bytes = pixel_type.n_bytes();
        let mut sources = Sources { opener, node, stack, opened: HashMap::new(), missing: BTreeSet::new() };
        let mut parts: Vec<Part> = Vec::new();
        for Mapping { file, dataset, source, target } in self.mappings {
            if source == Selection::None || target == Selection::None {
                continue;
            }
            let target = along(target, shape);
            if target.len() != shape.len() || target.iter().zip(shape).any(|(along, n)| along.end() > *n) {
                return Err(damaged(stack, "a source outside of its shape", &format!("places in {shape:?}")));
            }
            let Some(pixels) = sources.get(&file, &dataset)? else { continue };
            let source = along(source, &pixels.shape);
            let fits = source.len() == pixels.shape.len()
                && source.iter().zip(&pixels.shape).all(|(along, n)| along.end() <= *n);
            if pixels.pixel_type != pixel_type || !fits {
                let got = format!("{:?} pixels of {} in {}", pixels.shape, pixels.pixel_type, pixels.stack);
                let expected = format!("pixels of {pixel_type} where its list says");
                return Err(damaged(stack, &got, &expected));
            }
            parts.push(Part::new(pixels, source, target).ok_or_else(|| {
                unsupported(stack, &format!("that gives {dataset} of {file} another shape"), COPY)
            })?);
        }
        if let ([], Some(first)) = (&parts[..], sources.missing.first()) {
            let got = format!("none of {} sources, {first} first", sources.missing.len());
            return Err(damaged(stack, &got, "at least one that exists"));
        }
        let block = largest_block(&parts, n_bytes, limit).unwrap_or_else(|| block(shape, n_bytes, limit));
        if let Some(large) = parts.iter().find(|part| part.most_bytes(&block) > limit) {
            let what = format!("whose steps skip so much of {} that blocks are too large", large.name());
            return Err(unsupported(stack, &what, COPY));
        }
        let mut fill = self.fill.filter(|fill| fill.len() == n_bytes).unwrap_or_else(|| vec![0; n_bytes]);
        if order != ByteOrder::NATIVE {
            fill.reverse();
        }
        let notes = sources.notes();
        let is_chunked = parts.iter().any(Part::is_chunked);
        let compression = parts.iter().find_map(Part::compression);
        let order = Order::of(shape.len(), parts.len(), |part, dimension| parts[part].range(dimension));
        Ok(Virtual { parts, order, fill, block, compression, is_chunked, notes })
    }
}

impl Virtual {
    /// The dataset itself and its sources; nothing if a file of them cannot be told.
    pub fn objects(&self, own: StoredArray) -> Option<Vec<StoredArray>> {
        let mut objects = vec![own];
        for part in &self.parts {
            objects.extend(part.objects()?.iter().cloned());
        }
        let mut known = BTreeSet::new();
        objects.retain(|object| known.insert(object.clone()));
        Some(objects)
    }

    /// The pixels of a region in C order and in the byte order of this machine.
    pub fn read(&self, start: &[usize], size: &[usize]) -> Result<Vec<u8>, StackError> {
        let mut out = self.fill.repeat(size.iter().product());
        for part in self.order.overlapping(start, size) {
            self.parts[part].copy_into(start, size, &mut out)?;
        }
        Ok(out)
    }
}

/// The largest chunk that sources have along every dimension, as far as reading it takes no more than `limit` bytes of any
/// source; nothing where no source is chunked.
fn largest_block(parts: &[Part], n_bytes: usize, limit: usize) -> Option<Vec<usize>> {
    let blocks: BTreeSet<Vec<usize>> =
        parts.iter().filter(|part| part.is_chunked()).map(Part::block).collect();
    let mut best = blocks.first()?.clone();
    for (dimension, smallest) in best.iter_mut().enumerate() {
        *smallest = blocks.iter().map(|block| block[dimension]).min()?;
    }
    for dimension in (0..best.len()).rev() {
        let sizes: BTreeSet<usize> = blocks.iter().map(|block| block[dimension]).collect();
        for size in sizes.into_iter().rev().take_while(|size| *size > best[dimension]) {
            let mut larger = best.clone();
            larger[dimension] = size;
            let own = larger.iter().fold(n_bytes, |n, &size| n.saturating_mul(size));
            if own <= limit && parts.iter().all(|part| part.most_bytes(&larger) <= limit) {
                best = larger;
                break;
            }
        }
    }
    Some(best)
}

fn along(selection: Selection, shape: &[usize]) -> Vec<Along> {
    match selection {
        Selection::Steps(along) => along,
        Selection::All | Selection::None => shape.iter().map(|&n| Along::all(n)).collect(),
    }
}

fn unsupported(stack: &str, what: &str, hint: &'static str) -> StackError {
    StackError::Unsupported { stack: stack.to_owned(), what: format!("a virtual dataset {what}"), hint }
}

fn damaged(stack: &str, got: &str, expected: &str) -> StackError {
    StackError::damaged(stack, "its list of source mappings", got, expected)
}

/// An error of the reader about the header or list of a virtual dataset.
fn failed(stack: &str, inside: &str, error: Error) -> StackError {
    match error {
        Error::UnsupportedEncoding(what) => unsupported(stack, &format!("with {what}"), COPY),
        error => hdf5_error(stack, inside)(error),
    }
}

/// The datasets that a list names, each opened once.
struct Sources<'a> {
    opener: &'a Opener<'a>,
    node: &'a Node,
    stack: &'a str,
    opened: HashMap<(String, String), Option<Pixels>>,
    missing: BTreeSet<String>,
}

impl Sources<'_> {
    /// The pixels of a source; nothing if it does not exist.
    fn get(&mut self, file: &str, dataset: &str) -> Result<Option<Pixels>, StackError> {
        let key = (file.to_owned(), dataset.to_owned());
        if let Some(opened) = self.opened.get(&key) {
            return Ok(opened.clone());
        }
        let name = if file == "." { dataset.to_owned() } else { format!("{file}:{dataset}") };
        let place = format!("its source {name}");
        let located = self.locate(file, dataset).map_err(hdf5_error(self.stack, &place))?;
        let pixels = match located {
            None => {
                self.missing.insert(name);
                None
            }
            Some(Located { dataset: None, .. }) => {
                return Err(unsupported(self.stack, &format!("over another, {name}"), COPY));
            }
            Some(Located { node, dataset: Some(dataset) }) => {
                Some(stored(self.opener, &node, &dataset, &name)?)
            }
        };
        self.opened.insert(key, pixels.clone());
        Ok(pixels)
    }

    fn locate(&self, file: &str, dataset: &str) -> Result<Option<Located>, Error> {
        let file = match file {
            "." => self.node.file.clone(),
            name => match self.opener.links.follow(name) {
                Err(Error::Io(error)) if error.kind() == ErrorKind::NotFound => return Ok(None),
                file => file?,
            },
        };
        match self.dataset_of(&file, dataset) {
            Err(Error::DatasetNotFound(_) | Error::GroupNotFound(_)) => Ok(None),
            located => located.map(Some),
        }
    }

    fn dataset_of(&self, file: &Hdf5File, path: &str) -> Result<Located, Error> {
        let path = path.trim_matches('/');
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.opener.dataset(&file.group(above)?, name)
    }

    fn notes(&self) -> Vec<String> {
        let Some(first) = self.missing.first() else { return Vec::new() };
        vec![format!(
            "{} of {} sources of the virtual dataset are missing, {first} first: their pixels have its fill value",
            self.missing.len(),
            self.opened.len(),
        )]
    }
}
