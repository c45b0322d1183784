//! The private key of the service account. A PEM enters once, signatures leave. Never here: the key in an error, a log
//! or a printout.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair};

use crate::clock;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// What stands between the first line and the last.
fn between(pem: &str) -> Result<Vec<u8>, &'static str> {
    let inner = pem.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END));
    let (text, _) = inner.ok_or("is not whole: its last line, `-----END PRIVATE KEY-----`, is missing")?;
    STANDARD.decode(digits(text)).map_err(|_| "is not whole: what stands between the lines is not base64")
}

fn digits(text: &str) -> String {
    text.split_whitespace().collect()
}

/// A key that signs: Ed25519 over the bytes, or ECDSA P-256 over their SHA-256, in ASN.1.
pub enum ServiceKey {
    /// Ed25519.
    Ed25519(Ed25519KeyPair),
    /// ECDSA with P-256.
    P256(Box<EcdsaKeyPair>),
}

impl std::fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServiceKey")
    }
}

impl ServiceKey {
    /// Reads a key in PKCS #8. Line breaks may be written as `\n` or as blanks, as environments without real ones do;
    /// the whole may be in base64 once more, as Kubernetes keeps it, and its first and last line may be missing.
    ///
    /// # Errors
    /// What is wrong with it, without the key.
    pub fn read(pem: &str) -> Result<Self, &'static str> {
        let pem = pem.replace("\\r", "").replace("\\n", "\n");
        let bytes = if pem.contains(BEGIN) {
            between(&pem)?
        } else {
            const OTHER: &str = "is not a private key in PKCS #8 (`-----BEGIN PRIVATE KEY-----`)";
            let inner = STANDARD.decode(digits(&pem)).map_err(|_| OTHER)?;
            match String::from_utf8(inner) {
                Ok(pem) if pem.contains(BEGIN) => between(&pem)?,
                Ok(_) => return Err(OTHER),
                Err(bytes) => bytes.into_bytes(),
            }
        };
        if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&bytes) {
            return Ok(Self::Ed25519(key));
        }
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &bytes, &clock::nonces())
            .map(|key| Self::P256(Box::new(key)))
            .map_err(|_| "is neither an Ed25519 key nor an ECDSA key of P-256")
    }

    /// The signature over these bytes; none when the machine gives no nonce.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Ed25519(key) => Some(key.sign(message).as_ref().to_vec()),
            Self::P256(key) => key.sign(&clock::nonces(), message).ok().map(|signature| signature.as_ref().to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ServiceKey;
    use crate::providers::haven::settings::SAMPLE_KEY;
    use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, KeyPair as _, UnparsedPublicKey};

    /// Made for this test with OpenSSL (`genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`).
    const P256: &str = "-----BEGIN PRIVATE KEY-----\n\
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTvv4mKzFcOT1OF+e\n\
        K4jyBdZb8dnIutFos53IqKHelPehRANCAASOWAcOSoxRIUCHeXbcj9jU+K8EARH7\n\
        Vl/qA/9CR3BC4cNhdYShNbeRlruxegb2h+QY3CxtplXJXPOSVk8NaX4K\n\
        -----END PRIVATE KEY-----";

    #[test]
    fn both_kinds_of_keys_sign_what_their_public_half_verifies() {
        let signed = |pem: &str| {
            let key = ServiceKey::read(pem).unwrap();
            let signature = key.sign(b"client data").unwrap();
            match &key {
                ServiceKey::Ed25519(pair) => {
                    UnparsedPublicKey::new(&ED25519, pair.public_key()).verify(b"client data", &signature)
                }
                ServiceKey::P256(pair) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key())
                    .verify(b"client data", &signature),
            }
        };
        assert!(signed(SAMPLE_KEY).is_ok() && signed(P256).is_ok());
        let inner = P256.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\n");
        for pem in [
            P256.replace('\n', "\\n"),
            P256.replace('\n', "\\r\\n"),
            P256.replace('\n', " "),
            P256.replace('\n', "\r\n    "),
            base64::Engine::encode(&super::STANDARD, P256),
            inner,
        ] {
            assert!(signed(&pem).is_ok(), "{pem}");
        }
    }

    #[test]
    fn what_is_no_key_is_told_without_showing_it() {
        let rows = [
            ("", "PKCS #8"),
            ("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----", "PKCS #8"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA", "last line"),
            ("-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----", "base64"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "neither"),
        ];
        for (pem, says) in rows {
            assert!(ServiceKey::read(pem).unwrap_err().contains(says), "{pem}");
        }
    }
}
