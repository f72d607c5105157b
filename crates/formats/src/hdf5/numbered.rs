//! Groups that are counted by their names.

use hdf5_reader::group::Group;
use patchweave_stack::StackError;

use super::error::{hdf5_error, inside_or_file};
use super::opener::Opener;

/// The child groups that are called `prefix` and a number, which have to count from 0 on without a gap.
pub(super) fn numbered(
    opener: &Opener<'_>,
    group: &Group,
    prefix: &str,
    inside: &str,
) -> Result<usize, StackError> {
    let stack = opener.name(inside);
    let names = opener.names(group).map_err(hdf5_error(&stack, inside_or_file(inside)))?;
    let number = |name: &String| name.strip_prefix(prefix)?.trim_start().parse::<usize>().ok();
    let mut numbers: Vec<usize> = names.iter().filter_map(number).collect();
    numbers.sort_unstable();
    match numbers.iter().enumerate().find(|(place, number)| place != *number) {
        None => Ok(numbers.len()),
        Some((place, _)) => Err(StackError::damaged(
            stack,
            inside_or_file(inside),
            format!("{} groups without {prefix}{place}", numbers.len()),
            format!("{prefix}0, {prefix}1 and so on"),
        )),
    }
}
