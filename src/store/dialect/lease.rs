//! Claiming due effects and giving them back: the statements that a second process may run at the same moment.

use gangway_core::effect::EffectId;
use gangway_entities::effects;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, Statement, Value};

use super::clock;
use crate::store::rows::mode_word;
use crate::store::types::{Lease, Resting};

/// Leases what is due, for each slot at most so many, oldest first; passes over rows that another process holds. Of a slot
/// where something rests, target by target, so that what rests is not even read.
/// `now` is compared with the due times; without it the database's clock is.
pub(in crate::store) async fn claim_due<C: ConnectionTrait>(
    tx: &C,
    slots: &[(String, u32)],
    resting: &[Resting],
    lease: Lease,
    now: Option<i64>,
) -> Result<Vec<effects::Model>, DbErr> {
    let mut leased = Vec::new();
    for (slot, free) in slots.iter().filter(|(_, free)| *free > 0) {
        if resting.iter().all(|rest| rest.slot != *slot) {
            leased.extend(claim_some(tx, (slot, *free), None, lease, now).await?);
            continue;
        }
        let mut left = *free;
        for (kind, most) in live(tx, slot, resting).await? {
            let rows = claim_some(tx, (slot, left.min(most)), Some(&kind), lease, now).await?;
            left = left.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
            leased.extend(rows);
        }
    }
    leased.sort_by_key(|row| (row.due_at, row.onboarding_id, row.n));
    Ok(leased)
}

/// What is asked of a slot, and how: target and mode, as the columns have them.
type Asked = (String, String);

/// What unheld effects of a slot ask and does not rest, whose oldest has waited longest first; of each at most so many.
async fn live<C: ConnectionTrait>(tx: &C, slot: &str, resting: &[Resting]) -> Result<Vec<(Asked, u32)>, DbErr> {
    // One step of the index for each: as long as a flow's actions, however many effects wait.
    let next = "SELECT target, mode, due_at FROM effects WHERE slot = $1 AND lease_until IS NULL AND settled_at IS NULL \
                AND (target, mode) > ($2, $3) ORDER BY target, mode, due_at LIMIT 1";
    let (mut last, mut found) = ((String::new(), String::new()), Vec::new());
    loop {
        let values: [Value; 3] = [slot.into(), last.0.as_str().into(), last.1.as_str().into()];
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), next, values);
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

/// When the first effect of these slots is due that nobody holds and that does not rest.
pub(in crate::store) async fn next_live<C: ConnectionTrait>(
    db: &C,
    slots: &[String],
    resting: &[Resting],
) -> Result<Option<i64>, DbErr> {
    let backend = db.get_database_backend();
    let first = "SELECT due_at FROM effects WHERE slot = $1 AND lease_until IS NULL AND settled_at IS NULL";
    let mut soonest: Option<i64> = None;
    for slot in slots {
        let asked = match resting.iter().any(|rest| rest.slot == *slot) {
            true => live(db, slot, resting).await?.into_iter().map(|(asked, _)| Some(asked)).collect(),
            false => vec![None],
        };
        for asked in asked {
            let mut values: Vec<Value> = vec![slot.as_str().into()];
            let mut sql = first.to_owned();
            if let Some((target, mode)) = asked {
                sql.push_str(" AND target = $2 AND mode = $3");
                values.extend([target.into(), mode.into()]);
            }
            sql.push_str(" ORDER BY due_at LIMIT 1");
            if let Some(row) = db.query_one_raw(Statement::from_sql_and_values(backend, sql, values)).await? {
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
    lease: Lease,
    now: Option<i64>,
) -> Result<Vec<effects::Model>, DbErr> {
    if free == 0 {
        return Ok(Vec::new());
    }
    let backend = tx.get_database_backend();
    let mut values: Vec<Value> =
        vec![slot.into(), i64::from(free).into(), length(lease).into(), lease.token.into(), now.into()];
    if let Some((target, mode)) = asked {
        values.extend([target.as_str().into(), mode.as_str().into()]);
    }
    let statement = Statement::from_sql_and_values(backend, claim(backend, asked.is_some()), values);
    effects::Entity::find().from_raw_sql(statement).all(tx).await
}

/// With `one`, of one target and mode only, the sixth and seventh parameter.
fn claim(backend: DbBackend, one: bool) -> String {
    let asked = if one { "AND target = $6 AND mode = $7" } else { "" };
    let clock = clock(backend);
    let (pass_over, number) = match backend {
        DbBackend::Postgres => ("FOR UPDATE SKIP LOCKED", "::bigint"),
        _ => ("", ""),
    };
    // Materialised, so that the rows are picked once and the limit holds however the update is planned.
    format!(
        "WITH picked AS MATERIALIZED (SELECT onboarding_id AS o, n AS m FROM effects WHERE slot = $1 \
         AND lease_until IS NULL AND settled_at IS NULL AND due_at <= coalesce($5{number}, {clock}) {asked} \
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
