//! Every relative link in a Markdown file leads to a file of the tree.

use crate::tree::Tree;

/// Every link that leads nowhere.
pub fn check(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in tree.with_ending(".md") {
        for (line, target) in links(text) {
            if is_relative(&target) && !leads_somewhere(tree, path, &target) {
                problems.push(format!("{path}:{line}: the link to `{target}` leads nowhere. Correct or remove it."));
            }
        }
    }
    problems
}

fn is_relative(target: &str) -> bool {
    !target.is_empty() && !target.starts_with('#') && !target.contains("://") && !target.starts_with("mailto:")
}

fn leads_somewhere(tree: &Tree, from: &str, target: &str) -> bool {
    let file = target.split(['#', '?']).next().unwrap_or_default();
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => return false,
            ".." => {}
            part => parts.push(part),
        }
    }
    tree.has(&parts.join("/"))
}

/// `[text](target)` and `[name]: target`, outside code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            fenced = !fenced;
        } else if !fenced {
            let line = without_code(line);
            found.extend(line.split("](").skip(1).filter_map(target).map(|target| (number + 1, target)));
            let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
            found.extend(definition.and_then(|(_, target)| first_word(target)).map(|target| (number + 1, target)));
        }
    }
    found
}

/// What stands before the closing parenthesis, without a title.
fn target(rest: &str) -> Option<String> {
    first_word(rest.split_once(')')?.0)
}

fn first_word(text: &str) -> Option<String> {
    Some(text.split_whitespace().next()?.trim_matches(['<', '>']).to_owned())
}

/// The line without what is between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> usize {
        check(&Tree::of(&[("README.md", ""), ("docs/guides/a.md", text), ("docs/b.md", "")])).len()
    }

    #[test]
    fn a_link_to_a_file_that_is_not_there_is_found() {
        assert_eq!(problems("[x](missing.md) and [y](../b.md#part) and [z](../../README.md \"title\")"), 1);
        assert_eq!(problems("[x]: missing.md"), 1);
        assert_eq!(problems("[x](../../../README.md)"), 1);
    }

    #[test]
    fn other_sites_anchors_and_code_are_not_followed() {
        assert_eq!(problems("[x](https://example.org/a) [y](#part) `[z](nowhere)`\n```\n[w](nowhere)\n```"), 0);
    }
}
