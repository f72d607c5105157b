//! Units of length and time as OME-Zarr, OME-TIFF, ImageJ, Imaris and real files spell them, in micrometres and seconds.

/// How many micrometres a unit has; `None` for what is no unit of length.
///
/// ImageJ writes the letter of micrometres as an escape, `\u00B5m`.
pub(crate) fn micrometres(unit: &str) -> Option<f64> {
    Some(match unit {
        "micrometer" | "micrometre" | "micron" | "microns" | "um" | "\u{b5}m" | "\u{3bc}m" | "\\u00B5m" => {
            1.0
        }
        "nanometer" | "nanometre" | "nm" => 1e-3,
        "angstrom" | "\u{c5}" | "\u{212b}" => 1e-4,
        "picometer" | "pm" => 1e-6,
        "femtometer" => 1e-9,
        "attometer" => 1e-12,
        "zeptometer" => 1e-15,
        "yoctometer" => 1e-18,
        "millimeter" | "millimetre" | "mm" => 1e3,
        "centimeter" | "centimetre" | "cm" => 1e4,
        "decimeter" | "dm" => 1e5,
        "meter" | "metre" | "m" => 1e6,
        "dekameter" | "decameter" => 1e7,
        "hectometer" => 1e8,
        "kilometer" | "km" => 1e9,
        "megameter" => 1e12,
        "gigameter" => 1e15,
        "terameter" => 1e18,
        "petameter" => 1e21,
        "exameter" => 1e24,
        "zettameter" => 1e27,
        "yottameter" => 1e30,
        "inch" | "in" => 25_400.0,
        "foot" => 304_800.0,
        "yard" => 914_400.0,
        "mile" => 1_609_344_000.0,
        _ => return None,
    })
}

/// How many seconds a unit has; `None` for what is no unit of time.
pub(crate) fn seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "second" | "s" | "sec" => 1.0,
        "attosecond" => 1e-18,
        "femtosecond" => 1e-15,
        "picosecond" | "ps" => 1e-12,
        "nanosecond" | "ns" => 1e-9,
        "microsecond" | "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
        "millisecond" | "ms" => 1e-3,
        "centisecond" | "cs" => 1e-2,
        "decisecond" | "ds" => 1e-1,
        "minute" | "min" => 60.0,
        "hour" | "h" => 3600.0,
        "day" | "d" => 86_400.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_unit_are_one() {
        for (spellings, expected) in [
            (&["micron", "microns", "um", "µm", "μm", r"\u00B5m", "micrometer"][..], 1.0),
            (&["nm", "nanometre"], 1e-3),
            (&["Å", "\u{212b}", "angstrom"], 1e-4),
            (&["in", "inch"], 25_400.0),
        ] {
            assert!(spellings.iter().all(|unit| micrometres(unit) == Some(expected)), "{spellings:?}");
        }
        assert_eq!(["µs", "μs", "us", "microsecond"].map(seconds), [Some(1e-6); 4]);
        for unit in ["pixel", "", "s", "reference frame"] {
            assert_eq!(micrometres(unit), None, "{unit}");
        }
        assert_eq!(seconds("m"), None);
    }
}
