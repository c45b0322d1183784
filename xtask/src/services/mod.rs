//! Servers of one's own: started in a given folder on free loopback ports, stopped when dropped.

mod postgres;
mod provide;
mod rabbitctl;
mod rabbitmq;

pub use postgres::Postgres;
pub use provide::Services;
pub use rabbitctl::RabbitCtl;
pub use rabbitmq::RabbitMq;

use crate::error::Doing;
use crate::group::Group;
use crate::wait::{self, Stop};
use crate::{Error, Result};
use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

/// How often a start is tried again with other ports: another process may have taken one in between.
const START_TRIES: usize = 3;

/// Tries `start` until it works, is interrupted, or has failed [`START_TRIES`] times.
fn persistently<T>(stop: &Stop, mut start: impl FnMut() -> Result<T>) -> Result<T> {
    let mut tries = 0;
    loop {
        tries += 1;
        match start() {
            Err(error) if tries < START_TRIES && !stop.asked() => eprintln!("xtask: {error}; trying again"),
            result => return result,
        }
    }
}

/// Waits until a server that was just started is ready; tells the end of its log when it ended instead.
fn await_ready(
    server: &mut Group,
    what: &str,
    log: &Path,
    limit: Duration,
    stop: &Stop,
    ready: impl Fn(&Group) -> bool,
) -> Result<()> {
    wait::until(&format!("{what} to be ready"), limit, stop, || match server.ended()? {
        Some(status) => Err(Error::new(format!("{what} ended before it was ready ({status})"))),
        None => Ok(ready(server)),
    })
    .map_err(|error| match stop.asked() {
        true => error,
        false => Error::new(format!("{error}\n--- end of {}\n{}", log.display(), tail(log))),
    })
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}

/// A log to append to, and a second handle on it for the other stream.
fn open_log(path: &Path) -> Result<(File, File)> {
    let what = format!("cannot write {}", path.display());
    let log = File::options().create(true).append(true).open(path).doing(&what)?;
    let copy = log.try_clone().doing(&what)?;
    Ok((log, copy))
}
