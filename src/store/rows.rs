//! Rows to core types and back: sealing, opening, and the words of the columns.

use bytes::Bytes;
use gangway_core::effect::{EffectId, Mode, Request};
use gangway_core::event::{Event, Identifier, OnboardingId, UserId};
use gangway_core::onboarding::{FlowRef, Memory, Onboarding, Status, User};
use gangway_core::time::Timestamp;
use gangway_entities::{effects, events, identifiers, onboardings, users};
use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use zeroize::Zeroizing;

use super::keys::{Blind, DataKey, Dedupe, Keyring, Place};
use super::types::{Loaded, LoadedUser, NewEffect, Owner, Shut, ShutUser, StoreError};
use super::unknown;
use crate::clock::Chance;

type Result<T> = std::result::Result<T, StoreError>;

/// The personal part of a user.
#[derive(Serialize, Deserialize)]
struct Personal {
    external_id: String,
    email: Option<String>,
    locale: Option<String>,
}

pub(super) fn user_row(keys: &Keyring, chance: &dyn Chance, loaded: &LoadedUser) -> Result<users::Model> {
    let User { id, external_id, email, locale, created_at } = loaded.user.clone();
    let email_blind = email.as_ref().map(|email| keys.blind(&Identifier::new(Identifier::EMAIL, email)).0.to_vec());
    let plain = json(&Personal { external_id, email, locale })?;
    let place = Place { table: "users", row: id.0.as_bytes() };
    let sealed = loaded.key.seal(chance, place, &plain)?;
    let wrapped_key = loaded.key.wrapped().to_vec();
    Ok(users::Model { id: id.0, sealed, wrapped_key, created_at: created_at.0, email_blind })
}

pub(super) fn user(key: &DataKey, row: &users::Model) -> Result<User> {
    let plain = key.open(Place { table: "users", row: row.id.as_bytes() }, &row.sealed)?;
    let Personal { external_id, email, locale } = read_json(&plain)?;
    Ok(User { id: UserId(row.id), external_id, email, locale, created_at: Timestamp(row.created_at) })
}

pub(super) fn onboarding_row(chance: &dyn Chance, loaded: &Loaded) -> Result<onboardings::Model> {
    let onboarding = &loaded.onboarding;
    let plain = unknown::write(&onboarding.memory, &loaded.unknown)?;
    let place = Place { table: "onboardings", row: onboarding.id.0.as_bytes() };
    Ok(onboardings::Model {
        id: onboarding.id.0,
        user_id: onboarding.user.id.0,
        flow: onboarding.flow.name.clone(),
        version: whole(onboarding.flow.version),
        state: onboarding.state.clone(),
        status: onboarding.status.word().into(),
        since: onboarding.since.0,
        wake_at: onboarding.wake_at.map(|at| at.0),
        revision: long(onboarding.revision),
        created_at: onboarding.created_at.0,
        ended_at: onboarding.ended_at.map(|at| at.0),
        cause: onboarding.cause(),
        sealed: loaded.key.seal(chance, place, &plain)?,
    })
}

/// The onboarding with its user's key, or what its columns say and why it cannot be opened here.
pub(super) fn opened(
    keys: &Keyring,
    row: onboardings::Model,
    user: &users::Model,
) -> std::result::Result<Loaded, Box<Shut>> {
    let key = match keys.data_key(&user.wrapped_key) {
        Ok(key) => key,
        Err(error) => return Err(Box::new(shut(row, None, None, &error))),
    };
    let person = match self::user(&key, user) {
        Ok(person) => person,
        Err(error) => return Err(Box::new(shut(row, Some(key), None, &error))),
    };
    match loaded(&key, &row, person.clone()) {
        Ok(loaded) => Ok(loaded),
        Err(error) => Err(Box::new(shut(row, Some(key), Some(person), &error))),
    }
}

fn shut(row: onboardings::Model, key: Option<DataKey>, person: Option<User>, why: &StoreError) -> Shut {
    Shut {
        id: OnboardingId(row.id),
        user: UserId(row.user_id),
        flow: flow(row.flow, row.version),
        state: row.state,
        status: row.status,
        since: Timestamp(row.since),
        revision: count(row.revision),
        created_at: Timestamp(row.created_at),
        ended_at: row.ended_at.map(Timestamp),
        key,
        person,
        why: why.cause().to_owned(),
    }
}

/// The user with the key, or why the row cannot be opened here.
pub(super) fn person(keys: &Keyring, row: &users::Model) -> std::result::Result<LoadedUser, ShutUser> {
    let opened = keys.data_key(&row.wrapped_key).and_then(|key| Ok(LoadedUser { user: user(&key, row)?, key }));
    opened.map_err(|error| ShutUser {
        id: UserId(row.id),
        created_at: Timestamp(row.created_at),
        why: error.cause().to_owned(),
    })
}

/// An onboarding with what is needed to write it again.
fn loaded(key: &DataKey, row: &onboardings::Model, user: User) -> Result<Loaded> {
    let status = Status::from_word(&row.status).ok_or_else(|| unknown_word("onboardings.status"))?;
    let plain = key.open(Place { table: "onboardings", row: row.id.as_bytes() }, &row.sealed)?;
    let (memory, unknown): (Memory, _) = unknown::read(&plain)?;
    let mut onboarding = Onboarding {
        id: OnboardingId(row.id),
        user,
        flow: flow(row.flow.clone(), row.version),
        state: row.state.clone(),
        status,
        since: Timestamp(row.since),
        wake_at: None,
        revision: count(row.revision),
        created_at: Timestamp(row.created_at),
        ended_at: row.ended_at.map(Timestamp),
        memory,
    };
    // Not from its column, which the process that delivers the timer puts off meanwhile.
    onboarding.wake_at = onboarding.wakes_at();
    Ok(Loaded { onboarding, key: key.clone(), unknown })
}

pub(super) fn flow(name: String, version: i32) -> FlowRef {
    FlowRef { name, version: u32::try_from(version).unwrap_or(0) }
}

/// The event and its bytes in one blob: length of the JSON text, JSON text, bytes.
pub(super) fn seal_event(
    chance: &dyn Chance,
    key: &DataKey,
    dedupe: &[u8],
    event: &Event,
    raw: &[u8],
) -> Result<Vec<u8>> {
    seal_text(chance, key, dedupe, &json(event)?, raw)
}

/// Like [`seal_event`], for an event that is JSON already.
pub(super) fn seal_text(chance: &dyn Chance, key: &DataKey, dedupe: &[u8], text: &[u8], raw: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(text.len()).map_err(|_| StoreError::Poison("an event is too large".into()))?;
    let plain = Zeroizing::new([&length.to_be_bytes(), text, raw].concat());
    key.seal(chance, Place { table: "events", row: dedupe }, &plain)
}

pub(super) fn open_event(key: &DataKey, row: &events::Model) -> Result<(Event, Bytes)> {
    let (text, raw) = open_text(key, row)?;
    Ok((read_json(&text)?, raw))
}

/// An event as JSON, and its bytes as they came.
pub(super) fn open_text(key: &DataKey, row: &events::Model) -> Result<(Bytes, Bytes)> {
    let plain = key.open(Place { table: "events", row: &row.dedupe }, &row.sealed)?;
    let cut = || StoreError::Poison("sealed data in events is cut short".into());
    let (length, rest) = plain.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| cut())?;
    let (text, raw) = rest.split_at_checked(length).ok_or_else(cut)?;
    Ok((Bytes::copy_from_slice(text), Bytes::copy_from_slice(raw)))
}

/// An event that has a key of its own: its dedupe key, its text, what that says, its bytes.
pub(super) fn unowned_event(keys: &Keyring, row: &events::Model) -> Result<(Dedupe, Bytes, Event, Bytes)> {
    let own = row.own_key.as_deref().ok_or_else(|| unknown_word("events.own_key"))?;
    let (text, raw) = open_text(&keys.data_key(own)?, row)?;
    Ok((dedupe(&row.dedupe)?, text.clone(), read_json(&text)?, raw))
}

/// `lease_until` is the lease's length here: the dialect adds the database's clock.
pub(super) fn effect_row(chance: &dyn Chance, new: &NewEffect) -> Result<effects::Model> {
    let effect = &new.effect;
    let (kind, target) = effect.request.target();
    let plain = json(&effect.request)?;
    let place = effect_place(effect.id);
    Ok(effects::Model {
        onboarding_id: effect.id.onboarding.0,
        n: effect.id.n,
        kind: kind.into(),
        target: target.into(),
        slot: effect.request.slot().into(),
        request: new.key.seal(chance, Place { table: "effects", row: &place }, &plain)?,
        attempt: i32::from(new.lease.is_some()),
        mode: mode_word(Mode::Do).into(),
        uncertain_since: None,
        asked_at: effect.due_at.0,
        due_at: effect.due_at.0,
        lease_until: new.lease.map(|lease| long(lease.length.0)),
        lease_token: new.lease.map(|lease| lease.token),
        outcome: None,
        settled_at: None,
    })
}

pub(super) fn request(key: &DataKey, row: &effects::Model) -> Result<Request> {
    let place = effect_place(effect_id(row));
    read_json(&key.open(Place { table: "effects", row: &place }, &row.request)?)
}

pub(super) fn effect_id(row: &effects::Model) -> EffectId {
    EffectId { onboarding: OnboardingId(row.onboarding_id), n: row.n }
}

fn effect_place(id: EffectId) -> Vec<u8> {
    [id.onboarding.0.as_bytes().as_slice(), &id.n.to_be_bytes()].concat()
}

pub(super) fn owner(row: &identifiers::Model) -> Option<Owner> {
    let onboarding = row.onboarding_id.map(|id| Owner::Onboarding(OnboardingId(id)));
    onboarding.or_else(|| row.user_id.map(|id| Owner::User(UserId(id))))
}

pub(super) fn blind(bytes: &[u8]) -> Result<Blind> {
    bytes.try_into().map(Blind).map_err(|_| unknown_word("identifiers.blind"))
}

pub(super) fn dedupe(bytes: &[u8]) -> Result<Dedupe> {
    bytes.try_into().map(Dedupe).map_err(|_| unknown_word("events.dedupe"))
}

pub(super) const fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Do => "do",
        Mode::LookUp => "look_up",
    }
}

pub(super) fn mode(word: &str) -> Result<Mode> {
    [Mode::Do, Mode::LookUp]
        .into_iter()
        .find(|mode| mode_word(*mode) == word)
        .ok_or_else(|| unknown_word("effects.mode"))
}

/// The error of a column with a word that is none of ours.
pub(super) fn unknown_word(column: &str) -> StoreError {
    StoreError::OtherVersion(format!("{column} holds something that this version does not know"))
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>> {
    let text = serde_json::to_vec(value);
    text.map(Zeroizing::new).map_err(|_| StoreError::Poison("a value cannot be written as JSON".into()))
}

pub(super) fn read_json<T: for<'de> Deserialize<'de>>(text: &[u8]) -> Result<T> {
    serde_json::from_slice(text).map_err(|error| unreadable(&error))
}

/// The error of sealed JSON that cannot be read. It opened, so a gangway wrote it: what is JSON and not what this
/// version expects is another version's. The error's own text would quote the data.
pub(super) fn unreadable(error: &serde_json::Error) -> StoreError {
    match error.classify() {
        Category::Data => {
            StoreError::OtherVersion("sealed JSON holds something that this version does not know".into())
        }
        what => StoreError::Poison(format!("sealed JSON is damaged ({what:?})")),
    }
}

pub(super) fn long(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn number(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

pub(super) fn whole(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

pub(super) fn small(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
