//! The providers that are built in: one row each. What needs all of them walks these rows, so that a new provider is a
//! folder and a row.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use gangway_core::catalogue::Catalogue;
use gangway_core::flow::model::Call;
use gangway_core::retry::Policy;

use super::generic::settings::GenericSettings;
use super::spoken::Spoken;
use super::webhook::WebhookSettings;
use super::{Adapter, didx, guardian, haven, original, waltid};
use crate::settings::providers::{Check, Form, Forms};
use crate::settings::{Faults, Input, Section, Settings};

/// The rows. The order is that of the shipped flows.
pub const BUILT_IN: &[Row] = &[original::ROW, didx::ROW, waltid::ROW, guardian::ROW, haven::ROW];

/// A flow file that is compiled in: its path, its text.
pub type ShippedFlow = (&'static str, &'static str);

/// A mail template that is compiled in: its name, its language, its subject, text and HTML.
pub type ShippedTemplate = (&'static str, &'static str, [&'static str; 3]);

/// Makes the adapter of a section that was checked.
pub type Build = fn(&Section, &Policy) -> Result<Arc<dyn Adapter>, Faults>;

/// One provider.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name: of its section, of its folder, the prefix of its actions and facts.
    pub name: &'static str,
    /// What its section takes: `settings.toml`.
    pub settings: &'static str,
    /// Tells all that is wrong with its section.
    pub check: Check,
    /// Kinds of identifiers that it writes.
    pub identifier_kinds: &'static [&'static str],
    /// Adds what it offers to what flows may name, also where it is not set up.
    pub describe: fn(&mut Catalogue, &Policy),
    /// How people speak of it: `phrases.rs`.
    pub phrases: &'static Spoken,
    /// Makes its adapter.
    pub build: Build,
    /// What a call needs and neither the flow nor the section gives.
    pub lacks: fn(&Section, &Call) -> Option<String>,
    /// The flow that shows it.
    pub flow: ShippedFlow,
    /// The mails of that flow.
    pub templates: &'static [ShippedTemplate],
}

impl Row {
    /// What its section takes, read.
    #[must_use]
    pub fn form(&self) -> Form {
        Form::of(self.settings, &format!("docs/providers/{}.md", self.name), self.check)
    }
}

#[cfg(test)]
impl Row {
    /// A section of this text, over the defaults.
    pub(crate) fn section<T: serde::de::DeserializeOwned>(&self, text: &str) -> Result<T, Faults> {
        self.form().read(text, "at", |_, _| Vec::new())
    }
}

/// For a provider with calls that need no more than their input.
#[must_use]
pub const fn nothing(_: &Section, _: &Call) -> Option<String> {
    None
}

/// The flow file of this name, below `flows/`.
macro_rules! shipped_flow {
    ($name:literal) => {
        (
            concat!("flows/", $name, ".yaml"),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/flows/", $name, ".yaml")),
        )
    };
}

/// The mail templates of these names and languages, below `templates/mail/`.
macro_rules! shipped_templates {
    (@part $name:literal $locale:literal $end:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/mail/", $name, "/", $locale, $end))
    };
    ($($name:literal: $($locale:literal),+;)*) => {
        &[$($(
            ($name, $locale, [
                shipped_templates!(@part $name $locale ".subject.txt"),
                shipped_templates!(@part $name $locale ".txt"),
                shipped_templates!(@part $name $locale ".html"),
            ]),
        )+)*]
    };
}

pub(crate) use {shipped_flow, shipped_templates};

/// The row of this name.
#[must_use]
pub fn row(name: &str) -> Option<&'static Row> {
    BUILT_IN.iter().find(|row| row.name == name)
}

/// What the providers' sections take.
static FORMS: LazyLock<Forms> = LazyLock::new(|| Forms {
    built_in: BUILT_IN.iter().map(|row| (row.name, row.form())).collect(),
    defined: Form::of(super::generic::SETTINGS, "docs/guides/your-own-provider.md", |section, faults| {
        drop(section.check(GenericSettings::faults, faults));
    }),
    webhook: |section, faults| drop(section.check(WebhookSettings::faults, faults)),
});

impl Settings {
    /// Settings of this machine: [`Input::gather`], then [`Settings::read`].
    ///
    /// # Errors
    /// Every problem there is.
    pub fn load(config: Option<&Path>) -> Result<Self, Faults> {
        Self::read(&Input::gather(config)?)
    }

    /// Lays what was set over the defaults and checks it whole, the providers' sections too.
    ///
    /// # Errors
    /// Every problem there is: unknown keys, wrong kinds, impossible values, values that do not go together.
    pub fn read(input: &Input) -> Result<Self, Faults> {
        Self::of(input, &FORMS)
    }
}

#[cfg(test)]
mod tests;
