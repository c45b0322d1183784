//! Private PostgreSQL and RabbitMQ servers for tests, and the commands of `cargo xtask`.
//!
//! A test that wants to kill a broker starts one of its own:
//!
//! ```no_run
//! # fn main() -> xtask::Result<()> {
//! let folder = xtask::scratch::Scratch::create("broker-restart")?;
//! let mut broker = xtask::services::RabbitMq::start(folder.path())?;
//! let url = broker.url();
//! broker.kill()?; // SIGKILL to the whole process group, the Erlang VM included
//! broker.restart()?; // same port, same data
//! assert_eq!(url, broker.url());
//! # Ok(())
//! # }
//! ```
//!
//! Dropping a server stops it; a server also dies when the process that started it is killed.

pub mod apt;
pub mod busy;
pub mod command;
pub mod compose;
pub mod error;
pub mod group;
pub mod locate;
pub mod ports;
pub mod proxy;
pub mod scratch;
pub mod services;
pub mod wait;

pub use error::{Error, Result};
