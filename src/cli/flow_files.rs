//! Reads flow files named on the command line; a folder stands for the `*.yaml` in it.

use std::path::{Path, PathBuf};

use crate::terminal::{Exit, Failure};

/// Name and text of each file, in the order given; those of a folder by name.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<(String, String)>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        for file in listed(path)? {
            let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&file, &error))?;
            files.push((file.display().to_string(), text));
        }
    }
    Ok(files)
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
