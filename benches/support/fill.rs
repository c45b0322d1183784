//! What years leave in a PostgreSQL database, through COPY: people who have ended, people who wait for what comes in
//! weeks, their journal, identifiers and settled effects, and events that are held. Every row is a copy of one that the
//! engine wrote and sealed, with an id, keys and times of its own: of real size, but a sealed part does not open under
//! another id. So nothing of it may be opened: none is due, expired or found; the engine has seeded those that are.

use std::time::{Duration, Instant};

use gangway::clock::{Clock, SystemClock};
use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor, Row, query};
use sha2::{Digest, Sha256};

use Field::{Bytes, Int, Long, Null, Text};

/// Rows of one COPY.
const PART: u64 = 200_000;
/// How far back the first person began, in milliseconds: two years.
const YEARS: i64 = 2 * 365 * 24 * 3600 * 1000;
/// The next thing that anyone waits for comes so much later, in milliseconds: a week.
const WEEK: i64 = 7 * 24 * 3600 * 1000;

const EVENTS: &str = "events (dedupe, digest, source, kind, received_at, onboarding_id, user_id, verdict, from_state, \
                      to_state, revision, copies, detail, sealed, own_key)";

/// Which kind of row an id names.
const USER: u8 = 1;
const ONBOARDING: u8 = 2;

/// How much to fill in.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub ended: u64,
    pub waiting: u64,
    pub events: u64,
}

impl Sizes {
    fn people(self) -> u64 {
        self.ended + self.waiting
    }

    /// Bytes on disk, indexes included, as measured.
    pub fn bytes(self) -> f64 {
        2_100.0 * self.people() as f64 + 750.0 * self.events as f64
    }

    /// Events without an owner: one for a hundred people who wait.
    fn held(self) -> u64 {
        self.waiting / 100
    }
}

#[derive(Clone, Copy)]
enum Field<'a> {
    Null,
    Bytes(&'a [u8]),
    Text(&'a str),
    Long(i64),
    Int(i32),
}

/// A row of a COPY in binary form.
fn row(into: &mut Vec<u8>, fields: &[Field<'_>]) {
    into.extend((fields.len() as i16).to_be_bytes());
    for field in fields {
        let mut put = |bytes: &[u8]| {
            into.extend((bytes.len() as i32).to_be_bytes());
            into.extend(bytes);
        };
        match field {
            Null => into.extend((-1_i32).to_be_bytes()),
            Bytes(bytes) => put(bytes),
            Text(text) => put(text.as_bytes()),
            Long(number) => put(&number.to_be_bytes()),
            Int(number) => put(&number.to_be_bytes()),
        }
    }
}

/// What the engine wrote, to be copied.
struct Templates {
    user: (Vec<u8>, Vec<u8>),
    onboarding: Vec<u8>,
    events: Vec<(String, String, String, Vec<u8>)>,
    effect: (String, String, Vec<u8>),
    now: i64,
    sizes: Sizes,
}

impl Templates {
    async fn read(connection: &mut PgConnection, sizes: Sizes) -> Self {
        let mut one =
            async |sql: &str| query(AssertSqlSafe(sql.to_owned())).fetch_one(&mut *connection).await.expect("a row");
        let user = one("SELECT sealed, wrapped_key FROM users LIMIT 1").await;
        let onboarding = one("SELECT sealed FROM onboardings WHERE status = 'waiting' LIMIT 1").await;
        let effect = one("SELECT target, slot, request FROM effects LIMIT 1").await;
        let sql =
            "SELECT source, kind, detail, sealed FROM events WHERE onboarding_id IS NOT NULL ORDER BY seq LIMIT 512";
        let events = query(sql).fetch_all(&mut *connection).await.expect("rows");
        Self {
            onboarding: onboarding.get(0),
            events: events.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect(),
            effect: (effect.get(0), effect.get(1), effect.get(2)),
            user: (user.get(0), user.get(1)),
            now: SystemClock.now().0,
            sizes,
        }
    }

    /// When person n began.
    fn began(&self, n: u64) -> i64 {
        let share = n as f64 / self.sizes.people().max(1) as f64;
        self.now - YEARS + (share * (YEARS - WEEK) as f64) as i64
    }

    /// A time-ordered id (UUID version 7) of a kind of row.
    fn id(&self, kind: u8, n: u64) -> [u8; 16] {
        let mut id = [0; 16];
        id[..6].copy_from_slice(&self.began(n).to_be_bytes()[2..]);
        (id[6], id[8]) = (0x70, 0x80 | kind);
        id[9..16].copy_from_slice(&n.to_be_bytes()[1..]);
        id
    }

    fn waits(&self, n: u64) -> bool {
        // People who wait stand among the ended ones all along.
        let every = self.sizes.people() / self.sizes.waiting.max(1);
        self.sizes.waiting > 0 && n.is_multiple_of(every.max(1)) && n / every.max(1) < self.sizes.waiting
    }
}

fn key(kind: &str, n: u64) -> [u8; 32] {
    Sha256::digest(format!("{kind} {n}")).into()
}

/// Fills an otherwise almost empty database; tells how far it is.
pub async fn fill(url: &str, sizes: Sizes) {
    let mut connection = PgConnection::connect(url).await.expect("the database");
    let templates = Templates::read(&mut connection, sizes).await;
    let begin = Instant::now();
    let later = without_indexes(&mut connection).await;
    let people = sizes.people();
    let parts: [(&str, u64, Make); 6] = [
        ("users (id, sealed, wrapped_key, created_at)", people, user),
        (
            "onboardings (id, user_id, flow, version, state, status, since, wake_at, revision, created_at, ended_at, \
             sealed)",
            people,
            onboarding,
        ),
        ("identifiers (blind, kind, onboarding_id, user_id, since)", people * 3, identifier),
        (
            "effects (onboarding_id, n, kind, target, slot, request, attempt, mode, asked_at, due_at, outcome, \
             settled_at)",
            people,
            effect,
        ),
        (EVENTS, sizes.events, event),
        (EVENTS, sizes.held(), held),
    ];
    for (into, rows, make) in parts {
        copy(&mut connection, into, rows, &templates, make).await;
    }
    for sql in [
        "INSERT INTO held (blind, seq, place) SELECT dedupe, seq, 0 FROM events WHERE verdict = 'held'",
        "INSERT INTO identifiers (blind, kind, since) SELECT blind, 'original.user_uid', 1 FROM held",
    ] {
        connection.execute(sql).await.expect("what is held");
    }
    for sql in later {
        println!("  {sql}");
        connection.execute(AssertSqlSafe(sql)).await.expect("an index");
    }
    println!("  vacuum and analyse");
    connection.execute("VACUUM (ANALYZE)").await.expect("a vacuum");
    connection.execute("CHECKPOINT").await.expect("a checkpoint");
    let size = query("SELECT pg_size_pretty(pg_database_size(current_database()))").fetch_one(&mut connection).await;
    println!("  filled in {:.0} s, {}", begin.elapsed().as_secs_f64(), size.expect("its size").get::<String, _>(0));
}

/// Takes the indexes away, which are made anew much faster than they grow; answers what brings them back.
async fn without_indexes(connection: &mut PgConnection) -> Vec<String> {
    let mut later = Vec::new();
    for (sql, what) in [
        (
            "SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || conname, 'ALTER TABLE ' || \
             conrelid::regclass || ' ADD CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(oid) \
             FROM pg_constraint WHERE contype = 'p' AND conrelid::regclass::text = ANY($1)",
            "keys",
        ),
        ("SELECT 'DROP INDEX ' || indexname, indexdef FROM pg_indexes WHERE tablename = ANY($1)", "indexes"),
    ] {
        let tables = ["users", "onboardings", "identifiers", "effects", "events"].map(str::to_owned).to_vec();
        for row in query(sql).bind(tables).fetch_all(&mut *connection).await.expect(what) {
            connection.execute(AssertSqlSafe(row.get::<String, _>(0))).await.expect(what);
            later.push(row.get::<String, _>(1));
        }
    }
    later
}

type Make = fn(&Templates, u64, &mut Vec<u8>);

/// So many rows, made one by one.
async fn copy(connection: &mut PgConnection, into: &str, rows: u64, templates: &Templates, make: Make) {
    let (begin, mut told) = (Instant::now(), Instant::now());
    let what = into.split(' ').next().unwrap_or_default();
    let mut done = 0;
    while done < rows {
        let statement = format!("COPY {into} FROM STDIN (FORMAT binary)");
        let mut copy = connection.copy_in_raw(&statement).await.expect("a copy");
        let mut bytes = b"PGCOPY\n\xff\r\n\0".to_vec();
        bytes.extend([0; 8]);
        let end = (done + PART).min(rows);
        for n in done..end {
            make(templates, n, &mut bytes);
            if bytes.len() > 1 << 20 {
                copy.send(bytes.as_slice()).await.expect("rows are taken");
                bytes.clear();
            }
        }
        bytes.extend((-1_i16).to_be_bytes());
        copy.send(bytes.as_slice()).await.expect("rows are taken");
        copy.finish().await.expect("rows are taken");
        done = end;
        if told.elapsed() > Duration::from_secs(5) || done == rows {
            told = Instant::now();
            println!("  {what}: {done} of {rows} ({:.0}/s)", done as f64 / begin.elapsed().as_secs_f64().max(0.001));
        }
    }
}

fn user(of: &Templates, n: u64, into: &mut Vec<u8>) {
    let (sealed, key) = &of.user;
    row(into, &[Bytes(&of.id(USER, n)), Bytes(sealed), Bytes(key), Long(of.began(n))]);
}

fn onboarding(of: &Templates, n: u64, into: &mut Vec<u8>) {
    let began = of.began(n);
    let ended = began + 60_000;
    let week = WEEK + (n % 1_000_000) as i64;
    let (state, status, wake, ended) = if of.waits(n) {
        ("wallet", "waiting", Long(of.now + week), Null)
    } else {
        ("done", "completed", Null, Long(ended))
    };
    let (id, user) = (of.id(ONBOARDING, n), of.id(USER, n));
    let sealed = Bytes(&of.onboarding);
    let version = Int(1);
    row(
        into,
        &[
            Bytes(&id),
            Bytes(&user),
            Text("bench-webhook"),
            version,
            Text(state),
            Text(status),
            Long(began),
            wake,
            Long(5),
            Long(began),
            ended,
            sealed,
        ],
    );
}

/// Each person has three: two of the user, one at the provider.
fn identifier(of: &Templates, n: u64, into: &mut Vec<u8>) {
    let person = n / 3;
    let (onboarding, user) = (of.id(ONBOARDING, person), of.id(USER, person));
    let (kind, onboarding, user) = match n % 3 {
        0 => ("user.external_id", Null, Bytes(&user)),
        1 => ("user.email", Null, Bytes(&user)),
        _ => ("original.user_uid", Bytes(&onboarding), Null),
    };
    row(into, &[Bytes(&key("identifier", n)), Text(kind), onboarding, user, Long(of.began(person))]);
}

fn effect(of: &Templates, n: u64, into: &mut Vec<u8>) {
    let ((target, slot, request), began) = (&of.effect, Long(of.began(n)));
    row(
        into,
        &[
            Bytes(&of.id(ONBOARDING, n)),
            Long(1),
            Text("call"),
            Text(target),
            Text(slot),
            Bytes(request),
            Int(1),
            Text("do"),
            began,
            began,
            Text("created"),
            began,
        ],
    );
}

fn event(of: &Templates, n: u64, into: &mut Vec<u8>) {
    let person = (u128::from(n) * u128::from(of.sizes.people()) / u128::from(of.sizes.events.max(1))) as u64;
    let (source, kind, detail, sealed) = &of.events[n as usize % of.events.len()];
    let (onboarding, user) = (of.id(ONBOARDING, person), of.id(USER, person));
    let key = key("event", n);
    row(
        into,
        &[
            Bytes(&key),
            Bytes(&key),
            Text(source),
            Text(kind),
            Long(of.began(person)),
            Bytes(&onboarding),
            Bytes(&user),
            Text("applied"),
            Text("user"),
            Text("wallet"),
            Long(2),
            Int(1),
            Text(detail),
            Bytes(sealed),
            Null,
        ],
    );
}

fn held(of: &Templates, n: u64, into: &mut Vec<u8>) {
    let (_, _, _, sealed) = &of.events[n as usize % of.events.len()];
    let key = key("held", n);
    row(
        into,
        &[
            Bytes(&key),
            Bytes(&key),
            Text("webhook:original"),
            Text("original.wallet_created"),
            Long(of.now),
            Null,
            Null,
            Text("held"),
            Null,
            Null,
            Null,
            Int(1),
            Text("its identifier has no owner yet"),
            Bytes(sealed),
            Bytes(&of.user.1),
        ],
    );
}
