//! Refusals: what is wrong with a file as a whole.

use crate::Case;

pub(crate) const ON_BASE: &[Case] = &[
    Case {
        from: "output: out",
        to: "outptu: out",
        problems: &[
            "1:1: outptu: unknown key, expected one of output, overwrite, durability, simulate, reading, data_config, train, predict; did you mean `output`?",
        ],
    },
    Case {
        from: "output: out",
        to: "output: http://host/out",
        problems: &[
            r#"1:9: output: got "http://host/out", expected a folder, or one in an object store with s3:// or gs://"#,
        ],
    },
    Case { from: "output: out", to: "output:", problems: &["1:7: output: got null, expected a path"] },
    Case {
        from: "output: out",
        to: r#"output: """#,
        problems: &[r#"1:9: output: got "", expected a non-empty path"#],
    },
    Case {
        from: "output: out",
        to: "output: 5",
        problems: &[
            "1:9: output: got 5, expected a path (in quotes if it looks like a number, true or false)",
        ],
    },
    Case {
        from: "output: out",
        to: "output: [a]",
        problems: &["1:9: output: got a list of 1 entry, expected a path"],
    },
    Case {
        from: "output: out",
        to: "output: ${NOWHERE}/x",
        problems: &[
            r#"1:9: output: environment variable "NOWHERE" is not set, expected a variable that is set, or a path without variables"#,
        ],
    },
    Case {
        from: "output: out",
        to: "output: ${OUT/x",
        problems: &[r#"1:9: output: got "${OUT/x", expected a `}` after every `${`"#],
    },
    Case {
        from: "output: out",
        to: "output: out\nfolder: x",
        problems: &[
            "2:1: folder: unknown key, expected one of output, overwrite, durability, simulate, reading, data_config, train, predict",
        ],
    },
    Case {
        from: "output: out",
        to: "output: out\nTrain: {}",
        problems: &[
            "2:1: Train: unknown key, expected one of output, overwrite, durability, simulate, reading, data_config, train, predict",
        ],
    },
    Case {
        from: "output: out",
        to: "output: out\noutput: other",
        problems: &["2:1: output: duplicate key, expected each key once"],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity",
        problems: &["17:11: invalid YAML: unclosed bracket '[', expected valid YAML"],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: *nothing",
        problems: &["17:11: invalid YAML: alias references unknown anchor, expected valid YAML"],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n---\na: 1",
        problems: &["19:1: a second document starts here, expected one document per file"],
    },
    Case { from: "output: out\n", to: "", problems: &["1:1: output: missing, expected a folder"] },
    Case {
        from: "data_config:",
        to: "data_confg:",
        problems: &[
            "5:1: data_confg: unknown key, expected one of output, overwrite, durability, simulate, reading, data_config, train, predict; did you mean `data_config`?",
        ],
    },
    Case {
        from: "output: out",
        to: "output: *x",
        problems: &["1:9: invalid YAML: alias references unknown anchor, expected valid YAML"],
    },
    Case {
        from: "output: out",
        to: "? [a, b]\n: out",
        problems: &["1:3: invalid YAML: got a list or a block as a key, expected text, expected valid YAML"],
    },
];
