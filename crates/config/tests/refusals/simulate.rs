//! Refusals: `simulate`.

use crate::Case;

pub(crate) const ON_BASE: &[Case] = &[
    Case {
        from: "simulate:\n  folder: out/data",
        to: "simulate:",
        problems: &["2:1: simulate.folder: missing, expected a folder"],
    },
    Case {
        from: "  size: [64, 64]\n",
        to: "",
        problems: &["2:1: simulate.size: missing, expected a list of 2 (YX) or 3 (ZYX) sizes"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64]",
        problems: &["4:9: simulate.size: got a list of 1 entry, expected a list of 2 (YX) or 3 (ZYX) sizes"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: 64",
        problems: &["4:9: simulate.size: got 64, expected a list of 2 (YX) or 3 (ZYX) sizes"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 0]",
        problems: &["4:14: simulate.size[1]: got 0, expected an integer, at least 1"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 6.5]",
        problems: &["4:14: simulate.size[1]: got 6.5, expected an integer, at least 1"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [4294967296, 4294967296]",
        problems: &[
            "4:9: simulate.size: shape [4294967296, 4294967296] has no pixels or too many to address, expected a smaller size",
        ],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  n_structures: 17",
        problems: &["5:17: simulate.n_structures: got 17, expected an integer from 1 to 16"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  n_structures: \"5\"",
        problems: &[r#"5:17: simulate.n_structures: got "5", expected an integer from 1 to 16"#],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  n_structures: 5.0",
        problems: &["5:17: simulate.n_structures: got 5.0, expected an integer from 1 to 16"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  seed: -1",
        problems: &["5:9: simulate.seed: got -1, expected an integer, at least 0"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  seed: 99999999999999999999",
        problems: &["5:9: simulate.seed: got 1e20, expected an integer, at least 0"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  bit_depth: 32",
        problems: &["5:14: simulate.bit_depth: got 32, expected an integer from 8 to 16"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  photons: 0",
        problems: &["5:12: simulate.photons: got 0, expected a finite number above 0"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  photons: .nan",
        problems: &["5:12: simulate.photons: got NaN, expected a finite number above 0"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  read_noise: -0.5",
        problems: &["5:15: simulate.read_noise: got -0.5, expected a finite number, at least 0"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  background: .inf",
        problems: &["5:15: simulate.background: got inf, expected a finite number, at least 0"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  psf_sigma: wide",
        problems: &[r#"5:14: simulate.psf_sigma: got "wide", expected a finite number, at least 0"#],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  formats: []",
        problems: &[
            "5:12: simulate.formats: got a list of 0 entries, expected a non-empty list of formats (tiff, ome_zarr)",
        ],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  formats: [tiff, tiff]",
        problems: &[r#"5:19: simulate.formats[1]: got "tiff" twice, expected each format once"#],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  formats: [tif, zarr]",
        problems: &[
            r#"5:13: simulate.formats[0]: got "tif", expected tiff or ome_zarr; did you mean `tiff`?"#,
            r#"5:18: simulate.formats[1]: got "zarr", expected tiff or ome_zarr (zarr is called ome_zarr here)"#,
        ],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  Seeds: 3",
        problems: &[
            "5:3: simulate.Seeds: unknown key, expected one of folder, size, n_structures, seed, bit_depth, photons, read_noise, background, psf_sigma, formats; did you mean `seed`?",
        ],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  size: [32, 32]\n  seed: x",
        problems: &[
            "5:3: simulate.size: duplicate key, expected each key once",
            r#"6:9: simulate.seed: got "x", expected an integer, at least 0"#,
        ],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  <<: {size: [64], sed: 1}",
        problems: &[
            "4:7: simulate.sed: unknown key, expected one of folder, size, n_structures, seed, bit_depth, photons, read_noise, background, psf_sigma, formats; did you mean `seed`?",
            "4:7: simulate.size: got a list of 1 entry, expected a list of 2 (YX) or 3 (ZYX) sizes",
        ],
    },
];
