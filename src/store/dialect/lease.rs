//! Claiming due effects and giving them back: the statements that a second process may run at the same moment.

use gangway_core::effect::EffectId;
use gangway_core::onboarding::FlowRef;
use gangway_entities::effects;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, Statement, Value};

use super::clock;
use crate::store::types::Lease;

/// Leases what is due, for each slot at most so many, oldest first; passes over rows that another process holds, and
/// those of onboardings in the flow versions of `but`. `now` is compared with the due times; without it the database's clock is.
pub(in crate::store) async fn claim_due<C: ConnectionTrait>(
    tx: &C,
    slots: &[(String, u32)],
    but: &[FlowRef],
    lease: Lease,
    now: Option<i64>,
) -> Result<Vec<effects::Model>, DbErr> {
    let mut leased = Vec::new();
    for (slot, free) in slots.iter().filter(|(_, free)| *free > 0) {
        let backend = tx.get_database_backend();
        let values: [Value; 5] =
            [slot.as_str().into(), i64::from(*free).into(), length(lease).into(), lease.token.into(), now.into()];
        let versions = but.iter().flat_map(|flow| [flow.name.as_str().into(), i64::from(flow.version).into()]);
        let values = values.into_iter().chain(versions);
        let statement = Statement::from_sql_and_values(backend, claim(backend, but.len()), values);
        leased.extend(effects::Entity::find().from_raw_sql(statement).all(tx).await?);
    }
    leased.sort_by_key(|row| (row.due_at, row.onboarding_id, row.n));
    Ok(leased)
}

/// With `but` pairs of flow and version, from the sixth parameter on. The normal course has none, and no join.
fn claim(backend: DbBackend, but: usize) -> String {
    let clock = clock(backend);
    let pairs = (0..but).map(|at| format!("(CAST(${} AS TEXT), CAST(${} AS INTEGER))", 6 + 2 * at, 7 + 2 * at));
    let pairs = pairs.collect::<Vec<_>>().join(", ");
    let known = match but {
        0 => String::new(),
        _ => format!(
            "AND NOT EXISTS (SELECT 1 FROM onboardings WHERE id = onboarding_id AND (flow, version) IN (VALUES {pairs}))"
        ),
    };
    let (pass_over, number) = match backend {
        DbBackend::Postgres => ("FOR UPDATE SKIP LOCKED", "::bigint"),
        _ => ("", ""),
    };
    // Materialised, so that the rows are picked once and the limit holds however the update is planned.
    format!(
        "WITH picked AS MATERIALIZED (SELECT onboarding_id AS o, n AS m FROM effects WHERE slot = $1 \
         AND lease_until IS NULL AND settled_at IS NULL AND due_at <= coalesce($5{number}, {clock}) {known} \
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
