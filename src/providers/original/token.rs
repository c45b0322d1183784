//! The token that the client makes for itself: HS256 over fixed claims with the app's secret.
//! Source: docs/providers/original.md, "Token". Time enters as a value; nothing is cached, a token costs microseconds.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gangway_core::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use crate::providers::original::settings::{OriginalSettings, TokenSettings};

/// What is needed to make tokens; the HMAC key is prepared once.
pub struct Tokens {
    mac: Hmac<Sha256>,
    key: SecretString,
    settings: TokenSettings,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    /// Prepares the key.
    #[must_use]
    pub fn new(settings: &OriginalSettings) -> Self {
        let secret = settings.api_secret.expose_secret().as_bytes();
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length, RFC 2104")]
        let mac = Hmac::new_from_slice(secret).expect("HMAC takes every key");
        Self { mac, key: settings.api_key.clone(), settings: settings.token.clone() }
    }

    /// The `Authorization` header for a request at this time; the same every time unless a lifetime is set.
    #[must_use]
    pub fn bearer(&self, now: Timestamp) -> SecretString {
        let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        let claims = URL_SAFE_NO_PAD.encode(Value::Object(self.claims(now)).to_string());
        let signed = format!("{header}.{claims}");
        let mut mac = self.mac.clone();
        mac.update(signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        SecretString::from(format!("Bearer {signed}.{signature}"))
    }

    fn claims(&self, now: Timestamp) -> Map<String, Value> {
        let mut claims = Map::new();
        for name in ["resource", "action", "user_id"] {
            claims.insert(name.to_owned(), json!("*"));
        }
        if self.settings.api_key_claim {
            claims.insert("api_key".to_owned(), json!(self.key.expose_secret()));
        }
        if let Some(lifetime) = self.settings.lifetime {
            claims.insert("exp".to_owned(), json!(now.plus(lifetime).0.div_euclid(1000)));
        }
        claims.extend(self.settings.claims.clone());
        claims
    }
}

#[cfg(test)]
mod tests {
    use super::Tokens;
    use crate::providers::original::settings::OriginalSettings;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use gangway_core::time::Timestamp;
    use hmac::{Hmac, KeyInit, Mac};
    use secrecy::ExposeSecret;
    use serde_json::{Value, json};
    use sha2::Sha256;

    /// Made by applying the rule by hand, independently of this code: docs/providers/original.md, "Token".
    const WORKED: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
                          eyJyZXNvdXJjZSI6IioiLCJhY3Rpb24iOiIqIiwidXNlcl9pZCI6IioiLCJhcGlfa2V5IjoidGVzdEFwaUtleSJ9.\
                          8ZEspqzfkYzqS7E6uFqGe9qX0fRMbF8q7FzeoWrb2-k";

    fn settings(more: &str) -> OriginalSettings {
        let least = "base_url = \"https://x\"\napi_key = \"testApiKey\"\napi_secret = \"testSecret\"\n";
        crate::providers::original::ROW.section(&format!("{least}{more}")).unwrap()
    }

    fn claims(token: &str) -> Value {
        let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn a_token_carries_the_claims_of_the_worked_example_and_a_mac_that_fits() {
        let bearer = Tokens::new(&settings("")).bearer(Timestamp(0));
        let token = bearer.expose_secret().strip_prefix("Bearer ").unwrap();
        assert_eq!(claims(token), claims(WORKED));
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(b"testSecret").unwrap();
        mac.update(signed.as_bytes());
        mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        assert_eq!(token, WORKED, "field order is ours, so the text fits too");
    }

    #[test]
    fn a_lifetime_adds_exp_in_seconds_and_further_claims_are_added() {
        let settings = settings("[token]\napi_key_claim = false\nlifetime = \"1h\"\nclaims = { app = \"gangway\" }");
        let bearer = Tokens::new(&settings).bearer(Timestamp(1_700_000_000_999));
        let expected = json!({"resource":"*","action":"*","user_id":"*","exp":1_700_003_600,"app":"gangway"});
        assert_eq!(claims(bearer.expose_secret()), expected);
    }
}
