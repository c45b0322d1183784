//! Public keys of senders that sign with ECDSA or RSA: a PEM or base64 enters; what verifies with it leaves. Never here:
//! a private key; it is refused, because only the sender may have it.

use super::forms::KeyForm;

/// A public key of P-256 in its usual wrapping (SPKI, RFC 5480), up to the point itself.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// A point of P-256, not compressed.
const POINT: usize = 65;
/// The name of RSA in the wrapping of its keys (RFC 3279).
const RSA: [u8; 15] = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// An RSA key of 2048 bits without its wrapping: the least that is verified with.
const RSA_LEAST: usize = 256;

/// The point of a P-256 key.
///
/// # Errors
/// What is wrong, without the text.
pub(super) fn p256(text: &str) -> Result<Vec<u8>, &'static str> {
    let bytes = bytes(text)?;
    let point = bytes.strip_prefix(&P256).unwrap_or(&bytes);
    match point {
        [0x04, ..] if point.len() == POINT => Ok(point.to_vec()),
        _ => Err("a public key is not one of ECDSA P-256"),
    }
}

/// An RSA key without its wrapping.
///
/// # Errors
/// What is wrong, without the text.
pub(super) fn rsa(text: &str) -> Result<Vec<u8>, &'static str> {
    const OTHER: &str = "a public key is not one of RSA";
    let bytes = bytes(text)?;
    let key = inner(&bytes).unwrap_or(&bytes);
    match key {
        // A sequence that begins with a number, and fills the whole.
        [0x30, 0x82, high, low, 0x02, ..] if usize::from(u16::from_be_bytes([*high, *low])) + 4 == key.len() => {
            if key.len() > RSA_LEAST { Ok(key.to_vec()) } else { Err("a public key of RSA is shorter than 2048 bits") }
        }
        [0x30, 0x81, ..] => Err("a public key of RSA is shorter than 2048 bits"),
        _ => Err(OTHER),
    }
}

/// What an RSA key is wrapped around: a string of bits, none of them unused, that fills the rest.
fn inner(bytes: &[u8]) -> Option<&[u8]> {
    let [0x30, 0x82, _, _, rest @ ..] = bytes else { return None };
    match rest.strip_prefix(&RSA)? {
        [0x03, 0x82, high, low, 0, key @ ..] if usize::from(u16::from_be_bytes([*high, *low])) == key.len() + 1 => {
            Some(key)
        }
        _ => None,
    }
}

/// The bytes of a PEM, or of base64 alone. Line breaks may be written as `\n` or as blanks.
fn bytes(text: &str) -> Result<Vec<u8>, &'static str> {
    let text = text.replace("\\r", "").replace("\\n", "\n");
    if text.contains("PRIVATE KEY") {
        return Err("a key is private; give the public one, which `openssl pkey -in KEY -pubout` prints");
    }
    if text.contains("CERTIFICATE") {
        return Err("a certificate is no key; `openssl x509 -in FILE -noout -pubkey` prints its key");
    }
    let between = |kind: &str| {
        let (_, rest) = text.split_once(&format!("-----BEGIN {kind}-----"))?;
        rest.split_once(&format!("-----END {kind}-----")).map(|(inner, _)| inner)
    };
    let inner = between("PUBLIC KEY").or_else(|| between("RSA PUBLIC KEY"));
    if inner.is_none() && text.contains("-----") {
        return Err("a public key is not whole: its first or last line is missing");
    }
    let digits: String = inner.unwrap_or(&text).split_whitespace().collect();
    KeyForm::Base64.bytes(&digits).map_err(|_| "a public key is not a PEM (`-----BEGIN PUBLIC KEY-----`) or base64")
}
