//! What a person is told, and is never told, whatever a body looks like.

use serde_json::json;

use super::*;

#[test]
fn whatever_shape_an_error_has_its_code_and_reason_are_told() {
    let rows = [
        ("{\"error\": {\"message\": \"no\"}}", "no"),
        ("{\"error\": {\"message\": \"no\", \"errorName\": \"BadRequest\"}}", "no"),
        ("{\"message\": \"no\"}", "no"),
        ("{\"error\": null, \"message\": \"no\"}", "no"),
        ("{\"error\": \"no\"}", "no"),
        ("{\"error\": [\"no\", {\"message\": \"never\"}]}", "no; never"),
        ("{\"errors\": [{\"message\": \"no\"}, \"never\"]}", "no; never"),
        ("{\"error\": {\"message\": [\"no\"]}}", "no"),
        ("{\"error\": {\"message\": 7}}", "7"),
    ];
    for (body, reason) in rows {
        for status in [400, 403, 409, 422] {
            for action in ["start_registration", "create_user"] {
                let answer = Talk::new(action, ada()).answer(&adapter(), &signed(&[(status, &[], body)]));
                assert_eq!(answer.outcome, "refused", "{action} {status} {body}");
                assert_eq!(Value::Object(answer.fields), json!({"code": status.to_string(), "reason": reason}));
            }
            let answer = Talk::new("complete_enduser", handed_in()).answer(&adapter(), &[(status, &[], body)]);
            assert_eq!((&answer.outcome[..], &answer.fields["reason"]), ("refused", &json!(reason)), "{status} {body}");
        }
    }
    let nameless = Talk::new("complete_enduser", handed_in()).answer(&adapter(), &[(401, &[], HTML)]);
    let reason = json!("401 with an HTML page, which gives no reason");
    assert_eq!((&nameless.outcome[..], &nameless.fields["reason"]), ("token_expired", &reason));
}

#[test]
fn what_cannot_be_read_is_named_without_its_content() {
    let rows = [
        ((400, &[][..], HTML), "400 with an HTML page instead of the provider's error"),
        ((400, &[], "{\"error\": {}}"), "400 with JSON of another shape instead of the provider's error"),
        ((400, &[], "{\"error\": {\"mess"), "400 with JSON that is not whole instead of the provider's error"),
        ((405, &[], ""), "405 with an empty body instead of the provider's error"),
        ((200, &[], HTML), "200 with an HTML page"),
        ((200, &[], "\"ada@example.org\""), "200 with a bare value in JSON"),
        ((500, &[], ""), "500 from the provider, with an empty body"),
    ];
    for (told, cause) in rows {
        assert_eq!(Talk::new("start_registration", ada()).cause(&adapter(), &signed(&[told])), cause);
    }
}

#[test]
fn nobody_is_set_up_by_an_answer_that_does_not_say_so() {
    let user = r#""user": {"id": "us-1", "username": "ada@example.org"}"#;
    for wallets in
        ["null", "7", "\"wa-1\"", "[]", "{}", "[{\"id\": \"\"}]", "[{\"id\": \"tx-1\", \"walletId\": \"wa-1\"}]"]
    {
        let body = format!("{{{user}, \"wallets\": {wallets}}}");
        let talk = Talk::new("complete_enduser", handed_in());
        assert_eq!(talk.ends(&adapter(), &[(200, &[], &body)]), "unknown", "{body}");
    }
    for status in ["null", "7", "[\"Active\"]", "\"\"", "\"Archived\"", "\"Activating\"", "true"] {
        let body = format!("{{\"id\": \"wa-1\", \"status\": {status}}}");
        let answer = Talk::new("get_wallet", json!({"wallet_id": "wa-1"})).answer(&adapter(), &[(200, &[], &body)]);
        assert_eq!((&answer.outcome[..], answer.facts.len()), ("not_active", 0), "{body}");
    }
    for (flag, ends, told) in [
        ("true", "exists", &[][..]),
        ("\"true\"", "exists", &[]),
        ("false", "not_done", &[]),
        ("\"yes\"", "not_done", &signed(&[UNKNOWN_USER])[..]),
        ("1", "not_done", &signed(&[UNKNOWN_USER])),
        ("null", "exists", &signed(&[SESSION])),
    ] {
        let list = format!("{{\"items\": [{{\"username\": \"ada@example.org\", \"isRegistered\": {flag}}}]}}");
        let talk = Talk::look_up("start_registration", ada());
        let all = [&[(200, &[][..], list.as_str())], told].concat();
        assert_eq!(talk.ends(&adapter(), &all), ends, "{flag}");
    }
    for body in ["{}", "{\"items\": null}", "{\"items\": \"none\"}", "{\"items\": 0}"] {
        let told: Told<'_> = (200, &[], body);
        assert_eq!(Talk::new("recover", person()).ends(&adapter(), &[told]), "again", "users: {body}");
        assert_eq!(Talk::new("recover", person()).ends(&adapter(), &[USERS, told]), "again", "wallets: {body}");
    }
}
