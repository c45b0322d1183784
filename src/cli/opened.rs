//! Settings and database for commands that work on them directly, alongside running processes.

use std::sync::Arc;

use super::Config;
use crate::clock::SystemChance;
use crate::settings::{LogSettings, Settings};
use crate::store::{Keyring, Store, StoreOptions, key_file};
use crate::terminal::Failure;
use crate::{settings, telemetry};

/// The settings; warnings go to stderr.
pub(crate) fn settings(config: &Config) -> Result<Settings, Failure> {
    let settings = Settings::load(config.config.as_deref())?;
    let quiet = LogSettings { level: "warn".to_owned(), ..settings.log.clone() };
    telemetry::logs(&quiet, std::env::var("GANGWAY_LOG").ok().as_deref());
    Ok(settings)
}

/// The database of these settings, opened with few connections: a command takes none from the processes that serve.
pub(crate) async fn store(settings: &Settings) -> Result<Store, Failure> {
    let master = key_file::master_key(&settings.keys, settings.database.sqlite(), &SystemChance)?;
    let keys = Keyring::new(&master).map_err(|what| settings::Fault::new("keys.master_key", what, ""))?;
    let mut options = StoreOptions::from(&settings.database);
    (options.intake, options.work, options.screens) = (1, 1, 1);
    Ok(Store::open(&options, keys, Arc::new(SystemChance)).await?)
}
