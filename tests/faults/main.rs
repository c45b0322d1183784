//! Faults, with the real process: killed, cut off from its database and its broker, stopped, doubled. What counts is
//! what the far end saw.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod away;
mod broker;
#[path = "../support/db.rs"]
mod db;
mod dice;
mod full;
mod gate;
mod kills;
#[path = "../support/ports.rs"]
mod ports;
#[path = "../support/process.rs"]
mod process;
mod proof;
mod silent;
mod starting;
mod stopped;
mod stopping;
mod two;
mod versions;
mod wait;
#[path = "../support/world.rs"]
mod world;

use tokio::sync::{Semaphore, SemaphorePermit};

/// A test's turn: more than two of these at a time starve each other on a small machine, and deadlines pass that have
/// nothing to do with what is tested.
async fn turn() -> SemaphorePermit<'static> {
    static TURNS: Semaphore = Semaphore::const_new(2);
    TURNS.acquire().await.expect("never closed")
}
