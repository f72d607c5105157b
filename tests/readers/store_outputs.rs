//! Images in a bucket, each written by two processes; how its server is reached stands in the environment.

use std::error::Error;
use std::process::{Command, Stdio};

use ndarray::{ArrayD, IxDyn};
use patchweave::geometry::{ArrayLayout, PerAxis};
use patchweave::pixel::{Pixel, PixelType, TypedPixel};
use patchweave::sink::{Codec, ImageSpec, Job, JobToken, Location, SinkFormats};
use serde_json::{Value, json};

use crate::pixel;

const TYPE: PixelType = PixelType::U16;

/// Axes, shape, version, sharding and levels.
type Case = (&'static str, &'static [usize], &'static str, &'static str, usize);

const CASES: [Case; 4] = [
    ("ZYX", &[5, 133, 129], "0.5", "auto", 3),
    ("ZYX", &[5, 133, 129], "0.4", "none", 3),
    ("TCYX", &[2, 2, 61, 70], "0.5", "none", 1),
    ("SCYX", &[2, 2, 44, 46], "0.5", "auto", 2),
];

/// Writes all of them and says what they are.
pub fn write(url: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut outputs = Vec::new();
    for (number, case) in CASES.iter().enumerate() {
        outputs.push(image(&format!("{url}/store_{number}.ome.zarr"), case)?);
    }
    Ok(outputs)
}

fn image(url: &str, case: &Case) -> Result<Value, Box<dyn Error>> {
    let (axes, shape, version, sharding, levels) = *case;
    let layout = ArrayLayout::new(axes.parse()?, shape)?;
    let mut spec = ImageSpec::new(layout, TYPE);
    let pixel_size = &[0.75, 0.25, 0.125][3 - spec.layout.axes().n_spatial()..];
    spec.pixel_size = Some(PerAxis::new(pixel_size)?);
    spec.translation = Some(PerAxis::new(pixel_size)?);
    spec.time_step = axes.contains('T').then_some(1.5);
    let n_channels = spec.layout.image_shape().n_channels;
    let names: Vec<String> = (0..n_channels).map(|c| format!("channel {c}")).collect();
    spec.channel_names = Some(names.clone());
    spec.channel_colors = Some(vec![[255, 128, 0]; n_channels]);
    spec.channel_windows = Some(vec![(1.0, 200.0); n_channels]);
    spec.levels = levels;
    spec.compression.codec = Codec::Zstd;
    spec.chunks = Some(vec![16; axes.len()]);
    spec.shards = (sharding == "auto").then(|| vec![32; axes.len()]);
    spec.options.insert("version".into(), json!(version));
    spec.options.insert("sharding".into(), json!(sharding));
    let time_step = spec.time_step;

    let job = Job::start(&SinkFormats::default(), url.as_ref(), None, spec)?;
    let token = serde_json::to_string(job.token())?;
    let mut other = Command::new(std::env::current_exe()?);
    let mut other = other.args(["--join", &token]).stdin(Stdio::null()).spawn()?;
    write_half(&job, 0)?;
    if !other.wait()?.success() {
        return Err("the second process has failed".into());
    }
    if job.commit()? != Location::Url(url.to_owned()) {
        return Err("the image is elsewhere".into());
    }
    Ok(json!({
        "path": url, "kind": "store", "axes": axes, "shape": shape, "dtype": TYPE.name(),
        "pixel_size": pixel_size, "version": version, "codec": "zstd", "sharding": sharding,
        "levels": levels, "labels": false, "channel_names": names, "time_step": time_step,
    }))
}

/// Joins an image that another process has started, and writes half of it.
pub fn join(token: &str) -> Result<(), Box<dyn Error>> {
    let token: JobToken = serde_json::from_str(token)?;
    write_half(&Job::join(&SinkFormats::default(), &token)?, 1)
}

/// Writes every second unit, from the one of this number on.
fn write_half(job: &Job, first: usize) -> Result<(), Box<dyn Error>> {
    let layout = &job.spec().layout;
    let at = (0..layout.shape().iter().product()).map(|at| u16::from_f64(pixel(TYPE, at).into()));
    let own = u16::typed(ArrayD::from_shape_vec(IxDyn(layout.shape()), at.collect())?);
    let sink = job.sink();
    let stored = sink.info().units.layout().axes().clone();
    let order: Vec<usize> =
        stored.as_slice().iter().filter_map(|axis| layout.axes().position(*axis)).collect();
    for unit_idx in (first..sink.info().units.n_units()).step_by(2) {
        let unit = sink.info().unit(unit_idx)?;
        sink.write(unit_idx, own.view().permuted_axes(&order).slice_box(&unit.start, &unit.size))?;
    }
    Ok(())
}
