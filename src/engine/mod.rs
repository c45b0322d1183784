//! The one door. Batches of events enter; what was decided is in the database when the answer leaves.
//! Only this module writes users, onboardings, events, identifiers and outcomes. Never here: network, providers.
//!
//! The files are in the order of the flow: to the door, through the five stations of one transaction, and what serves
//! them.

pub mod child; // what onboardings ask of each other, as arrivals
pub mod operator; // a person's click, as an arrival
pub mod timers; // due times, as arrivals

pub mod door; // a bounded queue; answers come after the commit
pub mod writer; // takes what is waiting, as one batch

pub mod accept; // one batch, one transaction: the way through the stations

mod batch; // 1. known already?

mod find; // 2. whose?
mod load; // 2. locks them, and opens what was locked
mod read; // 2. what is known of them from here on

mod kept; // 3. people who cannot be stepped here, and what comes too early
mod round; // 3. step: each event with the onboarding that it concerns
mod secrets; // 3. cut out, kept, erased after their last reader
mod taken; // 3. answers that give what another user has

mod claim; // 4. claims onboardings and identifiers, and steps what was held

mod commit; // 5. writes all of it, or nothing; then hands effects over
mod polls; // 5. polls that say the same share rows
mod writes; // 5. what the step leaves to be written

pub mod alarm; // wakes the timers
pub mod aside; // what the database refuses, as it is kept apart
pub mod flows; // flow versions, loaded and looked up
pub mod performer; // what is asked of outbound
pub mod replay; // how one event is decided, and a whole journal
pub mod sweep; // proves that no onboarding is stranded
pub mod time; // asks the database for the time
pub mod view; // an onboarding as it is shown

pub use accept::{Engine, Options};
pub use alarm::Alarm;
pub use door::{Arrival, Door, NotAccepted, Receipt};
pub use flows::{Flows, Library};
pub use performer::{Later, Performer, Rests};
