//! Fresh folders below the temporary directory, removed at the end.
//!
//! A folder's name carries the process that owns it and when that process started, so that what a killed run left
//! behind can be told from what a living one uses.

use crate::error::Doing;
use crate::{Error, Result};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

const PREFIX: &str = "gangway-scratch";

/// A folder of this process's own; gone when dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// A new empty folder. `label` tells a reader of the temporary directory what it is for.
    ///
    /// Any user may walk through it (a server may run as another one), but only the owner may list or write it.
    ///
    /// # Errors
    /// When the temporary directory cannot be written.
    pub fn create(label: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let pid = std::process::id();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}-{pid}-{}-{count}-{label}", started(pid).unwrap_or_default());
        let path = base().join(name);
        fs::DirBuilder::new().mode(0o711).create(&path).doing(format!("cannot create {}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("xtask: cannot remove {}: {error}", self.0.display());
        }
    }
}

/// Removes the folders of processes that are gone. Says how many.
///
/// # Errors
/// When the temporary directory cannot be read.
pub fn sweep() -> Result<usize> {
    let base = base();
    let mut removed = 0;
    for entry in fs::read_dir(&base).doing(format!("cannot read {}", base.display()))?.flatten() {
        if is_abandoned(&entry.file_name().to_string_lossy()) && fs::remove_dir_all(entry.path()).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

/// True only for a folder of ours when its process is gone, or its process id now belongs to a younger process.
fn is_abandoned(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('-')) else { return false };
    let mut parts = rest.split('-');
    let (Some(pid), Some(since)) = (parts.next().and_then(|pid| pid.parse().ok()), parts.next()) else { return false };
    if !is_alive(pid) {
        return true;
    }
    matches!(started(pid), Some(now) if !since.is_empty() && now != since)
}

fn is_alive(pid: u32) -> bool {
    let Ok(pid) = i32::try_from(pid) else { return false };
    !matches!(nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None), Err(nix::errno::Errno::ESRCH))
}

/// When a process started, in ticks since boot; unknown where there is no `/proc`.
fn started(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the command in parentheses and may contain anything; field 22 is the start.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19).map(str::to_owned)
}

/// The temporary directory, or `/var/tmp` where root's own cannot be walked by the user that PostgreSQL runs as.
fn base() -> PathBuf {
    let chosen = std::env::temp_dir();
    if nix::unistd::geteuid().is_root() && !chosen.ancestors().all(anybody_may_walk) {
        return PathBuf::from("/var/tmp");
    }
    chosen
}

fn anybody_may_walk(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0)
}

/// Gives a folder to another user, with everything else closed.
///
/// # Errors
/// When this process may not do that.
pub fn give_to(path: &Path, uid: u32, gid: u32) -> Result<()> {
    let meta = fs::metadata(path).doing(format!("cannot read {}", path.display()))?;
    if meta.uid() == uid {
        return Ok(());
    }
    if !nix::unistd::geteuid().is_root() {
        return Err(Error::new(format!("{} belongs to another user", path.display())));
    }
    std::os::unix::fs::chown(path, Some(uid), Some(gid)).doing(format!("cannot give away {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_while_it_is_held_and_gone_after() {
        let scratch = Scratch::create("unit").unwrap();
        let path = scratch.path().to_owned();
        assert!(path.is_dir());
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn the_folder_of_a_living_process_is_not_abandoned() {
        let scratch = Scratch::create("unit").unwrap();
        let name = scratch.path().file_name().unwrap().to_string_lossy().into_owned();
        assert!(!is_abandoned(&name));
    }

    #[test]
    fn a_reused_process_id_does_not_keep_an_old_folder() {
        let name = format!("{PREFIX}-{}-1-0-unit", std::process::id());
        assert_eq!(is_abandoned(&name), started(std::process::id()).is_some());
    }

    #[test]
    fn foreign_folders_are_never_swept() {
        assert!(!is_abandoned("systemd-private-1"));
        assert!(!is_abandoned("gangway-scratch-x"));
    }
}
