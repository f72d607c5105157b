//! A format of results of one's own is named in YAML, beside those that there are.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use patchweave::geometry::ArrayLayout;
use patchweave::pipeline::Opening;
use patchweave::pixel::{ByteOrder, PixelType, TypedArray, TypedView};
use patchweave::sink::{
    ImageSpec, OutputKind, SinkError, SinkFormat, SinkFormats, Unit, UnitGrid, UnitStore, Work, create,
};
use serde::Deserialize;

/// Pixels in C order, each plus a number.
struct Raw;

/// The settings of [`Raw`].
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawOptions {
    plus: u8,
}

impl SinkFormat for Raw {
    fn name(&self) -> &str {
        "raw"
    }

    fn endings(&self) -> &[&str] {
        &["raw", "bin"]
    }

    fn output(&self) -> OutputKind {
        OutputKind::File
    }

    fn check(&self, target: &Path, spec: &ImageSpec) -> Result<(), SinkError> {
        spec.format_options::<RawOptions>(target, "raw").map(drop)
    }

    fn prepare(&self, _work: &Work, _spec: &ImageSpec) -> Result<(), SinkError> {
        Ok(())
    }

    fn level(&self, work: &Work, spec: &ImageSpec, _level: usize) -> Result<Box<dyn UnitStore>, SinkError> {
        let grid = UnitGrid::new(spec.layout.clone(), spec.layout.shape());
        let grid = grid.map_err(|source| SinkError::Layout { path: work.target().into(), source })?;
        Ok(Box::new(RawUnit { grid, pixel_type: spec.pixel_type, work: work.clone() }))
    }

    fn assemble(&self, work: &Work, spec: &ImageSpec) -> Result<(), SinkError> {
        let options: RawOptions = spec.format_options(work.target(), "raw")?;
        let bytes = work.get("pixels")?.unwrap_or_default();
        let bytes: Vec<u8> = bytes.iter().map(|byte| byte.wrapping_add(options.plus)).collect();
        fs::write(work.output(), bytes).map_err(|source| work.failed("write", source))
    }
}

/// The image as one unit.
struct RawUnit {
    grid: UnitGrid,
    pixel_type: PixelType,
    work: Work,
}

impl UnitStore for RawUnit {
    fn units(&self) -> &UnitGrid {
        &self.grid
    }

    fn write(&self, _unit_idx: usize, _unit: &Unit, pixels: &TypedView<'_>) -> Result<(), SinkError> {
        self.work.put("pixels", &pixels.to_le_bytes())
    }

    fn read(&self, _unit_idx: usize, unit: &Unit) -> Result<Option<TypedArray>, SinkError> {
        let bytes = self.work.get("pixels")?.unwrap_or_default();
        Ok(TypedArray::from_bytes(self.pixel_type, &unit.size, &bytes, ByteOrder::Little))
    }
}

const CONFIG: &str = "\
output: out
data_config:
  {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
predict:
  input: image.tiff
  models: [identity]
  formats: [{name: raw, plus: 3}]
  pixel_type: input
";

#[test]
fn a_format_of_results_of_ones_own_is_used_from_yaml() {
    let folder = tempfile::tempdir().unwrap();
    let layout = ArrayLayout::new("YX".parse().unwrap(), &[2, 3]).unwrap();
    let mut sink =
        create(folder.path().join("image.tiff"), "tiff", ImageSpec::new(layout, PixelType::U8)).unwrap();
    let pixels = ndarray::Array4::from_shape_fn((1, 1, 2, 3), |(_, _, y, x)| if y == x { 7.0 } else { 0.0 });
    sink.write_block(0, [0; 3], pixels.view()).unwrap();
    sink.finish().unwrap();

    let mut sinks = SinkFormats::default();
    sinks.add(Raw);
    let run = |command: &str, config: &str| {
        let file = folder.path().join("run.yaml");
        fs::write(&file, config).unwrap();
        let arguments = ["own_sink".into(), command.into(), file.into_os_string()];
        let code = patchweave_cli::command_with::<std::ffi::OsString>(
            arguments,
            Opening::default().with_sinks(sinks.clone()),
        );
        format!("{code:?}")
    };
    assert_eq!(run("validate", &CONFIG.replace("plus: 3", "plus: 300")), format!("{:?}", ExitCode::from(2)));
    assert!(!folder.path().join("out").exists());
    assert_eq!(run("run", CONFIG), format!("{:?}", ExitCode::SUCCESS));
    assert_eq!(fs::read(folder.path().join("out/image_identity.raw")).unwrap(), [10, 3, 3, 3, 10, 3]);
    // It is not read again, so that there is no picture of it.
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 1);
}
