//! Axes that files do not name, name wrongly, or that have size 1.
