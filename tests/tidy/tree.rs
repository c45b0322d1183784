//! The text files of the repository, by path relative to its root.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Everything that is or would be committed and is text.
#[derive(Default)]
pub struct Tree(BTreeMap<String, String>);

impl Tree {
    /// Asks git, which knows what is ignored; where there is no git (an unpacked archive), walks.
    pub fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let paths = listed_by_git(root).unwrap_or_else(|| walked(root));
        let texts = paths.into_iter().filter_map(|path| {
            let text = fs::read_to_string(root.join(&path)).ok()?;
            Some((path, text))
        });
        Self(texts.collect())
    }

    /// A made-up tree, to try a check on.
    pub fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    /// What a file says, if it is there.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// All files with this ending.
    pub fn with_ending<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> + 'a {
        self.all().filter(move |(path, _)| path.ends_with(ending))
    }

    /// All files.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Whether there is such a file, or a folder with files in it.
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty() || self.0.contains_key(path) || self.0.keys().any(|file| file.starts_with(&folder))
    }
}

/// Whether a Rust file is only ever built for tests or measurements.
pub fn is_test_file(path: &str) -> bool {
    let mut parts = path.split('/');
    path.ends_with("/tests.rs") || path.ends_with("_test.rs") || parts.any(|part| part == "tests" || part == "benches")
}

fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let output = git.output().ok().filter(|output| output.status.success())?;
    let names = String::from_utf8(output.stdout).ok()?;
    let paths: Vec<String> = names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    (!paths.is_empty()).then_some(paths)
}

fn walked(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if path.is_dir() && name != ".git" && name != "target" {
                folders.push(path);
            } else if let Some(relative) =
                path.strip_prefix(root).ok().and_then(Path::to_str).filter(|_| path.is_file())
            {
                found.push(relative.to_owned());
            }
        }
    }
    found
}

#[test]
fn a_walk_finds_what_git_lists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let walked = walked(root);
    for path in listed_by_git(root).unwrap_or_default() {
        assert!(!root.join(&path).is_file() || walked.contains(&path), "{path} was not walked to");
    }
}

#[test]
fn a_test_file_is_known_by_its_name_or_its_folder() {
    assert!(is_test_file("tests/tidy.rs") && is_test_file("core/tests/laws.rs") && is_test_file("src/engine/tests.rs"));
    assert!(!is_test_file("src/engine/accept.rs"));
}
