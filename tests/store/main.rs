//! The store, each claim on each database.

#[path = "../support/db.rs"]
mod db;
mod fixtures;
mod journal;
mod leases;
mod opening;
mod races;
mod reads;
mod sealing;
mod wakes;
