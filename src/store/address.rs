//! The address of the database: text enters; how to connect leaves, or what is wrong in it and what to do. Nothing of
//! user name and password is ever in a text that leaves.

use std::path::Path;
use std::str::FromStr;

use sea_orm::sqlx::postgres::PgConnectOptions;

use super::types::StoreError;
use crate::settings::address::{ESCAPES, unescaped};

/// What may stand behind the `?` of a PostgreSQL address; the driver passes over anything else without a word.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Reads the address of a PostgreSQL.
pub(super) fn postgres(text: &str) -> Result<PgConnectOptions, StoreError> {
    let wrong = |what: String| StoreError::Setup(format!("database.url {what}"));
    if let Some(what) = unescaped(text) {
        return Err(wrong(format!("{what}; {ESCAPES}")));
    }
    let url = url::Url::parse(text).map_err(|error| {
        wrong(format!("cannot be read ({error}); write postgres://USER:PASSWORD@HOST:PORT/NAME, and {ESCAPES}"))
    })?;
    for (name, _) in url.query_pairs() {
        if !PARAMETERS.contains(&&*name) && !name.starts_with("options[") {
            // An unknown name may be a piece of a password.
            let shown = if name.len() <= 20 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                format!("`{name}`")
            } else {
                "that is not known".to_owned()
            };
            let hint =
                "a schema is chosen by options[search_path]=NAME, TLS by sslmode=verify-full and sslrootcert=FILE";
            return Err(wrong(format!("has a parameter {shown}, which would be ignored; {hint}")));
        }
    }
    PgConnectOptions::from_str(text).map_err(|error| match error {
        sea_orm::sqlx::Error::Configuration(cause) => {
            let hint = "sslmode is disable, allow, prefer, require, verify-ca or verify-full";
            wrong(format!("has a parameter that cannot be used: {cause}; {hint}"))
        }
        _ => wrong("cannot be read".into()),
    })
}

/// Host, port and database of an address, for errors.
pub(super) fn place(text: &str) -> String {
    let Ok(url) = url::Url::parse(text) else { return "the database".into() };
    if unescaped(text).is_some() {
        return "the database".into();
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}{}", url.host_str().unwrap_or("local socket"), url.path())
}

/// Checks that a SQLite file is there, or that its address says to make it.
pub(super) fn sqlite_file(text: &str, path: &Path) -> Result<(), StoreError> {
    let made = text.split_once('?').is_some_and(|(_, query)| query.split('&').any(|pair| pair == "mode=rwc"));
    if made || path.exists() {
        return Ok(());
    }
    let path = path.display();
    Err(StoreError::Setup(format!("there is no file {path}; to have it made, write sqlite://{path}?mode=rwc")))
}

#[cfg(test)]
mod tests {
    use super::{place, postgres};

    #[test]
    fn an_address_is_shown_without_user_and_password() {
        let shown = place("postgres://someone:secret@db.example:5433/gangway?sslpassword=secret");
        assert_eq!(shown, "db.example:5433/gangway");
    }

    #[test]
    fn whatever_is_wrong_in_an_address_nothing_of_its_password_is_told_and_the_remedy_is() {
        let rows = [
            ("postgres://gangway:12/34sec@db/gangway", "%2F"),
            ("postgres://gangway:se@34/sec@db/gangway", "%40"),
            ("postgres://gangway:se@34?sec@db/gangway", "%3F"),
            ("postgres://gangway:34sec/x@db/gangway", "%2F"),
            ("postgres://gangway:34#sec@db/gangway", "%23"),
            ("postgres://gangway:34sec?x=y@db/gangway", "%3F"),
            ("postgres://gangway:34sec@db:port/gangway", "PASSWORD@HOST:PORT"),
            ("postgres://gangway:34sec@db/gangway?schema=crm", "options[search_path]"),
            ("postgres://gangway:34sec@db/gangway?34sec&x=1", "be ignored"),
            ("postgres://gangway:34sec@db/gangway?sslmode=always", "sslmode"),
        ];
        for (address, remedy) in rows {
            let error = postgres(address).unwrap_err().to_string();
            assert!(error.contains(remedy), "{address}: {error}");
            for text in [error, place(address)] {
                assert!(!text.contains("34") && !text.contains("sec"), "{address}: {text}");
            }
        }
    }

    #[test]
    fn addresses_that_are_in_use_are_taken() {
        for address in [
            "postgres://gangway@localhost/gangway",
            "postgres://g%40x:p%2Fw@db:5433/gangway?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            "postgres:///gangway?host=/run/postgresql&user=a@b",
            "postgresql://db/gangway?options[search_path]=crm&application_name=x",
        ] {
            assert!(postgres(address).is_ok(), "{address}: {:?}", postgres(address));
        }
    }
}
