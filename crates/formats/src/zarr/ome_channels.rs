//! How the channels of OME-Zarr images are called and shown.

use patchweave_stack::{DisplayWindow, StackInfo};
use serde_json::{Map, Value};

use super::json::name;

/// What metadata says of channels, one entry for each of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Channels {
    /// Empty for one without a name.
    pub names: Vec<String>,
    pub colors: Vec<Option<[u8; 3]>>,
    pub windows: Vec<Option<DisplayWindow>>,
}

impl Channels {
    /// The channels of the attributes that hold `omero`; none where nobody says.
    pub fn of(ome: &Map<String, Value>) -> Self {
        let listed = ome.get("omero").and_then(|omero| omero.get("channels")?.as_array());
        let channels = || listed.into_iter().flatten();
        Channels {
            names: channels()
                .map(|channel| channel.get("label").and_then(name).unwrap_or_default())
                .collect(),
            colors: channels().map(color).collect(),
            windows: channels().map(window).collect(),
        }
    }

    /// Tells them of an image that has as many channels.
    pub fn tell(&self, info: &mut StackInfo) {
        info.set_channel_names(self.names.clone());
        info.set_channel_colors(self.colors.clone());
        info.set_channel_windows(self.windows.clone());
    }
}

/// Six digits, `RRGGBB`; some files write a mark before them, or an opacity behind.
fn color(channel: &Value) -> Option<[u8; 3]> {
    let text = channel.get("color")?.as_str()?.trim().trim_start_matches('#');
    if !matches!(text.len(), 6 | 8) || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let part = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

fn window(channel: &Value) -> Option<DisplayWindow> {
    let window = channel.get("window")?;
    Some((window.get("start")?.as_f64()?, window.get("end")?.as_f64()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn colours_are_read_as_files_write_them() {
        let color = |text: &str| color(&json!({"color": text}));
        assert_eq!(color("00ff80"), Some([0, 255, 128]));
        assert_eq!(color("#00FF80"), Some([0, 255, 128]));
        assert_eq!(color("00FF80ff"), Some([0, 255, 128]));
        for none in ["", "00FF8", "green", "+0+0+0", "00FF8ü"] {
            assert_eq!(color(none), None, "{none}");
        }
    }

    #[test]
    fn windows_have_both_ends() {
        let window = |json: Value| window(&json!({"window": json}));
        assert_eq!(window(json!({"min": 0, "max": 65535, "start": 10.5, "end": 4000})), Some((10.5, 4000.0)));
        assert_eq!(window(json!({"min": 0, "max": 65535, "start": 10})), None);
        assert_eq!(window(json!(3)), None);
    }
}
