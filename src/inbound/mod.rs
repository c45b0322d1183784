//! Station 1: bytes -> `Event`. Deliveries, messages, timers, outcomes and operators enter; arrivals at the one door
//! leave. Nothing is decided here, nothing is written, and nothing is answered before the door has answered.

mod json;
pub mod signature;
