//! Nothing half-done, switched off or marked for later.

use crate::scan::{find_words, scan};
use crate::tree::Tree;

/// In code.
const CODE: &[(&str, &str)] = &[
    ("todo!", "Write it, or leave the branch out."),
    ("unimplemented!", "Write it, or leave the branch out."),
    ("dbg!", "Remove it."),
    ("#[ignore", "A test that is not run proves nothing: mend it or delete it."),
];

/// In comments.
const COMMENTS: &[&str] = &["FIXME", "XXX", "HACK"];

/// Every leftover.
pub fn check(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, source) in tree.with_ending(".rs") {
        let scanned = scan(source);
        for (mark, mend) in CODE {
            let found = find_words(&scanned.code, mark);
            problems.extend(found.map(|(line, _)| format!("{path}:{line}: `{mark}` is left over. {mend}")));
        }
        for mark in COMMENTS {
            let found = find_words(&scanned.comments, mark);
            let mend = "Mend it now, or say in plain words what is missing and why that is right for now.";
            problems.extend(found.map(|(line, _)| format!("{path}:{line}: `{mark}` is left over. {mend}")));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mark_is_found_where_it_counts_and_only_there() {
        let problems = |source: &str| check(&Tree::of(&[("src/a.rs", source)])).len();
        for source in ["todo!()", "unimplemented!(\"x\")", "dbg!(x)", "#[ignore = \"slow\"]\nfn t() {}", "// FIXME: x"]
        {
            assert_eq!(problems(source), 1, "{source}");
        }
        for source in ["let x = \"FIXME\";", "// todo!() is forbidden", "// XXXL is a size", "my_todo!()"] {
            assert_eq!(problems(source), 0, "{source}");
        }
    }
}
