//! What stands in `x-webhook-signature`. A body and the setting enter; a header's value leaves.
//! How Original signs is not published (docs/providers/original.md, 5.7), so nothing here claims to be its rule.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::WebhookSigning;
use crate::mischief::dice::Dice;

/// The value for a body. A forged one is made with another secret; the unverifiable shape is just another text.
pub(crate) fn signature(signing: &WebhookSigning, dice: Dice, body: &str, forged: bool) -> String {
    match signing {
        WebhookSigning::None => {
            let digits = hex::encode(dice.bytes(&["signature", body, if forged { "forged" } else { "genuine" }]));
            let part = |from, to| digits.get(from..to).unwrap_or_default();
            format!("key-{},signature-{}-{}", part(0, 4), part(4, 10), part(10, 18))
        }
        WebhookSigning::Hmac { secret, prefix } => {
            let secret = if forged { format!("not {secret}") } else { secret.clone() };
            format!("{prefix}{}", mac(secret.as_bytes(), body.as_bytes()))
        }
    }
}

/// HMAC-SHA256 in lower-case hexadecimal digits.
fn mac(secret: &[u8], body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mac_agrees_with_the_vector_that_github_publishes() {
        let signing = WebhookSigning::Hmac { secret: "It's a Secret to Everybody".into(), prefix: "sha256=".into() };
        let published = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(signature(&signing, Dice::new(1), "Hello, World!", false), published);
        assert_ne!(signature(&signing, Dice::new(1), "Hello, World!", true), published);
    }

    #[test]
    fn without_a_secret_the_value_has_the_documented_shape() {
        let value = signature(&WebhookSigning::None, Dice::new(1), "{}", false);
        let lengths: Vec<_> = value.split(['-', ',']).map(str::len).collect();
        assert!(value.starts_with("key-") && value.contains(",signature-"), "{value}");
        assert_eq!(lengths, [3, 4, 9, 6, 8]);
    }
}
