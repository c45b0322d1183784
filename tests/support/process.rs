//! The real program as a process of its own: started, killed, stopped, started again on the same port.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use xtask::group::{Group, Signal};

use crate::ports::port;

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_gangway");

/// `gangway serve` with a settings file of its own.
pub struct Process {
    pub port: u16,
    pub config: PathBuf,
    log: PathBuf,
    /// Put before the program: a shell's words that limit it.
    before: String,
    running: Option<Group>,
    copying: Option<JoinHandle<()>>,
}

impl Process {
    /// Writes the settings (keys and TOML values) to `NAME.toml` in the folder; starts nothing yet.
    pub fn new(folder: &Path, name: &str, settings: &[(String, toml::Value)]) -> Self {
        let port = port();
        let lines = settings.iter().map(|(key, value)| format!("{key} = {value}\n"));
        let text: String = std::iter::once(format!("server.listen = \"127.0.0.1:{port}\"\n")).chain(lines).collect();
        let config = folder.join(format!("{name}.toml"));
        fs::write(&config, text).unwrap();
        Self {
            port,
            config,
            log: folder.join(format!("{name}.log")),
            before: String::new(),
            running: None,
            copying: None,
        }
    }

    /// Runs it behind these words of a shell from the next start on, such as `ulimit -f 100;`.
    pub fn limit(&mut self, words: &str) {
        words.clone_into(&mut self.before);
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The process id; the shell has become the program.
    pub fn id(&self) -> u32 {
        self.running.as_ref().expect("it runs").id()
    }

    /// Starts it; it may not answer yet.
    pub fn start(&mut self) {
        assert!(!self.is_running(), "started twice");
        drop(self.log());
        let mut log = File::options().create(true).append(true).open(&self.log).unwrap();
        // Through a pipe, so that a limit on the size of files does not silence it.
        let (mut said, stderr) = std::io::pipe().unwrap();
        let mut command = clean(Command::new("/bin/sh"));
        let script = format!("{} exec \"$0\" serve --config \"$1\"", self.before);
        command.arg("-c").arg(script).arg(PROGRAM).arg(&self.config);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        self.running = Some(Group::spawn("gangway", &mut command, Signal::SIGTERM).unwrap());
        drop(command);
        self.copying = Some(std::thread::spawn(move || drop(std::io::copy(&mut said, &mut log))));
    }

    /// SIGKILL. When it returns, the process is no more.
    pub fn kill(&mut self) {
        if let Some(mut group) = self.running.take() {
            group.kill().unwrap();
        }
    }

    /// SIGSTOP: it stands still with everything it holds, as on a machine that is paused.
    pub fn pause(&self) {
        self.running.as_ref().expect("it runs").signal(Signal::SIGSTOP).unwrap();
    }

    /// SIGCONT: it goes on as if nothing had been.
    pub fn resume(&self) {
        self.running.as_ref().expect("it runs").signal(Signal::SIGCONT).unwrap();
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.running.as_mut().and_then(|group| group.ended().unwrap())
    }

    /// SIGTERM, and a kill after the patience. How it ended.
    pub fn stop(&mut self, patience: Duration) -> ExitStatus {
        let mut group = self.running.take().expect("it runs");
        group.end(patience).unwrap();
        group.ended().unwrap().expect("it has ended")
    }

    pub fn is_running(&mut self) -> bool {
        self.running.is_some() && self.ended().is_none()
    }

    /// Everything it wrote to stderr, over all its lives; whole once it has ended.
    pub fn log(&mut self) -> String {
        if !self.is_running()
            && let Some(copying) = self.copying.take()
        {
            copying.join().unwrap();
        }
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let end = lines.get(lines.len().saturating_sub(60)..).unwrap_or_default().join("\n");
            eprintln!("--- end of {}\n{end}", self.log.display());
        }
    }
}

/// Runs one command to its end: exit code, stdout, stderr.
pub fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = clean(Command::new(PROGRAM)).args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Settings of the developer's own environment must not reach a test's process.
fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GANGWAY_") {
            command.env_remove(name);
        }
    }
    command
}
