//! The far side of gangway, played: providers and a mailbox, for tests, demonstrations and trying things.
//!
//! HTTP calls and mail enter; answers, webhooks and lists of what was received leave. It shares no type with
//! gangway's adapters, so that one wrong belief cannot cancel out on both sides: how a provider behaves is written
//! from its documentation alone (`docs/providers`). What can go wrong at a provider goes wrong here on demand, seeded
//! ([`Mischief`]) or steered per user ([`traps`]). Nothing is kept on disk.
//!
//! | route | what it is |
//! |---|---|
//! | `POST /original/v1/user`, `GET …/user/{uid}`, `GET …/user?user_external_id=`, `GET …/user?email=` | users |
//! | `POST /original/v1/asset`, `GET …/asset/{uid}`, `GET …/asset?user_uid=` | assets |
//! | `GET /original/v1/deposit?user_uid=&collection_uid=` | where to deposit |
//! | `/didx/…` | DIDx: token, users, credentials, offers, webhook addresses |
//! | `/guardian/api/v1/…` | Guardian: login, access tokens, onboarding, tasks |
//! | `/waltid/…`, `/waltid-org/…` | walt.id Enterprise, its global host and its organisation's host |
//! | `/haven/…` | IBM Digital Asset Haven |
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
//! options.webhook_url = Some("http://127.0.0.1:8080/webhooks/original/SECRET".to_owned());
//! let sandbox = gangway_sandbox::start(options).await?;
//! println!("Original is at {}", sandbox.original_url());
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```

mod calls;
mod clock;
mod didx;
mod door;
mod guardian;
mod haven;
mod index;
mod mailbox;
mod mischief;
mod options;
mod original;
mod refused;
mod running;
mod secrets;
pub mod traps;
mod waltid;
mod webhooks;
mod world;

pub use calls::Summary;
pub use didx::{DidxCount, DidxOptions};
pub use guardian::{GuardianCount, GuardianOptions};
pub use haven::{HavenCount, HavenOptions};
pub use mischief::{Kind, Mischief, MischiefError};
pub use options::{Limits, Options, OriginalOptions, WebhookSigning};
pub use running::{Running, start};
pub use waltid::{WaltidCount, WaltidDuplicate, WaltidLogin, WaltidOptions};
