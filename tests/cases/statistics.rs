//! Statistics of images that are hardly anything but one value.
