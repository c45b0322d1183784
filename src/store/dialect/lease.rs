//! Claiming due effects and giving them back: the statements that a second process may run at the same moment.

use gangway_core::effect::EffectId;
use gangway_core::onboarding::FlowRef;
use gangway_entities::effects;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, Statement, Value};

use super::clock;
use crate::store::rows::mode_word;
use crate::store::types::{Lease, Resting};

/// What is left out: effects of onboardings in some flow versions, and of far ends that rest.
pub(in crate::store) type Except<'a> = (&'a [FlowRef], &'a [Resting]);

/// What is asked of a slot, and how: target and mode, as the columns have them.
type Asked = (String, String);

/// Leases what is due, at most so many for each slot, oldest first; passes over rows that another process holds, and
/// what is left out. Goes through a slot with something at rest target by target, so that what rests is not even read.
/// Compares the due times with `now`, or else with the database's clock.
pub(in crate::store) async fn claim_due<C: ConnectionTrait>(
    tx: &C,
    slots: &[(String, u32)],
    (but, resting): Except<'_>,
    lease: Lease,
    now: Option<i64>,
) -> Result<Vec<effects::Model>, DbErr> {
    let mut leased = Vec::new();
    for (slot, free) in slots.iter().filter(|(_, free)| *free > 0) {
        if resting.iter().all(|rest| rest.slot != *slot) {
            leased.extend(claim_some(tx, (slot, *free), None, but, lease, now).await?);
            continue;
        }
        let mut left = *free;
        for (kind, most) in live(tx, slot, (but, resting)).await? {
            let rows = claim_some(tx, (slot, left.min(most)), Some(&kind), but, lease, now).await?;
            left = left.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
            leased.extend(rows);
        }
    }
    leased.sort_by_key(|row| (row.due_at, row.onboarding_id, row.n));
    Ok(leased)
}

/// What a slot's effects without a lease ask for, resting targets left out; the one with the oldest effect first, at
/// most so many of each.
async fn live<C: ConnectionTrait>(tx: &C, slot: &str, (but, resting): Except<'_>) -> Result<Vec<(Asked, u32)>, DbErr> {
    let (known, versions) = known(but, 4);
    // One step of the index for each: as long as a flow's actions, however many effects wait.
    let next = format!(
        "SELECT target, mode, due_at FROM effects WHERE slot = $1 AND lease_until IS NULL AND settled_at IS NULL \
         AND (target, mode) > ($2, $3) {known} ORDER BY target, mode, due_at LIMIT 1"
    );
    let (mut last, mut found) = ((String::new(), String::new()), Vec::new());
    loop {
        let values: [Value; 3] = [slot.into(), last.0.as_str().into(), last.1.as_str().into()];
        let values = values.into_iter().chain(versions.clone());
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), next.as_str(), values);
        let Some(row) = tx.query_one_raw(statement).await? else { break };
        let (asked, due_at): (Asked, i64) =
            ((row.try_get("", "target")?, row.try_get("", "mode")?), row.try_get("", "due_at")?);
        let same = |rest: &&Resting| rest.slot == slot && rest.target == asked.0 && mode_word(rest.mode) == asked.1;
        let most = resting.iter().find(same).map_or(u32::MAX, |rest| rest.most);
        if most > 0 {
            found.push((due_at, asked.clone(), most));
        }
        last = asked;
    }
    found.sort();
    Ok(found.into_iter().map(|(_, asked, most)| (asked, most)).collect())
}

/// When the first effect of these slots is due that has no lease and is not left out.
pub(in crate::store) async fn next_live<C: ConnectionTrait>(
    db: &C,
    slots: &[String],
    (but, resting): Except<'_>,
) -> Result<Option<i64>, DbErr> {
    let mut soonest: Option<i64> = None;
    for slot in slots {
        let asked = match resting.iter().any(|rest| rest.slot == *slot) {
            true => live(db, slot, (but, resting)).await?.into_iter().map(|(asked, _)| Some(asked)).collect(),
            false => vec![None],
        };
        for asked in asked {
            let one = if asked.is_some() { "AND target = $2 AND mode = $3" } else { "" };
            let mut values: Vec<Value> = vec![slot.as_str().into()];
            values.extend(asked.into_iter().flat_map(|(target, mode)| [target.into(), mode.into()]));
            let (known, versions) = known(but, values.len() + 1);
            values.extend(versions);
            let sql = format!(
                "SELECT due_at FROM effects WHERE slot = $1 AND lease_until IS NULL AND settled_at IS NULL {one} {known} \
                 ORDER BY due_at LIMIT 1"
            );
            let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
            if let Some(row) = db.query_one_raw(statement).await? {
                let due: i64 = row.try_get("", "due_at")?;
                soonest = Some(soonest.map_or(due, |soonest| soonest.min(due)));
            }
        }
    }
    Ok(soonest)
}

async fn claim_some<C: ConnectionTrait>(
    tx: &C,
    (slot, free): (&str, u32),
    asked: Option<&Asked>,
    but: &[FlowRef],
    lease: Lease,
    now: Option<i64>,
) -> Result<Vec<effects::Model>, DbErr> {
    if free == 0 {
        return Ok(Vec::new());
    }
    let backend = tx.get_database_backend();
    let mut values: Vec<Value> =
        vec![slot.into(), i64::from(free).into(), length(lease).into(), lease.token.into(), now.into()];
    values.extend(asked.into_iter().flat_map(|(target, mode)| [target.as_str().into(), mode.as_str().into()]));
    let (known, versions) = known(but, values.len() + 1);
    values.extend(versions);
    let one = if asked.is_some() { "AND target = $6 AND mode = $7" } else { "" };
    let statement = Statement::from_sql_and_values(backend, claim(backend, one, &known), values);
    effects::Entity::find().from_raw_sql(statement).all(tx).await
}

/// The condition that leaves out these flow versions, and its parameters from this number on. The normal course has
/// none, and no join.
fn known(but: &[FlowRef], from: usize) -> (String, Vec<Value>) {
    if but.is_empty() {
        return (String::new(), Vec::new());
    }
    let pair = |at: usize| format!("(CAST(${} AS TEXT), CAST(${} AS INTEGER))", from + 2 * at, from + 1 + 2 * at);
    let pairs = (0..but.len()).map(pair).collect::<Vec<_>>().join(", ");
    let versions = but.iter().flat_map(|flow| [flow.name.as_str().into(), i64::from(flow.version).into()]);
    let known = format!(
        "AND NOT EXISTS (SELECT 1 FROM onboardings WHERE id = onboarding_id AND (flow, version) IN (VALUES {pairs}))"
    );
    (known, versions.collect())
}

fn claim(backend: DbBackend, one: &str, known: &str) -> String {
    let clock = clock(backend);
    let (pass_over, number) = match backend {
        DbBackend::Postgres => ("FOR UPDATE SKIP LOCKED", "::bigint"),
        _ => ("", ""),
    };
    // Materialised, so that the rows are picked once and the limit holds however the update is planned.
    format!(
        "WITH picked AS MATERIALIZED (SELECT onboarding_id AS o, n AS m FROM effects WHERE slot = $1 \
         AND lease_until IS NULL AND settled_at IS NULL AND due_at <= coalesce($5{number}, {clock}) {one} {known} \
         ORDER BY due_at, onboarding_id, n LIMIT $2 {pass_over}) \
         UPDATE effects SET lease_until = {clock} + $3, lease_token = $4, attempt = attempt + 1 \
         FROM picked WHERE onboarding_id = o AND n = m \
         RETURNING onboarding_id, n, kind, target, slot, request, attempt, mode, uncertain_since, asked_at, due_at, \
         lease_until, lease_token, outcome, settled_at"
    )
}

/// Ends this lease where it still holds: due as before, attempt not counted. A row that another transaction is
/// changing needs no giving back and is passed over.
pub(in crate::store) async fn give_back<C: ConnectionTrait>(
    tx: &C,
    effects: &[EffectId],
    lease: Lease,
) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    let pass_over = if backend == DbBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "WITH picked AS MATERIALIZED (SELECT onboarding_id AS o, n AS m FROM effects \
         WHERE onboarding_id = $1 AND n = $2 AND lease_token = $3 {pass_over}) \
         UPDATE effects SET lease_until = NULL, lease_token = NULL, attempt = attempt - 1 \
         FROM picked WHERE onboarding_id = o AND n = m"
    );
    for effect in effects {
        let values: [Value; 3] = [effect.onboarding.0.into(), effect.n.into(), lease.token.into()];
        tx.execute_raw(Statement::from_sql_and_values(backend, sql.as_str(), values)).await?;
    }
    Ok(())
}

fn length(lease: Lease) -> i64 {
    i64::try_from(lease.length.0).unwrap_or(i64::MAX / 2)
}
