//! The only writers to stdout and stderr. A reader that went away (`gangway user show … | head`) is no error; a disk
//! that is full is one.

use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether data was lost on its way to stdout. It concerns the whole process, as stdout does.
static LOST: AtomicBool = AtomicBool::new(false);

/// A line of data.
pub(crate) fn data(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let written = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
        && !LOST.swap(true, Ordering::Relaxed)
    {
        aside(&format!("stdout cannot be written: {error}"));
    }
}

/// Whether some data could not be written that a reader may have wanted.
pub(crate) fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// A line for the person who watches.
pub(crate) fn aside(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
