//! PostgreSQL: constant statements with array parameters, prepared once for each connection, straight to the driver.
//! Every statement takes its rows' locks in the order of their keys.

use std::sync::LazyLock;

use async_trait::async_trait;
use gangway_entities::{effects, events, figures, held, identifiers, onboardings, secrets, users};
use sea_orm::sqlx::query;
use uuid::Uuid;

use super::asking::{POOL, PostgresSession, column, read};
use super::columns::{Rows as _, all, all_of, given, names, set, unnest};
use super::{
    AdoptRow, BriefRow, DueRow, EndRow, FoldRow, HeldRow, KnownRow, Result, SeqRow, Session, SettleRow, Whose, kept,
};
use crate::store::errors::from_sqlx;
use crate::store::types::StoreError;

#[async_trait]
impl Session for PostgresSession {
    fn passes_over(&self) -> bool {
        self.contended
    }

    async fn touch(&mut self) -> Result<()> {
        // As a batch locks them: a table that is locked whole, by another program's migration say, takes nothing.
        let tables = "LOCK TABLE users, onboardings, identifiers, events, effects IN ROW EXCLUSIVE MODE";
        self.run(query(tables)).await?;
        self.run(query("UPDATE vault SET canary = canary")).await.map(drop)
    }

    async fn known(&mut self, dedupe: &[Vec<u8>]) -> Result<Vec<KnownRow>> {
        let sql = "SELECT seq, dedupe, digest, verdict, onboarding_id FROM events WHERE dedupe = ANY($1::bytea[])";
        self.rows(query(sql).bind(dedupe)).await
    }

    async fn owners(&mut self, blinds: &[Vec<u8>]) -> Result<Vec<identifiers::Model>> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            format!(
                "SELECT {} FROM identifiers \
                 WHERE blind = ANY($1::bytea[]) AND (onboarding_id IS NOT NULL OR user_id IS NOT NULL)",
                all::<identifiers::Entity>()
            )
        });
        self.rows(query(SQL.as_str()).bind(blinds)).await
    }

    async fn lock_users(&mut self, ids: &[Uuid]) -> Result<Vec<users::Model>> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            format!("SELECT {} FROM users WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE", all::<users::Entity>())
        });
        let sql = self.locking(&SQL);
        self.rows(query(sql).bind(ids)).await
    }

    async fn users_of(&mut self, onboardings: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>> {
        let sql = "SELECT id, user_id FROM onboardings WHERE id = ANY($1::uuid[])";
        let rows: Vec<UserOfRow> = self.rows(query(sql).bind(onboardings)).await?;
        Ok(rows.into_iter().map(|row| (row.id, row.user_id)).collect())
    }

    async fn onboardings_of(&mut self, users: &[Uuid]) -> Result<Vec<BriefRow>> {
        let sql = "SELECT id, user_id, flow, version, state, ended_at FROM onboardings \
                   WHERE user_id = ANY($1::uuid[]) ORDER BY id";
        self.rows(query(sql).bind(users)).await
    }

    async fn lock(&mut self, ids: &[Uuid]) -> Result<Vec<(onboardings::Model, users::Model, bool)>> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            let (onboarding, user) = (all_of::<onboardings::Entity>("o", ""), all_of::<users::Entity>("u", "u_"));
            format!(
                "SELECT {onboarding}, coalesce(o.kept, false) AS kept, {user} \
                 FROM onboardings o JOIN users u ON u.id = o.user_id WHERE o.id = ANY($1::uuid[]) \
                 ORDER BY o.id FOR UPDATE OF o"
            )
        });
        let sql = self.locking(&SQL);
        let rows = self.fetch(query(sql).bind(ids)).await?;
        rows.iter().map(|row| Ok((read(row, "")?, read(row, "u_")?, read::<MarkRow>(row, "")?.kept))).collect()
    }

    async fn mark_kept(&mut self, ids: &[Uuid], kept: bool) -> Result<()> {
        let sql = "UPDATE onboardings SET kept = $2 WHERE id = ANY($1::uuid[])";
        self.run(query(sql).bind(ids).bind(kept.then_some(true))).await.map(drop)
    }

    async fn end_shut(&mut self, rows: Vec<EndRow>) -> Result<()> {
        self.run(EndRow::bind(query(kept::END.as_str()), &rows)).await.map(drop)
    }

    async fn kept_of(&mut self, whose: Whose, limit: u32) -> Result<Vec<events::Model>> {
        let (sql, id) = match whose {
            Whose::Onboarding(id) => (kept::OF_ONBOARDING.as_str(), id),
            Whose::User(id) => (kept::OF_USER.as_str(), id),
        };
        self.rows(query(sql).bind(id).bind(i64::from(limit))).await
    }

    async fn insert_users(&mut self, rows: Vec<users::Model>) -> Result<()> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            let (names, given) = (names::<users::Model>(), given::<users::Model>());
            format!("INSERT INTO users ({names}) SELECT * FROM {given}")
        });
        self.run(users::Model::bind(query(SQL.as_str()), &rows)).await.map(drop)
    }

    async fn insert_onboardings(&mut self, rows: Vec<onboardings::Model>) -> Result<Vec<Uuid>> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            let (names, given) = (names::<onboardings::Model>(), given::<onboardings::Model>());
            format!(
                "INSERT INTO onboardings ({names}) SELECT * FROM {given} ORDER BY user_id, flow \
                 ON CONFLICT DO NOTHING RETURNING id"
            )
        });
        let added: Vec<IdRow> = self.rows(onboardings::Model::bind(query(SQL.as_str()), &rows)).await?;
        Ok(added.into_iter().map(|row| row.id).collect())
    }

    async fn update_onboardings(&mut self, rows: Vec<onboardings::Model>) -> Result<u64> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            let (set, given) = (set::<onboardings::Model>(), given::<onboardings::Model>());
            format!("UPDATE onboardings o SET {set} FROM {given} WHERE o.id = t.id")
        });
        self.run(onboardings::Model::bind(query(SQL.as_str()), &rows)).await
    }

    async fn claim(&mut self, rows: Vec<identifiers::Model>) -> Result<Vec<identifiers::Model>> {
        // The update is made even where it changes nothing: it is what locks the row. `free`: it has no owner, or an
        // ended onboarding of the same user. The subquery's tables are read as the statement found them: an owner
        // that ended had ended before this user could begin again.
        static SQL: LazyLock<String> = LazyLock::new(|| {
            let (names, given) = (names::<identifiers::Model>(), given::<identifiers::Model>());
            format!(
                "INSERT INTO identifiers AS i ({names}) SELECT * FROM {given} ORDER BY blind \
                 ON CONFLICT (blind) DO UPDATE SET (onboarding_id, user_id, since) = (SELECT \
                 CASE WHEN free THEN excluded.onboarding_id ELSE i.onboarding_id END, \
                 CASE WHEN free THEN excluded.user_id ELSE i.user_id END, \
                 CASE WHEN free AND coalesce(excluded.onboarding_id, excluded.user_id) IS NOT NULL \
                 THEN excluded.since ELSE i.since END \
                 FROM (SELECT coalesce(i.onboarding_id, i.user_id) IS NULL OR EXISTS (SELECT 1 \
                 FROM onboardings old JOIN onboardings new ON new.user_id = old.user_id \
                 WHERE old.id = i.onboarding_id AND old.ended_at IS NOT NULL AND new.id = excluded.onboarding_id) \
                 AS free) f) RETURNING {names}"
            )
        });
        self.rows(identifiers::Model::bind(query(SQL.as_str()), &rows)).await
    }

    async fn held_on(&mut self, blinds: &[Vec<u8>], limit: u32) -> Result<Vec<(Vec<u8>, events::Model)>> {
        // Planned while the tables are small, a join could walk through the journal, and an order with its limit
        // through everything that is held. So the numbers are an array, and are read before they are put in order.
        static SQL: LazyLock<String> = LazyLock::new(|| {
            format!(
                "WITH named AS MATERIALIZED (SELECT seq FROM held WHERE blind = ANY($1::bytea[])) \
                 SELECT {}, (SELECT h.blind FROM held h \
                 WHERE h.seq = e.seq AND h.blind = ANY($1::bytea[]) ORDER BY h.place LIMIT 1) AS found_by \
                 FROM events e WHERE seq = ANY(ARRAY(SELECT DISTINCT seq FROM named ORDER BY seq LIMIT $2)) \
                 ORDER BY seq",
                all::<events::Entity>()
            )
        });
        let rows = self.fetch(query(SQL.as_str()).bind(blinds).bind(i64::from(limit))).await?;
        rows.iter().map(|row| Ok((read::<FoundByRow>(row, "")?.found_by, read(row, "")?))).collect()
    }

    async fn lock_events(&mut self, seqs: &[i64]) -> Result<()> {
        let sql = "SELECT 1 FROM events WHERE seq = ANY($1::bigint[]) ORDER BY seq FOR UPDATE";
        self.run(query(sql).bind(seqs)).await.map(drop)
    }

    async fn held_by_seq(&mut self, seqs: &[i64]) -> Result<Vec<HeldRow>> {
        let sql = "SELECT h.seq, h.blind, i.kind FROM held h JOIN identifiers i ON i.blind = h.blind \
                   WHERE h.seq = ANY($1::bigint[]) ORDER BY h.seq, h.place";
        self.rows(query(sql).bind(seqs)).await
    }

    async fn hold(&mut self, rows: Vec<held::Model>) -> Result<()> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            let (names, given) = (names::<held::Model>(), given::<held::Model>());
            format!("INSERT INTO held ({names}) SELECT * FROM {given}")
        });
        self.run(held::Model::bind(query(SQL.as_str()), &rows)).await.map(drop)
    }

    async fn let_go(&mut self, seqs: &[i64]) -> Result<()> {
        self.run(query("DELETE FROM held WHERE seq = ANY($1::bigint[])").bind(seqs)).await.map(drop)
    }

    async fn insert_events(&mut self, rows: Vec<events::Model>) -> Result<Vec<SeqRow>> {
        // Numbers in the order given; rows in the order of their unique key, so that two batches with the same keys
        // in opposite order wait for each other once and not in a ring.
        static SQL: LazyLock<String> = LazyLock::new(|| {
            let (names, unnest) = (names::<events::Model>(), unnest::<events::Model>());
            format!(
                "INSERT INTO events (seq, {names}) SELECT seq, {names} \
                 FROM (SELECT nextval('events_seq_seq') AS seq, t.* FROM {unnest} \
                 WITH ORDINALITY AS t ({names}, place) ORDER BY place) numbered ORDER BY dedupe \
                 ON CONFLICT (dedupe) DO NOTHING RETURNING seq, dedupe, txid_current() AS xact"
            )
        });
        let added = self.fetch(events::Model::bind(query(SQL.as_str()), &rows)).await?;
        self.wrote(&added)?;
        added.iter().map(|row| read(row, "")).collect()
    }

    async fn add_copies(&mut self, copies: &[(i64, i32)]) -> Result<u64> {
        let sql = "WITH locked AS (SELECT seq FROM events WHERE seq = ANY($1::bigint[]) ORDER BY seq FOR UPDATE) \
                   UPDATE events e SET copies = e.copies + t.more \
                   FROM unnest($1::bigint[], $2::int[]) AS t (seq, more) JOIN locked ON locked.seq = t.seq \
                   WHERE e.seq = t.seq RETURNING e.seq, txid_current() AS xact";
        let statement = query(sql).bind(column(copies, |(seq, _)| *seq)).bind(column(copies, |(_, more)| *more));
        let counted = self.fetch(statement).await?;
        self.wrote(&counted)?;
        Ok(u64::try_from(counted.len()).unwrap_or(u64::MAX))
    }

    async fn tails(&mut self, onboardings: &[Uuid], rows: u32) -> Result<Vec<events::Model>> {
        let sql = "SELECT e.* FROM unnest($1::uuid[]) AS t (id) CROSS JOIN LATERAL \
                   (SELECT * FROM events WHERE onboarding_id = t.id ORDER BY seq DESC LIMIT $2) e";
        self.rows(query(sql).bind(onboardings).bind(i64::from(rows))).await
    }

    async fn fold(&mut self, rows: Vec<FoldRow>) -> Result<u64> {
        static ANSWERS: LazyLock<String> = LazyLock::new(|| {
            format!(
                "UPDATE events e SET dedupe = t.dedupe, digest = t.digest, occurred_at = t.occurred_at, \
                 revision = t.revision, detail = t.detail, sealed = t.sealed, copies = e.copies + t.copies, \
                 last_at = t.received_at, times = coalesce(e.times, 1) + 1 FROM {} \
                 WHERE e.seq = t.seq RETURNING e.seq, txid_current() AS xact",
                given::<FoldRow>()
            )
        });
        // The timer's row goes before another takes its key.
        let timers = "WITH gone AS (DELETE FROM events e USING unnest($1::bigint[], $2::bigint[]) AS t (seq, gone) \
                      WHERE e.seq = t.gone RETURNING t.seq AS into, e.*) \
                      UPDATE events e SET dedupe = g.dedupe, digest = g.digest, occurred_at = g.occurred_at, \
                      revision = g.revision, detail = g.detail, sealed = g.sealed, copies = e.copies + g.copies, \
                      last_at = g.received_at, times = coalesce(e.times, 1) + 1 FROM gone g WHERE e.seq = g.into";
        let timers = query(timers).bind(column(&rows, |row| row.timer)).bind(column(&rows, |row| row.gone));
        let found = self.run(timers).await?;
        let folded = self.fetch(FoldRow::bind(query(ANSWERS.as_str()), &rows)).await?;
        self.wrote(&folded)?;
        let found = found + u64::try_from(folded.len()).unwrap_or(u64::MAX);
        let effects = "DELETE FROM effects e USING unnest($1::uuid[], $2::bigint[]) AS t (onboarding_id, n) \
                       WHERE e.onboarding_id = t.onboarding_id AND e.n = t.n AND e.settled_at IS NOT NULL";
        let effects = query(effects).bind(column(&rows, |row| row.onboarding_id)).bind(column(&rows, |row| row.n));
        self.run(effects).await.map(|_| found)
    }

    async fn adopt(&mut self, rows: Vec<AdoptRow>) -> Result<u64> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            format!(
                "UPDATE events e SET onboarding_id = t.onboarding_id, user_id = t.user_id, verdict = t.verdict, \
                 from_state = t.from_state, to_state = t.to_state, detail = t.detail, revision = t.revision, \
                 sealed = coalesce(t.sealed, e.sealed), decided_at = t.decided_at, \
                 own_key = CASE WHEN t.sealed IS NULL THEN e.own_key END \
                 FROM {} WHERE e.seq = t.seq AND e.verdict = t.was",
                given::<AdoptRow>()
            )
        });
        self.run(AdoptRow::bind(query(SQL.as_str()), &rows)).await
    }

    async fn insert_effects(&mut self, rows: Vec<effects::Model>) -> Result<u64> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            let (names, given) = (names::<effects::Model>(), given::<effects::Model>());
            // What is given is the length of the lease.
            let until = "lease_until + (extract(epoch FROM statement_timestamp()) * 1000)::bigint";
            let values = names.replace("lease_until", until);
            format!(
                "INSERT INTO effects ({names}) SELECT {values} FROM {given} ORDER BY onboarding_id, n \
                 ON CONFLICT DO NOTHING"
            )
        });
        self.run(effects::Model::bind(query(SQL.as_str()), &rows)).await
    }

    async fn put_secrets(&mut self, rows: Vec<secrets::Model>) -> Result<()> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            let (names, given) = (names::<secrets::Model>(), given::<secrets::Model>());
            format!(
                "INSERT INTO secrets ({names}) SELECT * FROM {given} ORDER BY 1, 2 \
                 ON CONFLICT (owner, name) DO UPDATE \
                 SET sealed = excluded.sealed, own_key = excluded.own_key, since = excluded.since"
            )
        });
        self.run(secrets::Model::bind(query(SQL.as_str()), &rows)).await.map(drop)
    }

    async fn secrets_of(&mut self, owner: Uuid) -> Result<Vec<secrets::Model>> {
        static SQL: LazyLock<String> =
            LazyLock::new(|| format!("SELECT {} FROM secrets WHERE owner = $1", all::<secrets::Entity>()));
        self.rows(query(SQL.as_str()).bind(owner)).await
    }

    async fn erase_secrets(&mut self, of: &[(Uuid, String)]) -> Result<()> {
        let sql = "DELETE FROM secrets s USING unnest($1::uuid[], $2::text[]) AS gone (owner, name) \
                   WHERE s.owner = gone.owner AND s.name = gone.name";
        let (owners, names): (Vec<Uuid>, Vec<String>) = of.iter().cloned().unzip();
        self.run(query(sql).bind(owners).bind(names)).await.map(drop)
    }

    async fn park(&mut self, attempts: &[(Uuid, i64, i32)], until: i64) -> Result<()> {
        let statement = query(kept::PARK)
            .bind(column(attempts, |row| row.0))
            .bind(column(attempts, |row| row.1))
            .bind(column(attempts, |row| row.2))
            .bind(until);
        self.run(statement).await.map(drop)
    }

    async fn cancel_effects(&mut self, onboardings: &[Uuid]) -> Result<u64> {
        self.run(query(kept::CANCEL).bind(onboardings)).await
    }

    async fn settle(&mut self, rows: Vec<SettleRow>) -> Result<u64> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            format!(
                "UPDATE effects e SET outcome = t.outcome, lease_until = NULL, lease_token = NULL, \
                 settled_at = (extract(epoch FROM statement_timestamp()) * 1000)::bigint FROM {} \
                 WHERE e.onboarding_id = t.onboarding_id AND e.n = t.n AND e.settled_at IS NULL",
                given::<SettleRow>()
            )
        });
        self.run(SettleRow::bind(query(SQL.as_str()), &rows)).await
    }

    async fn due_again(&mut self, rows: Vec<DueRow>) -> Result<u64> {
        // All parts of a statement see what was there before it.
        static SQL: LazyLock<String> = LazyLock::new(|| {
            format!(
                "WITH t AS MATERIALIZED (SELECT * FROM {}), \
                 settled AS MATERIALIZED (SELECT e.onboarding_id, e.n FROM effects e JOIN t \
                 ON t.onboarding_id = e.onboarding_id AND t.n = e.n WHERE e.settled_at IS NOT NULL), \
                 done AS (UPDATE effects e SET due_at = t.due_at, mode = t.mode, \
                 uncertain_since = t.uncertain_since, lease_until = NULL, lease_token = NULL, outcome = NULL, \
                 settled_at = NULL FROM t WHERE e.onboarding_id = t.onboarding_id AND e.n = t.n \
                 AND (e.settled_at IS NULL OR e.outcome IN ('exhausted', 'unknown', 'broken')) \
                 RETURNING e.onboarding_id, e.n) SELECT 1 FROM done \
                 JOIN settled ON settled.onboarding_id = done.onboarding_id AND settled.n = done.n",
                given::<DueRow>()
            )
        });
        self.run(DueRow::bind(query(SQL.as_str()), &rows)).await
    }

    async fn tally(&mut self, rows: Vec<figures::Model>) -> Result<()> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            let (names, given) = (names::<figures::Model>(), given::<figures::Model>());
            format!("INSERT INTO figures ({names}) SELECT * FROM {given}")
        });
        self.run(figures::Model::bind(query(SQL.as_str()), &rows)).await.map(drop)
    }

    async fn sum_up(&mut self, limit: u32) -> Result<()> {
        // One statement: between two, rows could be committed that only the second one sees.
        let sql = "WITH gone AS (DELETE FROM figures WHERE id = ANY(ARRAY(SELECT id FROM figures ORDER BY id LIMIT $1 \
                   FOR UPDATE SKIP LOCKED)) RETURNING name, flow, status, number) \
                   INSERT INTO figures (name, flow, status, number) SELECT name, flow, status, sum(number)::bigint \
                   FROM gone GROUP BY name, flow, status HAVING sum(number) <> 0";
        self.run(query(sql).bind(i64::from(limit))).await.map(drop)
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        if self.failed {
            return Err(StoreError::Unlisted("a statement of this transaction failed; it cannot be committed".into()));
        }
        let Self { lent, ends, pool, witness, .. } = *self;
        let Err(error) = lent.commit().await else { return Ok(()) };
        let done = match witness {
            Some(witness) => witness.was_done(&pool, &ends).await,
            None => Some(false),
        };
        if done == Some(true) {
            tracing::warn!(%error, "the answer to a commit was lost; it was done");
            return Ok(());
        }
        Err(from_sqlx(POOL, &error))
    }

    async fn rollback(self: Box<Self>) -> Result<()> {
        self.lent.rollback().await.map_err(|error| from_sqlx(POOL, &error))
    }
}

#[derive(sea_orm::FromQueryResult)]
struct MarkRow {
    kept: bool,
}

#[derive(sea_orm::FromQueryResult)]
struct IdRow {
    id: Uuid,
}

#[derive(sea_orm::FromQueryResult)]
struct UserOfRow {
    id: Uuid,
    user_id: Uuid,
}

#[derive(sea_orm::FromQueryResult)]
struct FoundByRow {
    found_by: Vec<u8>,
}
