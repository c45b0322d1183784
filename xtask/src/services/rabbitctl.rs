//! `rabbitmqctl` for a node that `cargo xtask` started: virtual hosts, closing connections, looking at queues.

use super::rabbitmq::{NO_DAEMON, forget_rabbitmq_settings};
use crate::error::Doing;
use crate::{Error, Result};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The names under which a test run finds the broker's command line.
const CTL: &str = "GANGWAY_TEST_RABBITMQ_CTL";
const NODE: &str = "GANGWAY_TEST_RABBITMQ_NODE";
const HOME: &str = "GANGWAY_TEST_RABBITMQ_HOME";
const EPMD: &str = "GANGWAY_TEST_RABBITMQ_EPMD_PORT";

/// How to reach a running node. Every call starts an Erlang VM and takes a second or two.
#[derive(Clone, Debug)]
pub struct RabbitCtl {
    program: PathBuf,
    node: String,
    home: PathBuf,
    epmd_port: u16,
}

impl RabbitCtl {
    pub(super) fn new(program: PathBuf, node: String, home: PathBuf, epmd_port: u16) -> Self {
        Self { program, node, home, epmd_port }
    }

    /// The node of the surrounding `cargo xtask test`; none when that run uses a given URL or a container.
    #[must_use]
    pub fn from_env() -> Option<Self> {
        let value = |name| std::env::var(name).ok();
        Some(Self {
            program: value(CTL)?.into(),
            node: value(NODE)?,
            home: value(HOME)?.into(),
            epmd_port: value(EPMD)?.parse().ok()?,
        })
    }

    /// The variables from which [`from_env`](Self::from_env) makes an equal one.
    #[must_use]
    pub fn to_env(&self) -> Vec<(String, String)> {
        vec![
            (CTL.to_owned(), self.program.display().to_string()),
            (NODE.to_owned(), self.node.clone()),
            (HOME.to_owned(), self.home.display().to_string()),
            (EPMD.to_owned(), self.epmd_port.to_string()),
        ]
    }

    /// Runs one command, for example `["list_queues", "name", "messages"]`, and returns what it printed.
    ///
    /// # Errors
    /// When it fails, with what it wrote to stderr.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        forget_rabbitmq_settings(&mut command);
        let output = command
            .args(["--quiet", "--node", &self.node])
            .args(arguments)
            .env("HOME", &self.home)
            .env("ERL_EPMD_PORT", self.epmd_port.to_string())
            .env("ERL_FLAGS", NO_DAEMON)
            // Otherwise eleven ports are shared by all command lines that run at a time.
            .env("RABBITMQ_CTL_DIST_PORT_MIN", "30000")
            .env("RABBITMQ_CTL_DIST_PORT_MAX", "32000")
            .stdin(Stdio::null())
            .output()
            .doing(format!("cannot run {}", self.program.display()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Error::new(format!("rabbitmqctl {} failed ({}):\n{said}", arguments.join(" "), output.status)))
    }

    /// A virtual host on which user guest may do everything; in one call, as each is slow.
    ///
    /// # Errors
    /// When `name` is not made of letters, digits, `-` and `_`; or when the broker refuses.
    pub fn add_vhost(&self, name: &str) -> Result<()> {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            return Err(Error::new(format!("{name:?} is no name for a virtual host here")));
        }
        let all = "<<\".*\">>";
        let user = "<<\"guest\">>";
        let said = self.run(&[
            "eval",
            &format!(
                "ok = rabbit_vhost:add(<<\"{name}\">>, {user}), \
                 ok = rabbit_auth_backend_internal:set_permissions({user}, <<\"{name}\">>, {all}, {all}, {all}, {user})."
            ),
        ])?;
        match said.trim() {
            "ok" => Ok(()),
            other => Err(Error::new(format!("cannot add virtual host {name}: {other}"))),
        }
    }
}
