//! What the tests of patchweave share: golden cases with their runner, conformance suites, test images.
//!
//! * [`golden`] reads cases made by another program and compares results; it knows no operation.
//! * [`operations`] answers the cases with the crates of this workspace.
//! * [`image_stack_suite`] is the contract of image sources as a test, [`typed_reads_suite`] that of reads in their own
//!   pixel type, [`patch_constr_suite`] that of patch constructors.
//! * [`mutations`] damages bytes, [`survive`] reads what is damaged; [`FuzzTarget`] lists what can be damaged.
//! * [`Server`] serves a folder over HTTP and as a bucket, and misbehaves as told.
//! * [`ramp`], [`TiffLayout`] and [`real_data`] provide images.
//!
//! Nothing here is part of the program; other crates depend on this one for their tests only.

mod fuzz;
pub mod golden;
mod image_stack_suite;
mod mutate;
pub mod operations;
mod patch_constr_suite;
mod ramp;
mod real_data;
mod server;
mod suite_windows;
mod survive;
mod tiff_file;
mod typed_reads_suite;

pub use fuzz::{FuzzSeed, FuzzTarget};
pub use image_stack_suite::image_stack_suite;
pub use mutate::{mutation, mutations};
pub use patch_constr_suite::patch_constr_suite;
pub use ramp::{canonical_f32, ramp, wide_ramp};
pub use real_data::{RealFile, real_data, real_files};
pub use server::{Faults, Server};
pub use survive::{Survived, survive};
pub use tiff_file::{TagValues, TiffLayout, TiffPage};
pub use typed_reads_suite::typed_reads_suite;
