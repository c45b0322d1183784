//! Database errors, sorted by what the caller may do. Never a row's value and never a password in a text: of the
//! database's own words only those before the first colon are kept, values come after it.

use sea_orm::sqlx::error::{DatabaseError, Error as SqlxError};
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};

use super::types::StoreError;

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
        _ => StoreError::Poison("the statement failed inside the client".into()),
    }
}

/// As [`from_db`], for statements that go to the driver directly.
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
        _ => StoreError::Poison("the statement failed inside the client".into()),
    }
}

/// Sorts an error of connecting: unreachable, or answering but not fitting. `place` names the database without secrets.
pub(super) fn from_open(place: &str, error: DbErr) -> StoreError {
    const FIRST: &str = "first connection";
    match from_db(FIRST, error) {
        // The driver tries again until the time is over, and does not say what it met. No pool is exhausted: it is empty.
        StoreError::Passing(text) if text == exhausted(FIRST) => StoreError::Unreachable(format!(
            "nothing answers at {place}; does it run there, and is database.url right?"
        )),
        StoreError::Passing(text) | StoreError::Unreachable(text) => {
            StoreError::Unreachable(format!("{place}: {text}"))
        }
        StoreError::Poison(text) | StoreError::Setup(text) | StoreError::OtherVersion(text) => {
            StoreError::Setup(format!("{place}: {text}"))
        }
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

fn from_postgres(code: &str, words: String) -> StoreError {
    let text = format!("{words} (SQLSTATE {code})");
    match code {
        "40001" | "40P01" => StoreError::Passing("two transactions were in each other's way".into()),
        "53100" => StoreError::Passing("the database's disk is full".into()),
        "53300" => StoreError::Passing("the database has no free connection slots".into()),
        "25006" => StoreError::Passing("the database is read-only now".into()),
        // 55000 while connecting: the database takes no connections for now, during a restore or a change-over.
        "55000" | "55P03" | "57014" | "25P03" | "58030" => StoreError::Passing(text),
        // Shutting down, starting up, dropped: 57P01 and the like; connection exceptions; other lack of resources.
        code if code.starts_with("57P") || code.starts_with("08") || code.starts_with("53") => {
            StoreError::Passing(text)
        }
        // Syntax or access rule, authorisation, unknown database or schema.
        code if ["42", "28", "3D", "3F"].iter().any(|class| code.starts_with(class)) => StoreError::Setup(text),
        _ => StoreError::Poison(text),
    }
}

fn from_sqlite(code: i32, words: String) -> StoreError {
    const PRIMARY: i32 = 0xff;
    match code & PRIMARY {
        5 | 6 => StoreError::Passing("the database file is locked by another process".into()),
        8 => StoreError::Passing("the database file is read-only now".into()),
        10 => StoreError::Passing("the disk failed while reading or writing the database file".into()),
        13 => StoreError::Passing("the disk is full".into()),
        14 => StoreError::Passing("the database file cannot be opened".into()),
        11 | 26 => StoreError::Setup("the file is damaged or not a SQLite database".into()),
        1 if words.starts_with("no such") => StoreError::Setup("the schema is not what this version needs".into()),
        _ => StoreError::Poison(format!("{words} (SQLite code {code})")),
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
        const SQLITE_CONSTRAINT_UNIQUE: i32 = 2067;
        assert!(from_sqlite(SQLITE_BUSY_SNAPSHOT, "database is locked".into()).passing());
        assert!(from_sqlite(13, "database or disk is full".into()).passing());
        assert!(matches!(from_sqlite(SQLITE_CONSTRAINT_UNIQUE, String::new()), StoreError::Poison(_)));
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
