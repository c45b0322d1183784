//! Requests that are signed with HMAC: what is signed is an expression over the request as it will be sent.

use gangway_core::time::Timestamp;
use ring::{digest, hmac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use url::Url;

use super::Generic;
use super::exchange::{pairs, roots, scalar};
use super::model::{Hash, Signing};
use crate::providers::HttpRequest;

impl Generic {
    /// Adds the headers of a signature over this request, which is otherwise whole.
    ///
    /// # Errors
    /// What keeps it from being signed, without values.
    pub(super) fn sign(&self, signing: &Signing, request: &mut HttpRequest, now: Timestamp) -> Result<(), String> {
        let roots = roots([("request", told(request, now)?), ("settings", Value::Object(self.values.clone()))]);
        let further = pairs(signing.headers.as_ref(), &roots)?;
        let further = further.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), SecretString::from(value)));
        request.named_headers.extend(further);
        let text = signing.sign.eval_in(&roots).map_err(|error| error.to_string())?;
        let text = text.as_ref().and_then(scalar).ok_or("`sign` gives no text to sign")?;
        let key = signing.form.bytes(self.setting(&signing.key).expose_secret()).map_err(str::to_owned)?;
        let signature = hmac::sign(&hmac::Key::new(algorithm(signing.hash), &key), text.as_bytes());
        let value = format!("{}{}", signing.prefix, signing.encoding.encode(signature.as_ref()));
        request.named_headers.push((signing.header.clone(), SecretString::from(value)));
        Ok(())
    }
}

const fn algorithm(hash: Hash) -> hmac::Algorithm {
    match hash {
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha384 => hmac::HMAC_SHA384,
        Hash::Sha512 => hmac::HMAC_SHA512,
    }
}

/// What can be read of a request: as it goes over the wire.
fn told(request: &HttpRequest, now: Timestamp) -> Result<Value, String> {
    let mut url = Url::parse(&request.url).map_err(|_| "base_url is not an address".to_owned())?;
    if !request.query.is_empty() {
        // As the sender writes it.
        url.query_pairs_mut().extend_pairs(&request.query);
    }
    let query = url.query().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let body = request.body.as_deref().unwrap_or_default();
    let named: [(&str, Value); 9] = [
        ("method", json!(request.method)),
        ("host", json!(format!("{}{port}", url.host_str().unwrap_or_default()))),
        ("path", json!(url.path())),
        ("query", json!(query)),
        ("target", json!(if query.is_empty() { url.path().to_owned() } else { format!("{}?{query}", url.path()) })),
        ("body", json!(String::from_utf8_lossy(body))),
        ("body_sha256", json!(hex::encode(digest::digest(&digest::SHA256, body)))),
        ("time", json!(now.0.div_euclid(1000))),
        ("millis", json!(now.0)),
    ];
    Ok(Value::Object(named.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>()))
}
