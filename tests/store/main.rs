//! The store, each claim on each database.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

#[path = "../support/db.rs"]
mod db;
mod figures;
mod fixtures;
mod held;
mod journal;
mod leases;
mod little;
mod opening;
mod races;
mod reads;
mod sealing;
mod wakes;
