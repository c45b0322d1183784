//! The body of `POST /auth/registration/enduser`. A value enters; the credentials and wallets that are asked for, or
//! the sentence that tells what is wrong, leaves. Source: the given document; docs/providers/haven.md.
//!
//! Credentials are not verified: the device's attestation is not what is played here. But when client data can be read,
//! its challenge must be the one that was given, so that credentials made for another registration are noticed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::actions::BASE64URL;
use crate::secrets::Secrets;

const FACTORS: [&str; 3] = ["Fido2", "Key", "PasswordProtectedKey"];
const RECOVERY: [&str; 1] = ["RecoveryKey"];

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Mishap of the first credential, and its name.
    pub(crate) kind: String,
    pub(crate) name: String,
    /// Network and name of each wallet.
    pub(crate) wallets: Vec<(String, Option<String>)>,
    /// The challenges that the client data name, as far as they can be read.
    challenges: Vec<String>,
}

impl Wish {
    /// Whether all credentials were made for this challenge. A browser encodes the challenge once more.
    pub(crate) fn answers(&self, challenge: &str) -> bool {
        let encoded = URL_SAFE_NO_PAD.encode(challenge);
        self.challenges.iter().all(|named| named == challenge || *named == encoded)
    }
}

/// Reads the body.
pub(crate) fn read(body: &Value) -> Result<Wish, String> {
    let mut challenges = Vec::new();
    let first = body.get("firstFactorCredential").ok_or("firstFactorCredential is required")?;
    credential("firstFactorCredential", first, &FACTORS, &mut challenges)?;
    for (name, kinds) in [("secondFactorCredential", &FACTORS[..]), ("recoveryCredential", &RECOVERY[..])] {
        if let Some(given) = body.get(name) {
            credential(name, given, kinds, &mut challenges)?;
        }
    }
    let wallets = body.get("wallets").and_then(Value::as_array).filter(|wallets| !wallets.is_empty());
    let wallets = wallets.ok_or("wallets must have at least one item")?.iter().map(wallet);
    let text = |name: &str| first.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, name) = (text("credentialKind"), text("credentialName"));
    Ok(Wish { kind, name, wallets: wallets.collect::<Result<_, _>>()?, challenges })
}

fn wallet(wallet: &Value) -> Result<(String, Option<String>), String> {
    let network = wallet.get("network").and_then(Value::as_str).filter(|network| !network.is_empty());
    let network = network.ok_or("wallets[].network is required")?.to_owned();
    match wallet.get("name") {
        None => Ok((network, None)),
        Some(Value::String(name)) => Ok((network, Some(name.clone()))),
        Some(_) => Err("wallets[].name must be a text".to_owned()),
    }
}

fn credential(place: &str, given: &Value, kinds: &[&str], challenges: &mut Vec<String>) -> Result<(), String> {
    let kind = given.get("credentialKind").and_then(Value::as_str).unwrap_or_default();
    if !kinds.contains(&kind) {
        return Err(format!("{place}.credentialKind must be one of {}", kinds.join(", ")));
    }
    for field in ["credId", "clientData", "attestationData"] {
        let text = given.pointer(&format!("/credentialInfo/{field}")).and_then(Value::as_str).unwrap_or_default();
        let decoded = BASE64URL.decode(text).ok().filter(|bytes| !bytes.is_empty());
        let decoded = decoded.ok_or_else(|| format!("{place}.credentialInfo.{field} must be base64url"))?;
        let data: Value = serde_json::from_slice(&decoded).unwrap_or_default();
        let named = data.get("challenge").and_then(Value::as_str).filter(|_| field == "clientData");
        challenges.extend(named.map(str::to_owned));
    }
    for field in ["credentialName", "encryptedPrivateKey"] {
        if given.get(field).is_some_and(|value| value.as_str().is_none_or(str::is_empty)) {
            return Err(format!("{place}.{field} must be a text"));
        }
    }
    Ok(())
}

/// Notes what is secret in a body, be the rest of it right or wrong.
pub(crate) fn note(secrets: &Secrets, body: &Value) {
    for credential in ["firstFactorCredential", "secondFactorCredential", "recoveryCredential"] {
        let text = |path: &str| body.pointer(&format!("/{credential}/{path}")).and_then(Value::as_str);
        secrets.note("haven_client_data", text("credentialInfo/clientData").unwrap_or_default());
        secrets.note("haven_attestation_data", text("credentialInfo/attestationData").unwrap_or_default());
        secrets.note("haven_encrypted_private_key", text("encryptedPrivateKey").unwrap_or_default());
    }
}
