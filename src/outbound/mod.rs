//! The way out: effects enter, outcomes leave, and an outcome is an event again. All network of the loop is here, none
//! of it inside a transaction. Lease and attempt are all that is written; users are never seen, and of onboardings only
//! how a child ended.
//!
//! An effect comes to `dispatch`, straight from its commit or leased when it is due. `attempt` performs it once,
//! whatever its kind: a call over `http`, or by `mail`, `publish`, `children`. `dispatch` brings the outcome to the
//! door.

pub mod dispatch; // leases, slots, wake-ups; an effect from its lease until its outcome is on disk

pub mod attempt; // one attempt, within its time

pub mod http; // the only HTTP sender

pub mod mail; // the only mail sender

pub mod publish; // the only AMQP publisher

pub mod children; // what onboardings ask of each other

pub mod breaker; // lets what fails rest

pub use attempt::{Attempted, Performers, Performs};
pub use breaker::{Breaker, Breakers, Health};
pub use children::{Children, Onboardings};
pub use dispatch::{Dispatcher, Parts, Ticked};
pub use http::{HttpSender, Limits, Transport};
pub use mail::Mailer;
pub use publish::Publisher;
