//! A private PostgreSQL: fresh data folder, loopback only, every client trusted, durability as in production.

use super::{await_ready, open_log, persistently};
use crate::error::Doing;
use crate::group::Group;
use crate::locate::{self, PostgresPrograms};
use crate::wait::Stop;
use crate::{Error, Result, ports, scratch};
use nix::sys::signal::Signal;
use nix::unistd::User;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Two seconds are usual; a busy machine takes longer.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// A shutdown writes a checkpoint.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server. Dropping it stops it; its folder is the caller's to remove.
#[derive(Debug)]
pub struct Postgres {
    programs: PostgresPrograms,
    runner: Option<User>,
    folder: PathBuf,
    port: u16,
    server: Group,
}

impl Postgres {
    /// Makes a data folder below `folder` and serves it.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not get ready; with the end of its log.
    pub fn start(folder: &Path) -> Result<Self> {
        let programs = locate::postgres().ok_or_else(|| Error::new("initdb and postgres are not installed"))?;
        Self::start_with(&programs, folder, &Stop::never())
    }

    /// Like [`start`](Self::start), with these programs, and given up when `stop` is asked for.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    pub fn start_with(programs: &PostgresPrograms, folder: &Path, stop: &Stop) -> Result<Self> {
        let runner = runner()?;
        let folder = folder.join("postgres");
        fs::create_dir(&folder).doing(format!("cannot create {}", folder.display()))?;
        if let Some(user) = &runner {
            scratch::give_to(&folder, user.uid.as_raw(), user.gid.as_raw())?;
        }
        init(programs, runner.as_ref(), &folder)?;
        persistently(stop, || {
            let [port] = ports::free()?;
            let server = serve(programs, runner.as_ref(), &folder, port, stop)?;
            Ok(Self { programs: programs.clone(), runner: runner.clone(), folder: folder.clone(), port, server })
        })
    }

    /// A superuser's URL: tests make databases of their own with it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The server dies as by a power cut: SIGKILL, nothing flushed.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn kill(&mut self) -> Result<()> {
        self.server.kill()
    }

    /// Serves the same folder on the same port again, after [`kill`](Self::kill), [`stop`](Self::stop) or neither.
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn restart(&mut self) -> Result<()> {
        self.stop()?;
        let stop = Stop::never();
        // Right after a kill the old backends may still hold the shared memory; the server then refuses to start.
        self.server =
            persistently(&stop, || serve(&self.programs, self.runner.as_ref(), &self.folder, self.port, &stop))?;
        Ok(())
    }

    /// An orderly end: connections are closed, everything is on disk.
    ///
    /// # Errors
    /// When even a kill did not end it.
    pub fn stop(&mut self) -> Result<()> {
        self.server.end(PATIENCE)
    }
}

/// PostgreSQL refuses to run as root; then another user does it.
fn runner() -> Result<Option<User>> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name).doing("cannot read the list of users")? {
            return Ok(Some(user));
        }
    }
    Err(Error::new("PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as"))
}

/// A command that runs as `runner`, in `folder`, without an environment that would change its ways.
fn command(program: &Path, runner: Option<&User>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null()).env("LC_ALL", "C");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    if let Some(user) = runner {
        // The standard library also drops root's supplementary groups here.
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

fn init(programs: &PostgresPrograms, runner: Option<&User>, folder: &Path) -> Result<()> {
    let output = command(&programs.initdb, runner, folder)
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--pgdata"])
        .arg(folder.join("data"))
        .output()
        .doing(format!("cannot run {}", programs.initdb.display()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::new(format!("initdb failed ({}):\n{}", output.status, String::from_utf8_lossy(&output.stderr))))
}

fn serve(programs: &PostgresPrograms, runner: Option<&User>, folder: &Path, port: u16, stop: &Stop) -> Result<Group> {
    let data = folder.join("data");
    let log = folder.join("postgres.log");
    let (out, err) = open_log(&log)?;
    let mut postgres = command(&programs.postgres, runner, folder);
    postgres.arg("-D").arg(&data).args(["-p", &port.to_string()]).stdout(out).stderr(err);
    for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300"] {
        postgres.args(["-c", setting]);
    }
    // SIGINT is PostgreSQL's fast shutdown: it also frees the shared memory, which a kill leaves behind.
    let mut server = Group::spawn("PostgreSQL", &mut postgres, Signal::SIGINT)?;
    await_ready(&mut server, "PostgreSQL", &log, READY_WITHIN, stop, |server| is_ready(&data, server.id()))?;
    Ok(server)
}

/// The server says so in its pid file. The first line must name this very process: a kill leaves an old file.
fn is_ready(data: &Path, pid: u32) -> bool {
    let file = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let mut lines = file.lines().map(str::trim);
    lines.next() == Some(pid.to_string().as_str()) && lines.nth(6) == Some("ready")
}
