//! The only writers to stdout and stderr. A reader that went away (`gangway user show … | head`) is no error.

use std::io::Write;

/// A line of data.
pub(crate) fn data(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// A line for the person who looks on.
pub(crate) fn aside(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
