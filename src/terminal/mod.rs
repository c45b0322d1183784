//! How a command talks to the terminal and how it ends: data on stdout, everything else on stderr, one exit code.

mod exit;
pub(crate) mod out;

pub use exit::{Exit, Failure};
