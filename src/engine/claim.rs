//! Station 4: what only one may have is claimed, new onboardings and identifiers, and what was held for them is found
//! and stepped. What another process claimed meanwhile makes the whole batch run again. Nothing is committed here.

use std::collections::{BTreeMap, HashMap};

use gangway_core::event::{Body, OnboardingId};
use gangway_core::secret::Secrets;
use gangway_core::time::Timestamp;

use crate::store::types::{Claim, Loaded, LoadedUser, Owner};
use crate::store::{Blind, StoreError, Tx};

use super::accept::Engine;
use super::door::Arrival;
use super::read::Read;
use super::round::Round;

/// What a round claims in addition to its new onboardings.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// New users, with their own identifiers.
    pub users: Vec<LoadedUser>,
    names: BTreeMap<Blind, Claim>,
    /// Identifiers, each with the onboarding that adopts their held events.
    pub adopting: BTreeMap<Blind, OnboardingId>,
}

impl Claims {
    /// An identifier for an onboarding, which then takes what is held on it. The first owner of a round stays, as the
    /// first owner of all does. A placeholder of an event held in this same round gives way: the owner is known now.
    pub(super) fn own(&mut self, blind: Blind, kind: String, id: OnboardingId, since: Timestamp) {
        if self.names.get(&blind).is_none_or(|claim| claim.owner.is_none()) {
            self.names.insert(blind, Claim { blind, kind, owner: Some(Owner::Onboarding(id)), since });
            self.adopting.insert(blind, id);
        }
    }

    /// A placeholder for an identifier without an owner.
    pub(super) fn hold(&mut self, blind: Blind, kind: String, since: Timestamp) {
        self.names.entry(blind).or_insert(Claim { blind, kind, owner: None, since });
    }

    /// The future owner of this identifier.
    pub(super) fn owner(&self, blind: &Blind) -> Option<Owner> {
        self.names.get(blind).and_then(|claim| claim.owner)
    }
}

/// Claims new onboardings, then identifiers, all by one statement: new users' own, those that outcomes wrote, and
/// placeholders. Then steps what is held with the onboardings that own its identifiers now. Held events are reports and
/// messages: they claim nothing.
pub(super) async fn claim(tx: &mut Tx, round: &mut Round<'_>) -> Result<(), StoreError> {
    begin(tx, &mut round.read).await?;
    let Claims { mut users, names, mut adopting } = std::mem::take(&mut round.claims);
    users.sort_by_key(|user| user.user.id);
    let mut claims = tx.user_claims(&users);
    claims.extend(names.into_values());
    let owners = tx.claim(&claims).await?;
    if round.read.others.outrun(&claims, &owners) {
        return Err(StoreError::Passing("another process wrote the same identifier".into()));
    }
    if tx.insert_owning_users(&users, &owners).await?.len() != users.len() {
        return Err(StoreError::Passing("another process met the same new user".into()));
    }
    // An event about to be held goes into another round when one of its identifiers has found an owner meanwhile.
    let owned = |blind: &Blind| owners.get(blind).is_some_and(Option::is_some);
    let found = round.writes.take_out(|row| row.event.held_on.iter().any(owned));
    round.left.deferred.extend(found);
    adopting.retain(|blind, id| owners.get(blind).is_none_or(|owner| round.read.belongs(*id, *owner)));
    given_away(tx, &round.read.held).await?;
    if adopting.is_empty() { Ok(()) } else { adopt(tx, round, &adopting).await }
}

/// New onboardings. One that another process added meanwhile makes the whole batch run again. Those that ended in this
/// round are written before them: a user may begin again in the same batch, and of one flow only one may be running.
async fn begin(tx: &mut Tx, read: &mut Read) -> Result<(), StoreError> {
    let fresh: Vec<Loaded> = read.works.values().filter(|work| work.fresh).map(|work| work.loaded.clone()).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let ended =
        read.works.values_mut().filter(|work| work.changed && !work.fresh && work.loaded.onboarding.status.ended());
    let ended: Vec<Loaded> = ended.map(|work| (work.changed = false, work.loaded.clone()).1).collect();
    tx.update_onboardings(&ended).await?;
    let added = tx.insert_onboardings(&fresh).await?;
    if added.len() != fresh.len() {
        return Err(StoreError::Passing("another process began the same onboarding".into()));
    }
    for work in read.works.values_mut().filter(|work| work.fresh) {
        work.changed = false;
    }
    Ok(())
}

/// What operators give away must still be held now that its identifiers are locked: else another owner came first,
/// the batch runs again, and the operator is told.
async fn given_away(tx: &mut Tx, held: &HashMap<i64, Vec<(Blind, String)>>) -> Result<(), StoreError> {
    let seqs: Vec<i64> = held.keys().copied().collect();
    if tx.held_by_seq(&seqs).await?.len() == seqs.len() {
        return Ok(());
    }
    Err(StoreError::Passing("a held event found its owner while it was given to another".into()))
}

/// Steps what is held on these identifiers with the onboardings that own them now; the rest of a full batch in another.
async fn adopt(tx: &mut Tx, round: &mut Round<'_>, adopting: &BTreeMap<Blind, OnboardingId>) -> Result<(), StoreError> {
    let blinds: Vec<Blind> = adopting.keys().copied().collect();
    let most = round.engine.options.adopt.max(1);
    let held = tx.held_on(&blinds, most).await?;
    let full = u32::try_from(held.len()).unwrap_or(u32::MAX) >= most;
    for held in held {
        let (seq, found_by) =
            held.as_ref().map_or_else(|shut| (shut.seq, shut.found_by), |held| (held.seq, held.found_by));
        let Some(id) = adopting.get(&found_by).copied() else { continue };
        let opened = match held {
            Ok(held) if round.engine.flows.secret_fields(&held.event.kind).is_some() => {
                tx.take_held_secrets(&held.dedupe).await?.map(|secrets| (held, secrets))
            }
            Ok(held) => Ok((held, Secrets::default())),
            Err(unopened) => Err(unopened.why),
        };
        match opened {
            Ok((held, secrets)) => round.adopt(id, held, secrets),
            Err(why) => round.adopt_unopened(id, seq, &why),
        }
    }
    if full {
        let (engine, now) = (round.engine, round.now);
        round.left.own.extend(adopting.iter().map(|(blind, id)| adopt_rest(engine, now, *blind, *id)));
    }
    Ok(())
}

/// The event by which an onboarding takes over what is held on this identifier.
pub(super) fn adopt_rest(engine: &Engine, now: Timestamp, blind: Blind, id: OnboardingId) -> Arrival {
    let (key, body) = (format!("{id}/adopt/{}", engine.chance.id(now)), Body::Adopt { blind: hex::encode(blind.0) });
    Arrival::own("engine", key, "engine.adopt", now, Some(id), body)
}
