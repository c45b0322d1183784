//! Whether this process is the only one that has a SQLite file open: then the leases in it have no owner any more.
//!
//! Every process that opens the file keeps a shared lock on `FILE-open` for as long as it lives; one that first gets it
//! exclusively knows that no other process is there. The lock is on a file of its own because closing a second handle
//! of the database file would drop SQLite's own locks.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Held while the process has the database open.
#[derive(Debug)]
pub(super) struct Presence {
    _lock: File,
    /// Whether no other process had it open at the start.
    pub(super) alone: bool,
}

/// Announces this process.
pub(super) fn enter(database: &Path) -> io::Result<Presence> {
    let mut path = database.as_os_str().to_owned();
    path.push("-open");
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    let alone = lock.try_lock().is_ok();
    if alone {
        lock.unlock()?;
    }
    lock.lock_shared()?;
    Ok(Presence { _lock: lock, alone })
}
