//! Thresholds, filters and weights that leave nothing.
