//! Files stay under 500 lines, functions under 70. See "Budgets" in CONTRIBUTING.md.

use crate::scan::{functions, scan, test_module_line};
use crate::tree::{Tree, is_test_file};

/// Lines of a file, a trailing test module not counted (but counted where the whole file is a test).
const FILE_LINES: usize = 500;
/// Lines from `fn` to the closing brace.
const FUNCTION_LINES: usize = 70;

/// Every file and function past its budget; with the median of all files, should there be any.
pub fn check(tree: &Tree) -> Vec<String> {
    let mut sizes = Vec::new();
    let mut problems = Vec::new();
    for (path, source) in tree.with_ending(".rs") {
        let code = scan(source).code;
        let lines = if is_test_file(path) { code.lines().count() } else { test_module_line(&code) - 1 };
        if !is_test_file(path) {
            sizes.push(lines);
        }
        if lines > FILE_LINES {
            problems.push(format!(
                "{path}: {lines} lines, at most {FILE_LINES}. Move what has a name of its own into a file of its own."
            ));
        }
        let long = functions(&code).into_iter().filter(|function| function.lines > FUNCTION_LINES);
        problems.extend(long.map(|f| {
            let (line, name, lines) = (f.line, f.name, f.lines);
            format!("{path}:{line}: fn {name} has {lines} lines, at most {FUNCTION_LINES}. Give a part of it a name.")
        }));
    }
    if !problems.is_empty() {
        problems.push(format!("(median file: {} lines; the aim is 120)", median(sizes)));
    }
    problems
}

fn median(mut sizes: Vec<usize>) -> usize {
    sizes.sort_unstable();
    sizes.get(sizes.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_501_lines_is_too_long_and_its_tests_do_not_count() {
        let full = "\n".repeat(500);
        let tests = format!("{full}#[cfg(test)]\nmod tests {{\n{full}}}\n");
        assert_eq!(check(&Tree::of(&[("src/a.rs", &full), ("src/b.rs", &tests)])), Vec::<String>::new());
        let over = format!("{full}\n");
        let problems = check(&Tree::of(&[("src/a.rs", &over)]));
        assert!(problems.iter().any(|p| p.starts_with("src/a.rs: 501 lines")), "{problems:?}");
        assert!(problems.iter().any(|p| p.contains("median file: 501")), "{problems:?}");
    }

    #[test]
    fn a_test_file_is_counted_whole() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "\n".repeat(500));
        assert!(!check(&Tree::of(&[("tests/a.rs", &tests)])).is_empty());
    }

    #[test]
    fn a_function_of_71_lines_is_too_long() {
        let body = |lines: usize| format!("fn long() {{{}}}\n", "\n".repeat(lines - 1));
        assert!(check(&Tree::of(&[("src/a.rs", &body(70))])).is_empty());
        let problems = check(&Tree::of(&[("src/a.rs", &format!("\n{}", body(71)))]));
        assert!(problems.iter().any(|p| p.starts_with("src/a.rs:2: fn long has 71 lines")), "{problems:?}");
    }
}
