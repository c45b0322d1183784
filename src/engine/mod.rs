//! The one door. Batches of events enter; what was decided is in the database when the answer leaves.
//! Only this module writes users, onboardings, events, identifiers and outcomes. Never here: network, providers.

pub mod accept;
pub mod alarm;
pub mod aside;
mod batch;
pub mod child;
mod commit;
pub mod door;
mod find;
pub mod flows;
mod kept;
mod load;
pub mod operator;
pub mod performer;
mod polls;
pub mod replay;
mod round;
mod secrets;
pub mod sweep;
mod taken;
pub mod time;
pub mod timers;
pub mod view;
pub mod writer;

pub use accept::{Engine, Options};
pub use alarm::Alarm;
pub use door::{Arrival, Door, NotAccepted, Receipt};
pub use flows::{Flows, Library};
pub use performer::{Later, Performer, Rests};
