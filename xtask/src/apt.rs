//! Installs Debian packages, without letting the distribution start its own servers.

use crate::error::Doing;
use crate::{Error, Result, locate};
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Debian asks this script before it starts a service; 101 means no.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Whether this is a Debian where we may install.
#[must_use]
pub fn is_possible() -> bool {
    nix::unistd::geteuid().is_root()
        && Path::new("/etc/debian_version").exists()
        && locate::on_path("apt-get").is_some()
}

/// Installs `packages`.
///
/// # Errors
/// When apt-get fails.
pub fn install(packages: &[&str]) -> Result<()> {
    eprintln!("xtask: installing {} (about a minute)", packages.join(" and "));
    let _guard = PolicyGuard::set()?;
    apt_get(&["-q", "update"])?;
    let mut arguments = vec!["-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", "install"];
    arguments.extend(packages);
    apt_get(&arguments)
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    eprintln!("xtask: apt-get {}", arguments.join(" "));
    let status = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .status()
        .doing("cannot run apt-get")?;
    if status.success() {
        return Ok(());
    }
    Err(Error::new(format!("apt-get {} failed ({status})", arguments.join(" "))))
}

/// Forbids the start of services until dropped. An already present policy is left alone.
struct PolicyGuard(bool);

impl PolicyGuard {
    fn set() -> Result<Self> {
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(POLICY);
        match file {
            Ok(mut file) => {
                let guard = Self(true);
                file.write_all(b"#!/bin/sh\nexit 101\n").doing(format!("cannot write {POLICY}"))?;
                Ok(guard)
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(Self(false)),
            Err(error) => Err(error).doing(format!("cannot write {POLICY}")),
        }
    }
}

impl Drop for PolicyGuard {
    fn drop(&mut self) {
        if self.0
            && let Err(error) = fs::remove_file(POLICY)
        {
            eprintln!("xtask: cannot remove {POLICY}: {error}");
        }
    }
}
