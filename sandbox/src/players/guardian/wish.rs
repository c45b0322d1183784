//! The body of an onboarding. Bytes enter; what is asked for, or every sentence about what is wrong, leaves.
//! Source: the given "unified user onboarding" text; docs/providers/guardian.md.

use serde_json::{Map, Value};

use super::Guardian;
use super::accounts::{REGISTRY, USER};

/// What is asked for, once it is well formed.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) username: String,
    pub(super) password: String,
    pub(super) role: String,
    pub(super) parent: Option<String>,
    pub(super) ledger_account: Option<String>,
}

/// Reads a body that was checked for nothing yet.
pub(super) fn read(object: &Map<String, Value>) -> Result<Wish, Vec<String>> {
    let mut wrong = Vec::new();
    let mut required = |name: &str| match object.get(name) {
        Some(Value::String(text)) if !text.is_empty() => text.clone(),
        Some(Value::String(_)) | None | Some(Value::Null) => {
            wrong.push(format!("{name} should not be empty"));
            String::new()
        }
        Some(_) => {
            wrong.push(format!("{name} must be a string"));
            String::new()
        }
    };
    let (username, password) = (required("username"), required("password"));
    let (again, role) = (required("password_confirmation"), required("role"));
    if password != again && !password.is_empty() && !again.is_empty() {
        wrong.push("Passwords must match".to_owned());
    }
    if !role.is_empty() && role != REGISTRY && role != USER {
        wrong.push(format!("role must be one of the following values: {REGISTRY}, {USER}"));
    }
    wrong.extend(wrong_ledger(object));
    wrong.extend(wrong_kinds(object));
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    let (parent, ledger_account) = (text("parent"), text("hederaAccountId"));
    if wrong.is_empty() { Ok(Wish { username, password, role, parent, ledger_account }) } else { Err(wrong) }
}

/// Whether an own ledger account comes without its key: 422 in the given text and in the source code alike.
pub(super) fn lacks_key(object: &Map<String, Value>) -> bool {
    let given = |name: &str| object.get(name).is_some_and(|value| !value.is_null() && value != "");
    given("hederaAccountId") && !given("hederaAccountKey")
}

fn wrong_ledger(object: &Map<String, Value>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |name: &str, is_right: fn(&str) -> bool, form: &str| {
        let given = object.get(name).filter(|value| !value.is_null());
        if given.is_some_and(|value| !value.as_str().is_some_and(is_right)) {
            wrong.push(format!("{name} must be {form}"));
        }
    };
    check("hederaAccountId", is_account_id, "an account id such as 0.0.4532001");
    check("hederaAccountKey", is_der_key, "a DER encoded private key");
    wrong
}

/// Three numbers divided by dots.
fn is_account_id(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Hexadecimal digits of a DER sequence, which begins with 30.
fn is_der_key(text: &str) -> bool {
    text.len() >= 64 && text.starts_with("30") && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn wrong_kinds(object: &Map<String, Value>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |name: &str, is_right: fn(&Value) -> bool, kind: &str| {
        if object.get(name).is_some_and(|value| !value.is_null() && !is_right(value)) {
            wrong.push(format!("{name} must be {kind}"));
        }
    };
    check("parent", Value::is_string, "a string");
    check("vcDocument", Value::is_object, "an object");
    check("didDocument", Value::is_object, "an object");
    check("didKeys", Value::is_array, "an array");
    check("useFireblocksSigning", Value::is_boolean, "a boolean");
    check("fireblocksConfig", Value::is_object, "an object");
    if object.get("useFireblocksSigning") == Some(&Value::Bool(true)) {
        // The third key is spelled so in the source code.
        for name in ["fireBlocksVaultId", "fireBlocksAssetId", "fireBlocksApiKey", "fireBlocksPrivateiKey"] {
            let config = object.get("fireblocksConfig").and_then(|config| config.get(name));
            if config.and_then(Value::as_str).is_none_or(str::is_empty) {
                wrong.push(format!("fireblocksConfig.{name} should not be empty"));
            }
        }
    }
    wrong
}

/// Notes every secret of a body, also of one that is refused.
pub(super) fn note_secrets(guardian: &Guardian, object: &Map<String, Value>) {
    let note = |kind, value: Option<&Value>| {
        guardian.stage.secrets.note(kind, value.and_then(Value::as_str).unwrap_or_default());
    };
    note("guardian_password", object.get("password"));
    note("guardian_password", object.get("password_confirmation"));
    note("guardian_hedera_key", object.get("hederaAccountKey"));
    for name in ["fireBlocksApiKey", "fireBlocksPrivateiKey"] {
        note("guardian_fireblocks_key", object.get("fireblocksConfig").and_then(|config| config.get(name)));
    }
    // A key is a text, or stands as `key` beside the id of its method.
    for key in object.get("didKeys").and_then(Value::as_array).into_iter().flatten() {
        note("guardian_did_key", Some(key.get("key").unwrap_or(key)));
    }
}
