//! Looks for what must not be found: values in every spelling in which they could slip through, over whatever bytes.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{AssertSqlSafe, Connection, query_scalar};

use crate::db::TestDb;

/// Bytes by which a spelling is recognised before it is compared whole; a shorter one proves nothing.
const KEY: usize = 8;

/// Plain, hexadecimal, percent-encoded, JSON-escaped, and in base64 at each of the three places in a group of bytes.
pub fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let escaped = secret.replace('/', "\\/").replace('\n', "\\n");
    let mut all = vec![secret.to_owned(), hex::encode(secret), percent.replace('+', "%20"), percent, escaped];
    for skipped in 0..3.min(secret.len()) {
        // Whole groups only: what stands before and behind changes the characters at both ends.
        let inner = &secret.as_bytes()[skipped..];
        let inner = &inner[..inner.len() - inner.len() % 3];
        all.push(STANDARD_NO_PAD.encode(inner));
        all.push(URL_SAFE_NO_PAD.encode(inner));
    }
    all.into_iter().map(String::into_bytes).collect()
}

/// Many values at once, capitals or not, in one walk over the bytes.
#[derive(Default)]
pub struct Search {
    by_key: HashMap<[u8; KEY], Vec<(Vec<u8>, String)>>,
}

impl Search {
    /// Looks for a value from now on, under a name that may be told.
    pub fn add(&mut self, name: &str, value: &str) {
        for spelling in spellings(value) {
            let spelling = spelling.to_ascii_lowercase();
            let Some(key) = spelling.first_chunk::<KEY>() else { continue };
            let known = self.by_key.entry(*key).or_default();
            if known.iter().all(|(is, _)| *is != spelling) {
                known.push((spelling, name.to_owned()));
            }
        }
    }

    /// What is found, each with its surroundings.
    pub fn finds(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let lower = bytes.to_ascii_lowercase();
        let mut found = Vec::new();
        for (at, window) in lower.windows(KEY).enumerate() {
            let Some(known) = window.first_chunk::<KEY>().and_then(|key| self.by_key.get(key)) else { continue };
            for (_, name) in known.iter().filter(|(spelling, _)| lower[at..].starts_with(spelling)) {
                let around = &bytes[at.saturating_sub(120)..(at + 80).min(bytes.len())];
                found.push(format!("{name} in {place}: {}", String::from_utf8_lossy(around)));
            }
        }
        found
    }
}

/// Everything the database holds: each row of each table, or the file with all its pages.
pub async fn everything_in(db: &TestDb) -> Vec<u8> {
    if !db.is_postgres() {
        let file = db.url.trim_start_matches("sqlite://").split('?').next().unwrap().to_owned();
        let parts = ["", "-wal", "-shm"].map(|end| std::fs::read(format!("{file}{end}")).unwrap_or_default());
        return parts.concat();
    }
    let mut connection = PgConnection::connect(&db.url).await.unwrap();
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    let tables: Vec<String> = query_scalar(tables).fetch_all(&mut connection).await.unwrap();
    let mut all = String::new();
    for table in tables {
        let rows = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM \"{table}\" t");
        all.push_str(&query_scalar::<_, String>(AssertSqlSafe(rows)).fetch_one(&mut connection).await.unwrap());
    }
    all.into_bytes()
}
