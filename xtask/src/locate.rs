//! Where the programs of PostgreSQL and RabbitMQ are on this machine.

use std::fs;
use std::path::{Path, PathBuf};

/// The two programs of a private PostgreSQL, of the same version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresPrograms {
    /// Makes a data folder.
    pub initdb: PathBuf,
    /// Serves it.
    pub postgres: PathBuf,
}

/// The three programs of a private RabbitMQ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RabbitPrograms {
    /// The broker, a shell script that becomes the Erlang VM.
    pub server: PathBuf,
    /// The command line that talks to a running broker.
    pub ctl: PathBuf,
    /// Erlang's port mapper.
    pub epmd: PathBuf,
}

/// PostgreSQL from PATH, else the newest below `/usr/lib/postgresql` (where Debian keeps it, off PATH).
#[must_use]
pub fn postgres() -> Option<PostgresPrograms> {
    let folders = path_folders().into_iter().chain(newest_first(Path::new("/usr/lib/postgresql"), "bin"));
    folders.map(|folder| folder_with_postgres(&folder)).find(Option::is_some)?
}

fn folder_with_postgres(folder: &Path) -> Option<PostgresPrograms> {
    // A link on PATH leads to the folder where the other programs of that version are.
    let real = |name| program(folder, name)?.canonicalize().ok();
    Some(PostgresPrograms { initdb: real("initdb")?, postgres: real("postgres")? })
}

/// RabbitMQ's own scripts first: what a distribution puts on PATH is often a wrapper that changes the user and the
/// folders, and then refuses a private node.
#[must_use]
pub fn rabbitmq() -> Option<RabbitPrograms> {
    let mut folders = vec![PathBuf::from("/usr/lib/rabbitmq/bin")];
    folders.extend(path_folders());
    folders.push(PathBuf::from("/usr/sbin"));
    let epmd = epmd()?;
    folders.iter().find_map(|folder| {
        Some(RabbitPrograms {
            server: program(folder, "rabbitmq-server")?,
            ctl: program(folder, "rabbitmqctl")?,
            epmd: epmd.clone(),
        })
    })
}

fn epmd() -> Option<PathBuf> {
    let mut folders = path_folders();
    folders.push(PathBuf::from("/usr/lib/erlang/bin"));
    folders.push(PathBuf::from("/usr/lib64/erlang/bin"));
    folders.iter().find_map(|folder| program(folder, "epmd"))
}

/// A program of that name on PATH.
#[must_use]
pub fn on_path(name: &str) -> Option<PathBuf> {
    path_folders().iter().find_map(|folder| program(folder, name))
}

fn path_folders() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

fn program(folder: &Path, name: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    let meta = fs::metadata(&path).ok()?;
    (meta.is_file() && meta.permissions().mode() & 0o111 != 0).then_some(path)
}

/// `parent/VERSION/leaf` for every folder named by a number, the greatest number first.
fn newest_first(parent: &Path, leaf: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join(leaf))))
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_15_is_newer_than_version_9() {
        let scratch = crate::scratch::Scratch::create("unit").unwrap();
        for version in ["9", "15", "common"] {
            fs::create_dir(scratch.path().join(version)).unwrap();
        }
        let found = newest_first(scratch.path(), "bin");
        assert_eq!(found, [scratch.path().join("15/bin"), scratch.path().join("9/bin")]);
    }

    #[test]
    fn a_file_that_may_not_be_executed_is_not_a_program() {
        let scratch = crate::scratch::Scratch::create("unit").unwrap();
        fs::write(scratch.path().join("initdb"), "").unwrap();
        assert_eq!(program(scratch.path(), "initdb"), None);
    }
}
