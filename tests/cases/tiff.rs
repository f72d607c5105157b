//! TIFF files with strips that were never written.
