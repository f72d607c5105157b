//! `patchweave convert`: any image that can be read, in any format that can be written.

mod labels;
mod one;
mod plates;
mod targets;
pub(crate) mod values;

use patchweave_formats::OpenOptions;
use patchweave_pipeline::Opening;

use crate::arguments::ConvertOptions;
use crate::opened::{format_of, open};
use crate::{Console, Failure, interrupt};
use one::Conversion;
use plates::convert_plate;
use targets::{Target, check_targets, stored_at};

/// Converts every image of the input; all names are checked before the first pixel is read.
pub(crate) fn convert(options: &ConvertOptions, known: &Opening, console: &Console) -> Result<(), Failure> {
    interrupt::listen()?;
    let Opening { formats, sinks, .. } = known;
    let members = formats.members(&options.input, options.from.as_deref(), &[])?;
    members.notes.iter().try_for_each(|note| console.say(format!("warning: {note}")))?;
    let opening = OpenOptions::default();
    let mut targets = Vec::new();
    for member in &members.found {
        let given = options.from.as_deref().map(|name| ("--from", name));
        let format = format_of(&member.path, given, formats)?;
        let (images, guess) = open(&member.path, format, options.axes.as_ref(), &opening)?;
        if let Some(own) = guess {
            let path = member.path.display();
            return Err(Failure::Arguments(format!(
                "{path} does not name its axes (it says {own}), expected --axes"
            )));
        }
        let n_images = images.len();
        let stored = stored_at(&member.path);
        for (number, image) in images.into_iter().enumerate() {
            let Some(whole) = image.into_iter().next() else { continue };
            targets.push(Target::new(whole, (member, &stored), number, n_images, members.is_searched));
        }
    }
    let mut targets = check_targets(targets, options, sinks, members.is_searched)?;
    while !targets.is_empty() {
        interrupt::check()?;
        // The fields of a plate lie one behind the other.
        let plate = targets[0].plate.clone();
        let n_together = match &plate {
            Some(_) => targets.iter().take_while(|target| target.plate == plate).count(),
            None => 1,
        };
        let images = targets.drain(..n_together);
        let images =
            images.map(|target| Conversion { options, formats, sinks, console, target }).collect::<Vec<_>>();
        match plate {
            Some(plate) => convert_plate(&plate, &images)?,
            None => images.iter().try_for_each(Conversion::run)?,
        }
    }
    Ok(())
}
