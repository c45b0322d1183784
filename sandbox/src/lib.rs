//! The far side of gangway, played: providers and a mailbox, for tests, demonstrations and trying things.
//!
//! HTTP calls and mail enter; answers, webhooks and lists of what was received leave. It shares no type with
//! gangway's adapters, so that one wrong belief cannot cancel out on both sides: how a provider behaves is written
//! from its documentation alone (`docs/providers`). What can go wrong at a provider goes wrong here on demand, seeded
//! ([`Mischief`]) or steered per user ([`traps`]). Nothing is kept on disk.
//!
//! `stage` is what all share, `players` is the table of the players on it, `door` the way of every call, `world` one
//! running whole. A player stands on the stage, owns what its provider knows, and names no other player.
//!
//! | route | what it is |
//! |---|---|
//! | the paths of each of [`ROLES`] | a provider: see the head of its module |
//! | `GET /_calls?external_id=&provider=&action=&user_uid=&after=&limit=` | calls received, oldest first, each with its effect |
//! | `GET /_calls/summary` | the same counted, with duplicates: a [`Summary`] |
//! | `GET /_webhooks?external_id=&user_uid=` | webhooks sent, each with its tries |
//! | `GET /_secrets` | every secret received or given out, with its kind |
//! | `GET /mailbox/messages?to=`, `GET /mailbox/messages/{id}/raw`, `DELETE /mailbox/messages` | mail received |
//! | `GET /` | a page for people |
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! let mut options = gangway_sandbox::Options::default();
//! options.original.webhook_url = Some("http://127.0.0.1:8080/webhooks/original/SECRET".to_owned());
//! let sandbox = gangway_sandbox::start(options).await?;
//! println!("Original is at {}", sandbox.original_url());
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```

mod calls;
mod clock;
mod door;
mod mailbox;
mod mischief;
mod occasions;
mod options;
mod pages;
mod player;
mod players;
mod refused;
mod role;
mod running;
mod secrets;
mod stage;
mod start;
mod trap;
pub mod traps;
mod webhooks;
mod world;

pub use mischief::{Mischief, MischiefError, Mishap};
pub use options::Limits;
pub use players::*;
pub use role::Role;
pub use running::Running;
pub use start::start;
