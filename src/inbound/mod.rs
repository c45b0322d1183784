//! The way in: bytes -> `Event`. Deliveries, messages, timers, outcomes and operators enter; arrivals at the one door
//! leave. Nothing is decided here, nothing is written, and nothing is answered before the door has answered.

pub mod amqp;
mod answer;
pub mod aside;
mod body;
mod cloudevents;
mod coding;
pub mod http;
mod json;
pub mod signature;
#[cfg(test)]
mod testing;
pub mod webhook;
