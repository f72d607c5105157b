//! What a TIFF says about an image besides its pixels.

use std::sync::Arc;

use patchweave_stack::DisplayWindow;

/// What a file says about the place and size of a pixel, channels and times.
#[derive(Debug, Clone, Default)]
pub(super) struct ImageInfo {
    /// Along Z, Y and X, in micrometres.
    pub pixel_size: [Option<f64>; 3],
    /// Where the first pixel is along Z, Y and X, in micrometres.
    pub translation: [Option<f64>; 3],
    /// Empty names where there are none.
    pub channel_names: Arc<[String]>,
    pub channel_colors: Arc<[Option<[u8; 3]>]>,
    pub channel_windows: Arc<[Option<DisplayWindow>]>,
    /// Seconds from one time point to the next.
    pub time_step: Option<f64>,
}

impl ImageInfo {
    /// Where the centre of the first pixel is along Z, Y and X in a level whose pixels are so many times larger.
    pub fn first_pixel(&self, shrink: [f64; 3]) -> [Option<f64>; 3] {
        std::array::from_fn(|axis| {
            let place = self.translation[axis]?;
            if shrink[axis] == 1.0 {
                return Some(place);
            }
            // A larger pixel begins where the first one did, and its centre is further away.
            Some(place + self.pixel_size[axis]? * (shrink[axis] - 1.0) / 2.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_pixels_have_their_centre_further_away() {
        let info = ImageInfo {
            pixel_size: [None, Some(0.5), None],
            translation: [Some(7.0), Some(10.0), Some(20.0)],
            ..ImageInfo::default()
        };
        assert_eq!(info.first_pixel([1.0, 1.0, 1.0]), info.translation);
        // Pixels 0 to 3 along Y become one, whose centre is that of pixel 1.5.
        assert_eq!(info.first_pixel([1.0, 4.0, 2.0]), [Some(7.0), Some(10.75), None]);
    }
}
