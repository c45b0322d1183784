//! No file names a folder of one developer's machine, or a registry that others cannot reach.

use crate::scan::is_word;
use crate::tree::Tree;

/// Folders in which people and build machines work. Put together here, so that this file does not name them.
const FOLDERS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];

/// The only registry that a lock file may name.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Endings of names that only some network knows.
const PRIVATE_HOSTS: &[&str] = &[".internal", ".corp", ".lan", ".intranet"];

/// Every such place.
pub fn check(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in tree.all() {
        for (number, line) in text.lines().enumerate() {
            let at = format!("{path}:{}", number + 1);
            if let Some(folder) = FOLDERS.iter().find(|folder| names_folder(line, folder)) {
                problems.push(format!("{at}: names the folder {folder} of some machine. Use a relative path."));
            }
            if let Some(host) = hosts(line).find(|host| is_private(host)) {
                problems.push(format!("{at}: names the host {host}, which others cannot reach. Use a public one."));
            }
            if path.ends_with("Cargo.lock") && line.starts_with("source = ") && !line.contains(REGISTRY) {
                problems.push(format!("{at}: does not come from crates.io. Lock it again from there."));
            }
            if path.starts_with(".cargo/") && (line.starts_with("[source") || line.starts_with("[registr")) {
                problems.push(format!("{at}: replaces the registry for everyone. Keep that in your own folder."));
            }
        }
    }
    problems
}

/// Whether a path that begins with `folder` stands in the line; `src/` before it makes it another path.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default().chars().next_back();
        !before.is_some_and(|c| is_word(c) || matches!(c, '.' | '-' | '}' | '~' | ')'))
    })
}

/// The hosts of all web addresses in a line.
fn hosts(line: &str) -> impl Iterator<Item = &str> {
    let starts = line.match_indices("://").map(|(at, mark)| at + mark.len());
    starts.filter_map(|at| {
        let rest = line.get(at..)?;
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-.@".contains(c))).unwrap_or(rest.len());
        rest.get(..end)?.rsplit('@').next()
    })
}

fn is_private(host: &str) -> bool {
    host != concat!("host.docker", ".internal") && PRIVATE_HOSTS.iter().any(|ending| host.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn a_folder_of_a_machine_is_found_and_a_path_that_merely_contains_it_is_not() {
        assert_eq!(problems("a.md", concat!("see `/wo", "rk/main`")), 1);
        assert_eq!(problems("a.md", concat!("see src/wo", "rk/main")), 0);
        assert_eq!(problems("a.sh", concat!("cd /ho", "me/me")), 1);
    }

    #[test]
    fn a_private_host_is_found_and_a_public_one_is_not() {
        assert_eq!(problems("a.toml", concat!("url = \"https://user@crates.acme", ".internal:8443/x\"")), 1);
        assert_eq!(problems("a.toml", concat!("url = \"https://crates", ".io/x.internal\"")), 0);
    }

    #[test]
    fn a_lock_file_names_one_registry() {
        assert_eq!(problems("Cargo.lock", "source = \"registry+https://mirror.example.org/index\""), 1);
        assert_eq!(problems("Cargo.lock", &format!("source = \"{REGISTRY}\"")), 0);
    }

    #[test]
    fn a_replaced_registry_is_found() {
        assert_eq!(problems(".cargo/config.toml", "[source.crates-io]\nreplace-with = \"x\""), 1);
    }
}
