//! The whole service from outside, on its bad days.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic"
)]

#[path = "../support/db.rs"]
mod db;
mod asking;
mod broker;
mod events;
mod full;
mod http;
mod intake;
mod journeys;
mod reviews;
mod secrets;
mod signed;
mod starting;
mod stub;
mod trouble;
mod wait;
mod world;
