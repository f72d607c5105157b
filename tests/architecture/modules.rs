//! The modules of a crate, read from its sources: which files use what of which other files.
//!
//! Names are followed through `use` and `pub use` to the file that defines them. Calls of methods are not followed.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Code, Token};

/// What one file uses of another one: from, to, and the names.
pub type Arrows = BTreeMap<(String, String), BTreeSet<String>>;

/// The arrows between the files of a crate; `files` are paths below `src/` with their code.
///
/// Files that no root declares outside of tests are left out.
pub fn arrows(files: &[(String, Code)]) -> Arrows {
    let mut arrows = Arrows::new();
    for root in files.iter().filter(|(path, _)| is_root(path)) {
        let modules = Modules::of(files, root);
        for module in 0..modules.all.len() {
            modules.add_arrows(module, &mut arrows);
        }
    }
    arrows
}

/// Whether a file is the top of a library or of a program.
fn is_root(path: &str) -> bool {
    path == "lib.rs" || path == "main.rs" || path.starts_with("bin/")
}

/// One module: a file, or a block of one.
#[derive(Default)]
struct Module {
    file: String,
    /// The folder of its child modules, with a slash at the end unless it is `src/` itself.
    folder: String,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    defined: BTreeSet<String>,
    imports: Vec<Import>,
    /// Paths of two or more names that the code uses.
    paths: BTreeSet<Vec<String>>,
    /// Names that the code uses.
    words: BTreeSet<String>,
    /// Names of macros that the code calls.
    macros: BTreeSet<String>,
}

/// One name that `use` brings into a module, or `*`.
struct Import {
    name: String,
    path: Vec<String>,
    /// Whether others may get the name from here: such an import alone uses nothing.
    is_reexport: bool,
}

const GLOB: &str = "*";

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Thing {
    Module(usize),
    Item { file: String, name: String },
}

struct Modules {
    /// The first is the root.
    all: Vec<Module>,
    /// The files that define macros.
    macros: BTreeMap<String, String>,
}

impl Modules {
    fn of(files: &[(String, Code)], (root, code): &(String, Code)) -> Modules {
        let mut modules = Modules { all: Vec::new(), macros: BTreeMap::new() };
        let folder = root.rfind('/').map_or(String::new(), |slash| root[..=slash].to_owned());
        modules.all.push(Module { file: root.clone(), folder, ..Module::default() });
        modules.read(files, 0, &code.tokens());
        modules
    }

    /// Reads the code of a module and, with it, that of its children.
    fn read(&mut self, files: &[(String, Code)], module: usize, tokens: &[Token<'_>]) {
        let mut scopes = Scopes { module, open: Vec::new() };
        let mut at = 0;
        while at < tokens.len() {
            let here = scopes.innermost();
            let rest = &tokens[at..];
            at += 1;
            match *rest {
                [Token::Word("use"), ref tree @ ..] if tree.first() != Some(&Token::Mark('<')) => {
                    let is_reexport = is_public(&tokens[..at - 1]);
                    let mut found = Vec::new();
                    at += use_tree(tree, &[], &mut found);
                    let import = |(path, name)| Import { name, path, is_reexport };
                    self.all[here].imports.extend(found.into_iter().map(import));
                }
                [Token::Word("mod"), Token::Word(name), Token::Mark(';'), ..] => {
                    self.declare(files, here, name);
                    at += 2;
                }
                [Token::Word("mod"), Token::Word(name), Token::Mark('{'), ..] => {
                    let folder = format!("{}{name}/", self.all[here].folder);
                    let child = self.add(here, name, self.all[here].file.clone(), folder);
                    scopes.open.push(Some(child));
                    at += 2;
                }
                [Token::Word("macro_rules"), Token::Mark('!'), Token::Word(name), ..] => {
                    self.macros.insert(name.to_owned(), self.all[here].file.clone());
                    at += 2;
                }
                [Token::Word(keyword), Token::Word(name), ..]
                    if DEFINING.contains(&keyword) && scopes.is_at_items() =>
                {
                    self.all[here].defined.insert(name.to_owned());
                }
                [Token::Mark('{'), ..] => scopes.open.push(None),
                [Token::Mark('}'), ..] => {
                    scopes.open.pop();
                }
                [Token::Word(name), Token::Mark('!'), Token::Mark('(' | '[' | '{'), ..] => {
                    self.all[here].macros.insert(name.to_owned());
                }
                [Token::Word(_), ..] if !is_continued(&tokens[..at - 1]) => {
                    let path = path(rest);
                    at += 2 * (path.len() - 1);
                    self.all[here].words.insert(path[0].clone());
                    if path.len() > 1 {
                        self.all[here].paths.insert(path);
                    }
                }
                _ => {}
            }
        }
    }

    /// Reads the file of a child module.
    fn declare(&mut self, files: &[(String, Code)], parent: usize, name: &str) {
        let folder = format!("{}{name}/", self.all[parent].folder);
        let places = [format!("{}{name}.rs", self.all[parent].folder), format!("{folder}mod.rs")];
        let found = files.iter().find(|(path, _)| places.contains(path));
        let (path, code) = found.unwrap_or_else(|| panic!("no file of module {name} at {places:?}"));
        let child = self.add(parent, name, path.clone(), folder);
        self.read(files, child, &code.tokens());
    }

    fn add(&mut self, parent: usize, name: &str, file: String, folder: String) -> usize {
        let child = self.all.len();
        self.all.push(Module { file, folder, parent: Some(parent), ..Module::default() });
        self.all[parent].children.insert(name.to_owned(), child);
        child
    }

    /// What a path stands for, seen from a module; nothing for names of other crates.
    fn resolve(&self, module: usize, path: &[String], seen: &mut Vec<(usize, String)>) -> Vec<Thing> {
        let mut module = module;
        let mut rest = path;
        let mut is_inside = false;
        while let [first, behind @ ..] = rest {
            module = match first.as_str() {
                "crate" => 0,
                "self" => module,
                "super" => self.all[module].parent.unwrap_or(module),
                _ => break,
            };
            rest = behind;
            is_inside = true;
        }
        let [name, behind @ ..] = rest else { return vec![Thing::Module(module)] };
        let mut things = self.look_up(module, name, seen);
        if things.is_empty() && is_inside {
            // Made by a macro.
            let made = || Thing::Item { file: self.all[module].file.clone(), name: name.clone() };
            let of_macro = |file: &String| Thing::Item { file: file.clone(), name: name.clone() };
            things.push(self.macros.get(name).map_or_else(made, of_macro));
        }
        if behind.is_empty() {
            return things;
        }
        let is_module = |thing: &&Thing| matches!(thing, Thing::Module(_));
        match things.iter().find(is_module) {
            Some(Thing::Module(inner)) => {
                let inside: Vec<String> = [&["self".to_owned()], behind].concat();
                self.resolve(*inner, &inside, seen)
            }
            _ => things,
        }
    }

    /// What a name stands for in a module.
    fn look_up(&self, module: usize, name: &str, seen: &mut Vec<(usize, String)>) -> Vec<Thing> {
        let key = (module, name.to_owned());
        if seen.contains(&key) {
            return Vec::new();
        }
        seen.push(key);
        let one = &self.all[module];
        let mut things = Vec::new();
        things.extend(one.children.get(name).map(|&child| Thing::Module(child)));
        if one.defined.contains(name) {
            things.push(Thing::Item { file: one.file.clone(), name: name.to_owned() });
        }
        for import in one.imports.iter().filter(|import| import.name == name) {
            things.extend(self.resolve(module, &import.path, seen));
        }
        if things.is_empty() {
            for import in one.imports.iter().filter(|import| import.name == GLOB) {
                for inner in self.resolve(module, &import.path, seen) {
                    match inner {
                        Thing::Module(inner) => things.extend(self.look_up(inner, name, seen)),
                        Thing::Item { .. } => {}
                    }
                }
            }
        }
        things
    }

    /// Adds what a module uses of other files.
    fn add_arrows(&self, module: usize, arrows: &mut Arrows) {
        let one = &self.all[module];
        let is_used = |import: &&Import| !import.is_reexport || one.words.contains(&import.name);
        let named = one.imports.iter().filter(|import| import.name != GLOB).filter(is_used);
        let imported = named.map(|import| import.path.clone());
        let words = one.words.iter().filter(|word| !one.defined.contains(*word));
        let single = words.map(|word| vec!["self".to_owned(), word.clone()]);
        let has_glob = one.imports.iter().any(|import| import.name == GLOB);
        let through_globs =
            single.filter(|path| has_glob && !self.look_up(module, &path[1], &mut Vec::new()).is_empty());
        let mut used = BTreeSet::new();
        for path in imported.chain(one.paths.iter().cloned()).chain(through_globs) {
            for thing in self.resolve(module, &path, &mut Vec::new()) {
                if let Thing::Item { file, name } = thing {
                    used.insert((file, name));
                }
            }
        }
        for name in &one.macros {
            used.extend(self.macros.get(name).map(|file| (file.clone(), format!("{name}!"))));
        }
        for (file, name) in used.into_iter().filter(|(file, _)| *file != one.file) {
            arrows.entry((one.file.clone(), file)).or_default().insert(name);
        }
    }
}

/// Words before the name of an item.
const DEFINING: &[&str] = &["fn", "struct", "enum", "trait", "type", "const", "static", "union"];

/// The braces that are open at a place of a file.
struct Scopes {
    /// The module of the file.
    module: usize,
    /// The inner modules among them.
    open: Vec<Option<usize>>,
}

impl Scopes {
    fn innermost(&self) -> usize {
        self.open.iter().rev().find_map(|scope| *scope).unwrap_or(self.module)
    }

    /// Whether items of the module stand here, rather than those of a function or a type.
    fn is_at_items(&self) -> bool {
        self.open.last().is_none_or(Option::is_some)
    }
}

/// Whether code ends with `pub` or `pub(…)`.
fn is_public(before: &[Token<'_>]) -> bool {
    matches!(before.last(), Some(Token::Word("pub") | Token::Mark(')')))
}

/// Whether what follows is a field, a method or the rest of a path.
fn is_continued(before: &[Token<'_>]) -> bool {
    match before {
        // A range or the rest of a struct.
        [.., Token::Mark('.'), Token::Mark('.')] => false,
        before => matches!(before, [.., Token::Mark('.') | Token::Path]),
    }
}

/// The path that code starts with.
fn path(tokens: &[Token<'_>]) -> Vec<String> {
    let mut path = Vec::new();
    let mut rest = tokens;
    while let [Token::Word(name), behind @ ..] = rest {
        path.push((*name).to_owned());
        match behind {
            [Token::Path, next @ ..] => rest = next,
            _ => break,
        }
    }
    path
}

/// Reads what stands behind `use` up to the end of this branch, and tells of how many tokens it is.
fn use_tree(tokens: &[Token<'_>], parents: &[String], found: &mut Vec<(Vec<String>, String)>) -> usize {
    let mut path = parents.to_vec();
    let mut at = 0;
    loop {
        match tokens[at..] {
            [Token::Word("as"), Token::Word(name), ..] => {
                found.push((path, name.to_owned()));
                return at + 2;
            }
            [Token::Word("self"), ..] if !parents.is_empty() => {}
            [Token::Word(name), ..] => path.push(name.to_owned()),
            [Token::Mark('*'), ..] => {
                found.push((path, GLOB.to_owned()));
                return at + 1;
            }
            [Token::Mark('{'), ..] => {
                at += 1;
                while at < tokens.len() && tokens[at] != Token::Mark('}') {
                    match tokens[at] {
                        Token::Mark(',') => at += 1,
                        _ => at += use_tree(&tokens[at..], &path, found),
                    }
                }
                return at + 1;
            }
            [Token::Path, ..] => {}
            _ => {
                let name = path.last().cloned().unwrap_or_default();
                found.push((path, name));
                return at;
            }
        }
        at += 1;
    }
}
