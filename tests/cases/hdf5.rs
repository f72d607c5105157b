//! HDF5 files whose datasets are unusual: signed by an attribute, filtered, virtual, enumerations.
