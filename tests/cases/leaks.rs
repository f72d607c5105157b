//! Images that are the same under other names.
