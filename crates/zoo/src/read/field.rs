//! Fields of a description, and what is wrong with them.

use std::ops::RangeInclusive;

use patchweave_config::{ConfigErrors, ConfigTree, ConfigValue, Problem};

/// Collects problems; what refuses returns `None`, and its caller reads on.
pub(crate) struct Reader<'t> {
    tree: &'t ConfigTree,
    problems: Vec<Problem>,
}

/// A value with the path of its key.
#[derive(Debug, Clone)]
pub(crate) struct Field<'t> {
    pub path: String,
    pub value: &'t ConfigValue,
}

impl<'t> Reader<'t> {
    pub fn new(tree: &'t ConfigTree) -> Self {
        Reader { tree, problems: Vec::new() }
    }

    /// The whole description.
    pub fn root(&self) -> Field<'t> {
        Field { path: String::new(), value: self.tree.root() }
    }

    /// Refuses a field, and says what was found of it.
    pub fn refuse_found<T>(
        &mut self,
        path: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Option<T> {
        self.problems.push(self.tree.problem_at(path, found, expected));
        None
    }

    /// Refuses the value of a field.
    pub fn refuse<T>(&mut self, field: &Field<'_>, expected: impl Into<String>) -> Option<T> {
        let found = format!("got {}", shown(field.value));
        self.refuse_found(&field.path, found, expected)
    }

    /// What was read, if nothing was refused.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, ConfigErrors> {
        match read {
            Some(read) if self.problems.is_empty() => Ok(read),
            _ => Err(self.tree.errors(self.problems)),
        }
    }
}

impl<'t> Field<'t> {
    fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value of a key; one that is null counts as absent.
    pub fn get(&self, key: &str) -> Option<Field<'t>> {
        let value = self.value.get(key).filter(|value| **value != ConfigValue::Null)?;
        Some(Field { path: self.below(key), value })
    }

    /// The value of a key that there has to be.
    pub fn need(&self, reader: &mut Reader<'t>, key: &str, expected: &str) -> Option<Field<'t>> {
        let found = self.get(key);
        if found.is_none() {
            return reader.refuse_found(&self.below(key), "missing", expected);
        }
        found
    }

    /// Refuses keys other than these; whether this is a block of keys at all.
    pub fn only(&self, reader: &mut Reader<'t>, known: &[&str]) -> bool {
        let ConfigValue::Map(entries) = self.value else {
            let _: Option<()> = reader.refuse(self, format!("a block of keys {}", known.join(", ")));
            return false;
        };
        for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            let expected = format!("one of {}", known.join(", "));
            let _: Option<()> = reader.refuse_found(&self.below(key), "unknown key", expected);
        }
        true
    }

    /// The entries of a list that is not empty.
    pub fn entries(&self, reader: &mut Reader<'t>, expected: &str) -> Option<Vec<Field<'t>>> {
        match self.value {
            ConfigValue::List(values) if !values.is_empty() => Some(
                values
                    .iter()
                    .enumerate()
                    .map(|(idx, value)| Field { path: format!("{}[{idx}]", self.path), value })
                    .collect(),
            ),
            _ => reader.refuse(self, expected),
        }
    }

    /// Text that is not empty.
    pub fn text(&self, reader: &mut Reader<'t>, expected: &str) -> Option<&'t str> {
        match self.value {
            ConfigValue::Text(text) if !text.trim().is_empty() => Some(text),
            _ => reader.refuse(self, expected),
        }
    }

    /// A whole number of a range.
    pub fn whole(
        &self,
        reader: &mut Reader<'t>,
        range: RangeInclusive<usize>,
        expected: &str,
    ) -> Option<usize> {
        let number = match self.value {
            ConfigValue::Int(number) => usize::try_from(*number).ok(),
            _ => None,
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => reader.refuse(self, expected),
        }
    }

    /// A finite number of a range.
    pub fn number(&self, reader: &mut Reader<'t>, range: RangeInclusive<f64>, expected: &str) -> Option<f64> {
        match number(self.value).filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => reader.refuse(self, expected),
        }
    }

    /// A number, or a list of some of them.
    pub fn numbers(&self, reader: &mut Reader<'t>, expected: &str) -> Option<Vec<f64>> {
        let numbers = match self.value {
            ConfigValue::List(values) => values.iter().map(number).collect(),
            value => number(value).map(|number| vec![number]),
        };
        match numbers.filter(|numbers: &Vec<f64>| !numbers.is_empty()) {
            Some(numbers) => Some(numbers),
            None => reader.refuse(self, expected),
        }
    }
}

/// A finite number.
fn number(value: &ConfigValue) -> Option<f64> {
    let number = match value {
        #[expect(clippy::cast_precision_loss, reason = "numbers of descriptions are small")]
        ConfigValue::Int(number) => *number as f64,
        ConfigValue::Float(number) => *number,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

fn shown(value: &ConfigValue) -> String {
    match value {
        ConfigValue::Null => "null".to_owned(),
        ConfigValue::Bool(value) => value.to_string(),
        ConfigValue::Int(value) => value.to_string(),
        ConfigValue::Float(value) => format!("{value:?}"),
        ConfigValue::Text(text) => format!("{:?}", text.chars().take(60).collect::<String>()),
        ConfigValue::List(values) => format!("a list of {} entries", values.len()),
        ConfigValue::Map(_) => "a block of keys".to_owned(),
    }
}
