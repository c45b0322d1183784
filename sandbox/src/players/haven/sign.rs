//! What stands in `X-DFNS-WEBHOOK-SIGNATURE`. A secret and a body enter; the header's value leaves.
//! Source: docs/providers/haven.md, webhooks: HMAC-SHA256 of the body as sent, the secret taken as text.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// `sha256=` and lower-case hexadecimal digits.
pub(crate) fn signature(secret: &str, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body.as_bytes());
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn the_worked_example_of_the_notes_comes_out() {
        let body = r#"{"id":"whe-1a2b3-4c5d6-exampleexample01","kind":"wallet.created","date":"2025-01-02T03:04:05.678Z","data":{"wallet":{"id":"wa-1a2b3-4c5d6-exampleexample01","network":"Ethereum","status":"Active"}},"timestampSent":1735787046,"deliveryAttempt":1}"#;
        let worked = "sha256=6e39c58359cc773754d37801e570c488465cea81fc321f34e2b3b84e25ba320b";
        assert_eq!(signature("whs-example-secret-0001", body), worked);
    }
}
