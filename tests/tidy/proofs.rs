//! Every test that a page of concepts names as its proof exists.

use crate::tree::Tree;

const PAGES: &str = "docs/concepts/";

/// Every name of a test that no source has.
pub fn check(tree: &Tree) -> Vec<String> {
    let sources: Vec<&str> = tree.with_ending(".rs").map(|(_, text)| text).collect();
    let pages = tree.with_ending(".md").filter(|(path, _)| path.starts_with(PAGES));
    let named =
        pages.flat_map(|(path, text)| text.split('`').filter(|word| is_test(word)).map(move |word| (path, word)));
    let lost = named.filter(|(_, name)| !sources.iter().any(|source| source.contains(name)));
    lost.map(|(path, name)| format!("{path}: there is no test `{name}`. Name the one that proves it now.")).collect()
}

/// Names of tests are sentences: that tells them from names of settings and metrics.
fn is_test(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    word.chars().all(plain) && word.matches('_').count() >= 4
}
