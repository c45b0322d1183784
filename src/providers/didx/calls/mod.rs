//! The actions, one file each, a conversation from top to bottom. Source of paths and fields:
//! docs/providers/didx.md, "Actions".

pub mod create_user;
pub mod get_issuance;
pub mod issue_credential;
pub mod register_webhook;
pub mod revoke_credential;
pub mod send_offer;

use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use serde_json::Value;

use super::token::SERVICE;
use crate::providers::complaint::Refusal;
use crate::providers::didx::settings::DidxSettings;
use crate::providers::parts::joined;
use crate::providers::{HttpRequest, Stop};

/// Kind of the identifier that names an issuance at the provider.
pub const ISSUANCE_ID: &str = "didx.issuance_id";
/// Kind of the identifier that names an account at the provider.
pub const USERNAME: &str = "didx.username";

/// What the create reply puts before an issuance's id, and the webhook does not.
const PREFIX: &str = "iss_";

/// Only these fields of an answer are ever logged.
const LOGGABLE: &[&str] = &["data.status", "status", "error"];

/// What all actions need.
#[derive(Debug)]
pub struct Desk {
    pub(super) settings: DidxSettings,
}

/// One of the three APIs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Api {
    Onboarding,
    Credentials,
    Wallet,
}

impl Desk {
    /// A read.
    pub(super) fn get(&self, api: Api, path: &[&str]) -> HttpRequest {
        let prefix = match api {
            Api::Onboarding => &self.settings.paths.onboarding,
            Api::Credentials => &self.settings.paths.credentials,
            Api::Wallet => &self.settings.paths.wallet,
        };
        let path: Vec<&str> = prefix.split('/').filter(|part| !part.is_empty()).chain(path.iter().copied()).collect();
        HttpRequest {
            method: "GET",
            url: joined(&self.settings.common.base_url, &path),
            headers: vec![("accept", "application/json".to_owned())],
            token: Some(SERVICE),
            loggable: LOGGABLE,
            ..HttpRequest::default()
        }
    }

    /// A change, with this body where there is one.
    pub(super) fn post(&self, api: Api, path: &[&str], body: Option<&Value>) -> HttpRequest {
        let mut request = HttpRequest { method: "POST", effectful: true, ..self.get(api, path) };
        if let Some(body) = body {
            request.headers.push(("content-type", "application/json".to_owned()));
            request.body = Some(body.to_string().into_bytes());
        }
        request
    }
}

/// What follows from a refusal: `refused`, or why there is no answer.
pub(super) fn refusal(refusal: Refusal) -> Result<Answer, Stop> {
    match refusal {
        Refusal::Complaint(_, complaint) => Ok(complaint.refused()),
        Refusal::Stop(stop) => Err(stop),
    }
}

/// The id without its prefix: the part that the create reply and the webhook share.
pub(super) fn bare(id: &str) -> &str {
    id.strip_prefix(PREFIX).filter(|rest| !rest.is_empty()).unwrap_or(id)
}

/// The id in its other form.
pub(super) fn other_form(id: &str) -> String {
    match bare(id) {
        bare if bare == id => format!("{PREFIX}{id}"),
        bare => bare.to_owned(),
    }
}

/// Both forms of an issuance's id, so that either finds its owner; `id` as the provider gave it comes last, because a
/// confirming read uses the newest identifier.
pub(super) fn both_forms(id: &str) -> [Identifier; 2] {
    [Identifier::new(ISSUANCE_ID, other_form(id)), Identifier::new(ISSUANCE_ID, id)]
}
