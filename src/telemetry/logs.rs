//! Log lines: text for people or JSON for collectors, to stderr.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::settings::LogSettings;

/// Libraries that say too much, or would say SQL with what is in it. The broker client calls every look at a queue that
/// is not there yet an error; what really is one, gangway says itself.
const QUIET: [&str; 6] =
    ["actix_server=warn", "sqlx=error", "sea_orm=error", "sea_orm_migration=warn", "lapin=off", "hyper=warn"];

/// Installs the log for the whole process. `GANGWAY_LOG` (passed in as `filter`) wins over the setting; SQL statements
/// are never logged. A second call does nothing.
pub fn logs(settings: &LogSettings, filter: Option<&str>) {
    let said = filter.filter(|filter| !filter.is_empty());
    let (filter, bad) = parse(said.unwrap_or(&settings.level), &settings.level);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let done = if settings.json() {
        builder.json().flatten_event(true).with_current_span(false).try_init()
    } else {
        builder.with_ansi(std::io::stderr().is_terminal()).try_init()
    };
    if done.is_ok() && bad {
        tracing::warn!("GANGWAY_LOG is not a filter; the setting log.level is used");
    }
}

/// The filter, and whether the text was not one.
fn parse(text: &str, otherwise: &str) -> (EnvFilter, bool) {
    let quiet = |text: &str| {
        // Later directives win, and what was asked for by name stays asked for.
        QUIET.into_iter().chain([text]).collect::<Vec<_>>().join(",")
    };
    match EnvFilter::try_new(quiet(text)) {
        Ok(filter) => (filter, false),
        Err(_) => (EnvFilter::new(quiet(otherwise)), true),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn statements_stay_unlogged_until_they_are_asked_for_by_name() {
        assert!(parse("debug", "info").0.to_string().contains("sqlx=error"));
        assert!(parse("debug,sqlx=debug", "info").0.to_string().contains("sqlx=debug"));
        assert!(parse("gangway=no-such-level", "info").1);
    }
}
