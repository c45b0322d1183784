//! User action signing: every change by the service account is announced, its challenge signed, and only then sent. The
//! body is serialised once, and the same bytes are announced and sent. Only the change itself can have done something.
//! Source: docs/providers/haven.md, "Signing".

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::calls::{Desk, with_body};
use crate::providers::haven::error::Refusal;
use crate::providers::parts::text;
use crate::providers::{Far, Reply, Stop};

impl Desk {
    /// Sends a change: `POST` or `PUT`, and the path below the base address. `effectful`: it may have done something
    /// when its answer is lost.
    pub(super) async fn change(
        &self,
        far: &dyn Far,
        (method, path): (&'static str, &str),
        body: &Value,
        effectful: bool,
    ) -> Result<Reply, Stop> {
        let body = body.to_string();
        let announced = json!({
            "userActionPayload": body,
            "userActionHttpMethod": method,
            "userActionHttpPath": path,
            "userActionServerKind": "Api",
        });
        let reply = far.send(with_body(self.request("POST", "/auth/action/init"), announced.to_string())).await?;
        let asserted = self.assertion(&self.data(&reply).map_err(Refusal::of_signing)?)?;
        let reply = far.send(with_body(self.request("POST", "/auth/action"), asserted.to_string())).await?;
        let action = text(&self.data(&reply).map_err(Refusal::of_signing)?, "userAction");
        let action = action.ok_or_else(|| Stop::unclear("a signed action without `userAction`"))?;
        let mut request = with_body(self.request(method, path), body);
        request.secret_headers.push(("x-dfns-useraction", SecretString::from(action)));
        request.effectful = effectful;
        far.send(request).await
    }

    /// The challenge, signed.
    fn assertion(&self, said: &Value) -> Result<Value, Stop> {
        let (Some(challenge), Some(identifier)) = (text(said, "challenge"), text(said, "challengeIdentifier")) else {
            return Err(Stop::unclear("a challenge without `challenge` and `challengeIdentifier`"));
        };
        let client_data = json!({
            "type": "key.get", "challenge": challenge, "origin": self.settings.origin, "crossOrigin": false,
        })
        .to_string();
        let Some(signature) = self.key.as_ref().and_then(|key| key.sign(client_data.as_bytes())) else {
            return Err(Stop::broken("the challenge cannot be signed; check providers.haven.service_key"));
        };
        Ok(json!({
            "challengeIdentifier": identifier,
            "firstFactor": {
                "kind": "Key",
                "credentialAssertion": {
                    "credId": self.settings.credential_id,
                    "clientData": URL_SAFE_NO_PAD.encode(&client_data),
                    "signature": URL_SAFE_NO_PAD.encode(signature),
                },
            },
        }))
    }
}
