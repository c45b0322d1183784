//! The actions, one file each, a conversation from top to bottom. Source of paths and fields:
//! docs/providers/haven.md, "Actions".

pub mod activate_wallet;
pub mod challenge;
pub mod complete_enduser;
pub mod create_user;
pub mod get_wallet;
pub mod list_wallets;
pub mod login;
pub mod recover;
pub mod start_registration;
pub mod start_with_code;
pub mod users;
pub mod wallet;
pub mod webhooks;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::error::{Refusal, data};
use crate::providers::haven::key::ServiceKey;
use crate::providers::haven::settings::HavenSettings;
use crate::providers::parts::joined;
use crate::providers::{HttpRequest, Reply};

/// Kind of the identifier that names a user at the provider.
pub const USER_ID: &str = "haven.user_id";
/// Kind of the identifier that is a user's name at the provider: the e-mail address.
pub const USERNAME: &str = "haven.username";
/// Kind of the identifier that names a wallet at the provider.
pub const WALLET_ID: &str = "haven.wallet_id";

/// Only these fields of an answer are ever logged.
const LOGGABLE: &[&str] = &["status", "nextPageToken"];

/// What all actions need.
#[derive(Debug)]
pub struct Desk {
    pub(super) settings: HavenSettings,
    /// None when the key cannot be read; the settings' own check says so at start.
    pub(super) key: Option<ServiceKey>,
}

impl Desk {
    pub(super) fn new(settings: HavenSettings) -> Self {
        Self { key: ServiceKey::read(settings.service_key.expose_secret()).ok(), settings }
    }

    /// A request of the service account.
    pub(super) fn request(&self, method: &'static str, path: &str) -> HttpRequest {
        let token = self.settings.service_token.clone();
        self.request_of(Some(&token), method, path)
    }

    /// A request with this token.
    pub(super) fn request_of(&self, token: Option<&SecretString>, method: &'static str, path: &str) -> HttpRequest {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let bearer = |token: &SecretString| SecretString::from(format!("Bearer {}", token.expose_secret()));
        let app_id = self.settings.app_id.iter().map(|id| ("x-dfns-appid", id.clone()));
        HttpRequest {
            method,
            url: joined(&self.settings.common.base_url, &segments),
            headers: std::iter::once(("accept", "application/json".to_owned())).chain(app_id).collect(),
            secret_headers: token.map(|token| ("authorization", bearer(token))).into_iter().collect(),
            loggable: LOGGABLE,
            ..HttpRequest::default()
        }
    }

    /// The data of an answer, or why there is none.
    pub(super) fn data(&self, reply: &Reply) -> Result<Value, Refusal> {
        data(reply, &self.settings.exists)
    }
}

/// This request with these bytes of JSON as its body.
pub(super) fn with_body(mut request: HttpRequest, body: String) -> HttpRequest {
    request.headers.push(("content-type", "application/json".to_owned()));
    HttpRequest { body: Some(body.into_bytes()), ..request }
}
