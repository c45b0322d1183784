//! How DIDx is set up: what a partner is handed out by hand, and what the documentation leaves open.

use std::time::Duration;

/// How DIDx is set up. The defaults play the current pages of its documentation.
#[derive(Clone, Debug)]
pub struct DidxOptions {
    /// The partner's client id at the token endpoint.
    pub client_id: String,
    /// The partner's client secret at the token endpoint.
    pub client_secret: String,
    /// How long a token is good for; told as `expires_in` in whole seconds, and then really over.
    pub token_lifetime: Duration,
    /// Whether a created user is answered without the `data` wrapper, as older pages show it.
    pub older_user_shape: bool,
    /// Whether errors are `{error, message, details}`, as an older page shows them, instead of JSON:API.
    pub older_error_shape: bool,
    /// Whether an issuance is answered 201, as an older page says, instead of 200.
    pub older_issuance_status: bool,
    /// Where webhooks go besides the registered addresses. A URL without a path gets `/webhooks/didx`.
    pub webhook_url: Option<String>,
    /// From the offer that was sent to the user's acceptance in the wallet.
    pub accept_delay: Duration,
    /// How long the webhook of a user with the trap `-didxlate` comes after the event.
    pub late: Duration,
    /// The longest that the offer of a user with the trap `-didxearly` waits for the webhook to be taken.
    pub early: Duration,
}

impl Default for DidxOptions {
    fn default() -> Self {
        Self {
            client_id: "sandbox-partner".to_owned(),
            client_secret: "sandbox-didx-client-secret".to_owned(),
            token_lifetime: Duration::from_secs(300),
            older_user_shape: false,
            older_error_shape: false,
            older_issuance_status: false,
            webhook_url: None,
            accept_delay: Duration::from_millis(300),
            late: Duration::from_secs(3),
            early: Duration::from_secs(5),
        }
    }
}
