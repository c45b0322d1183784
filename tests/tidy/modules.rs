//! Every Rust file is reached from a crate's root through `mod`; an unreached one is never built, and rots.

use crate::scan::{find_words, is_word, scan};
use crate::tree::Tree;
use std::collections::BTreeSet;

/// Every Rust file that no crate includes.
pub fn check(tree: &Tree) -> Vec<String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<String> =
        tree.with_ending(".rs").map(|(path, _)| path).filter(|p| is_root(p)).map(str::to_owned).collect();
    while let Some(path) = open.pop() {
        let children = tree.text(&path).map(|source| children(tree, &path, source)).unwrap_or_default();
        if reached.insert(path) {
            open.extend(children);
        }
    }
    let lost = tree.with_ending(".rs").filter(|(path, _)| !reached.contains(*path));
    lost.map(|(path, _)| format!("{path}: no `mod` leads here, so it is never built. Add one, or delete the file."))
        .collect()
}

/// Where cargo begins to read a crate.
fn is_root(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [.., "src", "lib.rs" | "main.rs"] | ["build.rs"] | [_, "build.rs"] | [.., "src", "bin", _] => true,
        [.., "tests" | "benches" | "examples", _] => !path.contains("src/"),
        [.., "tests" | "benches" | "examples", _, "main.rs"] => !path.contains("src/"),
        _ => false,
    }
}

/// The files that the `mod name;` lines of a file name.
fn children(tree: &Tree, path: &str, source: &str) -> Vec<String> {
    let code = scan(source).code;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for (line, at) in find_words(&code, "mod") {
        let rest = code.get(at + 3..).unwrap_or_default().trim_start();
        let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
        if !rest.get(name.len()..).unwrap_or_default().trim_start().starts_with(';') {
            continue;
        }
        match attribute_path(source, line) {
            Some(given) => found.push(joined(folder, &given)),
            None => {
                let home = child_folder(path, folder);
                let candidates = [format!("{home}/{name}.rs"), format!("{home}/{name}/mod.rs")];
                found.extend(candidates.into_iter().filter(|file| tree.text(file).is_some()));
            }
        }
    }
    found
}

/// A path from a folder, with its climbs taken.
fn joined(folder: &str, given: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in given.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The folder in which a file's modules are.
fn child_folder(path: &str, folder: &str) -> String {
    if is_root(path) || path.ends_with("/mod.rs") { folder.to_owned() } else { path.trim_end_matches(".rs").to_owned() }
}

/// What `#[path = "…"]` on the line above says.
fn attribute_path(source: &str, line: usize) -> Option<String> {
    let above = source.lines().nth(line.checked_sub(2)?)?.trim();
    Some(above.strip_prefix("#[path = \"")?.strip_suffix("\"]")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_no_mod_names_is_found() {
        let tree = Tree::of(&[
            ("src/lib.rs", "pub mod engine;\n// mod lost;\n"),
            ("src/engine/mod.rs", "mod accept;"),
            ("src/engine/accept.rs", "mod batch;"),
            ("src/engine/accept/batch.rs", ""),
            ("src/engine/lost.rs", ""),
        ]);
        let problems = check(&tree);
        assert!(matches!(problems.as_slice(), [one] if one.starts_with("src/engine/lost.rs")), "{problems:?}");
    }

    #[test]
    fn a_path_that_climbs_is_followed() {
        let tree = Tree::of(&[
            ("tests/faults/main.rs", "#[path = \"../support/db.rs\"]\nmod db;\n"),
            ("tests/support/db.rs", ""),
        ]);
        assert_eq!(check(&tree), Vec::<String>::new());
    }

    #[test]
    fn test_binaries_are_roots_and_what_they_name_by_path_is_reached() {
        let tree = Tree::of(&[
            ("tests/tidy.rs", "#[path = \"tidy/scan.rs\"]\nmod scan;"),
            ("tests/tidy/scan.rs", ""),
            ("tests/it/main.rs", "mod world;"),
            ("tests/it/world.rs", ""),
            ("tests/it/lost.rs", ""),
        ]);
        let problems = check(&tree);
        assert!(matches!(problems.as_slice(), [one] if one.starts_with("tests/it/lost.rs")), "{problems:?}");
    }

    #[test]
    fn an_inline_module_is_not_a_file() {
        assert!(check(&Tree::of(&[("src/lib.rs", "mod tests { fn f() {} }")])).is_empty());
    }
}
