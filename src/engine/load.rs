//! Takes the locks of a round, users first, then onboardings, each in order of id, and opens what was locked: one by
//! one, so that a row that cannot be opened or stepped here does not hold up the others.

use std::collections::BTreeSet;

use gangway_core::event::{OnboardingId, UserId};

use crate::store::{StoreError, Tx};

use super::find::{Found, Target};
use super::read::Work;
use super::round::Round;

/// Takes the locks for these targets; answers the targets, as they are under the locks.
pub(super) async fn load(tx: &mut Tx, round: &mut Round<'_>, mut found: Found) -> Result<Vec<Target>, StoreError> {
    round.read.briefs = found.briefs;
    round.read.others = found.others;
    let users: BTreeSet<UserId> = found.targets.iter().filter_map(Target::user).collect();
    let users: Vec<UserId> = users.into_iter().collect();
    if !users.is_empty() {
        lock_users(tx, round, &users).await?;
        found.targets.iter_mut().for_each(|target| target.look_again(&round.read.briefs, &round.engine.flows));
        early(tx, round, &found.targets).await?;
    }
    let mut wanted: BTreeSet<OnboardingId> = BTreeSet::new();
    for target in &found.targets {
        match target {
            Target::Onboarding(id) => drop(wanted.insert(*id)),
            Target::Start(start) => {
                let running = start.user.and_then(|user| round.read.previous(user, &start.flow.id.name));
                wanted.extend(running.filter(|brief| !brief.ended).map(|brief| brief.id));
            }
            _ => {}
        }
    }
    lock(tx, round, &wanted.into_iter().collect::<Vec<_>>()).await?;
    Ok(found.targets)
}

/// Locks and opens these users, and reads which onboardings they have.
pub(super) async fn lock_users(tx: &mut Tx, round: &mut Round<'_>, users: &[UserId]) -> Result<(), StoreError> {
    let locked = tx.lock_users(users).await?;
    if tx.passes_over() {
        // They were found a moment ago: another transaction holds what is missing now.
        let seen: BTreeSet<UserId> =
            locked.iter().map(|user| user.as_ref().map_or_else(|shut| shut.id, |user| user.user.id)).collect();
        round.read.in_use_users.extend(users.iter().filter(|id| !seen.contains(id)).copied());
    }
    for user in locked {
        match user {
            Ok(user) => drop(round.read.users.insert(user.user.id, user)),
            Err(shut) => drop(round.read.shut_users.insert(shut.id, shut)),
        }
    }
    // Under the lock, so that no other process begins an onboarding for them meanwhile.
    round.read.briefs.retain(|brief| !users.contains(&brief.user));
    round.read.briefs.extend(tx.onboardings_of(users).await?);
    Ok(())
}

/// Locks and opens these.
pub(super) async fn lock(tx: &mut Tx, round: &mut Round<'_>, ids: &[OnboardingId]) -> Result<(), StoreError> {
    let flows = &round.engine.flows;
    let found = tx.lock(ids).await?;
    if tx.passes_over() {
        let seen: BTreeSet<OnboardingId> = found
            .iter()
            .map(|locked| locked.seen.as_ref().map_or_else(|shut| shut.id, |loaded| loaded.onboarding.id))
            .collect();
        let missing: Vec<OnboardingId> = ids.iter().filter(|id| !seen.contains(id)).copied().collect();
        round.read.in_use.extend(tx.users_of(&missing).await?.into_keys());
    }
    for locked in found {
        let id = match locked.seen {
            Ok(loaded) => {
                let (id, of) = (loaded.onboarding.id, &loaded.onboarding.flow);
                let flow = flows.get(of);
                if flow.is_none() && flows.refusal(of).is_none() {
                    round.left.unmet.insert(of.clone());
                    round.read.waiting.insert(id);
                }
                round.read.works.insert(id, Work { loaded, flow, fresh: false, changed: false });
                id
            }
            Err(shut) => {
                tracing::error!(onboarding = %shut.id, why = shut.why, "an onboarding cannot be read here");
                let id = shut.id;
                round.read.shut.insert(id, *shut);
                id
            }
        };
        if locked.kept {
            round.read.marked.insert(id);
        }
    }
    Ok(())
}

/// Reads what was kept for users who may begin a flow that awaits it.
async fn early(tx: &mut Tx, round: &mut Round<'_>, targets: &[Target]) -> Result<(), StoreError> {
    for target in targets {
        let Target::Start(start) = target else { continue };
        let Some(user) = start.user.and_then(|id| round.read.users.get(&id)).cloned() else { continue };
        for kept in tx.kept_for(user.user.id, &user.key, round.engine.options.adopt.max(1)).await? {
            let Ok(held) = kept else { continue };
            let known = round.read.early.entry(user.user.id).or_default();
            if !start.flow.hears(start.flow.initial(), &held.event.kind)
                || known.iter().any(|(one, _)| one.seq == held.seq)
            {
                continue;
            }
            if let Ok(secrets) = tx.take_held_secrets(&held.dedupe).await? {
                known.push((held, secrets));
            }
        }
    }
    Ok(())
}
