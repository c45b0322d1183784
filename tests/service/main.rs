//! The whole service from outside, on its bad days: real HTTP, SQLite and PostgreSQL, RabbitMQ, the sandbox as provider
//! and mailbox. Nearly every test runs on both databases.
//!
//! | bad day | where |
//! |---|---|
//! | not JSON, wrong types, deep nesting, invalid UTF-8, unknown provider | `intake`: what_cannot_be_read… |
//! | long numbers, half characters, byte order marks, addresses of every kind | `spelling` |
//! | body over the limit, also in chunks without a length | `intake`: a_body_over_the_limit… |
//! | `\u0000` in keys and values | `intake`: a_zero_character… |
//! | missing or garbled signature header | `signed`: a_missing_garbled_or_wrong_signature… |
//! | clock skew | `signed`: a_signature_counts_for_five_minutes… |
//! | unknown event type | `intake`: an_unknown_type… |
//! | event for an unknown user | `events`: an_event_that_came_before…, a_webhook_that_came_before…, an_operator_gives… |
//! | CloudEvent without id | `events`: an_event_without_what_names_it…, one_bad_event_of_a_batch… |
//! | same id with other content, copies | `intake`: copies_are_counted… |
//! | forgeries, several live secrets | `intake`: a_forgery…, while_a_secret…; `signed` |
//! | facts, hints, copies, order | `signed`: a_signed_fact…, hints_ask… |
//! | oversized or unreadable AMQP message | `broker`: what_cannot_be_read_lies… |
//! | poison inside a batch | tests of the engine |
//! | flow file with every kind of mistake | tests of core; `starting`: a_flow_file…, two_flows…, a_known_version… |
//! | settings with unknown keys or impossible values | `starting`: settings_that_cannot_be… |
//! | occupied port, database away at the start | `starting`: a_port_that_is_taken… |
//! | queue full, commit too slow, database away | `full` |
//! | broker away | `broker`: a_broker_that_is_away… |
//! | provider refuses keys, throttles, fails, is down, floods, redirects, is private | `trouble` |
//! | lost replies, refusals, silence, bounces, late wallets | `journeys`, `reviews` |
//! | secrets and personal data | `secrets` |
//! | flows that choose, wait and start others | `parallel` |
//! | every trap of DIDx and Guardian, through their shipped flows | `walks` |
//! | a provider that a file defines: its rate, its registered webhooks | `defined` |
//! | scopes, search, lists, figures | `asking` |
//! | years of rows; nothing to do | `plans` |
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic"
)]

mod aside;
mod asking;
mod audit;
mod broker;
mod custody;
#[path = "../support/db.rs"]
mod db;
mod defined;
mod events;
mod full;
#[path = "../support/hidden.rs"]
mod hidden;
mod http;
mod intake;
mod journeys;
mod parallel;
mod plans;
#[path = "../support/ports.rs"]
mod ports;
mod published;
mod reviews;
mod rounds;
mod secrets;
mod signed;
mod spelling;
mod starting;
mod strangers;
mod stub;
mod trouble;
mod wait;
mod walks;
mod world;
