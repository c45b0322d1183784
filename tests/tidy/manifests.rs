//! What the manifests may list, and that every shared lint says why it is there.

use crate::tree::Tree;

/// A manifest, the beginnings of names that it must not list, and why.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    (
        "core/Cargo.toml",
        &[
            "tokio",
            "async-trait",
            "futures",
            "actix",
            "reqwest",
            "hyper",
            "lapin",
            "lettre",
            "sqlx",
            "sea-orm",
            "rusqlite",
            "rand",
            "getrandom",
            "tracing",
            "gangway-",
        ],
        "core decides: no async, clock, randomness, network or SQL. Pass the value in, or do it in src.",
    ),
    (
        "sandbox/Cargo.toml",
        &["gangway"],
        "the sandbox shares no type with us, so that one wrong belief cannot cancel out.",
    ),
    ("entities/Cargo.toml", &["gangway"], "rows know nothing but themselves."),
    ("migration/Cargo.toml", &["gangway"], "an old migration must not change with a row type."),
];

/// Features by which core would make ids on its own.
const ID_FEATURES: &[&str] = &["\"v1\"", "\"v4\"", "\"v6\"", "\"v7\""];

/// Every dependency that must not be, and every lint without a reason.
pub fn check(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, names, why) in FORBIDDEN {
        for (line, name, rest) in dependencies(tree.text(path).unwrap_or_default()) {
            if names.iter().any(|forbidden| name.starts_with(forbidden)) {
                problems.push(format!("{path}:{line}: lists `{name}`; {why}"));
            }
            if *path == "core/Cargo.toml" && name == "uuid" && ID_FEATURES.iter().any(|feature| rest.contains(feature))
            {
                problems.push(format!("{path}:{line}: `uuid` can make ids here; ids are an input. Drop the feature."));
            }
        }
    }
    problems.extend(lints_without_reason(tree.text("Cargo.toml").unwrap_or_default()));
    problems
}

/// Line, name and the rest of the line of each entry in the sections that match.
fn entries(manifest: &str, is_section: impl Fn(&str) -> bool) -> Vec<(usize, &str, &str)> {
    let mut inside = false;
    let mut found = Vec::new();
    for (number, line) in manifest.lines().enumerate() {
        if let Some(section) = line.strip_prefix('[') {
            inside = is_section(section.trim_end().trim_end_matches(']'));
        } else if let Some((key, rest)) = line.split_once('=').filter(|_| inside && !line.starts_with([' ', '#'])) {
            let name = key.trim().split('.').next().unwrap_or_default();
            found.push((number + 1, name.trim_matches('"'), rest));
        }
    }
    found
}

fn dependencies(manifest: &str) -> Vec<(usize, &str, &str)> {
    let mut found = entries(manifest, |section| section.ends_with("dependencies"));
    // `[dependencies.name]` is a section of its own.
    for (number, line) in manifest.lines().enumerate() {
        if let Some((_, name)) =
            line.trim_end_matches(']').split_once("dependencies.").filter(|_| line.starts_with('['))
        {
            found.push((number + 1, name, ""));
        }
    }
    found
}

/// A group of lints (one with a priority) needs no reason; each single lint does.
fn lints_without_reason(manifest: &str) -> Vec<String> {
    let lints = entries(manifest, |section| section.starts_with("workspace.lints"));
    let bare = lints.into_iter().filter(|(_, _, rest)| !rest.contains("priority") && !has_reason(rest));
    let say = |(line, name, _)| format!("Cargo.toml:{line}: lint `{name}` says not why. Add `# reason` behind it.");
    bare.map(say).collect()
}

fn has_reason(rest: &str) -> bool {
    rest.split_once('#').is_some_and(|(_, reason)| reason.trim().len() >= 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn core_lists_neither_a_runtime_nor_a_source_of_ids() {
        assert_eq!(problems("core/Cargo.toml", "[dependencies]\ntokio.workspace = true\n"), 1);
        assert_eq!(problems("core/Cargo.toml", "[dev-dependencies]\n\"rand\" = \"1\"\n"), 1);
        assert_eq!(problems("core/Cargo.toml", "[dependencies.sqlx]\nversion = \"1\"\n"), 1);
        assert_eq!(problems("core/Cargo.toml", "[dependencies]\nuuid = { version = \"1\", features = [\"v7\"] }\n"), 1);
        assert_eq!(problems("core/Cargo.toml", "[dependencies]\nserde.workspace = true\nuuid.workspace = true\n"), 0);
    }

    #[test]
    fn the_sandbox_does_not_know_us() {
        assert_eq!(problems("sandbox/Cargo.toml", "[dependencies]\ngangway-core.workspace = true\n"), 1);
        assert_eq!(problems("sandbox/Cargo.toml", "[package]\nname = \"gangway-sandbox\"\n"), 0);
    }

    #[test]
    fn a_shared_lint_without_a_reason_is_found() {
        let lints = "[workspace.lints.clippy]\nall = { level = \"warn\", priority = -1 }\ntodo = \"warn\"\ndbg = \"warn\" # Leftover.\n";
        assert_eq!(problems("Cargo.toml", lints), 1);
    }
}
