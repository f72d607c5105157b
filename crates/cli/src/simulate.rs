//! `patchweave simulate`: make a data set.

use patchweave_config::{OutputFormat, SimulatePlan};
use patchweave_pipeline::{SimulatedData, simulated_data, simulation_of};
use patchweave_sink::Durability;

use crate::arguments::{FormatName, SimulateOptions};
use crate::console::shown;
use crate::{Console, Failure, interrupt};

pub(crate) fn simulate(options: &SimulateOptions, console: &Console) -> Result<(), Failure> {
    interrupt::listen()?;
    let asked = |name| options.formats.contains(&name);
    let all = [(FormatName::Tiff, OutputFormat::Tiff), (FormatName::OmeZarr, OutputFormat::OmeZarr)];
    let formats = all.into_iter().filter(|(name, _)| asked(*name)).map(|(_, format)| format).collect();
    let plan = SimulatePlan {
        folder: options.folder.clone(),
        size: options.size,
        n_structures: options.structures,
        seed: options.seed,
        bit_depth: options.bit_depth,
        photons: options.photons,
        read_noise: options.read_noise,
        background: options.background,
        psf_sigma: options.psf_sigma,
        formats,
    };
    simulation_of(&plan).check().map_err(|error| Failure::Arguments(error.to_string()))?;
    let data = simulated_data(&plan, Durability::default(), &|| !interrupt::asked())?;
    console.say(describe(&plan, &data))?;
    data.files.iter().try_for_each(|file| console.say(format!("  {}", shown(file))))
}

/// One line on what was made or found.
pub(crate) fn describe(plan: &SimulatePlan, data: &SimulatedData) -> String {
    let what = format!("{} structures of {} pixels, seed {}", plan.n_structures, plan.size, plan.seed);
    let folder = shown(&plan.folder);
    if data.is_new {
        format!("simulated {what} in {folder}")
    } else {
        format!("found simulated data in {folder} ({what}); delete the folder to make it anew")
    }
}
