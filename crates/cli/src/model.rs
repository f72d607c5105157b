//! `patchweave model info`: what is in the file of a network, and how far its outputs see.

use std::path::Path;

use crate::arguments::ModelCommand;
use crate::{Console, Failure};

/// Runs a command about models.
pub(crate) fn model(command: &ModelCommand, console: &Console) -> Result<(), Failure> {
    let ModelCommand::Info { network, axes, resize } = command;
    info(network, axes.as_deref(), *resize, console)
}

#[cfg(not(feature = "onnx"))]
fn info(network: &Path, _axes: Option<&str>, _resize: bool, _console: &Console) -> Result<(), Failure> {
    let message = format!(
        "{}: networks were left out of this program; build it with the feature onnx",
        network.display()
    );
    Err(Failure::Arguments(message))
}

#[cfg(feature = "onnx")]
fn info(network: &Path, axes: Option<&str>, resize: bool, console: &Console) -> Result<(), Failure> {
    use patchweave_model::{Model, SizeRule, halo};
    use patchweave_onnx::{OnnxFile, OnnxModel, OnnxOptions};

    /// Pixels along an axis in which the halo is measured, where the network takes any number.
    const WANTED: [usize; 3] = [64, 128, 128];

    console.say(OnnxFile::read(network)?.to_string())?;
    let axes = axes.map(str::parse).transpose();
    let axes = axes.map_err(|error| Failure::Arguments(format!("--axes: {error}")))?;
    let mut options = OnnxOptions::default();
    options.axes = axes;
    options.resize = resize;
    let opened = OnnxModel::open(network, &options)?;
    let info = opened.info();
    let [z, y, x] = info.input.sizes;
    let depth = if z == SizeRule::Fixed(1) { String::new() } else { format!("Z {z}, ") };
    let channels = info.input.n_channels.map_or_else(|| "any".to_owned(), |n| n.to_string());
    console.say(format!("tiles: axes {}, {channels} channels, {depth}Y {y}, X {x} pixels", opened.axes()))?;
    let size = info.fit(WANTED);
    let measured = halo::measure(&opened, size)?;
    let [_, y, x] = size;
    console.say(format!(
        "halo, measured in tiles of {}{y} × {x}:",
        if z == SizeRule::Fixed(1) { String::new() } else { format!("{} × ", size[0]) }
    ))?;
    for (output, of_file) in measured.outputs.iter().zip(&info.outputs) {
        let [z, y, x] = output.halo;
        let [_, of_y, of_x] = of_file.scale;
        console.say(format!(
            "  {}: {}Y {y}, X {x} pixels before and after; size {of_y} × {of_x} of the input",
            output.name,
            if depth.is_empty() { String::new() } else { format!("Z {z}, ") },
        ))?;
    }
    if measured.is_global() {
        console
            .say("  an output depends on the whole tile: tiles change the result, whatever their overlap")?;
    } else {
        let needed = measured
            .outputs
            .iter()
            .flat_map(|output| output.halo)
            .map(|sides| sides.before.max(sides.after))
            .max();
        console.say(format!(
            "tiles that overlap by {} pixels give what the whole image would",
            2 * needed.unwrap_or(0)
        ))?;
    }
    Ok(())
}
