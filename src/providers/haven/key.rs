//! The private key of the service account. A PEM enters once, signatures leave. Never here: the key in an error, a log
//! or a printout.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};

use crate::clock;

/// The forms of a PEM that are read.
const FORMS: [(&str, Form); 3] =
    [("PRIVATE KEY", Form::Pkcs8), ("EC PRIVATE KEY", Form::Sec1), ("RSA PRIVATE KEY", Form::Pkcs1)];

/// `ecPublicKey` of the curve P-256, as PKCS #8 names the algorithm of a key (RFC 5480): what SEC1 lacks.
const P256: [u8; 21] = [
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
    0x01, 0x07,
];

#[derive(Clone, Copy)]
enum Form {
    Pkcs8,
    Sec1,
    Pkcs1,
}

/// A key that signs: Ed25519 over the bytes, ECDSA P-256 over their SHA-256 in ASN.1, or RSA (PKCS #1 v1.5) over their
/// SHA-256.
pub enum ServiceKey {
    /// Ed25519.
    Ed25519(Ed25519KeyPair),
    /// ECDSA with P-256.
    P256(Box<EcdsaKeyPair>),
    /// RSA of 2048 bits or more.
    Rsa(Box<RsaKeyPair>),
}

impl std::fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServiceKey")
    }
}

impl ServiceKey {
    /// Reads a key in PKCS #8, SEC1 or PKCS #1. Line breaks may be written as `\n` or as blanks, as environments without
    /// real ones do; the whole may be in base64 once more, as Kubernetes keeps it, and the first and last line of PKCS #8
    /// may be missing.
    ///
    /// # Errors
    /// What is wrong with it, without the key.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        let text = text.replace("\\r", "").replace("\\n", "\n");
        if text.contains("ENCRYPTED") {
            return Err("is sealed with a password, which gangway does not have");
        }
        if let Some(found) = pem(&text) {
            return found.and_then(|(bytes, form)| Self::of(&bytes, form));
        }
        let inner = STANDARD.decode(digits(&text)).map_err(|_| NO_PEM)?;
        match String::from_utf8(inner) {
            Ok(text) => pem(&text).unwrap_or(Err(NO_PEM)).and_then(|(bytes, form)| Self::of(&bytes, form)),
            Err(bytes) => Self::of(bytes.as_bytes(), Form::Pkcs8),
        }
    }

    fn of(bytes: &[u8], form: Form) -> Result<Self, &'static str> {
        match form {
            Form::Pkcs8 => Self::of_pkcs8(bytes),
            Form::Sec1 => Self::of_sec1(bytes),
            Form::Pkcs1 => RsaKeyPair::from_der(bytes).map(Self::rsa).map_err(|_| NO_RSA),
        }
    }

    fn of_pkcs8(bytes: &[u8]) -> Result<Self, &'static str> {
        if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes) {
            return Ok(Self::Ed25519(key));
        }
        if let Some(key) = p256(bytes) {
            return Ok(key);
        }
        let neither = "is neither an Ed25519 key, an ECDSA key of P-256, nor an RSA key of 2048 to 4096 bits";
        RsaKeyPair::from_pkcs8(bytes).map(Self::rsa).map_err(|_| neither)
    }

    fn of_sec1(bytes: &[u8]) -> Result<Self, &'static str> {
        let version = tagged(0x02, &[0]);
        let wrapped = tagged(0x30, &[version.as_slice(), &P256, &tagged(0x04, bytes)].concat());
        p256(&wrapped).ok_or("is no ECDSA key of P-256 with its public half in it (`openssl ec -in KEY` adds it)")
    }

    fn rsa(key: RsaKeyPair) -> Self {
        Self::Rsa(Box::new(key))
    }

    /// The signature over these bytes; none when the machine gives no nonce.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Ed25519(key) => Some(key.sign(message).as_ref().to_vec()),
            Self::P256(key) => key.sign(&clock::nonces(), message).ok().map(|signature| signature.as_ref().to_vec()),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_key().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &clock::nonces(), message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }
}

const NO_RSA: &str = "is no RSA key of 2048 to 4096 bits";
const NO_PEM: &str = "is not a private key in PEM (`-----BEGIN PRIVATE KEY-----`)";

/// What stands between the first line and the last, and in which form; `None` where there is no first line.
fn pem(text: &str) -> Option<Result<(Vec<u8>, Form), &'static str>> {
    let (name, form, rest) = FORMS.iter().find_map(|(name, form)| {
        let (_, rest) = text.split_once(&format!("-----BEGIN {name}-----"))?;
        Some((name, *form, rest))
    })?;
    let Some((inner, _)) = rest.split_once(&format!("-----END {name}-----")) else {
        return Some(Err("is not whole: its last line, `-----END PRIVATE KEY-----` or the like, is missing"));
    };
    let bytes = STANDARD.decode(digits(inner));
    Some(bytes.map(|bytes| (bytes, form)).map_err(|_| "is not whole: what stands between the lines is not base64"))
}

fn digits(text: &str) -> String {
    text.split_whitespace().collect()
}

fn p256(pkcs8: &[u8]) -> Option<ServiceKey> {
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, &clock::nonces()).ok()?;
    Some(ServiceKey::P256(Box::new(key)))
}

/// DER: a tag, the length in its shortest form, and the content.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
    let mut der = vec![tag];
    match (length.as_slice(), u8::try_from(length.len())) {
        ([], _) => der.push(0),
        ([short], _) if *short < 0x80 => der.push(*short),
        (_, Ok(count)) => der.extend(std::iter::once(0x80 | count).chain(length)),
        (_, Err(_)) => {}
    }
    der.extend(content);
    der
}

#[cfg(test)]
mod tests {
    use super::ServiceKey;
    use crate::providers::haven::settings::SAMPLE_KEY;
    use ring::signature::{
        ECDSA_P256_SHA256_ASN1, ED25519, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    };

    /// Made for this test with OpenSSL: `genrsa -traditional 2048`, the same as PKCS #8, and `ecparam -name prime256v1
    /// -genkey`, which writes SEC1 with the curve before it.
    const RSA: &str = include_str!("fixtures/rsa_pkcs1.pem");
    const RSA_PKCS8: &str = include_str!("fixtures/rsa_pkcs8.pem");
    const SEC1: &str = include_str!("fixtures/ec_sec1.pem");
    const OTHER_CURVE: &str = include_str!("fixtures/ec_secp256k1.pem");

    /// Made for this test with OpenSSL (`genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`).
    const P256: &str = "-----BEGIN PRIVATE KEY-----\n\
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTvv4mKzFcOT1OF+e\n\
        K4jyBdZb8dnIutFos53IqKHelPehRANCAASOWAcOSoxRIUCHeXbcj9jU+K8EARH7\n\
        Vl/qA/9CR3BC4cNhdYShNbeRlruxegb2h+QY3CxtplXJXPOSVk8NaX4K\n\
        -----END PRIVATE KEY-----";

    #[test]
    fn every_kind_of_key_signs_what_its_public_half_verifies() {
        let signed = |pem: &str| {
            let key = ServiceKey::read(pem).unwrap();
            let signature = key.sign(b"client data").unwrap();
            match &key {
                ServiceKey::Ed25519(pair) => {
                    UnparsedPublicKey::new(&ED25519, pair.public_key()).verify(b"client data", &signature)
                }
                ServiceKey::P256(pair) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key())
                    .verify(b"client data", &signature),
                ServiceKey::Rsa(pair) => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key())
                    .verify(b"client data", &signature),
            }
        };
        for pem in [SAMPLE_KEY, P256, SEC1, RSA, RSA_PKCS8] {
            assert!(signed(pem).is_ok(), "{}", pem.lines().next().unwrap());
        }
        let inner = P256.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\n");
        for pem in [
            P256.replace('\n', "\\n"),
            P256.replace('\n', "\\r\\n"),
            P256.replace('\n', " "),
            P256.replace('\n', "\r\n    "),
            base64::Engine::encode(&super::STANDARD, RSA),
            inner,
        ] {
            assert!(signed(&pem).is_ok(), "{pem}");
        }
    }

    #[test]
    fn what_is_no_key_is_told_without_showing_it() {
        let rows = [
            ("", "PEM"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "PEM"),
            ("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----", "P-256"),
            ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", "2048"),
            (OTHER_CURVE, "P-256"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA", "last line"),
            ("-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----", "base64"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "neither"),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----", "password"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----",
                "password",
            ),
        ];
        for (pem, says) in rows {
            assert!(ServiceKey::read(pem).unwrap_err().contains(says), "{pem}");
        }
    }
}
