//! How near results are to their targets, as lines.

use patchweave_pipeline::{ChannelQuality, InputQuality, Quality};

use crate::console::grouped;

/// One line for every channel of the targets, or why there are none.
pub(crate) fn lines(quality: &Quality) -> Vec<String> {
    match quality {
        Quality::LeftOut(why) => vec![format!("  PSNR: left out, because {why}")],
        Quality::Measured(channels) => {
            channels.iter().enumerate().map(|(channel_idx, channel)| line(channel_idx, channel)).collect()
        }
    }
}

fn line(channel_idx: usize, ChannelQuality { result, input, n_left_out }: &ChannelQuality) -> String {
    let mut line = format!("  PSNR of channel {channel_idx}: {}", decibels(*result));
    if let Some(InputQuality { as_it_is, best_affine }) = input {
        line += &format!("; input {}, its best affine {}", decibels(*as_it_is), decibels(*best_affine));
    }
    if *n_left_out > 0 {
        line += &format!("; without {} pixels that are not finite", grouped(*n_left_out));
    }
    line
}

/// A ratio in decibels; equal images have none, and neither have targets of a single value.
fn decibels(ratio: f64) -> String {
    match ratio {
        equal if equal.is_infinite() => "no difference".to_owned(),
        unknown if unknown.is_nan() => "unknown (the target has a single value)".to_owned(),
        ratio => format!("{ratio:.2} dB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ratio_is_told() {
        let input = Some(InputQuality { as_it_is: -1.0, best_affine: 20.456 });
        let channels = [(31.5, input, 0), (f64::INFINITY, None, 1200), (f64::NAN, None, 0)];
        let channels =
            channels.map(|(result, input, n_left_out)| ChannelQuality { result, input, n_left_out });
        let expected = [
            "  PSNR of channel 0: 31.50 dB; input -1.00 dB, its best affine 20.46 dB",
            "  PSNR of channel 1: no difference; without 1 200 pixels that are not finite",
            "  PSNR of channel 2: unknown (the target has a single value)",
        ];
        assert_eq!(lines(&Quality::Measured(channels.to_vec())), expected);
        let why = Quality::LeftOut("labels have no distances".to_owned());
        assert_eq!(lines(&why), ["  PSNR: left out, because labels have no distances"]);
    }
}
