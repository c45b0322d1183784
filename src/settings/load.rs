//! Gathers what was set (file, environment), lays it over the defaults, checks it whole, and types it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::merge::{Merged, Source};
use super::{
    AmqpSettings, DatabaseSettings, EngineSettings, FlowSettings, IntakeSettings, KeySettings, LogSettings,
    MailSettings, OutboundSettings, Problem, Problems, Providers, ServerSettings, Settings, across, environment, show,
};

/// The commented defaults, compiled in.
pub const DEFAULTS: &str = include_str!("../../gangway.default.toml");

/// What was set, as text.
#[derive(Clone, Default)]
pub struct Input {
    /// Name and text of the file.
    pub file: Option<(String, String)>,
    /// Variables; those that do not begin with `GANGWAY_` are ignored.
    pub environment: Vec<(String, String)>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("file", &self.file.as_ref().map(|(name, _)| name)).finish_non_exhaustive()
    }
}

impl Input {
    /// Reads the process's environment and the file: `config`, else `GANGWAY_CONFIG`, else `./gangway.toml` where
    /// there is one.
    ///
    /// # Errors
    /// When a named file cannot be read, or a variable is not UTF-8.
    pub fn gather(config: Option<&Path>) -> Result<Self, Problems> {
        let mut input = Self::default();
        let mut problems = Vec::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with("GANGWAY_")) else { continue };
            match value.into_string() {
                Ok(value) => input.environment.push((name.to_owned(), value)),
                Err(_) => problems.push(Problem::new(name, "is not UTF-8", "set it again")),
            }
        }
        let variable = input.environment.iter().find(|(name, value)| name == "GANGWAY_CONFIG" && !value.is_empty());
        let named = config.map(Path::to_path_buf).or_else(|| variable.map(|(_, value)| PathBuf::from(value)));
        let path = named.clone().unwrap_or_else(|| PathBuf::from("gangway.toml"));
        match std::fs::read_to_string(&path) {
            Ok(text) => input.file = Some((path.display().to_string(), text)),
            Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                let hint = "name another with --config FILE or GANGWAY_CONFIG";
                problems.push(Problem::new(path.display().to_string(), format!("cannot be read: {error}"), hint));
            }
        }
        if problems.is_empty() { Ok(input) } else { Err(Problems(problems)) }
    }
}

impl Settings {
    /// Settings of this machine: [`Input::gather`], then [`Settings::read`].
    ///
    /// # Errors
    /// Every problem there is.
    pub fn load(config: Option<&Path>) -> Result<Self, Problems> {
        Self::read(&Input::gather(config)?)
    }

    /// Lays what was set over the defaults and checks it whole.
    ///
    /// # Errors
    /// Every problem there is: unknown keys, wrong kinds, impossible values, values that do not go together.
    pub fn read(input: &Input) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut merged = Merged::new(parse("gangway.default.toml", DEFAULTS, &mut problems));
        if let Some((name, text)) = &input.file {
            let table = parse(name, text, &mut problems);
            merged.lay(table, &Source::File(name.clone()), &mut problems);
        }
        environment::lay(&mut merged, &input.environment, &mut problems);
        let settings = assemble(&merged, &mut problems);
        match settings {
            Some(settings) if problems.is_empty() => Ok(settings),
            _ => Err(Problems(problems)),
        }
    }
}

/// Types the sections and asks each, and all together, what is wrong.
fn assemble(merged: &Merged, problems: &mut Vec<Problem>) -> Option<Settings> {
    let table = &merged.table;
    let server = section(table, "server", ServerSettings::problems, problems);
    let database = section(table, "database", DatabaseSettings::problems, problems);
    let engine = section(table, "engine", EngineSettings::problems, problems);
    let keys = section(table, "keys", KeySettings::problems, problems);
    let flows = section(table, "flows", FlowSettings::problems, problems);
    let log = section(table, "log", LogSettings::problems, problems);
    let intake = section(table, "intake", IntakeSettings::problems, problems);
    let amqp = section(table, "amqp", AmqpSettings::problems, problems);
    let outbound = section(table, "outbound", OutboundSettings::problems, problems);
    let usual = OutboundSettings::default();
    let beside = outbound.as_ref().unwrap_or(&usual);
    let mail = section(table, "mail", |mail: &MailSettings, at| mail.problems(at, beside), problems);
    let providers = Providers::of(table, problems);
    across::add(table, problems);
    Some(Settings {
        server: server?,
        database: database?,
        engine: engine?,
        keys: keys?,
        flows: flows?,
        log: log?,
        intake: intake?,
        amqp: amqp?,
        outbound: outbound?,
        mail: mail?,
        providers,
        shown: show::all(merged),
    })
}

/// One section, typed and checked.
fn section<T: DeserializeOwned>(
    table: &Table,
    name: &str,
    check: impl FnOnce(&T, &str) -> Vec<Problem>,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let section = table.get(name).and_then(Value::as_table).cloned().unwrap_or_default();
    checked(without_empty(section), name, check, problems)
}

/// A table, typed and checked; `at` is its key.
pub(super) fn checked<T: DeserializeOwned>(
    table: Table,
    at: &str,
    check: impl FnOnce(&T, &str) -> Vec<Problem>,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    match table.try_into::<T>() {
        Ok(section) => {
            problems.extend(check(&section, at));
            Some(section)
        }
        Err(error) => {
            let hint = match at.split('.').nth(1) {
                Some(provider) => format!("docs/providers/{provider}.md lists what it takes"),
                None => "docs/reference/settings.md lists every setting".to_owned(),
            };
            problems.push(Problem::new(at, without_value(error.message()), hint));
            None
        }
    }
}

/// An empty text is how a file or a variable says "none": such a key counts as left out.
pub(super) fn without_empty(mut table: Table) -> Table {
    table.retain(|_, value| value.as_str() != Some(""));
    table
}

/// A message of the reader without the value that it complains of, which may be a secret.
fn without_value(message: &str) -> String {
    match message.split_once(", expected") {
        Some((head, tail)) if head.starts_with("invalid ") => {
            let kind = head.split(['`', '"']).next().unwrap_or(head).trim_end();
            format!("{kind}, expected{tail}")
        }
        _ => message.to_owned(),
    }
}

/// Parses a file. A problem names the line and never shows it: it may hold a secret.
fn parse(name: &str, text: &str, problems: &mut Vec<Problem>) -> Table {
    text.parse::<Table>().unwrap_or_else(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
        let key = format!("{name}:{}", before.matches('\n').count() + 1);
        problems.push(Problem::new(key, format!("is not TOML: {}", error.message()), "https://toml.io/en/v1.0.0"));
        Table::new()
    })
}
