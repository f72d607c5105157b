//! patchweave cuts training patches out of microscopy images and weaves predictions back into images.
//!
//! This crate is the front door: every part of the library under one name. Data flows one way, and the modules
//! are listed in the order of that flow; the example goes all the way from an array to batches.
//!
//! ```
//! use std::sync::Arc;
//!
//! use ndarray::Array;
//! use patchweave::construct::{BasicPatchConstr, Dataset, PatchExtractor};
//! use patchweave::geometry::Extent;
//! use patchweave::loader::{Loader, LoaderOptions, Order};
//! use patchweave::patching::RandomPatching;
//! use patchweave::stack::ArrayStack;
//!
//! let image = Array::from_shape_fn((256, 256), |(y, x)| (y * x) as u16).into_dyn();
//! let input = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse()?)?)])?;
//! let patching = RandomPatching::new(input.shapes(), Extent::new(&[64, 64])?)?;
//! let constr = BasicPatchConstr::new(patching, input, None, None)?;
//! let dataset = Dataset::new(Arc::new(constr), 42);
//! let options = LoaderOptions { batch_size: 8, order: Order::Shuffled, n_workers: 2, ..Default::default() };
//! for batch in Loader::new(dataset, options)?.epoch(0)? {
//!     assert_eq!(batch?.inputs().shape(), [8, 1, 1, 64, 64]);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use patchweave_formats as formats;
pub use patchweave_geometry as geometry;
pub use patchweave_memory as memory;
pub use patchweave_patching as patching;
pub use patchweave_pixel as pixel;
pub use patchweave_stack as stack;
pub use patchweave_transform as transform;

pub use patchweave_construct as construct;
pub use patchweave_convert as convert;
pub use patchweave_loader as loader;

#[cfg(feature = "zarr")]
pub use patchweave_large as large;
pub use patchweave_model as model;
#[cfg(feature = "onnx")]
pub use patchweave_onnx as onnx;
pub use patchweave_predict as predict;
pub use patchweave_quilt as quilt;
pub use patchweave_sink as sink;
pub use patchweave_slices as slices;

pub use patchweave_config as config;
pub use patchweave_pipeline as pipeline;
pub use patchweave_simulate as simulate;
pub use patchweave_view as view;
#[cfg(feature = "onnx")]
pub use patchweave_zoo as zoo;
