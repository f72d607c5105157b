//! Rust source reduced to what the compiler sees outside of tests: no comments, no literals, no test modules.

/// The code of a file, made for searching: blanks stand only between two words.
pub struct Code(String);

impl Code {
    /// Reduces the text of a file.
    pub fn of(text: &str) -> Self {
        Code(dense(&without_test_items(&without_literals(text))))
    }

    /// Whether `path` occurs, not as the end of a longer word; it may go on behind.
    pub fn uses(&self, path: &str) -> bool {
        self.0.match_indices(path).any(|(at, _)| !self.0[..at].ends_with(is_word))
    }

    /// Whether `word` occurs as a whole word.
    pub fn has_word(&self, word: &str) -> bool {
        self.0.split(|c| !is_word(c)).any(|part| part == word)
    }

    /// What is imported from a path, as in `use std::fs::{self, File};`.
    pub fn imports_from(&self, path: &str) -> Vec<&str> {
        let start = format!("{path}::");
        let lists = self.0.split(&start).skip(1).map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or(list),
            None => rest.split([';', ',', '}', '(']).next().unwrap_or(rest),
        });
        lists.flat_map(|list| list.split(',')).collect()
    }

    /// The code piece by piece.
    pub fn tokens(&self) -> Vec<Token<'_>> {
        let mut tokens = Vec::new();
        let mut rest = self.0.as_str();
        while let Some(c) = rest.chars().next() {
            let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (token, length) = if word > 0 {
                (Token::Word(&rest[..word]), word)
            } else if rest.starts_with("::") {
                (Token::Path, 2)
            } else {
                (Token::Mark(c), c.len_utf8())
            };
            if token != Token::Mark(' ') {
                tokens.push(token);
            }
            rest = &rest[length..];
        }
        tokens
    }
}

/// A piece of code that cannot be divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'c> {
    /// A name, a keyword or a number.
    Word(&'c str),
    /// `::`
    Path,
    /// Any other character.
    Mark(char),
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Comments become blanks, strings and characters lose their content.
fn without_literals(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (kept, length) = if rest.starts_with("//") {
            (" ", rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (" ", block_comment(rest))
        } else if let Some(length) = raw_string(rest).filter(|_| !code.ends_with(is_word)) {
            ("\"\"", length)
        } else if c == '"' {
            ("\"\"", quoted(rest, '"'))
        } else if let Some(length) = character(rest) {
            ("' '", length)
        } else {
            (&rest[..c.len_utf8()], c.len_utf8())
        };
        code.push_str(kept);
        rest = &rest[length..];
    }
    code
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                break;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The length of a raw string that the text starts with.
fn raw_string(text: &str) -> Option<usize> {
    let body = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let n_hashes = body.chars().take_while(|&c| c == '#').count();
    let open = text.len() - body.len() + n_hashes + 1;
    let inside = body[n_hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(n_hashes));
    Some(inside.find(&close).map_or(text.len(), |end| open + end + close.len()))
}

/// The length of a literal between two `quote`s that the text starts with.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !is_escaped {
            return at + 1;
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    text.len()
}

/// The length of a character that the text starts with; lifetimes are none.
fn character(text: &str) -> Option<usize> {
    let mut inside = text.strip_prefix('\'')?.chars();
    let first = inside.next()?;
    (first == '\\' || inside.next() == Some('\'')).then(|| quoted(text, '\''))
}

/// Drops every item behind `#[cfg(test)]`.
fn without_test_items(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        kept.push_str(&rest[..at]);
        rest = &rest[at + MARK.len()..];
        rest = &rest[item(rest)..];
    }
    kept + rest
}

/// Where the item or field ends that a text starts with: behind its `;`, the brace that closes it or, for a field, its comma;
/// before the brace of what it is in.
fn item(text: &str) -> usize {
    let is_field = is_field(text);
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let opens = c == '{' || (is_field && matches!(c, '(' | '[' | '<'));
        let closes = c == '}' || (is_field && (matches!(c, ')' | ']') || (c == '>' && before != '-')));
        match c {
            ';' | ',' if depth == 0 && (c == ';' || is_field) => return at + 1,
            '}' if depth == 0 => return at,
            '}' if depth == 1 && !is_field => return at + 1,
            _ if opens => depth += 1,
            _ if closes => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = c;
    }
    text.len()
}

/// Whether a text starts with a field of a struct: a name and `:`, but no path.
fn is_field(text: &str) -> bool {
    let text = text.trim_start();
    let text = text.strip_prefix("pub").map_or(text, |behind| match behind.split_once(')') {
        Some((scope, behind)) if scope.starts_with('(') => behind,
        _ => behind,
    });
    let behind = text.trim_start().trim_start_matches(is_word).trim_start();
    behind.starts_with(':') && !behind.starts_with("::")
}

fn dense(code: &str) -> String {
    let mut dense = String::with_capacity(code.len());
    let mut is_apart = false;
    for c in code.chars() {
        if c.is_whitespace() {
            is_apart = true;
            continue;
        }
        if is_apart && is_word(c) && dense.ends_with(is_word) {
            dense.push(' ');
        }
        dense.push(c);
        is_apart = false;
    }
    dense
}
