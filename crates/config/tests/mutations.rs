//! Damaged files: whatever the text is, it is accepted or refused with problems that can be printed.

use std::path::Path;

use patchweave_config::{
    ConfigErrors, DataRules, ImageFacts, OpenedImages, Outside, RunPlan, check_images, parse_and_check,
    parse_data_config,
};
use patchweave_geometry::ImageShape;
use proptest::prelude::*;
use proptest::sample::Index;

const VALID: [&str; 2] = [include_str!("data/full.yaml"), include_str!("data/lateral.yaml")];
const REFERENCE: &str = include_str!("data/reference.yaml");

/// One change to a file.
#[derive(Debug, Clone)]
enum Mutation {
    ReplaceByte(Index, u8),
    InsertText(Index, String),
    RemoveBytes(Index, usize),
    RemoveLine(Index),
    RepeatLine(Index),
    SwapLines(Index, Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let piece = prop_oneof![
        "[\\[\\]{}:,#&*!|>'\"%@`~ \t\r\n-]{1,3}",
        "(null|true|-1|0|1e999|\\.nan|99999999999999999999|\\$\\{X|<<: \\*a|&a |\\*a|---|\u{e000}|\u{feff})",
        "\\PC{1,4}",
    ];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::ReplaceByte(at, byte)),
        (any::<Index>(), piece).prop_map(|(at, text)| Mutation::InsertText(at, text)),
        (any::<Index>(), 1_usize..30).prop_map(|(at, n)| Mutation::RemoveBytes(at, n)),
        any::<Index>().prop_map(Mutation::RemoveLine),
        any::<Index>().prop_map(Mutation::RepeatLine),
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Mutation::SwapLines(a, b)),
    ]
}

fn apply(text: String, mutation: &Mutation) -> String {
    let mut bytes = text.clone().into_bytes();
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    if bytes.is_empty() {
        return text;
    }
    match mutation {
        Mutation::ReplaceByte(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Mutation::InsertText(at, piece) => {
            let at = at.index(bytes.len());
            bytes.splice(at..at, piece.bytes());
        }
        Mutation::RemoveBytes(at, n) => {
            let start = at.index(bytes.len());
            let end = (start + n).min(bytes.len());
            bytes.drain(start..end);
        }
        Mutation::RemoveLine(at) => {
            lines.remove(at.index(lines.len()));
            return lines.concat();
        }
        Mutation::RepeatLine(at) => {
            let at = at.index(lines.len());
            lines.insert(at, lines[at]);
            return lines.concat();
        }
        Mutation::SwapLines(a, b) => {
            let a = a.index(lines.len());
            let b = b.index(lines.len());
            lines.swap(a, b);
            return lines.concat();
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_is_a_plan_or_has_problems(
        file in 0..VALID.len(),
        mutations in prop::collection::vec(mutation(), 1..6),
    ) {
        let text = mutations.iter().fold(VALID[file].to_owned(), apply);
        let env = |name: &str| (name == "OUT").then(|| "/o".to_owned());
        let shape = ImageShape::from_slice(&[2, 2, 9, 70, 70]).unwrap();
        let image = ImageFacts { source: "a".into(), shape, entry: 0 };
        let images = OpenedImages {
            train_inputs: vec![image.clone()],
            train_targets: vec![vec![image.clone()]; 2],
            val_inputs: vec![image.clone(); 2],
            val_targets: vec![vec![image.clone()]],
            masks: vec![image.clone()],
            weights: vec![image.clone()],
            predict_inputs: vec![image.clone(); 2],
            predict_targets: vec![image.clone(); 2],
            predict_masks: vec![image; 2],
        };
        let fit = |plan: &RunPlan| check_images(plan, &images);
        check(parse_and_check(&text, Path::new("f"), &Outside { env: &env, check: &fit, ..Outside::default() }).err())?;
    }

    #[test]
    fn a_damaged_data_config_is_a_plan_or_has_problems(mutations in prop::collection::vec(mutation(), 1..6)) {
        let text = mutations.iter().fold(REFERENCE.to_owned(), apply);
        for rules in [DataRules::Own, DataRules::DataConfig, DataRules::MicroSplitDataConfig] {
            let read = parse_data_config(&text, Path::new("f"), rules);
            if let Ok(data) = &read {
                let written = data.to_reference_form().to_yaml();
                prop_assert!(parse_data_config(&written, Path::new("f"), rules).is_ok(), "{}", written);
            }
            check(read.err())?;
        }
    }
}

/// Problems can be printed.
fn check(errors: Option<ConfigErrors>) -> Result<(), TestCaseError> {
    let Some(errors) = errors else { return Ok(()) };
    prop_assert!(!errors.problems.is_empty());
    prop_assert!(errors.problems.is_sorted_by_key(|p| (p.line, p.column)));
    for problem in &errors.problems {
        prop_assert!(problem.line >= 1 && problem.column >= 1 && problem.excerpt.n_marked >= 1);
        prop_assert!(!problem.found.is_empty() && !problem.expected.is_empty());
        prop_assert!(!problem.to_string().chars().any(|c| c.is_control() && c != '\n'));
    }
    Ok(())
}
