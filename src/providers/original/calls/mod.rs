//! The actions, one file each, a conversation from top to bottom. Source of paths and fields:
//! docs/providers/original.md, "Actions".

pub mod create_asset;
pub mod create_user;
pub mod get_asset;
pub mod get_user;
pub mod user;

use gangway_core::time::{Millis, Timestamp};
use serde_json::Value;

use super::token::Tokens;
use crate::providers::original::settings::OriginalSettings;
use crate::providers::parts::joined;
pub(super) use crate::providers::parts::{given, id, object, text};
use crate::providers::{Call, HttpRequest};

/// Kind of the identifier that names a user at the provider.
pub const USER_UID: &str = "original.user_uid";
/// Kind of the identifier that names an asset at the provider.
pub const ASSET_UID: &str = "original.asset_uid";

/// Only these fields of an answer are ever logged.
const LOGGABLE: &[&str] = &["success", "error.type"];

/// What all actions need.
#[derive(Debug)]
pub struct Desk {
    pub(super) settings: OriginalSettings,
    pub(super) tokens: Tokens,
}

impl Desk {
    /// A read of a path, or of one thing by its id.
    pub(super) fn get(&self, now: Timestamp, path: &[&str], query: &[(&str, &str)]) -> HttpRequest {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        HttpRequest { query, ..self.request(now, "GET", path) }
    }

    /// A change, with these bytes of JSON.
    pub(super) fn post(&self, now: Timestamp, path: &[&str], body: &Value) -> HttpRequest {
        let mut request = self.request(now, "POST", path);
        request.headers.push(("content-type", "application/json".to_owned()));
        HttpRequest { body: Some(body.to_string().into_bytes()), effectful: true, ..request }
    }

    fn request(&self, now: Timestamp, method: &'static str, path: &[&str]) -> HttpRequest {
        let key = self.settings.api_key.clone();
        HttpRequest {
            method,
            url: joined(&self.settings.common.base_url, path),
            query: Vec::new(),
            headers: vec![("accept", "application/json".to_owned())],
            secret_headers: vec![("x-api-key", key), ("authorization", self.tokens.bearer(now))],
            token: None,
            named_headers: Vec::new(),
            body: None,
            rated: None,
            effectful: false,
            loggable: LOGGABLE,
        }
    }

    /// Whether something made at this time may be the work of an uncertain attempt of ours.
    pub(super) fn may_be_ours(&self, call: &Call<'_>, created_at: Option<Timestamp>) -> bool {
        let Millis(tolerance) = self.settings.clock_tolerance;
        match (call.uncertain_since, created_at) {
            (Some(since), Some(created)) => created.plus(Millis(tolerance)) >= since,
            _ => false,
        }
    }
}

/// `uid` of the answer's data: a string of digits; a number, and a list of one, are taken too.
pub(super) fn uid(data: &Value) -> Option<String> {
    match data.as_array().map(Vec::as_slice) {
        Some([one]) => text(one, "uid"),
        Some(_) => None,
        None => text(data, "uid"),
    }
}

/// When it was made, by the provider's clock.
pub(super) fn created_at(data: &Value) -> Option<Timestamp> {
    data.get("created_at").and_then(Value::as_str).and_then(Timestamp::parse)
}
