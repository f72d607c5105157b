//! `patchweave model` for packages of the BioImage Model Zoo: what they say, and whether they reproduce their examples.

use std::path::Path;

use patchweave_model::{Model, ModelInfo, Scale, SizeRule};
use patchweave_zoo::{OutputTest, ZooModel, ZooOptions};

use crate::{Console, Failure, runner};

/// Prints what a package says, and what follows for tiles.
pub(crate) fn info(package: &Path, runtime: &str, console: &Console) -> Result<(), Failure> {
    let options = options(runtime)?;
    let model = ZooModel::open(package, &options)?;
    console.say(model.package().to_string())?;
    console.say(model.network().file().to_string())?;
    console.say(runner::told(&options.runtime))?;
    tiles(model.info(), console)
}

fn options(runtime: &str) -> Result<ZooOptions, Failure> {
    let mut options = ZooOptions::default();
    options.runtime = runner::runtime(runtime)?;
    Ok(options)
}

fn tiles(info: &ModelInfo, console: &Console) -> Result<(), Failure> {
    let [z, y, x] = info.input.sizes;
    let is_plane = z == SizeRule::Fixed(1);
    let depth = if is_plane { String::new() } else { format!("Z {z}, ") };
    let channels = info.input.n_channels.map_or_else(|| "any".to_owned(), |n| n.to_string());
    console.say(format!("tiles: {channels} channels, {depth}Y {y}, X {x} pixels"))?;
    console.say("halo, as the package says, in pixels of the input:")?;
    for output in &info.outputs {
        let [z, y, x] = output.halo;
        let [_, of_y, of_x] = output.scale;
        let size = if output.scale == [Scale::Same; 3] {
            String::new()
        } else {
            format!("; of the size of the input: {of_y} along Y, {of_x} along X")
        };
        let depth = if is_plane { String::new() } else { format!("Z {z}, ") };
        console.say(format!("  {}: {depth}Y {y}, X {x} before and after{size}", output.name))?;
    }
    let needed = info.halo().map(|sides| 2 * sides.before.max(sides.after));
    let [z, y, x] = needed;
    let depth = if is_plane { String::new() } else { format!("{z} along Z, ") };
    console.say(format!("tiles should overlap by {depth}{y} along Y, {x} along X"))
}

/// Predicts the example of a package and compares.
pub(crate) fn test(package: &Path, runtime: &str, console: &Console) -> Result<(), Failure> {
    let tests = ZooModel::open(package, &options(runtime)?)?.test()?;
    for test in &tests {
        console.say(told(test))?;
    }
    let failed: Vec<&str> = tests.iter().filter(|test| !test.passes()).map(|test| test.id.as_str()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::NotReproduced { path: package.to_owned(), outputs: failed.join(", ") })
}

fn told(test: &OutputTest) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
    let share = 100.0 * test.n_mismatched as f64 / (test.n_values.max(1)) as f64;
    format!(
        "output {}: {}; largest difference {:.2e}, {} of {} values are mismatches ({share:.2} %); tolerance {}",
        test.id,
        if test.passes() { "reproduced" } else { "not reproduced" },
        test.largest,
        test.n_mismatched,
        test.n_values,
        test.tolerance,
    )
}
