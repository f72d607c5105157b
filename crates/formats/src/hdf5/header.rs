//! The messages of an object header as they stand in the file, for objects that the reader gives up on as a whole.

use std::collections::VecDeque;

use hdf5_reader::Hdf5File;
use hdf5_reader::error::Error;
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::MSG_CONTINUATION;

/// Headers are small; more of this is damage.
const MAX_BYTES: u64 = 16 << 20;
const MAX_BLOCKS: usize = 256;
/// Before and behind the messages of a block of a newer file stand its name and its checksum.
const FRAME: u64 = 4;

/// A message whose meaning is left to others.
pub(super) struct Message {
    pub kind: u16,
    /// Whether the body is only the place of another message.
    pub is_shared: bool,
    pub body: Vec<u8>,
}

/// A piece of a header: where its messages start, and how many bytes they have.
struct Block {
    start: u64,
    len: u64,
}

/// Sizes of what stands before every message.
#[derive(Clone, Copy)]
struct Form {
    is_old: bool,
    has_order: bool,
}

/// All messages of the header at an address.
pub(super) fn messages(file: &Hdf5File, address: u64) -> Result<Vec<Message>, Error> {
    let (form, first) = start(file, address)?;
    let superblock = file.superblock();
    let mut blocks = VecDeque::from([first]);
    let mut messages = Vec::new();
    let mut n_blocks = 0;
    let mut n_bytes = 0;
    while let Some(Block { start, len }) = blocks.pop_front() {
        n_blocks += 1;
        n_bytes = len.saturating_add(n_bytes);
        if n_blocks > MAX_BLOCKS || n_bytes > MAX_BYTES {
            return Err(Error::InvalidData(format!("a header of more than {MAX_BYTES} bytes")));
        }
        let len = usize::try_from(len).map_err(|_| Error::OffsetOutOfBounds(start))?;
        let bytes = file.storage().read_range(start, len)?;
        for message in in_block(&bytes, form)? {
            if message.kind == MSG_CONTINUATION {
                let mut cursor = Cursor::new(&message.body);
                let start = cursor.read_offset(superblock.offset_size)?;
                let len = cursor.read_length(superblock.length_size)?;
                let frame = if form.is_old { 0 } else { FRAME };
                let inner = start.checked_add(frame).zip(len.checked_sub(2 * frame));
                let (start, len) = inner.ok_or(Error::OffsetOutOfBounds(start))?;
                blocks.push_back(Block { start, len });
            } else {
                messages.push(message);
            }
        }
    }
    Ok(messages)
}

fn start(file: &Hdf5File, address: u64) -> Result<(Form, Block), Error> {
    let storage = file.storage();
    let at = |offset: u64| address.checked_add(offset).ok_or(Error::OffsetOutOfBounds(address));
    let head = storage.read_range(address, 12)?;
    let mut cursor = Cursor::new(&head);
    if cursor.peek_bytes(4)? != b"OHDR" {
        cursor.skip(8)?;
        let len = cursor.read_u32_le()?.into();
        return Ok((Form { is_old: true, has_order: false }, Block { start: at(16)?, len }));
    }
    cursor.skip(5)?;
    let flags = cursor.read_u8()?;
    let times = if flags & 0x20 == 0 { 0 } else { 16 };
    let phases = if flags & 0x10 == 0 { 0 } else { 4 };
    let size_place = 6 + times + phases;
    let size_len = 1_usize << (flags & 3);
    let size = storage.read_range(at(size_place)?, size_len)?;
    let len = Cursor::new(&size).read_uvar(size_len)?;
    let start = at(size_place + size_len as u64)?;
    Ok((Form { is_old: false, has_order: flags & 4 != 0 }, Block { start, len }))
}

fn in_block(bytes: &[u8], form: Form) -> Result<Vec<Message>, Error> {
    let head = if form.is_old { 8 } else { 4 + if form.has_order { 2 } else { 0 } };
    let mut cursor = Cursor::new(bytes);
    let mut messages = Vec::new();
    // Less than the head of a message is a gap.
    while cursor.remaining() >= head {
        let kind = if form.is_old { cursor.read_u16_le()? } else { cursor.read_u8()?.into() };
        let size = cursor.read_u16_le()?;
        let flags = cursor.read_u8()?;
        cursor.skip(match form {
            Form { is_old: true, .. } => 3,
            Form { has_order: true, .. } => 2,
            Form { .. } => 0,
        })?;
        let body = cursor.read_bytes(size.into())?.to_vec();
        messages.push(Message { kind, is_shared: flags & 2 != 0, body });
    }
    Ok(messages)
}
