//! The actions, one file each, a conversation from top to bottom. Source of paths and fields:
//! docs/providers/waltid.md, "Actions".

pub mod accounts;
pub mod assign_role;
pub mod find_account;
pub mod init_wallet_service;
pub mod register;
pub mod step;

use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use serde_json::{Value, json};

use super::error::{Complaint, Refusal, Tells, answer};
use super::token::ADMIN;
use crate::providers::parts::{joined, object, text};
use crate::providers::waltid::settings::{Host, WaltidSettings};
use crate::providers::{HttpRequest, Reply};

/// Kind of the identifier that names an account at the provider.
pub const ACCOUNT_ID: &str = "waltid.account_id";

/// Only these fields of an answer are ever logged.
const LOGGABLE: &[&str] = &["type", "status", "code"];

/// What all actions need.
#[derive(Debug)]
pub struct Desk {
    pub(super) settings: WaltidSettings,
}

impl Desk {
    /// An address on the global host.
    pub(super) fn base(&self, path: &str) -> String {
        let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        joined(&self.settings.common.base_url, &path)
    }

    /// A host.
    pub(super) fn host(&self, host: Host) -> &str {
        match host {
            Host::Base => &self.settings.common.base_url,
            Host::Org => self.settings.org_url.as_deref().unwrap_or(&self.settings.common.base_url),
        }
    }

    /// Headers of a request with a JSON body.
    pub(super) fn json_headers(&self) -> Vec<(&'static str, String)> {
        vec![("accept", "*/*".to_owned()), ("content-type", "application/json".to_owned())]
    }

    /// A read on the global host.
    pub(super) fn get(&self, path: &str, query: Vec<(String, String)>) -> HttpRequest {
        HttpRequest {
            method: "GET",
            url: self.base(path),
            query,
            headers: vec![("accept", "application/json".to_owned())],
            token: Some(ADMIN),
            loggable: LOGGABLE,
            ..HttpRequest::default()
        }
    }

    /// A change, with this body or none.
    pub(super) fn post(&self, url: String, body: Option<&Value>) -> HttpRequest {
        let headers = match body {
            Some(_) => self.json_headers(),
            None => vec![("accept", "*/*".to_owned())],
        };
        HttpRequest {
            method: "POST",
            url,
            headers,
            token: Some(ADMIN),
            body: body.map(|body| body.to_string().into_bytes()),
            effectful: true,
            loggable: LOGGABLE,
            ..HttpRequest::default()
        }
    }

    /// What an answer to a registration means.
    pub(super) fn registered(&self, reply: &Reply) -> Result<Value, Refusal> {
        let duplicate = &self.settings.duplicate;
        answer(reply, Tells { statuses: &duplicate.statuses, texts: &duplicate.texts })
    }
}

/// What an answer to a read or a login means.
fn read(reply: &Reply) -> Result<Value, Refusal> {
    answer(reply, Tells::default())
}

/// The outcome `refused`, with what the provider says for those who may read it.
fn refused(complaint: &Complaint) -> Answer {
    let mut answer = Answer::named("refused");
    let Complaint { status, code, reason } = complaint;
    answer.fields = object(json!({"status": status, "code": code, "reason": reason}));
    answer
}

/// `_id` of an account; some installations say `id`.
fn account_id(account: &Value) -> Option<String> {
    text(account, "_id").or_else(|| text(account, "id"))
}

/// What is kept of an account besides its id, where the provider says it: nothing that names a person.
pub const KEPT: [&str; 3] = ["type", "flags", "roles"];

/// An outcome about an account.
fn named(outcome: &str, id: &str, account: &Value) -> Answer {
    let mut answer = Answer::named(outcome);
    answer.identifiers.push(Identifier::new(ACCOUNT_ID, id));
    answer.fields = object(json!({"account_id": id}));
    let kept = KEPT.iter().filter_map(|name| Some(((*name).to_owned(), account.get(*name)?.clone())));
    answer.fields.extend(kept.filter(|(_, value)| !value.is_null()));
    answer
}
