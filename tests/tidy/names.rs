//! A provider is one folder and one row: product code elsewhere names none. Prose may take one as its example.

use crate::scan::{before_line, find_words, scan, test_module_line};
use crate::tree::{Tree, is_test_file};

/// Beginnings of paths that may name providers.
const HOMES: &[&str] =
    &["src/providers/mod.rs", "src/providers/registry.rs", "src/app/demo/play/", "src/app/sandbox.rs"];

/// What to do instead.
const HINT: &str = "Put it into its folder, or ask its row (src/providers/registry.rs).";

/// Every place that names a provider although it is not that provider's.
pub fn check(tree: &Tree) -> Vec<String> {
    let providers: Vec<&str> = tree.all().filter_map(|(path, _)| provider(path)).collect();
    let mut problems = Vec::new();
    for (path, source) in tree.with_ending(".rs") {
        if !path.starts_with("src/") || is_test_file(path) || HOMES.iter().any(|home| path.starts_with(home)) {
            continue;
        }
        let scanned = scan(source);
        let end = test_module_line(&scanned.code);
        let (code, text) = (before_line(&scanned.code, end), before_line(&scanned.text, end));
        for name in providers.iter().filter(|name| !path.starts_with(&format!("src/providers/{name}/"))) {
            let module = format!("{name}::");
            let named = find_words(&code, &module).chain(find_words(&text, name));
            problems.extend(named.map(|(line, _)| format!("{path}:{line}: names the provider `{name}`. {HINT}")));
        }
    }
    problems
}

/// The provider with its settings in this file.
fn provider(path: &str) -> Option<&str> {
    let name = path.strip_prefix("src/providers/")?.strip_suffix("/settings.toml")?;
    (name != "generic").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tree::Tree;

    #[test]
    fn a_provider_is_named_in_its_folder_its_row_and_in_prose_only() {
        let code = "/// Such as acme.\nfn f() { let acme = 1; acme::new(\"acme\"); }\n";
        let naming = format!("{code}#[cfg(test)]\nmod tests {{\n \"acme\" }}\n");
        let naming = naming.as_str();
        let files = [
            ("src/providers/acme/settings.toml", ""),
            ("src/providers/acme/mod.rs", naming),
            ("src/providers/registry.rs", naming),
            ("src/app/start.rs", naming),
        ];
        let told = check(&Tree::of(&files));
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.iter().all(|told| told.starts_with("src/app/start.rs:2: names the provider `acme`")), "{told:?}");
    }
}
