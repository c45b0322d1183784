//! The way out: effects enter, outcomes leave, and an outcome is an event again. All network of the loop is here, none
//! of it inside a transaction. Lease and attempt are all that is written; users are never seen, and of onboardings only
//! how a child ended.

pub mod attempt; // one effect performed, within its time
pub mod breaker; // lets what fails rest
pub mod call; // an adapter's conversation, carried out
pub mod children; // what onboardings ask of each other
pub mod dispatch; // leases, slots, wake-ups
mod elsewhere; // what this process is not set up for
pub mod http; // the only HTTP sender
pub mod lease; // what is needed of the store
pub mod mail; // the only mail sender
pub mod outcome; // how an attempt ended, as an event
mod pace; // when to look again
mod perform; // one effect from lease to outcome
pub mod publish; // the only AMQP publisher
pub mod safe; // until when something may begin
pub mod secrets; // put where an effect names them
mod shared; // what the dispatcher and the effects under way share
pub mod slots; // how many at once

pub use attempt::{Attempted, Performers, Performs};
pub use breaker::{Breaker, Breakers, Health};
pub use children::{Children, Onboardings};
pub use dispatch::{Dispatcher, Parts, Ticked};
pub use http::{HttpSender, Limits, Transport};
pub use mail::Mailer;
pub use publish::Publisher;
