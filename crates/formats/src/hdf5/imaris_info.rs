//! What `DataSetInfo` of an Imaris file says about its image: the size of a pixel, names of channels, times.

use hdf5_reader::group::Group;

use super::attributes::{number, text};
use crate::units::micrometres;

/// More channels than an image has.
const MOST_CHANNELS: usize = 1000;

/// Micrometres of the units that pixels are measured in: micrometres, nanometres and millimetres.
const UNITS: [f64; 3] = [1.0, 1e-3, 1e3];

/// What a file says about an image besides its pixels.
#[derive(Debug, Clone, Default)]
pub(super) struct ImageInfo {
    /// Along Z, Y and X, in micrometres.
    pub pixel_size: [Option<f64>; 3],
    pub channel_names: Vec<String>,
    /// Seconds between time points, on average.
    pub time_step: Option<f64>,
}

impl ImageInfo {
    pub fn read(info: &Group) -> Self {
        let name = |channel| text(&info.group(&format!("Channel {channel}")).ok()?, "Name");
        ImageInfo {
            pixel_size: info.group("Image").ok().as_ref().and_then(pixel_size).unwrap_or_default(),
            channel_names: (0..MOST_CHANNELS).map_while(name).collect(),
            time_step: info.group("TimeInfo").ok().as_ref().and_then(time_step),
        }
    }
}

/// What the extent of the image says about the size of its pixels.
fn pixel_size(image: &Group) -> Option<[Option<f64>; 3]> {
    let micrometres = micrometres(&text(image, "Unit")?.to_lowercase()).filter(|n| UNITS.contains(n))?;
    let size = |letter: &str, place: usize| -> Option<f64> {
        let end: f64 = number(image, &format!("ExtMax{place}"))?;
        let start: f64 = number(image, &format!("ExtMin{place}"))?;
        let n_pixels: u32 = number(image, letter)?;
        let size = (end - start) / f64::from(n_pixels) * micrometres;
        (size.is_finite() && size > 0.0).then_some(size)
    };
    Some([size("Z", 2), size("Y", 1), size("X", 0)])
}

/// The time from the first to the last time point by the steps between them.
fn time_step(times: &Group) -> Option<f64> {
    let n_times: u32 = number(times, "DataSetTimePoints")?;
    let at = |point: u32| seconds(&text(times, &format!("TimePoint{point}"))?);
    let n_steps = n_times.checked_sub(1).filter(|n| *n > 0)?;
    Some((at(n_times)? - at(1)?) / f64::from(n_steps))
}

/// Seconds since some day, of a time such as `2024-03-01 13:05:07.250`.
fn seconds(time: &str) -> Option<f64> {
    let (date, clock) = time.trim().split_once([' ', 'T'])?;
    let mut date = date.split('-').map(|part| part.parse::<u32>().ok());
    let year = date.next()??;
    let month = date.next()??;
    let day = date.next()??;
    if year > 9999 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let mut clock = clock.split(':').map(|part| part.parse::<f64>().ok());
    let hours = clock.next()??;
    let minutes = clock.next()??;
    let seconds = clock.next()??;
    // Years that start in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    Some(f64::from(days) * 86_400.0 + hours * 3600.0 + minutes * 60.0 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_apart_over_days_months_and_years() {
        let between = |from: &str, to: &str| Some(seconds(to)? - seconds(from)?);
        let same_day = between("2024-03-01 13:05:07.250", "2024-03-01 13:05:09.750");
        assert_eq!(same_day, Some(2.5));
        assert_eq!(between("2023-12-31 23:59:59", "2024-01-01 00:00:01"), Some(2.0));
        assert_eq!(between("2024-02-28 00:00:00", "2024-03-01 00:00:00"), Some(2.0 * 86_400.0));
        assert_eq!(between("2023-02-28 00:00:00", "2023-03-01 00:00:00"), Some(86_400.0));
        assert_eq!(seconds("yesterday"), None);
        assert_eq!(seconds("2024-13-01 00:00:00"), None);
    }
}
