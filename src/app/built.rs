//! What a start makes from its settings, once: adapters, mail templates, and the catalogue of what flows may name.
//! Everything that needs one of them gets it from here, so that no two parts can disagree about a file that changed
//! meanwhile.

use std::sync::Arc;

use gangway_core::catalogue::Catalogue;
use gangway_core::phrases::Phrases;

use super::adapters::{self, Adapters};
use crate::outbound::mail::templates::Templates;
use crate::providers::registry;
use crate::settings::Settings;
use crate::terminal::{Exit, Failure};

/// Adapters, templates and catalogues of these settings.
#[derive(Debug)]
pub struct Built {
    /// The providers that are set up.
    pub(super) adapters: Adapters,
    /// The mail templates, shipped and yours.
    pub(super) templates: Arc<Templates>,
    /// What flows may name: what the providers offer that are set up, and the templates.
    pub(super) catalogue: Catalogue,
    /// The catalogue with the offers of providers that are not set up, too: for reading flows without their keys.
    pub whole: Catalogue,
}

impl Built {
    /// Builds everything.
    ///
    /// # Errors
    /// All that is wrong with the providers, or with the mail templates.
    pub fn of(settings: &Settings) -> Result<Self, Failure> {
        let adapters = adapters::build(settings)?;
        let templates = Arc::new(templates(settings)?);
        let general = settings.outbound.retry.policy();
        let mut phrases = Phrases::default();
        registry::BUILT_IN.iter().for_each(|row| row.phrases.add(row.name, &mut phrases));
        let base = Catalogue {
            phrases,
            templates: templates.specs(),
            mail: settings.mail.policy(&general),
            publish: general.clone(),
            limits: settings.engine.limits(),
            ..Catalogue::default()
        };
        let mut whole = base.clone();
        registry::BUILT_IN.iter().for_each(|row| (row.describe)(&mut whole, &general));
        let with = |mut catalogue: Catalogue| {
            adapters.by_name.values().for_each(|adapter| adapter.describe(&mut catalogue));
            catalogue
        };
        let (catalogue, whole) = (with(base), with(whole));
        Ok(Self { adapters, templates, catalogue, whole })
    }

    /// Kinds of identifiers that the providers' adapters write: what the search tries beside a user's own.
    #[must_use]
    pub fn identifier_kinds(&self) -> Vec<String> {
        let known = registry::BUILT_IN.iter().flat_map(|row| row.identifier_kinds).map(|kind| (*kind).to_owned());
        known.chain(self.adapters.by_name.values().flat_map(|adapter| adapter.identifier_kinds())).collect()
    }
}

fn templates(settings: &Settings) -> Result<Templates, Failure> {
    Templates::load(settings.mail.templates.as_deref(), &settings.mail.default_locale)
        .map_err(|faults| Failure::new(Exit::Usage, format!("mail templates:\n  {}", faults.join("\n  "))))
}
