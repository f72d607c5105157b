//! Zarr stores with unusual metadata, and with nothing in them.
