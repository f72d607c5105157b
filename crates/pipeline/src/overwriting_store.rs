//! The same as [`overwriting`](crate::overwriting) finds, of an output folder in an object store.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use patchweave_config::{Problem, RunPlan};
use patchweave_formats::{inside, is_url, plain_url};
use patchweave_sink::{SinkError, SinkFormats};
use patchweave_stack::with_causes;

use crate::outputs::PlannedResult;

/// What is asked for to learn whether the store can be reached.
const PROBE: &str = ".patchweave-journal";

/// A folder that lies in what is read, and results that would replace it.
pub(crate) fn store_problems(plan: &RunPlan, read: &[PathBuf], results: &[PlannedResult]) -> Vec<Problem> {
    let inputs: BTreeSet<String> =
        read.iter().filter(|path| is_url(path)).map(|path| store_of(path)).collect();
    let output = plain(&plan.output);
    if let Some(input) = inputs.iter().find(|input| lies_in(&output, input)) {
        let found = format!("{output} lies in {input}, which the run reads");
        return vec![plan.problem_at("output", found, "a folder outside of the inputs")];
    }
    let replaced = results.iter().map(|result| plain(&result.path));
    let replaced = replaced.filter(|result| inputs.iter().any(|input| lies_in(input, result)));
    let problem = |result: String| {
        let found = format!("{result} would be overwritten, which the run reads");
        plan.problem_at("output", found, "an output folder that holds no inputs with these names")
    };
    replaced.map(problem).collect()
}

/// The results that exist. Pictures are made after their results.
pub(crate) fn existing<'r>(
    plan: &RunPlan,
    sinks: &SinkFormats,
    results: &'r [PlannedResult],
) -> Result<Vec<&'r Path>, Problem> {
    let told = |error: SinkError| {
        plan.problem_at("output", with_causes(&error), "an object store that can be reached, or a folder")
    };
    sinks.stands(&inside(&plan.output, PROBE.as_ref())).map_err(told)?;
    let results = results.iter().filter(|result| !result.is_picture);
    let paths: Vec<&Path> = results.map(|result| result.path.as_path()).collect();
    let standing = sinks.standing(&paths).map_err(told)?;
    Ok(paths.into_iter().zip(standing).filter(|(_, stands)| *stands).map(|(path, _)| path).collect())
}

/// The Zarr that a URL lies in, or the URL.
fn store_of(url: &Path) -> String {
    let url = plain(url);
    let end = url.match_indices(".zarr").map(|(at, ending)| at + ending.len());
    let mut end = end.filter(|end| url[*end..].is_empty() || url[*end..].starts_with('/'));
    end.next().map_or(url.clone(), |end| url[..end].to_owned())
}

fn lies_in(url: &str, other: &str) -> bool {
    url.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn plain(url: &Path) -> String {
    plain_url(&url.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_a_store_belong_to_it() {
        for (url, store) in [
            ("s3://b/a.zarr", "s3://b/a.zarr"),
            ("S3A://b/a.ome.zarr/0/1/", "s3://b/a.ome.zarr"),
            ("s3://b/a.zarr.d/x.zarr/b.zarr", "s3://b/a.zarr.d/x.zarr"),
            ("s3://b/folder", "s3://b/folder"),
        ] {
            assert_eq!(store_of(url.as_ref()), store);
        }
        assert!(lies_in("s3://b/a/c", "s3://b/a") && lies_in("s3://b/a", "s3://b/a"));
        assert!(!lies_in("s3://b/ab", "s3://b/a"));
    }
}
