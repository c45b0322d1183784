//! The JSON of a delivery: the body itself, or the field `payload` of a form. GitHub sends such forms unless its webhook
//! is set to JSON. What the body is decides, not what its type says: some senders name no type, or the wrong one.

use serde_json::Value;
use url::form_urlencoded;

use crate::inbound::cloudevents::essence;
use crate::inbound::json;

/// Reads it.
///
/// # Errors
/// Why not, without any of the content.
pub(super) fn read(headers: &[(String, String)], body: &[u8]) -> Result<Value, &'static str> {
    let kind = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| essence(value));
    match json::read(body) {
        Err(_) if kind.as_deref() == Some("application/x-www-form-urlencoded") => {
            let payload = form_urlencoded::parse(body).find(|(name, _)| name == "payload");
            let none = "a form without a field `payload`; set the webhook's content type to JSON at its sender";
            let (_, payload) = payload.ok_or(none)?;
            json::read(payload.as_bytes()).map_err(|_| "the field `payload` of the form is not JSON")
        }
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn the_form_that_github_sends_is_read_and_any_other_is_named() {
        let kind = |kind: &str| vec![("content-type".to_owned(), kind.to_owned())];
        let form = kind("application/x-www-form-urlencoded");
        assert_eq!(
            read(&form, b"payload=%7B%22id%22%3A18446744073709551617%7D"),
            Ok(json!({ "id": "18446744073709551617" }))
        );
        assert_eq!(read(&form, b"{\"id\":1}"), Ok(json!({ "id": 1 })), "JSON under the type that curl sends");
        assert!(read(&form, b"id=1").unwrap_err().contains("without a field `payload`"));
        assert!(read(&form, b"payload=x").unwrap_err().contains("is not JSON"));
        assert_eq!(read(&kind("application/json"), b"payload=%7B%7D"), Err("this is not JSON"));
    }
}
