//! Conversations without a network: a call, the answers it meets, how it ends. The request and the statuses of the
//! given document are held here. How tokens are got is in `tests/tokens.rs`.

mod tokens;

use gangway_core::catalogue::Catalogue;
use gangway_core::effect::Mode;
use gangway_core::outcome::AttemptResult;
use gangway_core::retry::Policy;
use gangway_core::time::Millis;
use serde_json::{Value, json};

use super::Guardian;
use crate::providers::talk::{NOW, Talk, Told, body, header, hold, line};
use crate::providers::{Adapter, Delivery};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("fixtures/", $name))
    };
}

const TASK_ID: &str = "0e4d7a3c-8f1b-4f0e-9a53-2b1c6d7e8f90";
const ACCEPTED: Told<'_> = (202, &[], fixture!("accepted.json"));
const TAKEN: Told<'_> = (409, &[], fixture!("taken.json"));
const INVALID: Told<'_> = (422, &[], fixture!("invalid.json"));
const NO_PARENT: Told<'_> = (400, &[], fixture!("no_parent_older.json"));
const LOGGED_IN: Told<'_> = (200, &[], fixture!("login.json"));
const LOGGED_IN_HALF: Told<'_> = (200, &[], fixture!("login_without_did.json"));
const LOGGED_IN_NEWER: Told<'_> = (200, &[], fixture!("login_with_access.json"));
const SECOND_FACTOR: Told<'_> = (200, &[], fixture!("second_factor.json"));
const ACCESS: Told<'_> = (200, &[], "{\"accessToken\": \"access-1\"}");
const REFUSED: Told<'_> = (401, &[], "{\"statusCode\": 401, \"message\": \"Unauthorized\"}");
const EMPTY: Told<'_> = (200, &[], "");
const RESULT: Told<'_> = (200, &[], fixture!("task_result.json"));
const HTML: &str = "<html><body>502 Bad Gateway</body></html>";

const REGISTRY: &str = "username = \"example_registry\"\nregistry_password = \"r3gistry\"\n";

fn adapter_with(more: &str) -> Guardian {
    let text = format!("base_url = \"https://guardian.example.org/api/v1\"\n{more}");
    Guardian::new(crate::providers::guardian::ROW.section(&text).unwrap(), &Policy::default())
}

fn adapter() -> Guardian {
    adapter_with(REGISTRY)
}

/// The given document's example.
fn example() -> Value {
    json!({"username": "example_user", "password": "examplePassword123", "role": "USER", "parent": "example_registry"})
}

fn onboard_with(more: Value) -> Talk {
    let mut input = example();
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Talk::new("onboard", input)
}

fn onboard() -> Talk {
    Talk::new("onboard", example())
}

fn get_task() -> Talk {
    Talk::new("get_task", json!({"task_id": TASK_ID}))
}

fn login_user() -> Talk {
    Talk::new("login_user", json!({"username": "example_user", "password": "examplePassword123"}))
}

fn read_account() -> Talk {
    let input = json!({"username": "example_user", "password": "examplePassword123", "task_id": TASK_ID});
    Talk::new("read_account", input)
}

#[test]
fn the_given_documents_request_is_sent_with_the_registrys_token_and_its_202_is_understood() {
    let (requests, _) = onboard().hear(&adapter(), &[ACCEPTED]);
    let request = &requests[0];
    assert_eq!(line(request), "POST https://guardian.example.org/api/v1/accounts/push/onboard");
    assert_eq!((request.token, request.effectful), (Some("registry"), true));
    assert_eq!(header(request, "content-type"), Some("application/json"));
    let expected = json!({"username": "example_user", "password": "examplePassword123",
        "password_confirmation": "examplePassword123", "role": "USER", "parent": "example_registry"});
    assert_eq!(body(request), expected);
    let answer = onboard().answer(&adapter(), &[ACCEPTED]);
    assert_eq!((answer.outcome.as_str(), json!(answer.fields)), ("accepted", json!({"task_id": TASK_ID})));
    let kinds: Vec<_> = answer.identifiers.iter().map(|id| (id.kind.as_str(), id.value.as_str())).collect();
    assert_eq!(kinds, [("guardian.username", "example_user"), ("guardian.task_id", TASK_ID)]);
}

#[test]
fn in_demo_mode_no_token_is_asked_for() {
    let (requests, _) = onboard().hear(&adapter_with("demo = true"), &[ACCEPTED]);
    assert_eq!(requests[0].token, None);
}

#[test]
fn every_field_of_the_given_document_is_sent_as_it_stands_there() {
    let input = json!({
        "username": "u", "password": "Passw0rd!", "role": "STANDARD_REGISTRY", "hedera_account_id": "0.0.4532001",
        "hedera_account_key": "302e02", "vc_document": {"name": "U"}, "did_document": {"id": "did:x"},
        "did_keys": [{"id": "did:x#1", "key": "k"}], "use_fireblocks_signing": true, "fireblocks_vault_id": "v",
        "fireblocks_asset_id": "a", "fireblocks_api_key": "ak", "fireblocks_private_key": "pk",
    });
    let (requests, _) =
        Talk::new("onboard", input).hear(&adapter_with(&format!("{REGISTRY}parent = \"p\"")), &[ACCEPTED]);
    let expected = json!({
        "username": "u", "password": "Passw0rd!", "password_confirmation": "Passw0rd!", "role": "STANDARD_REGISTRY",
        "hederaAccountId": "0.0.4532001", "hederaAccountKey": "302e02", "vcDocument": {"name": "U"},
        "didDocument": {"id": "did:x"}, "didKeys": [{"id": "did:x#1", "key": "k"}], "useFireblocksSigning": true,
        "fireblocksConfig": {"fireBlocksVaultId": "v", "fireBlocksAssetId": "a", "fireBlocksApiKey": "ak",
            "fireBlocksPrivateiKey": "pk"},
    });
    assert_eq!(body(&requests[0]), expected);
}

#[test]
fn a_user_without_a_parent_gets_the_settings_one() {
    let input = json!({"username": "u", "password": "Passw0rd", "role": "USER"});
    let with_parent = adapter_with(&format!("{REGISTRY}parent = \"p\""));
    let (requests, _) = Talk::new("onboard", input).hear(&with_parent, &[ACCEPTED]);
    assert_eq!(body(&requests[0])["parent"], "p");
}

#[test]
fn what_a_task_would_fail_at_half_way_is_refused_before_anything_is_sent() {
    let rows = [
        ("refused", json!({"parent": null})),
        ("refused", json!({"username": ""})),
        ("refused", json!({"role": null})),
        ("refused", json!({"hedera_account_id": "0.0.1"})),
        ("refused", json!({"hedera_account_id": "0.0", "hedera_account_key": "k"})),
        ("refused", json!({"hedera_account_id": "0.0.x", "hedera_account_key": "k"})),
        ("refused", json!({"vc_document": "text"})),
        ("refused", json!({"did_document": []})),
        ("refused", json!({"did_keys": {}})),
        ("refused", json!({"use_fireblocks_signing": "yes"})),
        ("refused", json!({"use_fireblocks_signing": true})),
        (
            "refused",
            json!({"use_fireblocks_signing": true, "fireblocks_vault_id": "v", "fireblocks_asset_id": "a",
            "fireblocks_api_key": "k"}),
        ),
        ("weak_password", json!({"password": "lowercase1"})),
        ("weak_password", json!({"password": "Ab1"})),
        ("broken", json!({"password": null})),
    ];
    for (ends, more) in rows {
        assert_eq!(onboard_with(more.clone()).ends(&adapter(), &[]), ends, "{more}");
    }
    let lax = adapter_with(&format!("{REGISTRY}[password]\nupper = false\ndigit = false"));
    assert_eq!(onboard_with(json!({"password": "lowercase"})).ends(&lax, &[ACCEPTED]), "accepted");
    let lacks = onboard_with(json!({"password": "hunter2"})).answer(&adapter(), &[]);
    assert_eq!(lacks.fields["lacks"], "at least 8 characters, an upper-case letter");
}

#[test]
fn every_answer_to_an_onboarding_has_its_one_meaning() {
    let rows: &[(&str, Told<'_>)] = &[
        ("accepted", ACCEPTED),
        ("accepted", (202, &[("content-type", "text/plain")], "{\"taskId\": \"t\", \"later\": 1}")),
        ("accepted", (201, &[], "{\"taskId\": \"t\"}")),
        ("unknown", (202, &[], "{\"expectation\": 9}")),
        ("unknown", EMPTY),
        ("unknown", (202, &[], "{\"taskId\": \"0e")),
        ("unknown", (200, &[], HTML)),
        ("exists", TAKEN),
        ("exists", (400, &[], fixture!("taken.json"))),
        ("exists", (409, &[], "")),
        ("exists", (500, &[], "{\"statusCode\": 500, \"message\": \"An account with the same name already exists.\"}")),
        ("unknown", (500, &[], "{\"message\": \"it exists no more\"}")),
        ("unknown", (502, &[], "<html>it already exists</html>")),
        ("refused", NO_PARENT),
        ("refused", INVALID),
        ("refused", (400, &[], HTML)),
        ("refused", (418, &[], "")),
        ("denied", (404, &[], "{\"statusCode\": 404, \"message\": \"Cannot POST\"}")),
        ("again", (404, &[], HTML)),
        ("barred", REFUSED),
        ("denied", (403, &[], "{\"statusCode\": 403, \"message\": \"Forbidden resource\"}")),
        ("barred", (301, &[], "")),
        ("again free", (429, &[], "")),
        ("again free", (429, &[("retry-after", "2")], "")),
        ("again", (503, &[("retry-after", "2")], "")),
        ("unknown", (503, &[], HTML)),
        ("unknown", (500, &[], "{\"statusCode\": 500, \"message\": \"Internal server error\"}")),
        ("unknown", (504, &[], HTML)),
    ];
    for (ends, told) in rows {
        assert_eq!(onboard().ends(&adapter(), &[*told]), *ends, "{told:?}");
    }
}

#[test]
fn messages_of_both_shapes_are_told_to_the_flow_and_never_in_a_cause() {
    let fields = |told| json!(onboard().answer(&adapter(), &[told]).fields);
    let list = json!({"code": "Unprocessable Entity", "reason": "password must match; role must be one of USER"});
    assert_eq!(fields(INVALID), list);
    assert_eq!(fields(NO_PARENT), json!({"code": "400", "reason": "Parent not found: example_registry"}));
    let rows: &[(&str, &str, &str)] = &[
        ("{\"statusCode\": 422, \"message\": [{\"constraints\": {\"a\": \"x\"}}, \"y\"]}", "422", "x; y"),
        ("{\"statusCode\": \"422\", \"message\": {\"message\": \"x\"}}", "422", "x"),
        ("{\"message\": 7}", "422", "7"),
        ("{\"error\": \"Bad\"}", "Bad", "Bad"),
        ("{\"message\": [", "422", "the provider gives no reason"),
        (HTML, "422", "the provider gives no reason"),
    ];
    for (body, code, reason) in rows {
        assert_eq!(fields((422, &[], body)), json!({"code": code, "reason": reason}), "{body}");
    }
    assert_eq!(fields(TAKEN)["reason"], "An account with the same name is already taken.", "exists tells it, too");
    let cause = onboard().cause(&adapter(), &[(403, &[], "{\"error\": \"Forbidden\", \"message\": \"ann may not\"}")]);
    assert!(cause.contains("403 Forbidden") && !cause.contains("ann"), "{cause}");
    let (_, ended) = onboard().hear(&adapter(), &[(500, &[], fixture!("invalid.json"))]);
    assert!(!format!("{ended:?}").contains("role must"), "{ended:?}");
}

#[test]
fn an_uncertain_onboarding_is_settled_by_logging_in_as_the_user() {
    let look_up = || onboard().uncertain(Mode::LookUp);
    let (requests, _) = look_up().hear(&adapter(), &[LOGGED_IN]);
    assert_eq!(line(&requests[0]), "POST https://guardian.example.org/api/v1/accounts/login");
    assert_eq!((requests[0].effectful, requests[0].token), (false, None));
    let credentials = json!({"username": "example_user", "password": "examplePassword123"});
    assert_eq!(body(&requests[0]), credentials);
    let rows: &[(&str, Told<'_>)] = &[
        ("registered", LOGGED_IN),
        ("registered", LOGGED_IN_HALF),
        ("not_done", REFUSED),
        ("broken", SECOND_FACTOR),
        ("broken", INVALID),
        ("broken", (403, &[], "")),
        ("again", (500, &[], "")),
        ("again", (200, &[], HTML)),
    ];
    for (ends, told) in rows {
        assert_eq!(look_up().ends(&adapter(), &[*told]), *ends, "{told:?}");
    }
}

#[test]
fn a_username_that_is_taken_after_an_uncertain_attempt_may_be_ours_and_is_tried() {
    let again = || onboard().uncertain(Mode::Do);
    assert_eq!(again().ends(&adapter(), &[TAKEN, LOGGED_IN]), "registered");
    assert_eq!(again().ends(&adapter(), &[TAKEN, REFUSED]), "exists", "somebody else's");
    assert_eq!(again().ends(&adapter(), &[ACCEPTED]), "accepted");
    assert_eq!(onboard().ends(&adapter(), &[TAKEN]), "exists", "nothing was uncertain: no password is tried");
}

#[test]
fn look_ups_of_an_onboarding_leave_the_task_time_to_register_the_user() {
    let settle = |more: &str| {
        let mut catalogue = Catalogue::default();
        adapter_with(more).describe(&mut catalogue);
        let settle = |name: &str| catalogue.actions[name].policy.settle;
        (settle("guardian.onboard"), settle("guardian.get_task"))
    };
    assert_eq!(settle(REGISTRY), (Millis::secs(30), Millis::secs(2)));
    assert_eq!(settle(&format!("{REGISTRY}[retry]\nsettle = \"1s\"")), (Millis::secs(1), Millis::secs(1)));
}

#[test]
fn every_state_of_a_task_is_read_without_a_token() {
    let (requests, _) = get_task().hear(&adapter(), &[EMPTY]);
    let address = format!("GET https://guardian.example.org/api/v1/tasks/onboard/{TASK_ID}");
    assert_eq!((line(&requests[0]), requests[0].token, requests[0].effectful), (address, None, false));
    let task = |completed: bool, failed: bool, error: Value| {
        json!({"taskId": TASK_ID, "action": "Onboard user", "expectation": 9, "completed": completed,
            "failed": failed, "error": error})
        .to_string()
    };
    let rows = [
        ("running", task(false, false, Value::Null)),
        ("completed", task(true, false, Value::Null)),
        ("failed", task(false, true, json!({"message": "x"}))),
        ("failed", task(true, true, json!({"message": "x"}))),
        ("running", "{\"done\": false, \"steps\": []}".to_owned()),
        ("completed", "{\"done\": true, \"steps\": []}".to_owned()),
        ("running", format!("{{\"taskId\": \"{TASK_ID}\"}}")),
        ("completed", "{\"completed\": \"true\", \"failed\": \"false\"}".to_owned()),
        ("running", "{\"completed\": 1}".to_owned()),
        ("failed", "{\"completed\": false, \"error\": \"it broke\"}".to_owned()),
        ("again", "{\"taskId\": \"another\", \"completed\": true}".to_owned()),
        ("empty", String::new()),
        ("empty", " \n".to_owned()),
        ("empty", "null".to_owned()),
        ("empty", "{}".to_owned()),
        ("again", "{\"taskId\": ".to_owned()),
        ("again", HTML.to_owned()),
        ("again", "[]".to_owned()),
        ("again", "{\"hello\": 1}".to_owned()),
    ];
    for (ends, text) in &rows {
        assert_eq!(get_task().ends(&adapter(), &[(200, &[], text)]), *ends, "{text}");
    }
    let statuses: &[(&str, Told<'_>)] = &[
        ("broken", (401, &[], "")),
        ("denied", (403, &[], "")),
        ("broken", (404, &[], "{\"message\": \"Cannot GET\"}")),
        ("again", (404, &[], HTML)),
        ("again", (500, &[], "")),
        ("again free", (429, &[], "")),
        ("barred", (302, &[], "")),
    ];
    for (ends, told) in statuses {
        assert_eq!(get_task().ends(&adapter(), &[*told]), *ends, "{told:?}");
    }
    assert_eq!(Talk::new("get_task", json!({"task_id": "../x"})).ends(&adapter(), &[]), "broken");
}

#[test]
fn a_failed_task_says_what_kind_of_failure_it_was() {
    let code = |error: Value| {
        let text = json!({"taskId": TASK_ID, "completed": false, "failed": true, "error": error}).to_string();
        get_task().answer(&adapter(), &[(200, &[], &text)]).fields["code"].clone()
    };
    let rows = [
        ("taken", json!({"message": "An account with the same name Already Exists."})),
        ("taken", json!("username already taken")),
        ("weak_password", json!({"message": "Password must have at least 8 characters"})),
        ("other", json!({"message": "INSUFFICIENT_PAYER_BALANCE"})),
        ("other", Value::Null),
    ];
    for (expected, error) in rows {
        assert_eq!(code(error.clone()), expected, "{error}");
    }
}

#[test]
fn a_login_as_the_user_tells_whether_there_is_a_did() {
    let rows: &[(&str, Told<'_>)] = &[
        ("with_did", LOGGED_IN),
        ("with_did", LOGGED_IN_NEWER),
        ("without_did", LOGGED_IN_HALF),
        ("refused", REFUSED),
        ("refused", INVALID),
        ("refused", (403, &[], "")),
        ("without_did", (200, &[], "{\"refreshToken\": \"r\", \"did\": \"none yet\"}")),
        ("without_did", (200, &[], "{\"refreshToken\": \"r\", \"did\": 5}")),
        ("broken", SECOND_FACTOR),
        ("broken", (200, &[], "{\"success\": \"false\", \"otprequired\": \"true\"}")),
        ("again", EMPTY),
        ("again", (200, &[], "{\"username\": \"example_user\"}")),
        ("again", (500, &[], "")),
        ("again free", (429, &[], "")),
        ("barred", (302, &[], "")),
    ];
    for (ends, told) in rows {
        assert_eq!(login_user().ends(&adapter(), &[*told]), *ends, "{told:?}");
    }
    let found = login_user().answer(&adapter(), &[LOGGED_IN]);
    assert_eq!(json!(found.fields), json!({"did": "did:hedera:testnet:4e1p_0.0.4532001"}));
    assert_eq!(found.identifiers[0].kind, "guardian.did");
    let refused = login_user().answer(&adapter(), &[REFUSED]);
    assert_eq!(json!(refused.fields), json!({"code": "401", "reason": "Unauthorized"}));
    assert_eq!(Talk::new("login_user", json!({"username": "u"})).ends(&adapter(), &[]), "broken", "password gone");
}

#[test]
fn a_finished_task_is_read_by_its_new_owner_with_a_token_of_that_one_conversation() {
    let (requests, _) = read_account().hear(&adapter(), &[LOGGED_IN, ACCESS, RESULT]);
    let base = "https://guardian.example.org/api/v1";
    let lines: Vec<String> = requests.iter().map(line).collect();
    let expected = [
        format!("POST {base}/accounts/login"),
        format!("POST {base}/accounts/access-token"),
        format!("GET {base}/tasks/{TASK_ID}"),
    ];
    assert_eq!(lines, expected);
    assert_eq!(body(&requests[1]), json!({"refreshToken": "refresh-1"}));
    assert_eq!(header(&requests[2], "authorization"), Some("Bearer access-1"));
    assert!(requests.iter().all(|request| !request.effectful && request.token.is_none()));
    let answer = read_account().answer(&adapter(), &[LOGGED_IN_NEWER, RESULT]);
    let fields = json!({"did": "did:hedera:testnet:4e1p_0.0.4532001", "hedera_account_id": "0.0.4532001",
        "public_key": "302a300506"});
    assert_eq!((answer.outcome.as_str(), json!(answer.fields)), ("ready", fields));
    let kinds: Vec<&str> = answer.identifiers.iter().map(|id| id.kind.as_str()).collect();
    assert_eq!(kinds, ["guardian.did", "guardian.hedera_account_id"]);
}

#[test]
fn every_way_to_read_an_account_has_its_end() {
    let no_result: Told<'_> = (200, &[], "{\"taskId\": \"t\", \"statuses\": []}");
    let bare: Told<'_> = (200, &[], "{\"result\": {\"username\": \"example_user\"}}");
    let anothers: Told<'_> = (200, &[], "{\"result\": {\"username\": \"u\", \"did\": \"did:x:1\"}}");
    let rows: &[(&str, &[Told<'_>])] = &[
        ("not_yet", &[LOGGED_IN, ACCESS, EMPTY]),
        ("not_yet", &[LOGGED_IN, ACCESS, no_result]),
        ("ready", &[LOGGED_IN, ACCESS, bare]),
        ("not_yet", &[LOGGED_IN_HALF, ACCESS, bare]),
        ("ready", &[LOGGED_IN_HALF, ACCESS, RESULT]),
        ("broken", &[LOGGED_IN, ACCESS, anothers]),
        ("not_yet", &[LOGGED_IN_HALF, ACCESS, (200, &[], "{\"result\": {\"did\": [\"did:x:1\"]}}")]),
        ("not_yet", &[LOGGED_IN, ACCESS, (200, &[], "{\"result\": [1]}")]),
        ("refused", &[REFUSED]),
        ("refused", &[INVALID]),
        ("broken", &[SECOND_FACTOR]),
        ("again", &[LOGGED_IN, REFUSED]),
        ("again", &[LOGGED_IN, (500, &[], "")]),
        ("again", &[LOGGED_IN, EMPTY]),
        ("again", &[LOGGED_IN, ACCESS, REFUSED]),
        ("again", &[LOGGED_IN, ACCESS, (200, &[], HTML)]),
        ("broken", &[LOGGED_IN, ACCESS, (400, &[], "{\"message\": \"x\"}")]),
    ];
    for (ends, told) in rows {
        assert_eq!(read_account().ends(&adapter(), told), *ends, "{told:?}");
    }
    let without_task = || Talk::new("read_account", json!({"username": "u", "password": "p"}));
    assert_eq!(without_task().ends(&adapter(), &[LOGGED_IN]), "ready", "the login tells the DID");
    assert_eq!(without_task().ends(&adapter(), &[LOGGED_IN_HALF]), "not_yet");
}

#[test]
fn the_catalogue_lists_exactly_the_outcomes_that_there_are() {
    let task = |text: &str| get_task().answer(&adapter(), &[(200, &[], text)]);
    let answers = [
        ("onboard", onboard().answer(&adapter(), &[ACCEPTED])),
        ("onboard", onboard().uncertain(Mode::LookUp).answer(&adapter(), &[LOGGED_IN])),
        ("onboard", onboard().uncertain(Mode::LookUp).answer(&adapter(), &[LOGGED_IN_HALF])),
        ("onboard", onboard().answer(&adapter(), &[TAKEN])),
        ("onboard", onboard().answer(&adapter(), &[INVALID])),
        ("onboard", onboard_with(json!({"password": "weak"})).answer(&adapter(), &[])),
        ("get_task", task("{\"completed\": false}")),
        ("get_task", task("{\"completed\": true}")),
        ("get_task", task("{\"failed\": true}")),
        ("get_task", task("")),
        ("login_user", login_user().answer(&adapter(), &[LOGGED_IN])),
        ("login_user", login_user().answer(&adapter(), &[LOGGED_IN_HALF])),
        ("login_user", login_user().answer(&adapter(), &[REFUSED])),
        ("read_account", read_account().answer(&adapter(), &[LOGGED_IN, ACCESS, RESULT])),
        ("read_account", read_account().answer(&adapter(), &[LOGGED_IN, ACCESS, EMPTY])),
        ("read_account", read_account().answer(&adapter(), &[REFUSED])),
    ];
    hold(&adapter(), &answers);
}

#[test]
fn guardian_sends_no_webhooks() {
    let delivery = Delivery { headers: &[], json: &json!({}), signed: true, received_at: NOW };
    assert!(adapter().read(&delivery).is_err());
}

#[test]
fn waits_that_are_asked_for_are_handed_on() {
    let (_, ended) = onboard().hear(&adapter(), &[(429, &[("retry-after", "2")], "")]);
    assert!(matches!(ended, AttemptResult::Again { retry_after: Some(Millis(2_000)), spent: false, .. }), "{ended:?}");
}
