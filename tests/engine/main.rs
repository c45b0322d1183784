//! The engine, each claim on each database.

#[path = "../support/db.rs"]
mod db;
mod hands;
mod say;
mod wait;
mod world;

mod copies;
mod effects;
mod held;
mod operator;
mod start;
mod timers;
mod trouble;
