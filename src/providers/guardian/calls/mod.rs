//! The actions, one file each, a conversation from top to bottom. Source of paths and fields:
//! docs/providers/guardian.md, "Actions".

pub mod get_task;
pub mod login;
pub mod login_user;
pub mod onboard;
pub mod read_account;

use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use gangway_core::secret::PasswordRule;
use parking_lot::Mutex;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::providers::HttpRequest;
use crate::providers::guardian::settings::GuardianSettings;
use crate::providers::parts::{joined, object};

/// Kind of the identifier that names an account at the provider.
pub const USERNAME: &str = "guardian.username";
/// Kind of the identifier that names an onboarding task at the provider.
pub const TASK_ID: &str = "guardian.task_id";
/// Kind of the identifier that is a person's DID.
pub const DID: &str = "guardian.did";
/// Kind of the identifier that names an account on the ledger.
pub const HEDERA_ACCOUNT_ID: &str = "guardian.hedera_account_id";

/// Only these fields of an answer are ever logged.
const LOGGABLE: &[&str] = &["statusCode", "completed", "failed", "expectation", "action"];

/// What all actions need.
#[derive(Debug)]
pub struct Desk {
    pub(super) settings: GuardianSettings,
    pub(super) rule: PasswordRule,
    /// The registry's refresh token: Guardian knows one for each user, and every login makes another.
    pub(super) refresh: Mutex<Option<SecretString>>,
}

impl Desk {
    /// A read without a token.
    pub(super) fn get(&self, path: &[&str]) -> HttpRequest {
        HttpRequest {
            method: "GET",
            url: joined(&self.settings.common.base_url, path),
            headers: vec![("accept", "application/json".to_owned())],
            loggable: LOGGABLE,
            ..HttpRequest::default()
        }
    }

    /// A change without a token.
    pub(super) fn post(&self, path: &[&str], body: &Value) -> HttpRequest {
        let mut request = HttpRequest { method: "POST", effectful: true, ..self.get(path) };
        request.headers.push(("content-type", "application/json".to_owned()));
        HttpRequest { body: Some(body.to_string().into_bytes()), ..request }
    }
}

/// The outcome of this name, with the account's DID where it has one.
pub(super) fn with_did(outcome: &str, did: Option<&str>) -> Answer {
    let mut answer = Answer::named(outcome);
    if let Some(did) = did {
        answer.fields = object(json!({"did": did}));
        answer.identifiers.push(Identifier::new(DID, did));
    }
    answer
}
