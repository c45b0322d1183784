//! PostgreSQL: constant statements with array parameters, prepared once for each connection, straight to the driver.
//! Every statement takes its rows' locks in the order of their keys.

use async_trait::async_trait;
use gangway_entities::{effects, events, figures, held, identifiers, onboardings, secrets, users};
use sea_orm::sqlx::postgres::PgArguments;
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{Postgres, query};
use uuid::Uuid;

use super::asking::{POOL, PostgresSession, column, read};
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
        // As a batch locks them: a table that somebody holds whole, a stranger's migration say, takes nothing.
        let tables = "LOCK TABLE users, onboardings, identifiers, events, effects IN ROW EXCLUSIVE MODE";
        self.run(query(tables)).await?;
        self.run(query("UPDATE vault SET canary = canary")).await.map(drop)
    }

    async fn known(&mut self, dedupe: &[Vec<u8>]) -> Result<Vec<KnownRow>> {
        let sql = "SELECT seq, dedupe, digest, verdict, onboarding_id FROM events WHERE dedupe = ANY($1::bytea[])";
        self.rows(query(sql).bind(dedupe)).await
    }

    async fn owners(&mut self, blinds: &[Vec<u8>]) -> Result<Vec<identifiers::Model>> {
        let sql = "SELECT blind, kind, onboarding_id, user_id, since FROM identifiers \
                   WHERE blind = ANY($1::bytea[]) AND (onboarding_id IS NOT NULL OR user_id IS NOT NULL)";
        self.rows(query(sql).bind(blinds)).await
    }

    async fn lock_users(&mut self, ids: &[Uuid]) -> Result<Vec<users::Model>> {
        let sql = "SELECT id, sealed, wrapped_key, created_at FROM users WHERE id = ANY($1::uuid[]) \
                   ORDER BY id FOR UPDATE";
        let sql = self.locking(sql);
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
        let sql = "SELECT o.id, o.user_id, o.flow, o.version, o.state, o.status, o.since, o.wake_at, o.revision, \
                   o.created_at, o.ended_at, o.sealed, coalesce(o.kept, false) AS kept, u.id AS u_id, u.sealed AS u_sealed, \
                   u.wrapped_key AS u_wrapped_key, u.created_at AS u_created_at \
                   FROM onboardings o JOIN users u ON u.id = o.user_id WHERE o.id = ANY($1::uuid[]) \
                   ORDER BY o.id FOR UPDATE OF o";
        let sql = self.locking(sql);
        let rows = self.fetch(query(sql).bind(ids)).await?;
        rows.iter().map(|row| Ok((read(row, "")?, read(row, "u_")?, read::<MarkRow>(row, "")?.kept))).collect()
    }

    async fn mark_kept(&mut self, ids: &[Uuid], kept: bool) -> Result<()> {
        let sql = "UPDATE onboardings SET kept = $2 WHERE id = ANY($1::uuid[])";
        self.run(query(sql).bind(ids).bind(kept.then_some(true))).await.map(drop)
    }

    async fn end_shut(&mut self, rows: Vec<EndRow>) -> Result<()> {
        let statement = query(kept::END)
            .bind(column(&rows, |row| row.id))
            .bind(column(&rows, |row| row.status.as_str()))
            .bind(column(&rows, |row| row.ended_at))
            .bind(column(&rows, |row| row.revision));
        self.run(statement).await.map(drop)
    }

    async fn kept_of(&mut self, whose: Whose, limit: u32) -> Result<Vec<events::Model>> {
        let (sql, id) = match whose {
            Whose::Onboarding(id) => (kept::OF_ONBOARDING, id),
            Whose::User(id) => (kept::OF_USER, id),
        };
        self.rows(query(sql).bind(id).bind(i64::from(limit))).await
    }

    async fn insert_users(&mut self, rows: Vec<users::Model>) -> Result<()> {
        let sql = "INSERT INTO users (id, sealed, wrapped_key, created_at) \
                   SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bigint[])";
        let statement = query(sql)
            .bind(column(&rows, |row| row.id))
            .bind(column(&rows, |row| row.sealed.as_slice()))
            .bind(column(&rows, |row| row.wrapped_key.as_slice()))
            .bind(column(&rows, |row| row.created_at));
        self.run(statement).await.map(drop)
    }

    async fn insert_onboardings(&mut self, rows: Vec<onboardings::Model>) -> Result<Vec<Uuid>> {
        let sql = "INSERT INTO onboardings (id, user_id, flow, version, state, status, since, wake_at, revision, \
                   created_at, ended_at, sealed) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], \
                   $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], \
                   $12::bytea[]) AS t (id, user_id, flow, version, state, status, since, wake_at, revision, \
                   created_at, ended_at, sealed) ORDER BY user_id, flow ON CONFLICT DO NOTHING RETURNING id";
        let added: Vec<IdRow> = self.rows(bind_onboardings(query(sql), &rows)).await?;
        Ok(added.into_iter().map(|row| row.id).collect())
    }

    async fn update_onboardings(&mut self, rows: Vec<onboardings::Model>) -> Result<u64> {
        let sql = "UPDATE onboardings o SET user_id = t.user_id, flow = t.flow, version = t.version, \
                   state = t.state, status = t.status, since = t.since, wake_at = t.wake_at, revision = t.revision, \
                   created_at = t.created_at, ended_at = t.ended_at, sealed = t.sealed \
                   FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::text[], $7::bigint[], \
                   $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bytea[]) AS t (id, user_id, flow, \
                   version, state, status, since, wake_at, revision, created_at, ended_at, sealed) WHERE o.id = t.id";
        self.run(bind_onboardings(query(sql), &rows)).await
    }

    async fn claim(&mut self, rows: Vec<identifiers::Model>) -> Result<Vec<identifiers::Model>> {
        // The update is made even where it changes nothing: it is what locks the row. `free`: it has no owner, or an
        // ended onboarding of the same user. The subquery's tables are read as the statement found them: an owner
        // that ended had ended before this user could begin again.
        let sql = "INSERT INTO identifiers AS i (blind, kind, onboarding_id, user_id, since) \
                   SELECT * FROM unnest($1::bytea[], $2::text[], $3::uuid[], $4::uuid[], $5::bigint[]) \
                   AS t (blind, kind, onboarding_id, user_id, since) ORDER BY blind \
                   ON CONFLICT (blind) DO UPDATE SET (onboarding_id, user_id, since) = (SELECT \
                   CASE WHEN free THEN excluded.onboarding_id ELSE i.onboarding_id END, \
                   CASE WHEN free THEN excluded.user_id ELSE i.user_id END, \
                   CASE WHEN free AND coalesce(excluded.onboarding_id, excluded.user_id) IS NOT NULL \
                   THEN excluded.since ELSE i.since END \
                   FROM (SELECT coalesce(i.onboarding_id, i.user_id) IS NULL OR EXISTS (SELECT 1 \
                   FROM onboardings old JOIN onboardings new ON new.user_id = old.user_id \
                   WHERE old.id = i.onboarding_id AND old.ended_at IS NOT NULL AND new.id = excluded.onboarding_id) \
                   AS free) f) \
                   RETURNING blind, kind, onboarding_id, user_id, since";
        let statement = query(sql)
            .bind(column(&rows, |row| row.blind.as_slice()))
            .bind(column(&rows, |row| row.kind.as_str()))
            .bind(column(&rows, |row| row.onboarding_id))
            .bind(column(&rows, |row| row.user_id))
            .bind(column(&rows, |row| row.since));
        self.rows(statement).await
    }

    async fn held_on(&mut self, blinds: &[Vec<u8>], limit: u32) -> Result<Vec<(Vec<u8>, events::Model)>> {
        // Planned while the tables are small, a join could walk through the journal, and an order with its limit through
        // everything that is held. So the numbers are an array, and are read before they are put in order.
        let sql = "WITH named AS MATERIALIZED (SELECT seq FROM held WHERE blind = ANY($1::bytea[])) \
                   SELECT seq, dedupe, digest, source, kind, received_at, occurred_at, onboarding_id, user_id, verdict, \
                   from_state, to_state, revision, copies, detail, sealed, own_key, decided_at, last_at, times, \
                   (SELECT h.blind FROM held h \
                   WHERE h.seq = e.seq AND h.blind = ANY($1::bytea[]) ORDER BY h.place LIMIT 1) AS found_by \
                   FROM events e WHERE seq = ANY(ARRAY(SELECT DISTINCT seq FROM named ORDER BY seq LIMIT $2)) \
                   ORDER BY seq";
        let rows = self.fetch(query(sql).bind(blinds).bind(i64::from(limit))).await?;
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
        let sql = "INSERT INTO held (blind, seq, place) SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::int[])";
        let statement = query(sql)
            .bind(column(&rows, |row| row.blind.as_slice()))
            .bind(column(&rows, |row| row.seq))
            .bind(column(&rows, |row| row.place));
        self.run(statement).await.map(drop)
    }

    async fn let_go(&mut self, seqs: &[i64]) -> Result<()> {
        self.run(query("DELETE FROM held WHERE seq = ANY($1::bigint[])").bind(seqs)).await.map(drop)
    }

    async fn insert_events(&mut self, rows: Vec<events::Model>) -> Result<Vec<SeqRow>> {
        // Numbers in the order given; rows in the order of their unique key, so that two batches with the same keys
        // in opposite order wait for each other once and not in a ring.
        let sql = "INSERT INTO events (seq, dedupe, digest, source, kind, received_at, occurred_at, onboarding_id, \
                   user_id, verdict, from_state, to_state, revision, copies, detail, sealed, own_key, decided_at) \
                   SELECT seq, dedupe, digest, source, kind, received_at, occurred_at, onboarding_id, user_id, \
                   verdict, from_state, to_state, revision, copies, detail, sealed, own_key, decided_at \
                   FROM (SELECT nextval('events_seq_seq') AS seq, t.* FROM unnest($1::bytea[], $2::bytea[], \
                   $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::uuid[], $8::uuid[], $9::text[], \
                   $10::text[], $11::text[], $12::bigint[], $13::int[], $14::text[], $15::bytea[], $16::bytea[], $17::bigint[]) \
                   WITH ORDINALITY AS t (dedupe, digest, source, kind, received_at, occurred_at, \
                   onboarding_id, user_id, verdict, from_state, to_state, revision, copies, detail, sealed, own_key, decided_at, \
                   place) ORDER BY place) numbered ORDER BY dedupe \
                   ON CONFLICT (dedupe) DO NOTHING RETURNING seq, dedupe, txid_current() AS xact";
        let statement = query(sql)
            .bind(column(&rows, |row| row.dedupe.as_slice()))
            .bind(column(&rows, |row| row.digest.as_slice()))
            .bind(column(&rows, |row| row.source.as_str()))
            .bind(column(&rows, |row| row.kind.as_str()))
            .bind(column(&rows, |row| row.received_at))
            .bind(column(&rows, |row| row.occurred_at))
            .bind(column(&rows, |row| row.onboarding_id))
            .bind(column(&rows, |row| row.user_id))
            .bind(column(&rows, |row| row.verdict.as_str()))
            .bind(column(&rows, |row| row.from_state.as_deref()))
            .bind(column(&rows, |row| row.to_state.as_deref()))
            .bind(column(&rows, |row| row.revision))
            .bind(column(&rows, |row| row.copies))
            .bind(column(&rows, |row| row.detail.as_str()))
            .bind(column(&rows, |row| row.sealed.as_slice()))
            .bind(column(&rows, |row| row.own_key.as_deref()))
            .bind(column(&rows, |row| row.decided_at));
        let added = self.fetch(statement).await?;
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
        // The timer's row goes before another takes its key.
        let timers = "WITH gone AS (DELETE FROM events e USING unnest($1::bigint[], $2::bigint[]) AS t (seq, gone) \
                      WHERE e.seq = t.gone RETURNING t.seq AS into, e.*) \
                      UPDATE events e SET dedupe = g.dedupe, digest = g.digest, occurred_at = g.occurred_at, \
                      revision = g.revision, detail = g.detail, sealed = g.sealed, copies = e.copies + g.copies, \
                      last_at = g.received_at, times = coalesce(e.times, 1) + 1 FROM gone g WHERE e.seq = g.into";
        let timers = query(timers).bind(column(&rows, |row| row.timer)).bind(column(&rows, |row| row.gone));
        let found = self.run(timers).await?;
        let answers = "UPDATE events e SET dedupe = t.dedupe, digest = t.digest, occurred_at = t.occurred_at, \
                       revision = t.revision, detail = t.detail, sealed = t.sealed, copies = e.copies + t.copies, \
                       last_at = t.received_at, times = coalesce(e.times, 1) + 1 FROM unnest($1::bigint[], \
                       $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[], $6::text[], $7::bytea[], $8::int[], \
                       $9::bigint[]) AS t (seq, dedupe, digest, occurred_at, revision, detail, sealed, copies, \
                       received_at) WHERE e.seq = t.seq RETURNING e.seq, txid_current() AS xact";
        let answers = query(answers)
            .bind(column(&rows, |row| row.answer_seq))
            .bind(column(&rows, |row| row.answer.dedupe.as_slice()))
            .bind(column(&rows, |row| row.answer.digest.as_slice()))
            .bind(column(&rows, |row| row.answer.occurred_at))
            .bind(column(&rows, |row| row.answer.revision))
            .bind(column(&rows, |row| row.answer.detail.as_str()))
            .bind(column(&rows, |row| row.answer.sealed.as_slice()))
            .bind(column(&rows, |row| row.answer.copies))
            .bind(column(&rows, |row| row.answer.received_at));
        let folded = self.fetch(answers).await?;
        self.wrote(&folded)?;
        let found = found + u64::try_from(folded.len()).unwrap_or(u64::MAX);
        let effects = "DELETE FROM effects e USING unnest($1::uuid[], $2::bigint[]) AS t (onboarding_id, n) \
                       WHERE e.onboarding_id = t.onboarding_id AND e.n = t.n AND e.settled_at IS NOT NULL";
        let effects = query(effects).bind(column(&rows, |row| row.onboarding_id)).bind(column(&rows, |row| row.n));
        self.run(effects).await.map(|_| found)
    }

    async fn adopt(&mut self, rows: Vec<AdoptRow>) -> Result<u64> {
        let sql = "UPDATE events e SET onboarding_id = t.onboarding_id, user_id = t.user_id, verdict = t.verdict, \
                   from_state = t.from_state, to_state = t.to_state, detail = t.detail, revision = t.revision, \
                   sealed = coalesce(t.sealed, e.sealed), decided_at = t.decided_at, \
                   own_key = CASE WHEN t.sealed IS NULL THEN e.own_key END \
                   FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], \
                   $8::bigint[], $9::bytea[], $10::text[], $11::bigint[]) AS t (seq, onboarding_id, user_id, verdict, \
                   from_state, to_state, detail, revision, sealed, was, decided_at) \
                   WHERE e.seq = t.seq AND e.verdict = t.was";
        let statement = query(sql)
            .bind(column(&rows, |row| row.seq))
            .bind(column(&rows, |row| row.onboarding_id))
            .bind(column(&rows, |row| row.user_id))
            .bind(column(&rows, |row| row.verdict))
            .bind(column(&rows, |row| row.from_state.as_deref()))
            .bind(column(&rows, |row| row.to_state.as_deref()))
            .bind(column(&rows, |row| row.detail.as_str()))
            .bind(column(&rows, |row| row.revision))
            .bind(column(&rows, |row| row.sealed.as_deref()))
            .bind(column(&rows, |row| row.was))
            .bind(column(&rows, |row| row.decided_at));
        self.run(statement).await
    }

    async fn insert_effects(&mut self, rows: Vec<effects::Model>) -> Result<u64> {
        let sql = "INSERT INTO effects (onboarding_id, n, kind, target, slot, request, attempt, mode, \
                   uncertain_since, asked_at, due_at, lease_until, lease_token) \
                   SELECT onboarding_id, n, kind, target, slot, request, attempt, mode, uncertain_since, asked_at, \
                   due_at, lease + (extract(epoch FROM statement_timestamp()) * 1000)::bigint, token \
                   FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::int[], \
                   $8::text[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::uuid[]) \
                   AS t (onboarding_id, n, kind, target, slot, request, attempt, mode, uncertain_since, asked_at, \
                   due_at, lease, token) ORDER BY onboarding_id, n ON CONFLICT DO NOTHING";
        let statement = query(sql)
            .bind(column(&rows, |row| row.onboarding_id))
            .bind(column(&rows, |row| row.n))
            .bind(column(&rows, |row| row.kind.as_str()))
            .bind(column(&rows, |row| row.target.as_str()))
            .bind(column(&rows, |row| row.slot.as_str()))
            .bind(column(&rows, |row| row.request.as_slice()))
            .bind(column(&rows, |row| row.attempt))
            .bind(column(&rows, |row| row.mode.as_str()))
            .bind(column(&rows, |row| row.uncertain_since))
            .bind(column(&rows, |row| row.asked_at))
            .bind(column(&rows, |row| row.due_at))
            .bind(column(&rows, |row| row.lease_until))
            .bind(column(&rows, |row| row.lease_token));
        self.run(statement).await
    }

    async fn put_secrets(&mut self, rows: Vec<secrets::Model>) -> Result<()> {
        let sql = "INSERT INTO secrets (owner, name, sealed, own_key, since) \
                   SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::bigint[]) ORDER BY 1, 2 \
                   ON CONFLICT (owner, name) DO UPDATE \
                   SET sealed = excluded.sealed, own_key = excluded.own_key, since = excluded.since";
        let query = query(sql)
            .bind(rows.iter().map(|row| row.owner).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.sealed.clone()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.own_key.clone()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.since).collect::<Vec<_>>());
        self.run(query).await.map(drop)
    }

    async fn secrets_of(&mut self, owner: Uuid) -> Result<Vec<secrets::Model>> {
        self.rows(query("SELECT owner, name, sealed, own_key, since FROM secrets WHERE owner = $1").bind(owner)).await
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
        let sql = "UPDATE effects e SET outcome = t.outcome, lease_until = NULL, lease_token = NULL, \
                   settled_at = (extract(epoch FROM statement_timestamp()) * 1000)::bigint \
                   FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS t (onboarding_id, n, outcome) \
                   WHERE e.onboarding_id = t.onboarding_id AND e.n = t.n AND e.settled_at IS NULL";
        let statement = query(sql)
            .bind(column(&rows, |row| row.onboarding_id))
            .bind(column(&rows, |row| row.n))
            .bind(column(&rows, |row| row.outcome.as_str()));
        self.run(statement).await
    }

    async fn due_again(&mut self, rows: Vec<DueRow>) -> Result<u64> {
        // All parts of a statement see what was there before it.
        let sql = "WITH t AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], \
                   $5::bigint[]) AS t (onboarding_id, n, due_at, mode, uncertain_since)), \
                   settled AS MATERIALIZED (SELECT e.onboarding_id, e.n FROM effects e JOIN t \
                   ON t.onboarding_id = e.onboarding_id AND t.n = e.n WHERE e.settled_at IS NOT NULL), \
                   done AS (UPDATE effects e SET due_at = t.due_at, mode = t.mode, \
                   uncertain_since = t.uncertain_since, lease_until = NULL, lease_token = NULL, outcome = NULL, \
                   settled_at = NULL FROM t WHERE e.onboarding_id = t.onboarding_id AND e.n = t.n \
                   AND (e.settled_at IS NULL OR e.outcome IN ('exhausted', 'unknown', 'broken')) \
                   RETURNING e.onboarding_id, e.n) \
                   SELECT 1 FROM done JOIN settled ON settled.onboarding_id = done.onboarding_id AND settled.n = done.n";
        let statement = query(sql)
            .bind(column(&rows, |row| row.onboarding_id))
            .bind(column(&rows, |row| row.n))
            .bind(column(&rows, |row| row.due_at))
            .bind(column(&rows, |row| row.mode))
            .bind(column(&rows, |row| row.uncertain_since));
        self.run(statement).await
    }

    async fn tally(&mut self, rows: Vec<figures::Model>) -> Result<()> {
        let sql = "INSERT INTO figures (name, flow, status, number) \
                   SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])";
        let statement = query(sql)
            .bind(column(&rows, |row| row.name.as_str()))
            .bind(column(&rows, |row| row.flow.as_str()))
            .bind(column(&rows, |row| row.status.as_str()))
            .bind(column(&rows, |row| row.number));
        self.run(statement).await.map(drop)
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

type Bound<'q> = Query<'q, Postgres, PgArguments>;

fn bind_onboardings<'q>(statement: Bound<'q>, rows: &[onboardings::Model]) -> Bound<'q> {
    statement
        .bind(column(rows, |row| row.id))
        .bind(column(rows, |row| row.user_id))
        .bind(column(rows, |row| row.flow.clone()))
        .bind(column(rows, |row| row.version))
        .bind(column(rows, |row| row.state.clone()))
        .bind(column(rows, |row| row.status.clone()))
        .bind(column(rows, |row| row.since))
        .bind(column(rows, |row| row.wake_at))
        .bind(column(rows, |row| row.revision))
        .bind(column(rows, |row| row.created_at))
        .bind(column(rows, |row| row.ended_at))
        .bind(column(rows, |row| row.sealed.clone()))
}
