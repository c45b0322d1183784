//! A child process with everything it starts, as one thing that can be stopped, killed and waited for.
//!
//! The child leads a process group of its own. A watchdog shell holds the reading end of a pipe from us: if this
//! process vanishes without a word (SIGKILL, power tool, crash), the pipe closes and the watchdog ends the group.

use crate::error::Doing;
use crate::wait::{self, Stop};
use crate::{Error, Result};
pub use nix::sys::signal::Signal;
use nix::sys::signal::{kill, killpg};
use nix::unistd::Pid;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Arguments: process id of the leader, polite signal. A line on stdin means that all is well and the group is gone.
const WATCHDOG: &str = r#"
trap '' HUP INT TERM
read -r word && exit 0
kill -s "$2" "$1"
tries=0
while kill -s 0 -- "-$1" && [ "$tries" -lt 20 ]; do tries=$((tries + 1)); sleep 0.1; done
kill -s KILL -- "-$1"
"#;

/// A running child and its process group. Dropping it ends it.
#[derive(Debug)]
pub struct Group {
    name: String,
    leader: Child,
    watchdog: Child,
    polite: Signal,
    status: Option<ExitStatus>,
}

impl Group {
    /// Starts `command` in a process group of its own; `polite` is the signal that asks it to end.
    ///
    /// # Errors
    /// When the command or the watchdog cannot be started.
    pub fn spawn(name: &str, command: &mut Command, polite: Signal) -> Result<Self> {
        let mut leader = command.process_group(0).spawn().doing(format!("cannot start {name}"))?;
        match watch(leader.id(), polite) {
            Ok(watchdog) => Ok(Self { name: name.to_owned(), leader, watchdog, polite, status: None }),
            Err(error) => {
                let _ = leader.kill();
                let _ = leader.wait();
                Err(error)
            }
        }
    }

    /// The process id of the leader, which is also the id of the group.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.leader.id()
    }

    /// How it ended, once it has. What it left running in its group is killed at that moment.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.status.is_none()
            && let Some(status) = self.leader.try_wait().doing(format!("cannot wait for {}", self.name))?
        {
            self.settle(status);
        }
        Ok(self.status)
    }

    /// Sends a signal to the leader alone: with SIGSTOP it stands still, with SIGCONT it goes on.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill(self.pid()?, signal).doing(format!("cannot send {signal} to {}", self.name))
    }

    /// Waits for the end, however long it takes; ends it when `stop` is asked for.
    ///
    /// # Errors
    /// When interrupted.
    pub fn wait(&mut self, stop: &Stop) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if stop.asked() {
                self.end(Duration::from_secs(5))?;
                return Err(Error::new(format!("interrupted: {} was stopped", self.name)));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Asks it to end, and after `patience` kills it with its whole group.
    ///
    /// # Errors
    /// When even the kill did not end it.
    pub fn end(&mut self, patience: Duration) -> Result<()> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        let _ = kill(self.pid()?, self.polite);
        let name = self.name.clone();
        match wait::until(&name, patience, &Stop::never(), || Ok(self.ended()?.is_some())) {
            Ok(()) => Ok(()),
            Err(_) => self.kill(),
        }
    }

    /// SIGKILL to the leader and all of its group, at once. When it returns, the leader is no more.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn kill(&mut self) -> Result<()> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        let _ = killpg(self.pid()?, Signal::SIGKILL);
        let status = self.leader.wait().doing(format!("cannot wait for {}", self.name))?;
        self.settle(status);
        Ok(())
    }

    fn pid(&self) -> Result<Pid> {
        Ok(Pid::from_raw(i32::try_from(self.leader.id()).doing("a process id that is no process id")?))
    }

    /// The leader is gone: nothing of its group may stay, and the watchdog has nothing left to watch.
    fn settle(&mut self, status: ExitStatus) {
        if let Ok(pid) = self.pid() {
            let _ = killpg(pid, Signal::SIGKILL);
        }
        if let Some(mut pipe) = self.watchdog.stdin.take() {
            let _ = pipe.write_all(b"done\n");
        }
        let _ = self.watchdog.wait();
        self.status = Some(status);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Err(error) = self.end(Duration::from_secs(10)) {
            eprintln!("xtask: {error}");
        }
    }
}

fn watch(leader: u32, polite: Signal) -> Result<Child> {
    let signal = polite.as_str().trim_start_matches("SIG");
    Command::new("/bin/sh")
        .args(["-c", WATCHDOG, "watchdog", &leader.to_string(), signal])
        .process_group(0)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .doing("cannot start the watchdog shell")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// A shell with a child; its stdout closes when both are gone.
    fn family(script: &str) -> (Group, std::process::ChildStdout) {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut group = Group::spawn("a shell", &mut command, Signal::SIGTERM).unwrap();
        let out = group.leader.stdout.take().unwrap();
        (group, out)
    }

    #[test]
    fn a_kill_reaches_the_children_of_the_child() {
        let (mut group, mut out) = family("sleep 600 & wait");
        group.kill().unwrap();
        assert_eq!(out.read_to_end(&mut Vec::new()).unwrap(), 0);
    }

    #[test]
    fn children_left_behind_by_a_leader_that_ended_do_not_survive_it() {
        let (mut group, mut out) = family("sleep 600 & exit 3");
        assert_eq!(group.wait(&Stop::never()).unwrap().code(), Some(3));
        assert_eq!(out.read_to_end(&mut Vec::new()).unwrap(), 0);
    }

    #[test]
    fn a_child_that_is_deaf_to_the_polite_signal_is_killed_after_the_patience() {
        let (mut group, mut out) = family("trap '' TERM; echo; while :; do sleep 600; done");
        out.read_exact(&mut [0]).unwrap();
        group.end(Duration::ZERO).unwrap();
        assert!(group.ended().unwrap().is_some());
    }

    #[test]
    fn the_watchdog_ends_the_group_when_its_pipe_closes() {
        let (mut group, mut out) = family("exec sleep 600");
        drop(group.watchdog.stdin.take());
        assert_eq!(out.read_to_end(&mut Vec::new()).unwrap(), 0);
        assert!(!group.wait(&Stop::never()).unwrap().success());
    }

    #[test]
    fn an_interrupted_wait_ends_the_child() {
        let (mut group, _out) = family("sleep 600");
        let stop = Stop::never();
        stop.ask();
        assert!(group.wait(&stop).unwrap_err().to_string().contains("interrupted"));
        assert!(group.ended().unwrap().is_some());
    }
}
