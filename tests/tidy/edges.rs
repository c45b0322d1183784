//! Which module may use which. The table reads like the one in ARCHITECTURE.md, and is changed together with it.

use crate::scan::{before_line, find_words, is_word, line_of, scan, test_module_line};
use crate::tree::{Tree, is_test_file};

/// The left may use the right, itself and the leaves; nothing else.
const EDGES: &[(&str, &[&str])] = &[
    ("store", &["entities", "migration", "core"]),
    ("engine", &["store", "core"]),
    ("providers", &["core"]),
    ("outbound", &["engine", "providers", "store", "core"]),
    ("inbound", &["engine", "providers", "core"]),
    ("answer", &["engine", "store", "core"]),
    ("api", &["answer", "engine", "store", "core", "health"]),
    ("health", &["store", "core"]),
    ("terminal", &["store"]),
    ("cli", ALL),
    ("app", ALL),
    ("main", &["cli"]),
];

/// All may use these; they use each other and `core`.
const LEAVES: &[&str] = &["clock", "settings", "problem", "telemetry"];

/// The composition root and the commands.
const ALL: &[&str] = &[
    "core",
    "entities",
    "migration",
    "sandbox",
    "store",
    "engine",
    "providers",
    "outbound",
    "inbound",
    "answer",
    "api",
    "health",
    "terminal",
    "app",
];

/// Crates of the workspace, as paths name them.
const CRATES: &[(&str, &str)] = &[
    ("gangway_core", "core"),
    ("gangway_entities", "entities"),
    ("gangway_migration", "migration"),
    ("gangway_sandbox", "sandbox"),
];

/// Every use that the table does not allow.
pub fn check(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, source) in tree.with_ending(".rs") {
        let Some(from) = module(path).filter(|from| *from != "lib" && !is_test_file(path)) else { continue };
        let code = scan(source).code;
        let code = before_line(&code, test_module_line(&code));
        for (line, to) in uses(path, &code) {
            if is_module(tree, &to) && !is_allowed(from, &to) {
                problems.push(problem(path, line, from, &to));
            }
        }
    }
    problems
}

fn problem(path: &str, line: usize, from: &str, to: &str) -> String {
    let allowed = EDGES.iter().find(|(name, _)| *name == from).map(|(_, to)| to.join(", "));
    let allowed = allowed.unwrap_or_else(|| "core".to_owned());
    format!(
        "{path}:{line}: `{from}` uses `{to}`; it may use {allowed} and the leaves {}. Pass in what is needed as data or \
         behind a trait, move the code, or change the table in tests/tidy/edges.rs and ARCHITECTURE.md together.",
        LEAVES.join(", ")
    )
}

fn is_allowed(from: &str, to: &str) -> bool {
    if from == to || LEAVES.contains(&to) {
        return true;
    }
    if LEAVES.contains(&from) {
        return to == "core";
    }
    EDGES.iter().any(|(name, allowed)| *name == from && allowed.contains(&to))
}

/// The station to which a file below `src` belongs.
fn module(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    Some(inside.split('/').next()?.trim_end_matches(".rs"))
}

fn is_module(tree: &Tree, name: &str) -> bool {
    CRATES.iter().any(|(_, short)| *short == name)
        || tree.has(&format!("src/{name}.rs"))
        || tree.has(&format!("src/{name}"))
}

/// Every path from the crate's root, and every crate of the workspace: line and first name.
fn uses(path: &str, code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for root in ["crate::", "gangway::"] {
        for (_, at) in find_words(code, root) {
            found.extend(first_names(code, at + root.len()));
        }
    }
    for (at, climbed) in climbs(code) {
        if climbed >= depth(path) {
            found.extend(first_names(code, at));
        }
    }
    for (name, short) in CRATES {
        found.extend(find_words(code, name).map(|(line, _)| (line, (*short).to_owned())));
    }
    found
}

/// How many `super` lead from a file to the crate's root.
fn depth(path: &str) -> usize {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    inside.trim_end_matches(".rs").trim_end_matches("/mod").split('/').count()
}

/// Where each chain of `super::` ends, and how long it is.
fn climbs(code: &str) -> Vec<(usize, usize)> {
    let step = "super::";
    let starts = find_words(code, step).filter(|(_, at)| !code.get(..*at).unwrap_or_default().ends_with("::"));
    let chain = |(_, at): (usize, usize)| {
        let mut end = at;
        while code.get(end..).unwrap_or_default().starts_with(step) {
            end += step.len();
        }
        (end, (end - at) / step.len())
    };
    starts.map(chain).collect()
}

/// The first name after `crate::`, or of each member of `crate::{…}`.
fn first_names(code: &str, at: usize) -> Vec<(usize, String)> {
    let rest = code.get(at..).unwrap_or_default();
    let mut names = Vec::new();
    let (mut depth, mut expected) = (0_usize, true);
    for (offset, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 1 => expected = true,
            c if is_word(c) && expected && depth <= 1 => {
                let name = rest.get(offset..).unwrap_or_default().chars().take_while(|c| is_word(*c)).collect();
                names.push((line_of(code, at + offset), name));
                expected = false;
            }
            _ => {}
        }
        if depth == 0 && !expected {
            break;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULES: [(&str, &str); 4] =
        [("src/store/mod.rs", ""), ("src/engine/mod.rs", ""), ("src/inbound/mod.rs", ""), ("src/clock.rs", "")];

    fn problems(path: &str, source: &str) -> Vec<String> {
        let mut files = MODULES.to_vec();
        files.push((path, source));
        check(&Tree::of(&files))
    }

    #[test]
    fn inbound_may_use_the_engine_and_a_leaf_but_not_the_store() {
        assert!(problems("src/inbound/http.rs", "use crate::engine::Engine;\nuse crate::clock::Clock;").is_empty());
        let found = problems("src/inbound/http.rs", "\nuse crate::store::Store;");
        assert!(found.iter().any(|p| p.starts_with("src/inbound/http.rs:2: `inbound` uses `store`")), "{found:?}");
    }

    #[test]
    fn a_forbidden_member_of_a_grouped_import_is_found() {
        let source = "use crate::{clock::Clock, engine::{Engine, held},\n    store::events};";
        let found = problems("src/inbound/http.rs", source);
        assert!(matches!(found.as_slice(), [one] if one.starts_with("src/inbound/http.rs:2:")), "{found:?}");
    }

    #[test]
    fn a_climb_to_the_root_is_no_way_around() {
        assert_eq!(problems("src/inbound/http.rs", "use super::super::store::Store;").len(), 1);
        assert!(problems("src/inbound/http.rs", "use super::store::Store;").is_empty());
    }

    #[test]
    fn a_workspace_crate_is_a_module_too() {
        assert_eq!(problems("src/engine/accept.rs", "let row: gangway_entities::events::Model;").len(), 1);
        assert!(problems("src/engine/accept.rs", "use gangway_core::Event;").is_empty());
    }

    #[test]
    fn comments_texts_and_unit_tests_do_not_count() {
        let source =
            "// crate::store\nlet x = \"crate::store\";\n#[cfg(test)]\nmod tests {\n use crate::store::X;\n}\n";
        assert!(problems("src/inbound/http.rs", source).is_empty());
    }

    #[test]
    fn a_module_that_the_table_does_not_know_may_use_nothing() {
        assert_eq!(problems("src/extra/mod.rs", "use crate::engine::Engine;").len(), 1);
    }

    #[test]
    fn the_binary_uses_the_commands_only() {
        assert_eq!(problems("src/main.rs", "fn main() { gangway::engine::go() }").len(), 1);
    }
}
