//! Statements for people who cannot be stepped, for what is kept for them, and for owners of identifiers: PostgreSQL's
//! as texts, SQLite's as functions.

use std::sync::LazyLock;

use gangway_entities::{effects, events, held, identifiers, onboardings};
use sea_orm::sea_query::{Alias, Expr, OnConflict, SimpleExpr};
use sea_orm::{
    ActiveValue, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};
use uuid::Uuid;

use super::columns::{all, given, set};
use super::{EndRow, HeldRow, Whose};

/// Rows of one statement, at most.
const ROWS: usize = 200;

/// Kept events of an onboarding.
pub(super) static OF_ONBOARDING: LazyLock<String> = LazyLock::new(|| {
    let events = all::<events::Entity>();
    format!("SELECT {events} FROM events WHERE onboarding_id = $1 AND verdict = 'kept' ORDER BY seq LIMIT $2")
});
/// Kept events of a user and no onboarding, of each type the newest: many of one type hide none of another.
pub(super) static OF_USER: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM events WHERE seq IN (SELECT seq FROM \
         (SELECT seq, row_number() OVER (PARTITION BY kind ORDER BY seq DESC) AS nth \
         FROM events WHERE user_id = $1 AND onboarding_id IS NULL AND verdict = 'kept') newest WHERE nth <= $2) ORDER BY seq",
        all::<events::Entity>()
    )
});
pub(super) static END: LazyLock<String> = LazyLock::new(|| {
    format!("UPDATE onboardings o SET {}, wake_at = NULL FROM {} WHERE o.id = t.id", set::<EndRow>(), given::<EndRow>())
});
pub(super) const PARK: &str = "UPDATE effects e SET lease_until = $4 FROM unnest($1::uuid[], $2::bigint[], $3::int[]) \
    AS t (onboarding_id, n, attempt) WHERE e.onboarding_id = t.onboarding_id AND e.n = t.n \
    AND e.attempt = t.attempt AND e.lease_until IS NOT NULL AND e.settled_at IS NULL";
pub(super) const CANCEL: &str = "UPDATE effects SET outcome = 'cancelled', lease_until = NULL, lease_token = NULL, \
    settled_at = (extract(epoch FROM statement_timestamp()) * 1000)::bigint \
    WHERE onboarding_id = ANY($1::uuid[]) AND n > 0 AND settled_at IS NULL";

pub(super) async fn mark<C: ConnectionTrait>(tx: &C, ids: &[Uuid], kept: bool) -> Result<(), DbErr> {
    for ids in ids.chunks(ROWS) {
        let update = onboardings::Entity::update_many().filter(onboardings::Column::Id.is_in(ids.iter().copied()));
        let mark = Expr::cust(if kept { "1" } else { "NULL" });
        update.col_expr(Alias::new("kept"), mark).exec(tx).await?;
    }
    Ok(())
}

pub(super) async fn end<C: ConnectionTrait>(tx: &C, rows: Vec<EndRow>) -> Result<(), DbErr> {
    for row in rows {
        let change = onboardings::ActiveModel {
            status: ActiveValue::Set(row.status),
            ended_at: ActiveValue::Set(row.ended_at),
            revision: ActiveValue::Set(row.revision),
            wake_at: ActiveValue::Set(None),
            ..Default::default()
        };
        let update = onboardings::Entity::update_many().set(change);
        update.filter(onboardings::Column::Id.eq(row.id)).exec(tx).await?;
    }
    Ok(())
}

pub(super) async fn of<C: ConnectionTrait>(tx: &C, whose: Whose, limit: u32) -> Result<Vec<events::Model>, DbErr> {
    let (sql, id) = match whose {
        Whose::Onboarding(id) => (OF_ONBOARDING.as_str(), id),
        Whose::User(id) => (OF_USER.as_str(), id),
    };
    let values = [id.into(), i64::from(limit).into()];
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    events::Entity::find().from_raw_sql(statement).all(tx).await
}

pub(super) async fn park<C: ConnectionTrait>(tx: &C, of: &[(Uuid, i64, i32)], until: i64) -> Result<(), DbErr> {
    for (onboarding, n, attempt) in of {
        let change = effects::ActiveModel { lease_until: ActiveValue::Set(Some(until)), ..Default::default() };
        let leased = Condition::all()
            .add(effects::Column::OnboardingId.eq(*onboarding))
            .add(effects::Column::N.eq(*n))
            .add(effects::Column::Attempt.eq(*attempt))
            .add(Expr::cust("lease_until IS NOT NULL AND settled_at IS NULL"));
        effects::Entity::update_many().set(change).filter(leased).exec(tx).await?;
    }
    Ok(())
}

pub(super) async fn cancel_effects<C: ConnectionTrait>(tx: &C, of: &[Uuid], now: i64) -> Result<u64, DbErr> {
    let change = effects::ActiveModel {
        outcome: ActiveValue::Set(Some("cancelled".into())),
        settled_at: ActiveValue::Set(Some(now)),
        lease_until: ActiveValue::Set(None),
        lease_token: ActiveValue::Set(None),
        ..Default::default()
    };
    let mut settled = 0;
    for ids in of.chunks(ROWS) {
        let update = effects::Entity::update_many().set(change.clone());
        let update = update.filter(effects::Column::OnboardingId.is_in(ids.iter().copied()));
        settled += update.filter(Expr::cust("n > 0 AND settled_at IS NULL")).exec(tx).await?.rows_affected;
    }
    Ok(settled)
}

/// Identifiers that these events are held on, in order of their places.
pub(super) async fn held_by_seq<C: ConnectionTrait>(tx: &C, seqs: &[i64]) -> Result<Vec<HeldRow>, DbErr> {
    let named =
        held::Entity::belongs_to(identifiers::Entity).from(held::Column::Blind).to(identifiers::Column::Blind).into();
    let find = held::Entity::find()
        .select_only()
        .columns([held::Column::Seq, held::Column::Blind])
        .column(identifiers::Column::Kind)
        .join(JoinType::InnerJoin, named)
        .filter(held::Column::Seq.is_in(seqs.iter().copied()))
        .order_by_asc(held::Column::Seq)
        .order_by_asc(held::Column::Place);
    find.into_model::<HeldRow>().all(tx).await
}

/// A row with an owner keeps it; a placeholder takes the claimed one, and so does a row of an ended onboarding of the
/// same user.
pub(super) fn first_owner_stays() -> OnConflict {
    const FREE: &str = "(coalesce(identifiers.onboarding_id, identifiers.user_id) IS NULL OR EXISTS (SELECT 1 \
                        FROM onboardings old JOIN onboardings new ON new.user_id = old.user_id \
                        WHERE old.id = identifiers.onboarding_id AND old.ended_at IS NOT NULL \
                        AND new.id = excluded.onboarding_id))";
    let if_so = |column: &str, condition: &str| -> SimpleExpr {
        Expr::cust(format!("CASE WHEN {condition} THEN excluded.{column} ELSE identifiers.{column} END"))
    };
    let new_owner = format!("{FREE} AND coalesce(excluded.onboarding_id, excluded.user_id) IS NOT NULL");
    OnConflict::column(identifiers::Column::Blind)
        .value(identifiers::Column::OnboardingId, if_so("onboarding_id", FREE))
        .value(identifiers::Column::UserId, if_so("user_id", FREE))
        .value(identifiers::Column::Since, if_so("since", &new_owner))
        .to_owned()
}
