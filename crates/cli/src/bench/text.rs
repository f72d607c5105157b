//! What a bench found, in words.

use super::report::{Alternative, Measured, MixingReport, Replayed, Report, Tried};
use crate::console::{bytes, counted};
use crate::forecast::{rounded, seconds};

/// How patches are mixed, in a line; beside a plain shuffle where the order is another one.
pub(super) fn mixing_line(report: &Report) -> String {
    let order = report.settings.order;
    let own = mixed(&report.mixing);
    match &report.mixing_shuffled {
        Some(shuffled) => format!("mixing, {order}: {own}\n  plain shuffle: {}", mixed(shuffled)),
        None => format!("mixing, {order}: {own}"),
    }
}

fn mixed(mixing: &MixingReport) -> String {
    let MixingReport { images_per_batch, sources_per_batch, share_of_batches, at_least, same_image, .. } =
        mixing;
    let distance = match *same_image > 0.0 {
        true => format!("; neighbours of one image {:.0} pixels apart", mixing.mean_distance),
        false => String::new(),
    };
    format!(
        "{images_per_batch:.1} images and {sources_per_batch:.1} chunks in a batch, {:.0} % of batches from at least \
         {at_least}{distance}",
        100.0 * share_of_batches
    )
}

/// What was measured, line by line.
pub(super) fn measured_lines(measured: &Measured, n_workers: usize) -> Vec<String> {
    let Measured { stages, .. } = measured;
    let mut lines = vec![format!(
        "measured for {}, {:.2} epochs, {}: {:.0} patches/s, {}/s",
        seconds(measured.seconds),
        measured.n_epochs,
        counted(measured.n_patches, "patch", "patches"),
        measured.patches_per_second,
        bytes(measured.bytes_per_second)
    )];
    lines.push(format!("  time of {}:", counted(n_workers, "worker", "workers")));
    let table = [
        ("read", stages.read),
        ("decode", stages.decode),
        ("wait for the decoding of others", stages.wait),
        ("construct", stages.construct),
        ("normalise", stages.normalise),
        ("augment", stages.augment),
        ("idle: no slot to fill, starting", stages.idle),
    ];
    lines.extend(table.map(|(stage, share)| format!("    {stage:<32}{:5.1} %", 100.0 * share)));
    lines.push(format!(
        "  the consumer waited {:.0} % of the time; {:.1} full batches waited for it on average",
        100.0 * measured.consumer_waiting,
        measured.batches_waiting
    ));
    if let Some(hits) = measured.cache_hits {
        lines.push(format!(
            "  cache: {:.0} % hits, {:.2} decodes for each chunk and epoch, decode amplification {:.1}",
            100.0 * hits,
            measured.decodes_per_chunk_and_epoch,
            measured.decode_amplification
        ));
    }
    lines.push(format!("  at most {} in flight", bytes(measured.most_bytes_in_flight as f64)));
    lines
}

/// What was forecast beside what was measured, in a line.
pub(super) fn against_line(report: &Report) -> String {
    let measured = &report.measured;
    let time = report.forecast.seconds.map_or("unknown".to_owned(), seconds);
    let decodes = match measured.cache_hits {
        Some(_) => format!(
            "{} decodes for {} patches, {} made; ",
            rounded(measured.forecast_decodes),
            rounded(measured.n_made as f64),
            rounded(measured.n_decodes as f64)
        ),
        None => String::new(),
    };
    format!("forecast against actual: {decodes}{time} for an epoch, {}", seconds(measured.seconds_per_epoch))
}

/// What reading costs, in a line.
pub(super) fn replay_line(replayed: Option<&Replayed>) -> String {
    match replayed {
        Some(replayed) => format!(
            "replayed {} from the cache: {:.0} patches/s, {:.1} × of what was measured",
            counted(replayed.n_batches, "batch", "batches"),
            replayed.patches_per_second,
            replayed.head_room
        ),
        None => "nothing replayed: the chunks of one batch do not fit into the cache".to_owned(),
    }
}

/// What could be done about reading, line by line.
pub(super) fn alternative_lines(report: &Report) -> Vec<String> {
    let before = report.measured.decodes_per_patch;
    let line = |one: &Alternative| {
        let Alternative { setting, decodes_per_patch, gain } = one;
        format!("  {setting}: {decodes_per_patch:.2} decodes per patch instead of {before:.2}, {gain:.1} ×")
    };
    report.alternatives.iter().map(line).collect()
}

/// What came of trying the advice, in a line.
pub(super) fn tried_line(tried: &Tried, before: &Measured) -> String {
    format!(
        "tried {}: {:.0} patches/s, {:.1} × of before ({:.1} × predicted); {:.2} decodes per patch, before {:.2}",
        tried.setting,
        tried.measured.patches_per_second,
        tried.gain,
        tried.predicted_gain,
        tried.measured.decodes_per_patch,
        before.decodes_per_patch
    )
}

/// What was not made at once.
pub(super) fn losses_line(measured: &Measured) -> String {
    format!(
        "  left out {} patches that could not be made, tried {} times more",
        measured.n_skipped, measured.n_retries
    )
}
