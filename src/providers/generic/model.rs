//! A definition that was read and checked. Only [`super::load`] makes one.

use std::collections::BTreeMap;

use gangway_core::catalogue::{FactSpec, Field};
use gangway_core::flow::expr::{Expr, Mapping};
use gangway_core::phrases::{ActionPhrases, FactPhrases, OutcomePhrases};
use gangway_core::time::Millis;
use serde::Deserialize;

use crate::providers::Rate;
use crate::providers::common::RetryOverlay;
use crate::providers::webhook::{Encoding, KeyForm, Verify, WebhookSettings};

/// The action of `gangway webhooks register`.
pub(super) const REGISTER: &str = "register_webhook";
/// Its outcome.
pub(super) const REGISTERED: &str = "registered";
/// The secret that the outcome hands over.
pub(super) const WEBHOOK_SECRET: &str = "webhook_secret";

/// A provider.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its name, the prefix of its actions and facts.
    pub name: String,
    /// For people.
    pub title: String,
    /// What its section in the settings may hold.
    pub settings: Vec<Setting>,
    /// What goes along with every request.
    pub auth: Auth,
    /// What differs from the general way to retry.
    pub retry: RetryOverlay,
    /// How many requests it takes.
    pub rate: Option<Rate>,
    /// Its actions.
    pub actions: Vec<(String, Action)>,
    /// Its facts, by their full names.
    pub facts: Vec<(String, FactSpec)>,
    /// How its deliveries are read.
    pub hooks: Option<Hooks>,
    /// How they are verified, unless the settings say otherwise; without secrets.
    pub verify: Option<WebhookSettings>,
    /// Kinds of identifiers that it writes.
    pub kinds: Vec<String>,
    /// How people speak of its facts, by their full names.
    pub spoken: BTreeMap<String, FactPhrases>,
}

impl Definition {
    /// Whether `gangway webhooks register` can tell this provider our address, and gets a secret for it.
    #[must_use]
    pub fn registers(&self) -> bool {
        let register = self.actions.iter().find(|(name, _)| name == REGISTER);
        let rules = register.into_iter().flat_map(|(_, action)| &action.exchange.rules);
        rules
            .into_iter()
            .any(|rule| rule.outcome == REGISTERED && rule.secrets.iter().any(|(name, _)| name == WEBHOOK_SECRET))
    }

    /// How deliveries are verified: as the settings say, or, where they give secrets only, as the definition does.
    #[must_use]
    pub fn verified(&self, given: &WebhookSettings) -> WebhookSettings {
        match &self.verify {
            _ if given.verify != Verify::Defined => given.clone(),
            Some(rule) => {
                WebhookSettings { secrets: given.secrets.clone(), registered: given.registered, ..rule.clone() }
            }
            None => WebhookSettings { verify: Verify::SecretPath, ..given.clone() },
        }
    }
}

/// A setting that a definition names.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Whether it stands below `secrets`: no expression can read it.
    pub secret: bool,
    /// What it is when the settings do not say.
    pub default: Option<String>,
    /// Whether the settings must say.
    pub required: bool,
}

/// What goes along with every request; the texts are names of settings.
#[derive(Clone, Debug)]
pub enum Auth {
    /// Nothing.
    None,
    /// `Authorization: Bearer`.
    Bearer(String),
    /// `Authorization: Basic`.
    Basic {
        /// Setting with the user.
        user: String,
        /// Setting with the password.
        password: String,
    },
    /// A header.
    Header {
        /// Its name, in lower case.
        name: String,
        /// Setting with its value.
        value: String,
    },
    /// A signature of each request under a key that both sides know.
    Signed(Signing),
    /// A token got with OAuth2 client credentials.
    OAuth2 {
        /// Address, or path below the base URL.
        url: String,
        /// Setting with the client's id.
        client_id: String,
        /// Setting with the client's secret.
        client_secret: String,
        /// What else the request for a token says.
        fields: Vec<(String, TokenField)>,
        /// Whether id and secret go along as `Authorization: Basic` instead of in the body.
        basic: bool,
        /// Whether the body is JSON instead of a form.
        json: bool,
        /// A token is renewed this long before it expires.
        margin: Millis,
    },
}

/// How a request is signed with HMAC.
#[derive(Clone, Debug)]
pub struct Signing {
    /// Setting with the key.
    pub key: String,
    /// How the setting becomes the key's bytes.
    pub form: KeyForm,
    /// What is signed: a text.
    pub sign: Expr,
    /// The hash function.
    pub hash: Hash,
    /// Header with the signature, in lower case.
    pub header: String,
    /// What stands before the signature in it.
    pub prefix: String,
    /// How the signature is written.
    pub encoding: Encoding,
    /// Further headers, such as one with the time of signing.
    pub headers: Option<Mapping>,
}

/// A hash function of HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// What a field of a request for a token holds.
#[derive(Clone, Debug)]
pub enum TokenField {
    /// This text.
    Text(String),
    /// The setting of this name.
    Setting(String),
}

/// An action.
#[derive(Clone, Debug)]
pub struct Action {
    /// What it does, in one sentence.
    pub about: String,
    /// Its input.
    pub input: Vec<Field>,
    /// Whether it changes anything.
    pub effectful: bool,
    /// How many of its requests the provider takes.
    pub rate: Option<Rate>,
    /// What is sent, and what the answers mean.
    pub exchange: Exchange,
    /// Whether an answer says that the provider will answer this idempotency key so for ever: nothing was done, and the
    /// next key is taken.
    pub burnt: Option<Expr>,
    /// How to find out whether it was done.
    pub look_up: Option<Exchange>,
    /// How people speak of it.
    pub spoken: ActionPhrases,
}

/// A request and the meanings of its answers.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What is sent.
    pub request: RequestSpec,
    /// In the order of the file; the first with a true guard is taken.
    pub rules: Vec<Rule>,
    /// How a look-up goes on when one answer does not hold all.
    pub pages: Option<Pages>,
}

/// How a look-up reads a list page by page.
#[derive(Clone, Debug)]
pub struct Pages {
    /// True, or what leads to the next page, as long as there is one.
    pub next: Expr,
    /// Most pages that one look-up reads.
    pub most: u32,
}

/// A request.
#[derive(Clone, Debug)]
pub struct RequestSpec {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// Its path below the base URL, segment by segment.
    pub path: Vec<Vec<Piece>>,
    /// A map of parameters.
    pub query: Option<Mapping>,
    /// A map of headers.
    pub headers: Option<Mapping>,
    /// Its body.
    pub body: Option<Mapping>,
    /// Whether the body is written as a form instead of JSON.
    pub form: bool,
    /// Whether the provider's auth goes along.
    pub auth: bool,
}

impl RequestSpec {
    /// Whether an expression of it reads the effect's idempotency key.
    #[must_use]
    pub fn sends_key(&self) -> bool {
        let mappings = [&self.query, &self.headers, &self.body].into_iter().flatten();
        mappings.flat_map(Mapping::expressions).flat_map(Expr::reads).any(|read| read.path == ["effect", "key"])
    }
}

/// A piece of a path's segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These characters.
    Text(String),
    /// A value: root and name.
    Value(String, String),
}

/// What an answer means.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The outcome, or `not_done` of a look-up.
    pub outcome: String,
    /// Whether it holds.
    pub when: Expr,
    /// The look-up tells the rest.
    pub look_up: bool,
    /// Fields; those with `true` may be absent.
    pub fields: Vec<(String, bool, Mapping)>,
    /// Secrets that are handed over.
    pub secrets: Vec<(String, Mapping)>,
    /// Identifiers: kind and value.
    pub identifiers: Vec<(String, Mapping)>,
    /// Facts.
    pub facts: Vec<FactRule>,
    /// How people speak of it.
    pub spoken: OutcomePhrases,
}

/// A fact in an answer or a delivery.
#[derive(Clone, Debug)]
pub struct FactRule {
    /// Its full name.
    pub name: String,
    /// The list of which each `item` is a resource of its own; absent: there is one.
    pub each: Option<Mapping>,
    /// Whether it is told; absent: always.
    pub when: Option<Expr>,
    /// Which resource it is about.
    pub resource: Mapping,
    /// Its fields; those that are absent are left out.
    pub fields: Vec<(String, Mapping)>,
}

/// How deliveries are read.
#[derive(Clone, Debug)]
pub struct Hooks {
    /// The event's type.
    pub kind: Mapping,
    /// The key that stays the same over redeliveries.
    pub key: Option<Mapping>,
    /// When it happened.
    pub time: Option<Mapping>,
    /// JSON pointers to what a redelivery changes.
    pub varies: Vec<String>,
    /// Identifiers: kind and value.
    pub identifiers: Vec<(String, Mapping)>,
    /// What it says is true.
    pub facts: Vec<FactRule>,
}
