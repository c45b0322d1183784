//! The servers as containers, from the product's own `docker-compose.yml`, in a project of this run's own.

use crate::error::Doing;
use crate::{Error, Result, ports};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The password of a database that lives as long as one test run.
const PASSWORD: &str = "gangway-test";

/// Running containers. Dropping it removes them with their data.
#[derive(Debug)]
pub struct Compose {
    file: PathBuf,
    project: String,
    postgres_port: u16,
    amqp_port: u16,
}

impl Compose {
    /// Whether there is a client with the compose plugin, and an engine that answers it.
    #[must_use]
    pub fn is_possible() -> bool {
        succeeds(&["compose", "version"]) && succeeds(&["info"])
    }

    /// Starts some of the services of `docker-compose.yml` in folder `root`; returns when they are healthy.
    ///
    /// # Errors
    /// When the engine fails; what was started is removed again.
    pub fn up(root: &Path, services: &[&str]) -> Result<Self> {
        let [postgres_port, amqp_port] = ports::free()?;
        let project = format!("gangway-test-{}", std::process::id());
        let compose = Self { file: root.join("docker-compose.yml"), project, postgres_port, amqp_port };
        eprintln!("xtask: docker compose up {}", services.join(" "));
        compose.run(&["up", "--detach", "--wait", "--wait-timeout", "300"], services)?;
        Ok(compose)
    }

    /// A superuser's URL.
    #[must_use]
    pub fn postgres_url(&self) -> String {
        format!("postgres://gangway:{PASSWORD}@127.0.0.1:{}/postgres", self.postgres_port)
    }

    /// The broker's URL, virtual host `/`.
    #[must_use]
    pub fn amqp_url(&self) -> String {
        format!("amqp://gangway:{PASSWORD}@127.0.0.1:{}/%2f", self.amqp_port)
    }

    fn run(&self, arguments: &[&str], services: &[&str]) -> Result<()> {
        let status = Command::new("docker")
            .args(["compose", "--project-name", &self.project, "--file"])
            .arg(&self.file)
            .args(arguments)
            .args(services)
            .env("GANGWAY_POSTGRES_PORT", self.postgres_port.to_string())
            .env("GANGWAY_AMQP_PORT", self.amqp_port.to_string())
            .env("GANGWAY_POSTGRES_PASSWORD", PASSWORD)
            .env("GANGWAY_AMQP_PASSWORD", PASSWORD)
            // The file asks for it, though none of the services that we start reads it.
            .env("GANGWAY_MASTER_KEY", "unused")
            .stdin(Stdio::null())
            .stdout(std::io::stderr())
            .status()
            .doing("cannot run docker")?;
        if status.success() {
            return Ok(());
        }
        Err(Error::new(format!("docker compose {} failed ({status})", arguments.join(" "))))
    }
}

impl Drop for Compose {
    fn drop(&mut self) {
        if let Err(error) = self.run(&["down", "--volumes", "--timeout", "5"], &[]) {
            eprintln!("xtask: {error}");
        }
    }
}

fn succeeds(arguments: &[&str]) -> bool {
    let mut command = Command::new("docker");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
