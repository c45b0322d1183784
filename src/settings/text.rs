//! Reads files that people write: settings, flows, definitions. An error names the place.

use std::io::ErrorKind;
use std::path::Path;

use super::Fault;
use super::show::without_password;

/// The name of a file or folder, for people. Where somebody took the setting for that of an address, without what may
/// be a password.
#[must_use]
pub fn name(path: &Path) -> String {
    without_password(&path.display().to_string())
}

/// The text of a file.
///
/// # Errors
/// The file (with the line, where that is known), what is wrong with it, and how to mend it.
pub fn read(path: &Path) -> Result<String, Fault> {
    let name = name(path);
    let bytes = std::fs::read(path).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::NotFound => "look at the name; a relative path begins where gangway is started",
            ErrorKind::PermissionDenied => "let the user that gangway runs as read it",
            ErrorKind::IsADirectory => "name a file in it",
            _ => "make it readable",
        };
        Fault::new(&name, format!("cannot be read: {error}"), hint)
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        Fault::new(format!("{name}:{line}"), "is not UTF-8", "save the file as UTF-8")
    })
}
