//! The store, each claim on each database.

#[path = "../support/db.rs"]
mod db;
mod fixtures;
mod journal;
