//! What goes in and out of the store, besides the core's own types.

use bytes::Bytes;
use gangway_core::decision::{FollowUp, Verdict};
use gangway_core::effect::{Effect, EffectId, Mode, Request};
use gangway_core::event::{Event, OnboardingId, UserId};
use gangway_core::onboarding::{FlowRef, Onboarding, User};
use gangway_core::time::{Millis, Timestamp};
use uuid::Uuid;

use crate::settings::DatabaseSettings;

use super::keys::{Blind, DataKey, Dedupe, Digest};
pub use super::unknown::Unknown;

/// How to reach the database and how much of it to use.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// `postgres://…` or `sqlite://PATH?mode=rwc` or `sqlite::memory:`.
    pub url: String,
    /// Connections for the intake writers (SQLite: always one).
    pub intake: u32,
    /// Connections for leases, timers and sweeps.
    pub work: u32,
    /// Connections for API and screens.
    pub screens: u32,
    /// Longest wait for a free connection.
    pub acquire: Millis,
    /// Longest waits for what it was asked.
    pub limits: Limits,
}

/// How long the database is waited for; each a named setting. On SQLite only `statement` counts.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest life of a transaction of the engine.
    pub transaction: Millis,
    /// Longest wait for one statement.
    pub statement: Millis,
    /// Longest wait for a lock that another transaction holds.
    pub lock: Millis,
    /// As `lock`, while rows are known to be held.
    pub lock_again: Millis,
    /// How long rows are thought to be held after it was last noticed.
    pub locked_for: Millis,
    /// How long the server lets a transaction of ours be idle: then the process behind it is gone, or stands still.
    pub idle_in_transaction: Millis,
    /// Longest wait for a sign of life of a connection before it is used or put back.
    pub ping: Millis,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            transaction: Millis::secs(8),
            statement: Millis::secs(5),
            lock: Millis::secs(2),
            lock_again: Millis(200),
            locked_for: Millis::secs(30),
            idle_in_transaction: Millis::secs(10),
            ping: Millis::secs(1),
        }
    }
}

impl From<&DatabaseSettings> for StoreOptions {
    fn from(settings: &DatabaseSettings) -> Self {
        let DatabaseSettings { url, intake, work, screens, acquire, .. } = settings;
        let limits = Limits {
            transaction: settings.transaction,
            statement: settings.statement,
            lock: settings.lock,
            lock_again: settings.lock_again,
            locked_for: settings.locked_for,
            idle_in_transaction: settings.idle_in_transaction,
            ping: settings.ping,
        };
        Self { url: url.clone(), intake: *intake, work: *work, screens: *screens, acquire: *acquire, limits }
    }
}

/// Why the store could not do it, sorted by what the caller may do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing answers at the address.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// It answers but does not fit: wrong master key, no permission, unknown schema.
    #[error("the database cannot be used: {0}")]
    Setup(String),
    /// Passing: deadlock, serialisation, lost connection, exhausted pool, busy. The whole transaction may run again.
    #[error("the database is busy or away: {0}")]
    Passing(String),
    /// A row holds a word that this version does not know: another one wrote it, and can read it.
    #[error("another version of gangway wrote this: {0}")]
    OtherVersion(String),
    /// Another transaction held a lock for too long, or the statement took too long. A smaller part of the batch may
    /// pass now.
    #[error("a row is locked, or the database is too slow: {0}")]
    Locked(String),
    /// An unlisted failure: of one row or of all, for now or for ever. Nothing is given up for it.
    #[error("the database failed: {0}")]
    Unlisted(String),
    /// A row itself is proven to be at fault; running the statement again fails again.
    #[error("the database refuses a row: {0}")]
    Poison(String),
}

impl StoreError {
    /// Whether the same transaction may succeed when run again.
    #[must_use]
    pub const fn passing(&self) -> bool {
        !matches!(self, Self::Poison(_) | Self::Setup(_) | Self::OtherVersion(_))
    }

    /// What happened, without what it means for the caller.
    #[must_use]
    pub fn cause(&self) -> &str {
        let (Self::Unreachable(cause)
        | Self::Setup(cause)
        | Self::OtherVersion(cause)
        | Self::Passing(cause)
        | Self::Locked(cause)
        | Self::Unlisted(cause)
        | Self::Poison(cause)) = self;
        cause
    }
}

/// The owner of an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// A provider identifier belongs to one onboarding.
    Onboarding(OnboardingId),
    /// E-mail and external id belong to the user.
    User(UserId),
}

/// An event that is already in the journal.
#[derive(Clone, Debug)]
pub struct KnownEvent {
    /// Its number in the journal.
    pub seq: i64,
    /// Digest of its content, to tell a copy from other content under the same key.
    pub digest: Digest,
    /// Its verdict.
    pub verdict: Verdict,
    /// The onboarding that owns it.
    pub onboarding: Option<OnboardingId>,
}

/// An onboarding, locked, with the key that seals its data.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The onboarding.
    pub onboarding: Onboarding,
    /// The user's data key.
    pub key: DataKey,
    /// What its row holds that this version does not know: written again with it.
    pub unknown: Unknown,
}

/// An onboarding that cannot be read here: what its columns say, and why not.
#[derive(Clone, Debug)]
pub struct Shut {
    /// Its id.
    pub id: OnboardingId,
    /// Its user.
    pub user: UserId,
    /// Its flow.
    pub flow: FlowRef,
    /// Name of its state.
    pub state: String,
    /// Its status as the column has it; perhaps a word that this version does not know.
    pub status: String,
    /// Since when it is in its state.
    pub since: Timestamp,
    /// Its revision.
    pub revision: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The user's data key, if that opens.
    pub key: Option<DataKey>,
    /// The user, if that row opens.
    pub person: Option<User>,
    /// Why it cannot be read here; no personal data.
    pub why: String,
}

/// A user with a row that cannot be read here, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShutUser {
    /// The user.
    pub id: UserId,
    /// When gangway first heard of the person.
    pub created_at: Timestamp,
    /// Why; no personal data.
    pub why: String,
}

/// A user with the key that seals the user's data.
#[derive(Clone, Debug)]
pub struct LoadedUser {
    /// The user.
    pub user: User,
    /// The data key.
    pub key: DataKey,
}

/// One of a user's onboardings, as far as a start or a message needs to know it.
#[derive(Clone, Debug)]
pub struct Brief {
    /// Its id.
    pub id: OnboardingId,
    /// Its user.
    pub user: UserId,
    /// Its flow.
    pub flow: FlowRef,
    /// The state that it is in.
    pub state: String,
    /// Whether it has ended.
    pub ended: bool,
}

/// A claim on an identifier: by its owner, or a placeholder for a held event.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The identifier's blind value.
    pub blind: Blind,
    /// Its kind.
    pub kind: String,
    /// Its owner; `None` makes or locks the placeholder.
    pub owner: Option<Owner>,
    /// When it was claimed.
    pub since: Timestamp,
}

/// A row for the journal.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Dedupe key.
    pub dedupe: Dedupe,
    /// Digest of the content.
    pub digest: Digest,
    /// The normalised event; sealed.
    pub event: Event,
    /// The bytes as they came, where there are any; sealed beside it.
    pub raw: Bytes,
    /// Its owner, once known.
    pub owner: Option<EventOwner>,
    /// What became of it.
    pub verdict: Verdict,
    /// State before.
    pub from: Option<String>,
    /// State after.
    pub to: Option<String>,
    /// One line of explanation; no personal data.
    pub detail: String,
    /// Onboarding's revision after it.
    pub revision: Option<u64>,
    /// When it was decided, where that is not when it was received.
    pub decided_at: Option<Timestamp>,
    /// The identifiers it is held on, the most telling first; the first that gets an owner takes it there.
    pub held_on: Vec<Blind>,
    /// Copies that came in the same batch, itself included.
    pub copies: u32,
}

/// The owner of an event, and the key that seals it.
#[derive(Clone, Debug)]
pub struct EventOwner {
    /// The user.
    pub user: UserId,
    /// The onboarding, unless it concerns the user only.
    pub onboarding: Option<OnboardingId>,
    /// The user's data key; absent where it does not open here, and the event then keeps a key of its own.
    pub key: Option<DataKey>,
}

/// A held event, opened.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its number in the journal.
    pub seq: i64,
    /// Its dedupe key.
    pub dedupe: Dedupe,
    /// The most telling of those of its identifiers that were asked for.
    pub found_by: Blind,
    /// The event.
    pub event: Event,
    /// The event as JSON, as the process that held it wrote it: a later version may have said more than this one reads.
    pub text: Bytes,
    /// The bytes as they came.
    pub raw: Bytes,
}

/// A held event that cannot be opened here.
#[derive(Clone, Debug)]
pub struct Unopened {
    /// Its number in the journal.
    pub seq: i64,
    /// The most telling of those of its identifiers that were asked for.
    pub found_by: Blind,
    /// Why; no personal data.
    pub why: String,
}

/// A held event that found its owner: the one move that a journal row makes.
#[derive(Clone, Debug)]
pub struct Adopted {
    /// Its number in the journal.
    pub seq: i64,
    /// The event and its bytes, for sealing with the owner's key; one that cannot be opened stays sealed as it is.
    pub held: Option<Held>,
    /// Whether it was held or kept.
    pub was: Verdict,
    /// Its owner.
    pub owner: EventOwner,
    /// What became of it now.
    pub verdict: Verdict,
    /// State before.
    pub from: Option<String>,
    /// State after.
    pub to: Option<String>,
    /// One line of explanation.
    pub detail: String,
    /// Onboarding's revision after it.
    pub revision: Option<u64>,
    /// When it was decided, if it was.
    pub decided_at: Option<Timestamp>,
}

/// A new effect; born leased to this process, or due.
#[derive(Clone, Debug)]
pub struct NewEffect {
    /// The effect.
    pub effect: Effect,
    /// Seals its request.
    pub key: DataKey,
    /// Fencing token when it is born leased (attempt 1 is then recorded), else it is born due.
    pub lease: Option<Lease>,
}

/// A lease: until then, only the holder of the token performs the effect. Runs on the database's clock.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// Fencing token.
    pub token: Uuid,
    /// How long from now.
    pub length: Millis,
}

/// What is not leased now, or not all of it: the far end rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resting {
    /// The slot.
    pub slot: String,
    /// Target of the effects, such as `original.create_user`.
    pub target: String,
    /// Whether it is their work or their look-ups.
    pub mode: Mode,
    /// So many may be leased: none, or one to see whether it is well again.
    pub most: u32,
}

/// What becomes of an effect, with its owner.
#[derive(Clone, Debug)]
pub struct EffectFollowUp {
    /// The onboarding.
    pub onboarding: OnboardingId,
    /// What becomes of the effect.
    pub what: FollowUp,
}

/// An effect that this process may perform now.
#[derive(Clone, Debug)]
pub struct LeasedEffect {
    /// Its onboarding and number.
    pub id: EffectId,
    /// What is asked, opened.
    pub request: Request,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Whether to make it, or to look it up first.
    pub mode: Mode,
    /// Since when an earlier attempt may have done the work unseen.
    pub uncertain_since: Option<Timestamp>,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// Fencing token of the lease.
    pub token: Uuid,
}

/// An effect with a lease that ran out.
#[derive(Clone, Debug)]
pub struct ExpiredLease {
    /// Its onboarding and number.
    pub id: EffectId,
    /// The kind of slot that it needs.
    pub slot: String,
    /// When the lease ran out.
    pub until: Timestamp,
    /// The attempt with the unknown outcome.
    pub attempt: u32,
}
