//! Files of other people, for reading: only what is a file is opened, nothing is waited for, and what cannot be read is
//! named.
//!
//! A folder of images may hold named pipes, sockets, devices and links to nowhere. Opening a pipe waits until somebody
//! writes into it, which may be for ever; so every file that a user or another file names is opened by [`open_file`].
//! This crate writes nothing and knows no format.

mod network;
mod open;
mod path;

pub use network::is_behind_network;
pub use open::{FileKind, open_file, open_looked_at, read_file};
pub use path::{BadPath, check_path};
