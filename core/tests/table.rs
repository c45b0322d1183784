//! The machine as a table: in this world, this event, this decision. Read it as the specification.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod world;

#[path = "table/bounded.rs"]
mod bounded;
#[path = "table/child.rs"]
mod child;
#[path = "table/choose.rs"]
mod choose;
#[path = "table/enter.rs"]
mod enter;
#[path = "table/explain.rs"]
mod explain;
#[path = "table/facts.rs"]
mod facts;
#[path = "table/hints.rs"]
mod hints;
#[path = "table/objections.rs"]
mod objections;
#[path = "table/operator.rs"]
mod operator;
#[path = "table/outcome.rs"]
mod outcome;
#[path = "table/parent.rs"]
mod parent;
#[path = "table/pause.rs"]
mod pause;
#[path = "table/places.rs"]
mod places;
#[path = "table/retry.rs"]
mod retry;
#[path = "table/rounds.rs"]
mod rounds;
#[path = "table/trouble.rs"]
mod trouble;
#[path = "table/wait.rs"]
mod wait;
