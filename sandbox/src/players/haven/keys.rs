//! The service account's public key. A PEM enters once; whether a signature is the key's leaves.
//! Which kinds there are and how each signs: docs/providers/haven.md; `dfns/dfns-sdk-go`, `signer/key.go` (Ed25519 over
//! the bytes; ECDSA in ASN.1, and RSA by PKCS #1 v1.5, over their SHA-256).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

/// What stands before the key itself in the binary form, which is fixed for each kind (RFC 8410; RFC 5480).
const ED25519_HEAD: &str = "302a300506032b6570032100";
const P256_HEAD: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
/// Of 2048 bits with the usual exponent (RFC 8017).
const RSA_HEAD: &str = "30820122300d06092a864886f70d01010105000382010f00";

/// A public key.
pub(crate) enum Key {
    Ed25519(Vec<u8>),
    P256(Vec<u8>),
    Rsa(Vec<u8>),
}

impl Key {
    /// None for anything but a public key of the three kinds.
    pub(crate) fn read(pem: &str) -> Option<Self> {
        let text = pem.trim().strip_prefix("-----BEGIN PUBLIC KEY-----")?.strip_suffix("-----END PUBLIC KEY-----")?;
        let text: String = text.split_whitespace().collect();
        let bytes = STANDARD.decode(text).ok()?;
        let after = |head: &str, length: usize| {
            let key = bytes.strip_prefix(hex::decode(head).ok()?.as_slice())?;
            (key.len() == length).then(|| key.to_vec())
        };
        after(ED25519_HEAD, 32)
            .map(Self::Ed25519)
            .or_else(|| after(P256_HEAD, 65).map(Self::P256))
            .or_else(|| after(RSA_HEAD, 270).map(Self::Rsa))
    }

    /// Whether the key's owner signed this.
    pub(crate) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok(),
            Self::P256(key) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(message, signature).is_ok(),
            Self::Rsa(key) => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(message, signature).is_ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::super::HavenOptions;
    use super::*;

    const MESSAGE: &[u8] =
        br#"{"type":"key.get","challenge":"c2FuZGJveA","origin":"https://gangway.example","crossOrigin":false}"#;

    /// Made with OpenSSL under the private halves of the options, not with the library that verifies here.
    const SIGNATURES: [(&str, &str); 2] = [
        (
            HavenOptions::PUBLIC_KEY,
            "-DRq1lJaHsFw2Bcg_NBtEf3Rq2pmOtmdIT_gp86rhUjxgWHgIGtL7hBKoyqDa8SNYKptoLoIMFgoqRTN_0yPAA",
        ),
        (
            HavenOptions::P256_PUBLIC_KEY,
            "MEQCIE92b3JEJkBB5SuNXeiOeiG0Oe1IhRnswDFajf4wVx8pAiAKS3byzMeqgbTYhMxhFFQllXdfG6RV9Xn6QcAg1U7npA",
        ),
    ];

    #[test]
    fn signatures_made_elsewhere_are_the_keys_and_of_this_message_only() {
        for (pem, signature) in SIGNATURES {
            let (key, signature) = (Key::read(pem).unwrap(), URL_SAFE_NO_PAD.decode(signature).unwrap());
            assert!(key.signed(MESSAGE, &signature), "{pem}");
            assert!(!key.signed(b"{}", &signature), "{pem}");
            assert!(!key.signed(MESSAGE, &signature[1..]), "{pem}");
        }
    }

    #[test]
    fn a_private_key_or_another_text_is_no_public_key() {
        for pem in [HavenOptions::PRIVATE_KEY, "", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] {
            assert!(Key::read(pem).is_none(), "{pem}");
        }
    }
}
