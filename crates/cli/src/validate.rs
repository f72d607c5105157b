//! `patchweave validate`: check, and do nothing else.

use std::path::Path;

use patchweave_pipeline::{CheckedRun, ExistingResults, LeakReport, Opening, find_leak};

use crate::{Console, Failure, interrupt};

pub(crate) fn validate(
    config: &Path,
    looks_for_leaks: bool,
    opening: &Opening,
    console: &Console,
) -> Result<(), Failure> {
    let checked = CheckedRun::load_with(config, opening, ExistingResults::Warned)?;
    let plan = checked.plan().clone();
    let mixed = checked.mixed().iter().flat_map(|mixed| &mixed.plan.warnings);
    plan.warnings.iter().chain(mixed).try_for_each(|warning| console.say(format!("warning: {warning}")))?;
    console.say(format!("{} is fine", config.display()))?;
    let train = match &plan.train {
        Some(train) if looks_for_leaks => train,
        None if looks_for_leaks => return console.say("leaks: there is no training, so nothing can leak"),
        _ => return Ok(()),
    };
    interrupt::listen()?;
    let images = checked.into_images(opening)?;
    let report = find_leak(&plan.data, train, &images, &|| !interrupt::asked());
    match report.map_err(|error| error.at(&plan))? {
        LeakReport::NoValidation => {
            console.say("leaks: there are no validation patches, so nothing can leak")
        }
        LeakReport::Proven { n_val_patches, is_split_off } => {
            let place = if is_split_off { "in the training images" } else { "in images of their own" };
            console.say(format!(
                "leaks: none; no pixel that one of the {n_val_patches} validation patches {place} uses, its lateral \
                 context included, can be used by a training patch"
            ))
        }
        LeakReport::Unknown { doubt } => Err(Failure::UnknownLeak { doubt }),
        LeakReport::Shared { path, val_path, leak } => {
            let images = match path == val_path {
                true => path.display().to_string(),
                false => format!("{}, which validation reads as {}", path.display(), val_path.display()),
            };
            Err(Failure::Leak { images, leak: leak.to_string() })
        }
        _ => Ok(()),
    }
}
