//! The one door. Batches of events enter; what was decided is in the database when the answer leaves.
//! Only this module writes users, onboardings, events, identifiers and outcomes. Never here: network, providers.

pub mod door;
pub mod flows;
pub mod view;

pub use door::{Arrival, Door, NotAccepted, Receipt};
pub use flows::Flows;
