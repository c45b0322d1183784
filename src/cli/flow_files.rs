//! Reads flow files named on the command line; a folder stands for the `*.yaml` in it.

use std::path::{Path, PathBuf};

use crate::settings::text;
use crate::terminal::{Exit, Failure};

/// Name and text of each file, in the order given; those of a folder by name. Tells of all that cannot be read.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<(String, String)>, Failure> {
    let (mut files, mut unreadable) = (Vec::new(), Vec::new());
    for path in paths {
        for file in listed(path)? {
            match text::read(&file) {
                Ok(text) => files.push((file.display().to_string(), text)),
                Err(told) => unreadable.push(format!("{}: {}\n  hint: {}", told.key, told.what, told.hint)),
            }
        }
    }
    if unreadable.is_empty() { Ok(files) } else { Err(Failure::new(Exit::Usage, unreadable.join("\n"))) }
}

fn listed(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|file| file.extension().is_some_and(|end| end == "yaml" || end == "yml"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Failure::new(Exit::Usage, format!("{}: holds no flow files (*.yaml)", path.display())));
    }
    Ok(files)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Usage, format!("{}: cannot be read: {error}", path.display()))
}
