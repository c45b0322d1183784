//! The body of a registration. Bytes enter; the requested account, or a sentence that tells what is wrong, leaves.
//! Source: the given "Create Account", body parameters. Which parts may be absent is not documented: here the e-mail
//! addresses (the same in both places), the three types and the password must be there, the rest may be absent.

use serde_json::{Map, Value, json};

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) profile: Map<String, Value>,
    pub(crate) preferences: Value,
}

/// Reads the body.
pub(crate) fn read(body: &Value) -> Result<Wish, &'static str> {
    let text = |path: &str| body.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    let profile = body.get("profile").and_then(Value::as_object).ok_or("profile is required")?;
    for field in ["name", "address"] {
        if profile.get(field).is_some_and(|value| !value.is_string()) {
            return Err("name and address must be texts");
        }
    }
    let two_letters = |value: &Value| {
        value.as_str().is_some_and(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()))
    };
    if !profile.get("addressCountry").is_none_or(two_letters) {
        return Err("addressCountry must be a two-letter country code");
    }
    let preferences = match body.get("preferences") {
        None => json!({ "timeZone": "UTC", "languagePreference": "EN" }),
        Some(given @ Value::Object(_)) => given.clone(),
        Some(_) => return Err("preferences must be an object"),
    };
    for path in ["/initialAuth/type", "/initialAuth/identifier/type", "/initialAuth/data/type"] {
        if text(path) != Some("email") {
            return Err("every type of initialAuth must be email");
        }
    }
    let email = text("/profile/email").filter(|email| email.contains('@')).ok_or("profile.email is required")?;
    if text("/initialAuth/identifier/email") != Some(email) {
        return Err("initialAuth.identifier.email must be the profile's");
    }
    let password = text("/initialAuth/data/password").ok_or("initialAuth.data.password is required")?;
    Ok(Wish { email: email.to_owned(), password: password.to_owned(), profile: profile.clone(), preferences })
}
