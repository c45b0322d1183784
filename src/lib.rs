//! gangway: one durable state machine per user, moved by webhooks, messages, timers, operators and outcomes.
//! The modules are one loop, in its order; ARCHITECTURE.md has the picture.

pub mod inbound; // the way in: bytes -> Event

pub mod engine; // one transaction, five stations: known already? whose? step, claim, write

pub mod outbound; // the way out: Effect -> outcome, which is an event again
pub mod providers; // translation only: what to send, what an answer means
pub mod store; // all SQL; rows <-> core types

pub mod answer; // where is this person, why, what next: in words, for API, command line and console
pub mod api; // the machine's side of it
pub mod cli; // one file a command

pub mod app; // composition root: builds the parts from settings; nothing depends on it but cli
pub mod clock; // time, ids and randomness: nothing else reads them
pub mod health; // alive, ready, and what exactly is not
pub mod problem; // the closed catalogue of errors told to the outside
pub mod settings; // one commented file; all problems at once
pub mod telemetry; // logs and metrics
pub mod terminal; // what a command says and how it ends
