//! The members of a group and where they point, read without looking at the members themselves: one that cannot be
//! read does not hide the others.

use std::collections::HashMap;

use hdf5_reader::Hdf5File;
use hdf5_reader::btree_v1::collect_btree_v1_leaves_storage;
use hdf5_reader::btree_v2::{BTreeV2Header, BTreeV2Record, collect_btree_v2_records_storage};
use hdf5_reader::error::Error;
use hdf5_reader::fractal_heap::{FractalHeap, FractalHeapDirectBlockCache};
use hdf5_reader::io::Cursor;
use hdf5_reader::local_heap::LocalHeap;
use hdf5_reader::messages::HdfMessage;
use hdf5_reader::messages::link::{self, LinkMessage, LinkTarget};
use hdf5_reader::messages::link_info::LinkInfoMessage;
use hdf5_reader::messages::symbol_table_msg::SymbolTableMessage;
use hdf5_reader::symbol_table::SymbolTableNode;

/// The links of a group, in the order of the file and by name.
pub(super) struct Listing {
    pub links: Vec<(String, LinkTarget)>,
    places: HashMap<String, usize>,
}

impl Listing {
    /// The links of the group whose header is at an address.
    pub fn of(file: &Hdf5File, address: u64) -> Result<Self, Error> {
        let links = links(file, address)?;
        let mut places = HashMap::new();
        for (place, (name, _)) in links.iter().enumerate() {
            places.entry(name.clone()).or_insert(place);
        }
        Ok(Listing { links, places })
    }

    /// Where the first link of a name leads.
    pub fn target(&self, name: &str) -> Option<&LinkTarget> {
        self.places.get(name).and_then(|place| self.links.get(*place)).map(|(_, target)| target)
    }
}

fn links(file: &Hdf5File, address: u64) -> Result<Vec<(String, LinkTarget)>, Error> {
    let header = file.get_or_parse_header(address)?;
    let mut links = Vec::new();
    for message in &header.messages {
        match message {
            HdfMessage::SymbolTable(table) => links.extend(from_symbol_table(file, table)?),
            HdfMessage::Link(LinkMessage { name, target, .. }) => links.push((name.clone(), target.clone())),
            HdfMessage::LinkInfo(info) => links.extend(from_heap(file, info)?),
            _ => {}
        }
    }
    Ok(links)
}

/// Older files: names in a heap, addresses in the leaves of a tree.
fn from_symbol_table(
    file: &Hdf5File,
    table: &SymbolTableMessage,
) -> Result<Vec<(String, LinkTarget)>, Error> {
    let storage = file.storage();
    let superblock = file.superblock();
    let offset_size = superblock.offset_size;
    let length_size = superblock.length_size;
    let heap = LocalHeap::parse_at_storage(storage, table.heap_address, offset_size, length_size)?;
    let leaves = collect_btree_v1_leaves_storage(
        storage,
        table.btree_address,
        offset_size,
        length_size,
        None,
        &[],
        None,
    )?;
    let names = storage.read_range(heap.data_segment_address, to_usize(heap.data_segment_size)?)?;
    let text = |offset: u64| {
        let from = to_usize(offset).ok().and_then(|start| names.get(start..));
        let end = from.and_then(|from| from.iter().position(|&byte| byte == 0));
        let text = from.zip(end).and_then(|(from, end)| std::str::from_utf8(&from[..end]).ok());
        text.map(str::to_owned)
            .ok_or_else(|| Error::InvalidData(format!("no name at offset {offset} of its heap")))
    };
    let entry_size = 2 * usize::from(offset_size) + 24;
    let mut links = Vec::new();
    for (_, address) in leaves {
        let head = storage.read_range(address, 8)?;
        let n_entries = head.get(6..8).map_or(0, |n| usize::from(u16::from_le_bytes([n[0], n[1]])));
        let bytes = storage.read_range(address, 8 + n_entries * entry_size)?;
        let node = SymbolTableNode::parse(&mut Cursor::new(&bytes), offset_size, length_size)?;
        for entry in node.entries {
            let target = match entry.cache_type {
                2 => {
                    let [a, b, c, d, ..] = entry.scratch;
                    LinkTarget::Soft { path: text(u32::from_le_bytes([a, b, c, d]).into())? }
                }
                _ => LinkTarget::Hard { address: entry.object_header_address },
            };
            links.push((text(entry.link_name_offset)?, target));
        }
    }
    Ok(links)
}

/// Newer files with many members: link messages in a heap, found through a tree.
fn from_heap(file: &Hdf5File, info: &LinkInfoMessage) -> Result<Vec<(String, LinkTarget)>, Error> {
    let storage = file.storage();
    let superblock = file.superblock();
    let offset_size = superblock.offset_size;
    let length_size = superblock.length_size;
    if Cursor::is_undefined_offset(info.fractal_heap_address, offset_size) {
        return Ok(Vec::new());
    }
    let heap = FractalHeap::parse_at_storage(storage, info.fractal_heap_address, offset_size, length_size)?;
    let tree =
        BTreeV2Header::parse_at_storage(storage, info.btree_name_index_address, offset_size, length_size)?;
    let records =
        collect_btree_v2_records_storage(storage, &tree, offset_size, length_size, None, &[], None)?;
    let mut blocks = FractalHeapDirectBlockCache::default();
    let mut links = Vec::new();
    for record in &records {
        let (BTreeV2Record::LinkNameHash { heap_id, .. } | BTreeV2Record::CreationOrder { heap_id, .. }) =
            record
        else {
            continue;
        };
        let bytes =
            heap.get_object_storage_cached(heap_id, storage, offset_size, length_size, &mut blocks)?;
        let message = link::parse(&mut Cursor::new(&bytes), offset_size, length_size, bytes.len())?;
        links.push((message.name, message.target));
    }
    Ok(links)
}

fn to_usize(value: u64) -> Result<usize, Error> {
    usize::try_from(value).map_err(|_| Error::InvalidData(format!("{value} does not fit into memory")))
}
