//! Database errors, sorted by what the caller may do. Never a row's value and never a password in a text: of the
//! database's own words only those before the first colon are kept, values come after it.

use sea_orm::sqlx::error::{DatabaseError, Error as SqlxError};
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};

use super::types::StoreError;

/// What to tell a pooler between gangway and PostgreSQL.
const POOLER: &str = "a connection pooler in between does not pass on what gangway needs: PgBouncer from 1.21 on, with \
                      max_prepared_statements above 0 and the ignore_startup_parameters of docs/guides/pgbouncer.md";

/// Sorts an error of a statement; `pool` is named when it has no free connection.
pub(super) fn from_db(pool: &str, error: DbErr) -> StoreError {
    match error {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => StoreError::Passing(exhausted(pool)),
        DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed) => closed(pool),
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => from_sqlx(pool, &error),
        DbErr::Conn(RuntimeErr::Internal(_)) => StoreError::Passing("the connection failed".into()),
        DbErr::Type(_) | DbErr::TryIntoErr { .. } => StoreError::Setup("a column has an unexpected type".into()),
        DbErr::Migration(text) | DbErr::Custom(text) => StoreError::Setup(text),
        _ => StoreError::Unlisted("the statement failed inside the client".into()),
    }
}

/// Like [`from_db`], for statements that go to the driver directly.
pub(super) fn from_sqlx(pool: &str, error: &SqlxError) -> StoreError {
    match error {
        SqlxError::PoolTimedOut => StoreError::Passing(exhausted(pool)),
        SqlxError::PoolClosed => closed(pool),
        SqlxError::Io(error) => StoreError::Passing(format!("the connection was lost ({})", error.kind())),
        SqlxError::Tls(_) => StoreError::Passing("the encrypted connection failed".into()),
        SqlxError::Protocol(_) | SqlxError::WorkerCrashed | SqlxError::BeginFailed => {
            StoreError::Passing("the connection broke off in the middle of an exchange".into())
        }
        SqlxError::Database(error) => from_server(&**error),
        SqlxError::ColumnDecode { index, .. } => StoreError::Setup(format!("column {index} has an unexpected type")),
        SqlxError::ColumnNotFound(name) => StoreError::Setup(format!("column {name} is missing")),
        SqlxError::Encode(_) => StoreError::Poison("a value cannot be written".into()),
        _ => StoreError::Unlisted("the statement failed inside the client".into()),
    }
}

/// Sorts an error of connecting: unreachable, or answering but not fitting. `place` names the database without secrets.
pub(super) fn from_open(place: &str, error: DbErr) -> StoreError {
    const FIRST: &str = "first connection";
    match from_db(FIRST, error) {
        // The driver tries again until the time is over, and does not say what it met. No pool is exhausted: it is
        // empty.
        StoreError::Passing(text) if text == exhausted(FIRST) => StoreError::Unreachable(format!(
            "nothing answers at {place}; does it run there, and is database.url right?"
        )),
        StoreError::Passing(text) if text.starts_with("unsupported startup parameter") => {
            StoreError::Setup(format!("{place}: {POOLER}"))
        }
        StoreError::Passing(text)
        | StoreError::Unreachable(text)
        | StoreError::Locked(text)
        | StoreError::Unlisted(text) => StoreError::Unreachable(format!("{place}: {text}")),
        StoreError::Poison(text) | StoreError::Setup(text) | StoreError::OtherVersion(text) => {
            StoreError::Setup(format!("{place}: {text}"))
        }
    }
}

/// Like [`from_open`], for one attempt with a known cause: says what to do about it.
pub(super) fn from_connect(place: &str, error: &SqlxError) -> StoreError {
    let told = |what: &str| StoreError::Unreachable(format!("{place}: {what}"));
    match error {
        SqlxError::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            told("nothing answers there; does it run there, and is database.url right?")
        }
        SqlxError::Io(error) if error.to_string().contains("lookup") => {
            told("the name of its host is not known here; check the host in database.url")
        }
        SqlxError::Io(error) => told(&format!("{}; check host and port in database.url", error.kind())),
        SqlxError::Tls(cause) => {
            let hint = "check sslmode and sslrootcert in database.url, and whether the server has TLS";
            StoreError::Setup(format!("{place}: the encrypted connection failed ({cause}); {hint}"))
        }
        SqlxError::Database(error) => {
            let (code, words) = (error.code().unwrap_or_default(), error.message());
            if words.starts_with("unsupported startup parameter") {
                return StoreError::Setup(format!("{place}: {POOLER}"));
            }
            match &*code {
                "53300" => told(
                    "it has no free connections; lower database.intake, work and screens of every process together \
                     below its max_connections, or raise that",
                ),
                _ => match from_server(&**error) {
                    StoreError::Setup(text) => StoreError::Setup(format!("{place}: {text}")),
                    other => told(&other.to_string()),
                },
            }
        }
        other => told(&from_sqlx("first connection", other).to_string()),
    }
}

fn exhausted(pool: &str) -> String {
    format!("no connection of the pool `{pool}` became free in time")
}

fn closed(pool: &str) -> StoreError {
    StoreError::Passing(format!("the pool `{pool}` is closed"))
}

fn from_server(error: &dyn DatabaseError) -> StoreError {
    let code = error.code().unwrap_or_default();
    let words = error.message().split(':').next().unwrap_or_default().to_owned();
    match error.try_downcast_ref::<sea_orm::SqlxSqliteError>() {
        Some(_) => from_sqlite(code.parse().unwrap_or(0), words),
        None => from_postgres(&code, words),
    }
}

/// A cause is poison only when it is proven to lie in the row itself; an unlisted one may be anything, a damaged disk
/// or a plan that a migration made stale, and is tried again.
fn from_postgres(code: &str, words: String) -> StoreError {
    let text = format!("{words} (SQLSTATE {code})");
    match code {
        "40001" | "40P01" => StoreError::Passing("two transactions were in each other's way".into()),
        "53100" => StoreError::Passing("the database's disk is full".into()),
        "53300" => StoreError::Passing("the database has no free connection slots".into()),
        "25006" => StoreError::Passing("the database is read-only now".into()),
        // 55000 while connecting: the database takes no connections for now, during a restore or a change-over. 40003:
        // what became of a statement is not known; 25P03 and 25P04: a transaction was too slow for the database's
        // limits.
        "55000" | "25P03" | "25P04" | "40003" | "58030" => StoreError::Passing(text),
        // A lock that did not come in time, a statement that took too long: less at once may pass.
        "55P03" | "57014" => StoreError::Locked(text),
        // A value that the type refuses (U+0000 in text is one), a NULL, a check, a row too big. Not a key that is
        // taken: behind it is another row, or a sequence that a restore set back, and then it concerns every row.
        "23502" | "23514" | "54000" => StoreError::Poison(text),
        code if code.starts_with("22") => StoreError::Poison(text),
        // Shutting down, starting up, dropped: 57P01 and the like; connection exceptions; other lack of resources.
        code if code.starts_with("57P") || code.starts_with("08") || code.starts_with("53") => {
            StoreError::Passing(text)
        }
        "42P05" => StoreError::Setup(POOLER.into()),
        // Syntax or access rule, authorisation, unknown database or schema.
        code if ["42", "28", "3D", "3F"].iter().any(|class| code.starts_with(class)) => StoreError::Setup(text),
        _ => StoreError::Unlisted(text),
    }
}

/// See [`from_postgres`].
fn from_sqlite(code: i32, words: String) -> StoreError {
    const PRIMARY: i32 = 0xff;
    /// A foreign key, a primary key, a unique key, a row's number: they depend on another row, which may come or go.
    const OF_ANOTHER_ROW: [i32; 4] = [787, 1555, 2067, 2579];
    let text = format!("{words} (SQLite code {code})");
    match code & PRIMARY {
        5 | 6 => StoreError::Passing("the database file is locked by another process".into()),
        8 => StoreError::Passing("the database file is read-only now".into()),
        10 => StoreError::Passing("the disk failed while reading or writing the database file".into()),
        13 => StoreError::Passing("the disk is full".into()),
        14 => StoreError::Passing("the database file cannot be opened".into()),
        11 | 26 => StoreError::Setup("the file is damaged or not a SQLite database".into()),
        1 if words.starts_with("no such") => StoreError::Setup("the schema is not what this version needs".into()),
        // Too big, a constraint, a value of another type.
        18..=20 if !OF_ANOTHER_ROW.contains(&code) => StoreError::Poison(text),
        _ => StoreError::Unlisted(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadlock_passes_and_a_refused_row_does_not() {
        assert!(from_postgres("40P01", "deadlock detected".into()).passing());
        assert!(from_postgres("57P01", "terminating connection".into()).passing());
        assert!(from_postgres("55000", "database \"x\" is not currently accepting connections".into()).passing());
        assert!(!from_postgres("22021", "invalid byte sequence for encoding \"UTF8\"".into()).passing());
        assert!(matches!(from_postgres("42501", "permission denied".into()), StoreError::Setup(_)));
    }

    #[test]
    fn extended_codes_of_sqlite_are_sorted_by_their_primary_code() {
        const SQLITE_BUSY_SNAPSHOT: i32 = 517;
        const SQLITE_CONSTRAINT_CHECK: i32 = 275;
        assert!(from_sqlite(SQLITE_BUSY_SNAPSHOT, "database is locked".into()).passing());
        assert!(from_sqlite(13, "database or disk is full".into()).passing());
        assert!(matches!(from_sqlite(SQLITE_CONSTRAINT_CHECK, String::new()), StoreError::Poison(_)));
    }

    #[test]
    fn only_proven_causes_are_poison_and_what_nobody_listed_comes_again() {
        let sorted = |code: &str| match from_postgres(code, String::new()) {
            StoreError::Poison(_) => "poison",
            StoreError::Setup(_) | StoreError::OtherVersion(_) => "setup",
            StoreError::Locked(_) => "locked",
            StoreError::Unlisted(_) => "unlisted",
            StoreError::Passing(_) | StoreError::Unreachable(_) => "passing",
        };
        let table = [
            ("poison", "22000 22003 22021 22P02 22P05 23502 23514 54000"),
            ("locked", "55P03 57014"),
            ("passing", "08006 25006 25P03 25P04 40001 40003 40P01 53100 53200 53300 55000 57P01 57P03 58030"),
            ("setup", "28P01 3D000 3F000 42501 42703 42P01 42P05"),
            (
                "unlisted",
                "0A000 23503 23505 23P01 25P02 26000 2F003 38000 39000 54001 58P01 F0000 P0001 XX000 XX001 XX002 ZZ999",
            ),
        ];
        for (wanted, codes) in table {
            codes.split(' ').for_each(|code| assert_eq!(sorted(code), wanted, "{code}"));
        }
    }

    #[test]
    fn of_sqlite_too_only_proven_causes_are_poison() {
        for code in [18, 20, 275, 1299, 1811] {
            assert!(matches!(from_sqlite(code, String::new()), StoreError::Poison(_)), "{code}");
        }
        // No memory, locking protocol, schema changed, interrupted, internal, misuse, keys of other rows, a logic
        // error.
        for code in [1, 2, 4, 7, 9, 12, 15, 17, 21, 787, 1555, 2067, 2579] {
            assert!(matches!(from_sqlite(code, String::new()), StoreError::Unlisted(_)), "{code}");
        }
    }

    #[test]
    fn a_server_that_is_not_there_is_no_exhausted_pool() {
        let error = from_open("db.example:5432/gangway", DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
        let said = error.to_string();
        assert!(matches!(error, StoreError::Unreachable(_)), "{said}");
        assert!(said.contains("db.example:5432") && said.contains("database.url") && !said.contains("pool"), "{said}");
    }

    #[test]
    fn an_exhausted_pool_is_named() {
        let error = from_db("work", DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
        assert!(error.passing() && error.to_string().contains("`work`"), "{error}");
    }
}
