//! Networks take as much memory as they tell before; alone in its process, because it counts the memory of all.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::path::{Path, PathBuf};

use ndarray::Array5;
use patchweave_model::Model;
use patchweave_onnx::{OnnxModel, OnnxOptions};
use peak_alloc::PeakAlloc;
use support::net_file;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const MIB: usize = 1 << 20;

/// Networks of many operators, planes and volumes.
const NETS: [&str; 10] =
    ["plain", "every", "external", "column", "upscale", "fixed", "unet", "planes", "newest", "volume"];

/// The network that is shipped.
fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/models/unmix.onnx")
}

/// The shape `BCZYX` of an input of about `size` pixels along each axis.
fn shape_of(model: &OnnxModel, size: usize) -> [usize; 5] {
    let [z, y, x] = model.info().fit([size / 4, size, size]);
    let mut shapes = (1..5).map(|n_channels| [1, n_channels, z, y, x]);
    shapes.find(|shape| model.info().check(*shape).is_ok()).unwrap()
}

/// What `taken` tells after some calls of a model with an input of a shape beside what it tells before, where the input and
/// the outputs are there already.
fn taken_by(model: &OnnxModel, shape: [usize; 5], taken: impl Fn() -> usize) -> usize {
    let input = Array5::<f32>::ones(shape);
    let outputs = model.info().output_shapes(shape).into_iter();
    let mut outputs: Vec<_> = outputs.map(Array5::<f32>::ones).collect();
    HEAP.reset_peak_usage();
    let before = taken();
    for _ in 0..3 {
        let mut views: Vec<_> = outputs.iter_mut().map(|output| output.view_mut()).collect();
        model.predict(input.view(), &mut views).unwrap();
    }
    taken().saturating_sub(before)
}

#[test]
fn tract_takes_what_was_told() {
    let files = NETS.iter().map(|name| net_file(&format!("{name}.onnx"))).chain([shipped()]);
    for path in files {
        for size in [64, 160] {
            let empty = HEAP.current_usage();
            let model = OnnxModel::open(&path, &OnnxOptions::default()).unwrap();
            let shape = shape_of(&model, size);
            model.prepare(shape).unwrap();
            let held = HEAP.current_usage() - empty;
            let told = model.held_bytes(shape).unwrap();
            // Beside weights, networks are lists of operators.
            assert!(held <= told + 5 * MIB / 4, "{}: {held} held, {told} told", path.display());
            let taken = taken_by(&model, shape, || HEAP.peak_usage());
            let told = model.working_bytes(shape).unwrap();
            let most = 2 * taken + 5 * MIB / 4;
            assert!((taken..most).contains(&told), "{} {shape:?}: {taken}, {told} told", path.display());
        }
    }
}

/// What is known of memory that the allocator of this program does not see.
#[cfg(target_os = "linux")]
mod onnx_runtime {
    use std::path::Path;
    use std::process::Command;

    use patchweave_model::Model;
    use patchweave_onnx::{OnnxModel, OnnxOptions, Runtime};

    use super::{MIB, NETS, net_file, shape_of, shipped, taken_by};

    /// Names the network that a process of its own measures, and the size of its input.
    const MEASURED: &str = "PATCHWEAVE_TEST_MEASURED";

    /// The memory of this process that is no file, in bytes.
    fn anonymous() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
    }

    /// Does nothing but in the processes that [`it_takes_no_more_than_was_told`] starts.
    #[test]
    #[ignore = "needs a library of ONNX Runtime"]
    fn one_network() {
        let Some(measured) = std::env::var_os(MEASURED) else { return };
        let (path, size) = measured.to_str().unwrap().rsplit_once(':').unwrap();
        let mut options = OnnxOptions::default();
        options.runtime = Runtime::OnnxRuntime { library: None };
        // Loads the library.
        let other = OnnxModel::open(&net_file("plain.onnx"), &options).unwrap();
        taken_by(&other, shape_of(&other, 64), anonymous);
        let empty = anonymous();
        let model = OnnxModel::open(Path::new(path), &options).unwrap();
        let shape = shape_of(&model, size.parse().unwrap());
        let opened = anonymous().saturating_sub(empty);
        let taken = opened + taken_by(&model, shape, anonymous);
        let told = model.working_bytes(shape).unwrap() + model.held_bytes(shape).unwrap();
        // Beside weights, networks are lists of operators.
        assert!(taken <= told + 4 * MIB, "{path} {shape:?}: {taken} taken, {told} told");
    }

    #[test]
    #[ignore = "needs a library of ONNX Runtime"]
    fn it_takes_no_more_than_was_told() {
        let names = NETS.into_iter().chain(["extended"]);
        for path in names.map(|name| net_file(&format!("{name}.onnx"))).chain([shipped()]) {
            for size in [64, 256, 512] {
                if size == 512 && path.ends_with("volume.onnx") {
                    continue;
                }
                // What a process has taken it keeps, so each measures one.
                let measured = format!("{}:{size}", path.display());
                let mut process = Command::new(std::env::current_exe().unwrap());
                process.args(["--ignored", "--exact", "onnx_runtime::one_network"]).env(MEASURED, measured);
                let ended = process.output().unwrap();
                let said = String::from_utf8_lossy(&ended.stdout);
                assert!(ended.status.success() && said.contains("1 passed"), "{said}");
            }
        }
    }
}
