//! `patchweave validate`: check, and do nothing else.

use std::path::Path;

use patchweave_config::{RunPlan, TrainPlan};
use patchweave_pipeline::{
    CheckedRun, DeepProgress, DeepReport, ExistingResults, Images, LeakReport, Opening, find_leak,
};

use crate::console::{bytes, counted};
use crate::steps::Steps;
use crate::{Console, Failure, interrupt};

/// What is looked at beyond the configuration and the shapes of its images.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Looks {
    pub for_leaks: bool,
    pub at_every_pixel: bool,
}

pub(crate) fn validate(
    config: &Path,
    looks: Looks,
    opening: &Opening,
    console: &Console,
) -> Result<(), Failure> {
    if looks.at_every_pixel || looks.for_leaks {
        interrupt::listen()?;
    }
    let checked = match looks.at_every_pixel {
        true => read(config, opening, console)?,
        false => CheckedRun::load_with(config, opening, ExistingResults::Warned)?,
    };
    let plan = checked.plan().clone();
    let mixed = checked.mixed().iter().flat_map(|mixed| &mixed.plan.warnings);
    plan.warnings.iter().chain(mixed).try_for_each(|warning| console.say(format!("warning: {warning}")))?;
    console.say(format!("{} is fine", config.display()))?;
    match &plan.train {
        _ if !looks.for_leaks => Ok(()),
        Some(train) => look_for_leaks(&plan, train, &checked.into_images(opening)?, console),
        None => console.say("leaks: there is no training, so nothing can leak"),
    }
}

/// Checks a configuration and reads every pixel of its images.
fn read(config: &Path, opening: &Opening, console: &Console) -> Result<CheckedRun, Failure> {
    let bar = Steps::new("reading", 0, "parts");
    let progress = |DeepProgress { n_done, n_parts }: DeepProgress| {
        bar.set_length(n_parts as u64);
        bar.set_position(n_done as u64);
        !interrupt::asked()
    };
    let (checked, DeepReport { n_images, n_bytes }) = CheckedRun::load_reading(config, opening, &progress)?;
    bar.finish_and_clear();
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let n_bytes = bytes(n_bytes as f64);
    if checked.is_ok() || n_images > 0 {
        console.say(format!("read: {}, {n_bytes} of pixels", counted(n_images, "image", "images")))?;
    }
    Ok(checked?)
}

fn look_for_leaks(
    plan: &RunPlan,
    train: &TrainPlan,
    images: &Images,
    console: &Console,
) -> Result<(), Failure> {
    let report = find_leak(&plan.data, train, images, &|| !interrupt::asked());
    match report.map_err(|error| error.at(plan))? {
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
