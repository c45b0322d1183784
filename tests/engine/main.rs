//! The engine, each claim on each database.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

#[path = "../support/db.rs"]
mod db;
mod dice;
mod hands;
#[path = "../support/hidden.rs"]
mod hidden;
mod history;
mod say;
mod wait;
mod world;

mod children;
mod clock;
mod copies;
mod damaged;
mod early;
mod effects;
mod held;
mod hour;
mod kept;
mod operator;
mod outage;
mod owners;
mod polls;
mod privacy;
mod races;
mod reasons;
mod refusals;
mod secrets;
mod start;
mod story;
mod taken;
mod timers;
mod trouble;
mod waits;
