//! Refusals: the section `reading`, and where axes come from.

use crate::Case;

pub(crate) const ON_BASE: &[Case] = &[
    Case {
        from: "output: out",
        to: "output: out\nreading: {in_flight_mib: 0}",
        problems: &["2:26: reading.in_flight_mib: got 0, expected an integer from 1 to 17592186044415"],
    },
    Case {
        from: "output: out",
        to: "output: out\nreading: {missing_planes: zero}",
        problems: &[
            r#"2:27: reading.missing_planes: got "zero", expected fail or zeros; did you mean `zeros`?"#,
        ],
    },
    Case {
        from: "output: out",
        to: "output: out\nreading: {non_finite: drop}",
        problems: &[r#"2:23: reading.non_finite: got "drop", expected keep or fail"#],
    },
    Case {
        from: "output: out",
        to: "output: out\nreading: {remote: {requests: 0, idle_seconds: 0, tries: 101, instance_credentials: 1}}",
        problems: &[
            "2:30: reading.remote.requests: got 0, expected an integer from 1 to 4096",
            "2:47: reading.remote.idle_seconds: got 0, expected an integer from 1 to 86400",
            "2:57: reading.remote.tries: got 101, expected an integer from 1 to 100",
            "2:84: reading.remote.instance_credentials: got 1, expected true or false",
        ],
    },
    Case {
        from: "output: out",
        to: "output: out\nreading: {remote: 5}",
        problems: &["2:19: reading.remote: got 5, expected a block of keys"],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  axes_source: given",
        problems: &[r#"9:16: data_config.axes_source: got "given", expected checked, config or file"#],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: quantile, method: sorted}",
        problems: &[r#"10:43: data_config.normalization.method: got "sorted", expected exact or streaming"#],
    },
];
