//! A private RabbitMQ node: its own Erlang port mapper, cookie, data and ports; loopback only; no plugins.

use super::{RabbitCtl, await_ready, open_log, persistently};
use crate::error::Doing;
use crate::group::Group;
use crate::locate::{self, RabbitPrograms};
use crate::wait::Stop;
use crate::{Error, Result, ports};
use nix::sys::signal::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Five to fifteen seconds are usual.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// An orderly stop closes connections and flushes queues.
const PATIENCE: Duration = Duration::from_secs(30);
/// Two nodes may have one name, as each has a port mapper of its own.
const NODE: &str = "gangway@localhost";

/// Where the port mapper is gone, Erlang must not start another one as a daemon, which nothing would ever stop.
pub(super) const NO_DAEMON: &str = "-start_epmd false";

/// A running broker. Dropping it stops it; its folder is the caller's to remove.
#[derive(Debug)]
pub struct RabbitMq {
    node: Node,
    server: Group,
    // Declared after the server, hence dropped after it.
    _epmd: Group,
}

/// What stays the same over restarts.
#[derive(Clone, Debug)]
struct Node {
    programs: RabbitPrograms,
    folder: PathBuf,
    port: u16,
    dist_port: u16,
    epmd_port: u16,
}

impl RabbitMq {
    /// Starts a broker with its data below `folder`.
    ///
    /// # Errors
    /// When RabbitMQ is not installed, or does not get ready; with the end of its log.
    pub fn start(folder: &Path) -> Result<Self> {
        let programs =
            locate::rabbitmq().ok_or_else(|| Error::new("rabbitmq-server, rabbitmqctl and epmd are not installed"))?;
        Self::start_with(&programs, folder, &Stop::never())
    }

    /// Like [`start`](Self::start), with these programs, and given up when `stop` is asked for.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    pub fn start_with(programs: &RabbitPrograms, folder: &Path, stop: &Stop) -> Result<Self> {
        let folder = folder.join("rabbitmq");
        lay_out(&folder)?;
        persistently(stop, || {
            let [port, dist_port, epmd_port] = ports::free()?;
            let node = Node { programs: programs.clone(), folder: folder.clone(), port, dist_port, epmd_port };
            let epmd = node.start_epmd(stop)?;
            let server = node.serve(stop)?;
            Ok(Self { node, server, _epmd: epmd })
        })
    }

    /// Where to connect: user guest, virtual host `/`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.node.port)
    }

    /// Its command line.
    #[must_use]
    pub fn ctl(&self) -> RabbitCtl {
        let home = self.node.folder.join("home");
        RabbitCtl::new(self.node.programs.ctl.clone(), NODE.to_owned(), home, self.node.epmd_port)
    }

    /// The broker dies as by a power cut: SIGKILL to the Erlang VM and all it started.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn kill(&mut self) -> Result<()> {
        self.server.kill()
    }

    /// Starts the same node on the same port with the same data, after [`kill`](Self::kill), [`stop`](Self::stop) or
    /// neither. Returns when it takes connections again.
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn restart(&mut self) -> Result<()> {
        self.stop()?;
        let stop = Stop::never();
        self.server = persistently(&stop, || self.node.serve(&stop))?;
        Ok(())
    }

    /// An orderly end: clients are told, queues are on disk.
    ///
    /// # Errors
    /// When even a kill did not end it.
    pub fn stop(&mut self) -> Result<()> {
        self.server.end(PATIENCE)
    }
}

impl Drop for RabbitMq {
    /// The data is not needed any more, so there is no reason for an orderly end.
    fn drop(&mut self) {
        if let Err(error) = self.server.kill() {
            eprintln!("xtask: {error}");
        }
    }
}

impl Node {
    /// Erlang would start the port mapper itself, as a daemon outside our group that outlives us.
    fn start_epmd(&self, stop: &Stop) -> Result<Group> {
        let log = self.folder.join("epmd.log");
        let (out, err) = open_log(&log)?;
        let mut command = Command::new(&self.programs.epmd);
        command.args(["-port", &self.epmd_port.to_string(), "-address", "127.0.0.1"]);
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(out).stderr(err);
        let mut epmd = Group::spawn("epmd", &mut command, Signal::SIGTERM)?;
        await_ready(&mut epmd, "epmd", &log, READY_WITHIN, stop, |_| ports::is_open(self.epmd_port))?;
        Ok(epmd)
    }

    fn serve(&self, stop: &Stop) -> Result<Group> {
        let log = self.folder.join("rabbitmq.log");
        let mut command = self.command(&log)?;
        let mut server = Group::spawn("RabbitMQ", &mut command, Signal::SIGTERM)?;
        await_ready(&mut server, "RabbitMQ", &log, READY_WITHIN, stop, |_| ports::speaks_amqp(self.port))?;
        Ok(server)
    }

    fn command(&self, log: &Path) -> Result<Command> {
        let (out, err) = open_log(log)?;
        let mut command = Command::new(&self.programs.server);
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(out).stderr(err);
        forget_rabbitmq_settings(&mut command);
        let folders = [
            ("HOME", "home"),
            ("RABBITMQ_MNESIA_BASE", "mnesia"),
            ("RABBITMQ_LOG_BASE", "log"),
            ("RABBITMQ_GENERATED_CONFIG_DIR", "generated"),
            ("RABBITMQ_PID_FILE", "rabbitmq.pid"),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins"),
            ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
            ("RABBITMQ_ADVANCED_CONFIG_FILE", "advanced.config"),
            ("RABBITMQ_CONF_ENV_FILE", "rabbitmq-env.conf"),
        ];
        command.envs(folders.map(|(name, leaf)| (name, self.folder.join(leaf))));
        command
            .env("RABBITMQ_NODENAME", NODE)
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.port.to_string())
            .env("RABBITMQ_DIST_PORT", self.dist_port.to_string())
            .env("RABBITMQ_LOGS", "-")
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}")
            // Makes the script become the VM instead of staying in front of it: our child is then the VM itself.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            .env_remove("NOTIFY_SOCKET")
            .env("ERL_EPMD_PORT", self.epmd_port.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_FLAGS", NO_DAEMON);
        Ok(command)
    }
}

/// Variables of a broker that the developer runs otherwise must not leak into this one.
pub(super) fn forget_rabbitmq_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RABBITMQ_") {
            command.env_remove(name);
        }
    }
}

fn lay_out(folder: &Path) -> Result<()> {
    let what = format!("cannot write {}", folder.display());
    for leaf in ["", "home", "mnesia", "log", "generated"] {
        fs::create_dir(folder.join(leaf)).doing(&what)?;
    }
    let files = [
        ("enabled_plugins", "[].\n"),
        ("rabbitmq.conf", "log.console.level = info\n"),
        ("advanced.config", "[].\n"),
        ("rabbitmq-env.conf", ""),
    ];
    for (leaf, text) in files {
        fs::write(folder.join(leaf), text).doing(&what)?;
    }
    Ok(())
}
