//! Pipes, names that are not UTF-8, and files that shrink.
