//! Gathers what was set (file, environment), lays it over the defaults, checks it whole, and types it.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Value;

use super::merge::Merged;
use super::providers::Forms;
use super::section::Section;
use super::shape::Shape;
use super::{
    AmqpSettings, DatabaseSettings, EngineSettings, Fault, Faults, FlowSettings, IntakeSettings, KeySettings,
    LogSettings, MailSettings, OutboundSettings, Providers, ServerSettings, Settings, across, environment, file,
    pasted, show, text,
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
    pub fn gather(config: Option<&Path>) -> Result<Self, Faults> {
        let mut input = Self::default();
        let mut faults = Vec::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with("GANGWAY_")) else { continue };
            match value.into_string() {
                Ok(value) => input.environment.push((name.to_owned(), value)),
                Err(_) => faults.push(Fault::new(name, "is not UTF-8", "set it again")),
            }
        }
        let variable = input.environment.iter().find(|(name, value)| name == "GANGWAY_CONFIG" && !value.is_empty());
        let named =
            config.map(Path::to_path_buf).or_else(|| variable.map(|(_, value)| PathBuf::from(pasted::bare(value))));
        let path = named.clone().unwrap_or_else(|| PathBuf::from("gangway.toml"));
        if named.is_some() || path.exists() {
            match text::read(&path) {
                Ok(text) => input.file = Some((path.display().to_string(), text)),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(input) } else { Err(Faults(faults)) }
    }
}

impl Settings {
    /// Lays what was set over the defaults and checks it whole; `forms` say what the providers' sections take.
    ///
    /// # Errors
    /// Every problem there is: unknown keys, wrong kinds, impossible values, values that do not go together.
    pub fn of(input: &Input, forms: &Forms) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let mut merged = Merged::new(defaults(), forms);
        if let Some((name, text)) = &input.file {
            let parsed = file::parse(name, text, &mut faults);
            merged.lay(name, parsed, &mut faults);
        }
        environment::lay(&mut merged, &input.environment, &mut faults);
        let settings = assemble(&merged, &mut faults);
        for fault in faults.iter_mut().filter(|fault| fault.place.is_empty()) {
            fault.place = merged.place(&fault.key);
        }
        // What was read of a broken line is a guess; that it is broken says enough.
        let broken: Vec<String> = faults.iter().map(|fault| fault.key.clone()).collect();
        faults.retain(|fault| !broken.contains(&fault.place));
        match settings {
            Some(settings) if faults.is_empty() => Ok(settings),
            _ => Err(Faults(faults)),
        }
    }
}

fn defaults() -> Shape {
    Shape::of(DEFAULTS, "docs/reference/settings.md")
}

/// A section as it is by default.
pub(super) fn usual<T: DeserializeOwned>(section: &str) -> T {
    defaults().section(section).usual()
}

/// A section of this text alone, over the defaults.
#[cfg(test)]
pub(super) fn read<T: DeserializeOwned>(at: &str, text: &str) -> Result<T, Faults> {
    let (set, shape) = (text.parse().unwrap(), defaults().section(at));
    Section { at: at.to_owned(), set, shape, whole: true, empty_is_none: true }.read(|_, _| Vec::new())
}

/// Types the sections and asks each, and all together, what is wrong.
fn assemble(merged: &Merged<'_>, faults: &mut Vec<Fault>) -> Option<Settings> {
    let server = section(merged, "server", ServerSettings::faults, faults);
    let database = section(merged, "database", DatabaseSettings::faults, faults);
    let engine = section(merged, "engine", EngineSettings::faults, faults);
    let keys = section(merged, "keys", KeySettings::faults, faults);
    let flows = section(merged, "flows", FlowSettings::faults, faults);
    let log = section(merged, "log", LogSettings::faults, faults);
    let intake = section(merged, "intake", IntakeSettings::faults, faults);
    let amqp = section(merged, "amqp", AmqpSettings::faults, faults);
    let outbound = section(merged, "outbound", OutboundSettings::faults, faults);
    let mail = section(merged, "mail", MailSettings::faults, faults);
    let providers = Providers::of(merged, faults);
    across::add(&merged.table, faults);
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
    merged: &Merged<'_>,
    at: &str,
    check: impl FnOnce(&T, &str) -> Vec<Fault>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let set = merged.table.get(at).and_then(Value::as_table).cloned().unwrap_or_default();
    let shape = merged.defaults.section(at);
    Section { at: at.to_owned(), set, shape, whole: merged.whole, empty_is_none: true }.check(check, faults)
}
