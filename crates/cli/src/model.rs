//! `patchweave model`: what is in the file of a network, how far its outputs see, and what packages say.

use std::path::Path;

use crate::arguments::ModelCommand;
use crate::{Console, Failure};

/// Runs a command about models.
pub(crate) fn model(command: &ModelCommand, console: &Console) -> Result<(), Failure> {
    match command {
        ModelCommand::Info { network, axes, resize, runtime } if is_package(network) => {
            if axes.is_some() || *resize {
                let message = "--axes and --resize are for ONNX files; a package says what it takes";
                return Err(Failure::Arguments(message.to_owned()));
            }
            package::info(network, runtime, console)
        }
        ModelCommand::Info { network, axes, resize, runtime } => {
            info(network, (axes.as_deref(), *resize, runtime), console)
        }
        ModelCommand::Test { package, runtime } => package::test(package, runtime, console),
    }
}

/// Whether a path is that of a package rather than of a network.
fn is_package(path: &Path) -> bool {
    let endings = ["zip", "yaml", "yml"];
    let has_ending =
        path.extension().is_some_and(|own| endings.iter().any(|ending| own.eq_ignore_ascii_case(ending)));
    has_ending || path.is_dir()
}

#[cfg(not(feature = "onnx"))]
mod package {
    use std::path::Path;

    use crate::{Console, Failure};

    pub(super) fn info(package: &Path, _runtime: &str, _console: &Console) -> Result<(), Failure> {
        Err(super::left_out(package))
    }

    pub(super) fn test(package: &Path, _runtime: &str, _console: &Console) -> Result<(), Failure> {
        Err(super::left_out(package))
    }
}

#[cfg(feature = "onnx")]
use crate::{package, runner};

#[cfg(not(feature = "onnx"))]
fn info(network: &Path, _options: (Option<&str>, bool, &str), _console: &Console) -> Result<(), Failure> {
    Err(left_out(network))
}

#[cfg(not(feature = "onnx"))]
fn left_out(network: &Path) -> Failure {
    let message = format!(
        "{}: networks were left out of this program; build it with the feature onnx",
        network.display()
    );
    Failure::Arguments(message)
}

#[cfg(feature = "onnx")]
fn info(
    network: &Path,
    (axes, resize, runtime): (Option<&str>, bool, &str),
    console: &Console,
) -> Result<(), Failure> {
    use patchweave_model::halo::{self, Measured, Reach};
    use patchweave_model::{Model, Scale, SizeRule};
    use patchweave_onnx::{OnnxFile, OnnxModel, OnnxOptions};

    /// Pixels along an axis in which the halo is measured, where the network takes any number.
    const WANTED: [usize; 3] = [64, 128, 128];
    /// Larger tiles would take minutes.
    const LARGEST: usize = 512;

    console.say(OnnxFile::read(network)?.to_string())?;
    let axes = axes.map(str::parse).transpose();
    let axes = axes.map_err(|error| Failure::Arguments(format!("--axes: {error}")))?;
    let mut options = OnnxOptions::default();
    options.axes = axes;
    options.resize = resize;
    options.runtime = runner::runtime(runtime)?;
    let opened = OnnxModel::open(network, &options)?;
    console.say(runner::told(&options.runtime))?;
    let info = opened.info();
    let [z, y, x] = info.input.sizes;
    let depth = if z == SizeRule::Fixed(1) { String::new() } else { format!("Z {z}, ") };
    let channels = info.input.n_channels.map_or_else(|| "any".to_owned(), |n| n.to_string());
    console.say(format!("tiles: axes {}, {channels} channels, {depth}Y {y}, X {x} pixels", opened.axes()))?;
    let mut size = info.fit(WANTED);
    let mut measured = halo::measure(&opened, size)?;
    // What reaches the end of a tile may reach further.
    let is_cut = |measured: &Measured| measured.outputs.iter().any(|output| output.reach != Reach::Inside);
    while is_cut(&measured) {
        let larger = info.fit([size[0], 2 * size[1], 2 * size[2]]);
        if larger == size || larger[1].max(larger[2]) > LARGEST {
            break;
        }
        size = larger;
        measured = halo::measure(&opened, size)?;
    }
    let [_, y, x] = size;
    console.say(format!(
        "halo, measured in tiles of {}{y} × {x}:",
        if z == SizeRule::Fixed(1) { String::new() } else { format!("{} × ", size[0]) }
    ))?;
    for (output, of_file) in measured.outputs.iter().zip(&info.outputs) {
        let [z, y, x] = output.halo;
        let [_, of_y, of_x] = of_file.scale;
        let size = if of_file.scale == [Scale::Same; 3] {
            String::new()
        } else {
            format!("; of the size of the input: {of_y} along Y, {of_x} along X")
        };
        console.say(format!(
            "  {}: {}Y {y}, X {x} pixels before and after{size}",
            output.name,
            if depth.is_empty() { String::new() } else { format!("Z {z}, ") },
        ))?;
    }
    if is_cut(&measured) {
        return console.say(
            "  an output may see further than the end of this tile: its halo is not known, or it depends on the whole tile and \
             tiles change the result",
        );
    }
    let sides = measured.outputs.iter().flat_map(|output| output.halo);
    let needed = sides.map(|sides| sides.before.max(sides.after)).max().unwrap_or(0);
    let step = info.input.sizes.iter().map(|rule| rule.step()).max().unwrap_or(1);
    let of_step = if step > 1 { format!(", if tiles start at multiples of {step}") } else { String::new() };
    console
        .say(format!("tiles that overlap by {} pixels give what the whole image would{of_step}", 2 * needed))
}
