//! What a registration begins with: the challenge that the person's device signs, and the one-time token. Both forms of
//! the start answer alike. The token is a secret; the rest goes to the person's own front end.

use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use gangway_core::secret::Secrets;
use serde_json::{Map, Value, json};

use super::{Desk, USER_ID, USERNAME};
use crate::providers::parts::{object, text};
use crate::providers::{Reply, Stop};

/// Name of the secret that completes the registration.
pub const TEMPORARY_TOKEN: &str = "temporary_token";
/// Fields that `started` always writes.
pub const WRITES: [&str; 9] = [
    "user_id",
    "username",
    "challenge",
    "supported_credential_kinds",
    "authenticator_selection",
    "attestation",
    "pub_key_cred_params",
    "exclude_credentials",
    "expires_at",
];
/// Fields that it sometimes writes.
pub const MAY_WRITE: [&str; 5] = ["rp", "rp_id", "rp_name", "otp_url", "link"];

/// The outcome `started`.
///
/// # Errors
/// [`Stop::Unclear`] when the answer has not what a registration begins with.
pub fn started(desk: &Desk, username: &str, body: &Value, reply: &Reply) -> Result<Answer, Stop> {
    let user_id = body.get("user").and_then(|user| text(user, "id"));
    let (Some(user_id), Some(token), Some(challenge)) =
        (user_id, text(body, "temporaryAuthenticationToken"), text(body, "challenge"))
    else {
        let cause = "a registration without `user.id`, `challenge` or `temporaryAuthenticationToken`";
        return Err(Stop::unclear(cause));
    };
    let mut answer = Answer::named("started");
    answer.identifiers = vec![Identifier::new(USER_ID, &*user_id), Identifier::new(USERNAME, username)];
    answer.secrets = Secrets::of(TEMPORARY_TOKEN, token);
    let expires_at = reply.sent_at.plus(desk.settings.registration_expires).to_string();
    answer.fields = object(json!({
        "user_id": user_id,
        "username": username,
        "challenge": challenge,
        "attestation": text(body, "attestation").unwrap_or_else(|| "none".to_owned()),
        "expires_at": expires_at,
    }));
    let whole = |name: &str, otherwise: Value| match body.get(name) {
        Some(value) if value.is_object() || value.is_array() => value.clone(),
        _ => otherwise,
    };
    let (map, list) = (|| Value::Object(Map::new()), || Value::Array(Vec::new()));
    let device = [
        ("supported_credential_kinds", whole("supportedCredentialKinds", map())),
        ("authenticator_selection", whole("authenticatorSelection", map())),
        ("pub_key_cred_params", whole("pubKeyCredParams", whole("pubKeyCredParam", list()))),
        ("exclude_credentials", whole("excludeCredentials", list())),
    ];
    answer.fields.extend(device.map(|(name, value)| (name.to_owned(), value)));
    // The relying party is the device's own origin where the provider names none: absent, never empty.
    let rp = body.get("rp").filter(|rp| text(rp, "id").or_else(|| text(rp, "name")).is_some());
    answer.fields.extend(rp.map(|rp| ("rp".to_owned(), rp.clone())));
    let of_rp = |name: &str| rp.and_then(|rp| text(rp, name));
    let sometimes = [
        ("rp_id", of_rp("id")),
        ("rp_name", of_rp("name")),
        ("otp_url", text(body, "otpUrl")),
        ("link", desk.settings.sign_up_url.clone()),
    ];
    let given = sometimes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?))));
    answer.fields.extend(given);
    Ok(answer)
}
