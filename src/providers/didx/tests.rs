//! Conversations without a network: a call, the answers it meets, how it ends. Bodies are in `fixtures`; those of the
//! given document stand there with its masked address replaced.

use gangway_core::effect::Mode;
use gangway_core::event::Trust;
use gangway_core::outcome::AttemptResult;
use gangway_core::retry::Policy;
use gangway_core::secret::Secrets;
use gangway_core::time::Millis;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Didx;
use crate::providers::talk::{NOW, Talk, Told, body, header, hold, line, token};
use crate::providers::{Adapter, Delivery, Reading, Stop, Token};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("fixtures/", $name))
    };
}

const CREATED: Told<'_> = (201, &[], fixture!("user_created.json"));
const EXISTS: Told<'_> = (201, &[], fixture!("user_exists.json"));
const INVALID: Told<'_> = (400, &[], fixture!("errors.json"));
const NOT_FOUND: Told<'_> = (404, &[], fixture!("errors_detail_only.json"));
const OFFERED: Told<'_> = (200, &[], fixture!("issuance_offered.json"));
const HTML: &str = fixture!("gateway.html");

fn adapter_with(more: &str) -> Didx {
    let least = "base_url = \"https://test.didxtech.com\"\nclient_id = \"partner one\"\nclient_secret = \"s&1\"\n";
    Didx::new(crate::providers::didx::ROW.section(&format!("{least}{more}")).unwrap(), &Policy::default())
}

fn adapter() -> Didx {
    adapter_with("credential_template_id = \"tpl_1\"")
}

fn thandi() -> Value {
    json!({"email": "thandi@example.org", "first_name": "Thandi", "last_name": "Molefe"})
}

fn create() -> Talk {
    Talk::new("create_user", thandi())
}

fn issue() -> Talk {
    Talk::new("issue_credential", json!({"attributes": {"givenName": "Thandi"}}))
}

fn send() -> Talk {
    Talk::new("send_offer", json!({"offer_uri": "openid://offer", "recipient": "thandi@example.org"}))
}

fn get() -> Talk {
    Talk::new("get_issuance", json!({"issuance_id": "iss_8f14e45f"}))
}

fn revoke() -> Talk {
    Talk::new("revoke_credential", json!({"credential_id": "cred_1"}))
}

#[test]
fn the_given_documents_request_is_sent_and_both_its_answers_are_understood() {
    let (requests, _) = create().hear(&adapter(), &[CREATED]);
    let request = &requests[0];
    assert_eq!(line(request), "POST https://test.didxtech.com/consumer-onboarding/api/users");
    assert_eq!((header(request, "content-type"), request.token), (Some("application/json"), Some("service")));
    let expected = json!({"email": "thandi@example.org", "firstName": "Thandi", "lastName": "Molefe"});
    assert_eq!(body(request), expected);
    let created = create().answer(&adapter(), &[CREATED]);
    let fields = json!({"email": "thandi@example.org", "username": "thandi.molefe"});
    assert_eq!((created.outcome.as_str(), json!(created.fields)), ("created", fields.clone()));
    assert_eq!(created.secrets, Secrets::of("temp_password", "!w&3WgYeEGMv"));
    let exists = create().answer(&adapter(), &[EXISTS]);
    assert_eq!((exists.outcome.as_str(), json!(exists.fields)), ("exists", fields));
    assert!(exists.secrets.is_empty());
}

#[test]
fn every_field_of_the_given_document_can_be_sent_and_nothing_else_is() {
    let input = json!({"email": "t@example.org", "username": "thandi.molefe-1_a", "first_name": "T", "last_name": "M",
        "external_identifier": "u-1", "password": "never"});
    let (requests, _) = Talk::new("create_user", input).hear(&adapter(), &[CREATED]);
    let expected = json!({"email": "t@example.org", "username": "thandi.molefe-1_a", "firstName": "T",
        "lastName": "M", "externalIdentifier": "u-1"});
    assert_eq!(body(&requests[0]), expected);
}

#[test]
fn without_email_and_username_or_with_a_username_that_cannot_be_nothing_is_sent() {
    for input in [json!({"first_name": "T"}), json!({"email": ""}), json!({"username": "thandi molefe"})] {
        assert_eq!(Talk::new("create_user", input.clone()).ends(&adapter(), &[]), "refused", "{input}");
    }
}

#[test]
fn every_answer_to_a_creation_has_its_one_meaning() {
    let null = "{\"data\": {\"tempPassword\": null}}";
    let list = "{\"data\": [{\"tempPassword\": \"x\"}]}";
    let rows: &[(&str, Told<'_>)] = &[
        ("created", CREATED),
        ("created", (201, &[], fixture!("user_created_bare.json"))),
        ("created", (200, &[], fixture!("user_created.json"))),
        ("created", (201, &[("content-type", "text/plain")], fixture!("user_created.json"))),
        ("created", (201, &[], "{\"data\": {\"tempPassword\": \"x\", \"tier\": \"of tomorrow\"}}")),
        ("exists", EXISTS),
        ("broken", (201, &[], fixture!("user_without_password.json"))),
        ("broken", (201, &[], null)),
        ("broken", (201, &[], list)),
        ("created", (201, &[], "{\"data\": {\"tempPassword\": 471199}}")),
        ("unknown", (201, &[], "{\"data\": {\"email\": \"than")),
        ("unknown", (201, &[], "")),
        ("unknown", (200, &[], HTML)),
        ("unknown", (201, &[], "[]")),
        ("refused", INVALID),
        ("refused", (400, &[], fixture!("errors_older.json"))),
        ("refused", (400, &[], HTML)),
        ("refused", (422, &[], fixture!("errors.json"))),
        ("conflict", (409, &[], fixture!("errors_detail_only.json"))),
        ("conflict", (409, &[], "")),
        ("refused", (404, &[], fixture!("errors_detail_only.json"))),
        ("refused", (451, &[], fixture!("errors.json"))),
        ("refused", (418, &[], "")),
        ("again", (404, &[], HTML)),
        ("again", (408, &[], "")),
        ("again", (503, &[("retry-after", "3")], HTML)),
        ("unknown", (503, &[], HTML)),
        ("unknown", (500, &[], fixture!("errors.json"))),
        ("unknown", (502, &[], HTML)),
        ("barred", (401, &[], "")),
        ("denied", (403, &[], fixture!("errors.json"))),
        ("denied", (403, &[], HTML)),
        ("barred", (302, &[("location", "https://elsewhere.example.org")], "")),
        ("again free", (429, &[], "")),
        ("again free", (429, &[("retry-after", "9")], "")),
    ];
    for (ends, told) in rows {
        assert_eq!(create().ends(&adapter(), &[*told]), *ends, "{told:?}");
    }
}

#[test]
fn after_an_unknown_attempt_the_call_itself_is_the_look_up_and_an_existing_account_is_told_apart() {
    for mode in [Mode::LookUp, Mode::Do] {
        let talk = || create().uncertain(mode);
        let (requests, _) = talk().hear(&adapter(), &[EXISTS]);
        assert!(requests[0].effectful && requests[0].method == "POST");
        assert_eq!(talk().ends(&adapter(), &[EXISTS]), "exists_after_unknown");
        assert_eq!(talk().ends(&adapter(), &[CREATED]), "created", "the lost request never arrived");
        assert_eq!(talk().ends(&adapter(), &[(409, &[], "")]), "conflict");
    }
}

#[test]
fn every_shape_of_errors_tells_code_and_reason_to_the_flow_and_neither_is_in_a_cause() {
    let fields = |told| json!(create().answer(&adapter(), &[told]).fields);
    let expected = json!({"code": "VALIDATION_ERROR", "reason": "email must be an email"});
    assert_eq!(fields(INVALID), expected);
    let older = json!({"code": "VALIDATION_ERROR", "reason": "Validation failed; email: must be an email"});
    assert_eq!(fields((400, &[], fixture!("errors_older.json"))), older);
    assert_eq!(fields((400, &[], HTML)), json!({"code": "400", "reason": "the provider gives no reason"}));
    let none = "the provider gives no reason";
    let rows: &[(&str, &str, &str)] = &[
        ("{\"errors\": [{\"detail\": \"a\"}, {\"code\": 7, \"detail\": [\"b\", \"c\"]}]}", "7", "a; b; c"),
        ("{\"errors\": [\"a\", \"b\"]}", "400", "a; b"),
        ("{\"errors\": {\"title\": \"Wrong\", \"detail\": \"a\"}}", "Wrong", "a"),
        ("{\"errors\": []}", "400", none),
        ("{\"error\": \"invalid_request\", \"error_description\": \"a\"}", "invalid_request", "a"),
        ("{\"error\": {\"message\": \"a\"}}", "400", "a"),
        ("{\"error\": \"E\", \"details\": [{\"field\": \"f\", \"issue\": \"i\"}, \"b\"]}", "E", "f: i; b"),
        ("{\"code\": 12, \"message\": 5}", "12", "5"),
        ("{\"message\": \"a\"}", "400", "a"),
        ("[1]", "400", none),
        ("{\"errors\": [", "400", none),
        ("", "400", none),
    ];
    for (body, code, reason) in rows {
        assert_eq!(fields((400, &[], body)), json!({"code": code, "reason": reason}), "{body}");
    }
    let cause = create().cause(&adapter(), &[(403, &[], fixture!("errors.json"))]);
    assert!(cause.contains("403 VALIDATION_ERROR") && !cause.contains("email"), "{cause}");
    let (_, ended) = create().hear(&adapter(), &[(500, &[], fixture!("errors.json"))]);
    assert!(!format!("{ended:?}").contains("email"), "{ended:?}");
}

#[test]
fn waits_that_are_asked_for_are_handed_on() {
    let (_, ended) = create().hear(&adapter(), &[(429, &[("retry-after", "9")], "")]);
    assert!(matches!(ended, AttemptResult::Again { retry_after: Some(Millis(9_000)), spent: false, .. }), "{ended:?}");
}

#[test]
fn a_credential_is_issued_from_the_flows_template_or_the_settings_one() {
    let (requests, _) = issue().hear(&adapter(), &[OFFERED]);
    assert_eq!(line(&requests[0]), "POST https://test.didxtech.com/me-creds/api/credentials/issuance");
    let expected = json!({"credentialTemplateId": "tpl_1", "attributes": {"givenName": "Thandi"}});
    assert_eq!(body(&requests[0]), expected);
    let named = json!({"credential_template_id": "tpl_2", "attributes": {}});
    let (requests, _) = Talk::new("issue_credential", named).hear(&adapter(), &[OFFERED]);
    assert_eq!(body(&requests[0])["credentialTemplateId"], "tpl_2");
    assert_eq!(issue().ends(&adapter_with(""), &[]), "broken", "no template anywhere");
    assert_eq!(Talk::new("issue_credential", json!({"attributes": 1})).ends(&adapter(), &[]), "broken");
}

#[test]
fn an_offer_is_a_secret_and_its_issuance_is_known_with_and_without_prefix() {
    let answer = issue().answer(&adapter(), &[OFFERED]);
    assert_eq!(json!(answer.fields), json!({"issuance_id": "iss_8f14e45f", "credential_id": "cred_1"}));
    assert_eq!(answer.secrets.0.keys().collect::<Vec<_>>(), ["offer_uri"]);
    let ids: Vec<_> = answer.identifiers.iter().map(|id| (id.kind.as_str(), id.value.as_str())).collect();
    // The last one is what a confirming read is made with: the id as the provider gave it.
    assert_eq!(ids, [("didx.issuance_id", "8f14e45f"), ("didx.issuance_id", "iss_8f14e45f")]);
}

#[test]
fn every_answer_to_an_issuance_has_its_one_meaning() {
    let bare = "{\"id\": \"1\", \"status\": \"offered\", \"offerUri\": \"openid://x\"}";
    let rows: &[(&str, Told<'_>)] = &[
        ("offered", OFFERED),
        ("offered", (201, &[], fixture!("issuance_offered.json"))),
        ("offered", (201, &[], bare)),
        ("broken", (200, &[], "{\"data\": {\"id\": \"1\"}}")),
        ("unknown", (200, &[], "{\"data\": {\"status\": \"offered\"}}")),
        ("unknown", (200, &[], HTML)),
        ("unknown", (500, &[], "")),
        ("refused", INVALID),
        ("refused", NOT_FOUND),
        ("again", (404, &[], HTML)),
        ("denied", (403, &[], "")),
        ("again free", (429, &[], "")),
    ];
    for (ends, told) in rows {
        assert_eq!(issue().ends(&adapter(), &[*told]), *ends, "{told:?}");
    }
}

#[test]
fn an_offer_is_sent_and_an_empty_201_is_never_parsed() {
    let (requests, _) = send().hear(&adapter(), &[(201, &[], "")]);
    assert_eq!(line(&requests[0]), "POST https://test.didxtech.com/me-wallet/api/orgs/credentials");
    assert_eq!(body(&requests[0]), json!({"credentialOffer": "openid://offer", "recipient": "thandi@example.org"}));
    let named = json!({"offer_uri": "o", "recipient": "u-1", "identifier_type": "externalIdentifier"});
    let (requests, _) = Talk::new("send_offer", named).hear(&adapter(), &[(201, &[], "")]);
    assert_eq!(body(&requests[0])["identifierType"], "externalIdentifier");
    let rows: &[(&str, Told<'_>)] = &[
        ("sent", (201, &[], "")),
        ("sent", (201, &[], "not json")),
        ("sent", (204, &[], "")),
        ("sent", (200, &[], "{}")),
        ("unknown", (200, &[], HTML)),
        ("refused", INVALID),
        ("refused", NOT_FOUND),
        ("refused", (409, &[], "")),
        ("again", (404, &[], HTML)),
        ("unknown", (502, &[], HTML)),
        ("barred", (401, &[], "")),
        ("denied", (403, &[], "")),
    ];
    for (ends, told) in rows {
        assert_eq!(send().ends(&adapter(), &[*told]), *ends, "{told:?}");
    }
    for (ends, input) in [
        ("broken", json!({"recipient": "t@example.org"})),
        ("refused", json!({"offer_uri": "o"})),
        ("broken", json!({"offer_uri": "o", "recipient": "r", "identifier_type": "phone"})),
    ] {
        assert_eq!(Talk::new("send_offer", input.clone()).ends(&adapter(), &[]), ends, "{input}");
    }
}

fn issuance(status: &str) -> String {
    json!({"data": {"id": "iss_8f14e45f", "status": status, "credentials": [{"id": "cred_1"}]}}).to_string()
}

#[test]
fn every_state_of_an_issuance_is_read_and_one_of_tomorrow_is_still_an_offer() {
    let rows = [
        ("completed", "completed", Some("didx.issuance_completed")),
        ("failed", "failed", Some("didx.issuance_failed")),
        ("expired", "expired", Some("didx.issuance_expired")),
        ("partiallyIssued", "partially_issued", Some("didx.issuance_partially_issued")),
        ("offered", "offered", None),
        ("underReview", "offered", None),
    ];
    for (status, outcome, fact) in rows {
        let answer = get().answer(&adapter(), &[(200, &[], &issuance(status))]);
        assert_eq!((answer.outcome.as_str(), answer.facts.first().map(|fact| fact.name.as_str())), (outcome, fact));
        let shown = (outcome == "offered").then_some(status);
        assert_eq!(answer.fields.get("status").and_then(Value::as_str), shown, "what was read");
        for fact in &answer.facts {
            assert_eq!((fact.resource.as_str(), fact.trust, fact.time), ("8f14e45f", Trust::Fact, Some(NOW)));
        }
    }
}

#[test]
fn an_issuance_that_is_not_found_is_asked_for_in_the_other_form_before_it_is_given_up() {
    let found: Told<'_> = (200, &[], &issuance("completed"));
    for (asked, then) in [("iss_8f14e45f", "8f14e45f"), ("8f14e45f", "iss_8f14e45f")] {
        let talk = Talk::new("get_issuance", json!({"issuance_id": asked}));
        let (requests, _) = talk.hear(&adapter(), &[NOT_FOUND, found]);
        let base = "GET https://test.didxtech.com/me-creds/api/credentials/";
        let lines: Vec<String> = requests.iter().map(line).collect();
        assert_eq!(lines, [asked, then].map(|id| format!("{base}{id}")));
        assert_eq!(talk.ends(&adapter(), &[NOT_FOUND, NOT_FOUND]), "not_found");
    }
}

#[test]
fn every_answer_to_a_read_has_its_one_meaning() {
    let rows: &[(&str, Told<'_>)] = &[
        ("completed", (200, &[], "{\"id\": \"iss_8f14e45f\", \"status\": \"completed\"}")),
        ("again", (200, &[], "{\"data\": {}}")),
        ("again", (200, &[], "{\"data\": {\"status\": null}}")),
        ("again", (200, &[], "{\"data\": {\"status\": [\"completed\"]}}")),
        ("again", (200, &[], "{\"data\": {\"id\": \"iss_another\", \"status\": \"completed\"}}")),
        ("completed", (200, &[], "{\"data\": {\"id\": \"8f14e45f\", \"status\": \"COMPLETED\"}}")),
        ("denied", (403, &[], "")),
        ("again", (200, &[], "{\"data\": {\"stat")),
        ("again", (200, &[], HTML)),
        ("again", (404, &[], HTML)),
        ("again", (500, &[], "")),
        ("again", (503, &[("retry-after", "1")], "")),
        ("broken", INVALID),
        ("barred", (401, &[], "")),
        ("again free", (429, &[], "")),
    ];
    for (ends, told) in rows {
        assert_eq!(get().ends(&adapter(), &[*told]), *ends, "{told:?}");
    }
    for input in [json!({}), json!({"issuance_id": "../endpoints"})] {
        assert_eq!(Talk::new("get_issuance", input).ends(&adapter(), &[]), "broken");
    }
}

#[test]
fn a_credential_is_revoked_by_its_inner_id() {
    let (requests, _) = revoke().hear(&adapter(), &[(204, &[], "")]);
    assert_eq!(line(&requests[0]), "POST https://test.didxtech.com/me-creds/api/credentials/cred_1/revoke");
    assert_eq!((requests[0].body.as_deref(), requests[0].effectful), (None, true));
    for (ends, told) in
        [("revoked", (204, "")), ("refused", (400, "")), ("unknown", (500, "")), ("unknown", (200, HTML))]
    {
        assert_eq!(revoke().ends(&adapter(), &[(told.0, &[], told.1)]), ends);
    }
}

#[test]
fn a_webhook_address_is_registered_and_is_not_for_flows() {
    let input = json!({"url": "https://gangway.example.org/webhooks/didx/s"});
    let talk = Talk::new("register_webhook", input.clone());
    let answer = talk.answer(&adapter(), &[(201, &[], fixture!("endpoint.json"))]);
    assert_eq!((answer.outcome.as_str(), json!(answer.fields)), ("registered", json!({"webhook_id": "wh_1"})));
    let (requests, _) = talk.hear(&adapter(), &[(201, &[], fixture!("endpoint.json"))]);
    assert_eq!(line(&requests[0]), "POST https://test.didxtech.com/me-creds/api/endpoints");
    assert_eq!(body(&requests[0])["url"], input["url"]);
    let all =
        ["offered", "completed", "partiallyIssued", "failed", "expired"].map(|s| format!("openid4vc.issuance.{s}"));
    assert_eq!(body(&requests[0])["filterTypes"], json!(all));
    for url in ["http://gangway.example.org/webhooks/didx/s", "gangway", ""] {
        assert_eq!(Talk::new("register_webhook", json!({"url": url})).ends(&adapter(), &[]), "broken", "{url}");
    }
    let here = Talk::new("register_webhook", json!({"url": "http://127.0.0.1:8080/webhooks/didx/s"}));
    assert_eq!(here.ends(&adapter(), &[(201, &[], fixture!("endpoint.json"))]), "registered");
}

#[test]
fn the_catalogue_lists_exactly_the_outcomes_that_there_are() {
    let mut answers = vec![
        ("create_user", create().answer(&adapter(), &[CREATED])),
        ("create_user", create().answer(&adapter(), &[EXISTS])),
        ("create_user", create().uncertain(Mode::LookUp).answer(&adapter(), &[EXISTS])),
        ("create_user", create().answer(&adapter(), &[(409, &[], "")])),
        ("create_user", create().answer(&adapter(), &[INVALID])),
        ("issue_credential", issue().answer(&adapter(), &[OFFERED])),
        ("issue_credential", issue().answer(&adapter(), &[INVALID])),
        ("send_offer", send().answer(&adapter(), &[(201, &[], "")])),
        ("send_offer", send().answer(&adapter(), &[INVALID])),
        ("get_issuance", get().answer(&adapter(), &[NOT_FOUND, NOT_FOUND])),
        ("revoke_credential", revoke().answer(&adapter(), &[(204, &[], "")])),
        ("revoke_credential", revoke().answer(&adapter(), &[INVALID])),
    ];
    for status in ["completed", "partiallyIssued", "offered", "failed", "expired"] {
        answers.push(("get_issuance", get().answer(&adapter(), &[(200, &[], &issuance(status))])));
    }
    hold(&adapter(), &answers);
}

fn token_word(more: &str, told: Told<'_>) -> String {
    match token(&adapter_with(more), "service", &[told]).1 {
        Ok(Token { value, good_for }) => format!("{} {}", value.expose_secret(), good_for.unwrap().0),
        Err(Stop::Barred(_)) => "barred".to_owned(),
        Err(Stop::Away(..)) => "away".to_owned(),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_token_is_asked_for_with_client_credentials_in_a_form() {
    let asked = |more: &str| token(&adapter_with(more), "service", &[(500, &[], "")]).0.remove(0);
    let request = asked("");
    let path = "iam/realms/product-hub/protocol/openid-connect/token";
    assert_eq!(line(&request), format!("POST https://test.didxtech.com/{path}"));
    assert_eq!(header(&request, "content-type"), Some("application/x-www-form-urlencoded"));
    let form = String::from_utf8(request.body.unwrap()).unwrap();
    assert_eq!(form, "grant_type=client_credentials&client_id=partner+one&client_secret=s%261");
    let request = asked("[token]\nurl = \"https://id.example.org/t\"");
    assert_eq!((request.url.as_str(), request.token), ("https://id.example.org/t", None));
}

#[test]
fn a_token_lives_as_long_as_its_answer_says_less_the_margin() {
    let short = "{\"access_token\": \"t\", \"expires_in\": 20}";
    let silent = "{\"access_token\": \"t\"}";
    let rows: &[(&str, &str, Told<'_>)] = &[
        ("", "header.claims.signature 270000", (200, &[], fixture!("token.json"))),
        ("", "t 10000", (200, &[], short)),
        ("", "t 270000", (200, &[], silent)),
        ("[token]\nlifetime = \"60s\"\nmargin = \"5s\"", "t 55000", (200, &[], silent)),
        ("", "barred", (401, &[], "{\"error\": \"invalid_client\"}")),
        ("", "barred", (400, &[], "{\"error\": \"unauthorized_client\"}")),
        ("", "barred", (404, &[], "{\"error\": \"Realm does not exist\"}")),
        ("", "barred", (307, &[], "")),
        ("", "away", (404, &[], HTML)),
        ("", "away", (200, &[], HTML)),
        ("", "away", (200, &[], "{\"access_token\": \"\"}")),
        ("", "away", (429, &[], "")),
        ("", "away", (500, &[], "")),
    ];
    for (more, word, told) in rows {
        assert_eq!(token_word(more, *told), *word, "{told:?}");
    }
}

fn read(json: &Value) -> Reading {
    let headers = [("webhook-id".to_owned(), "msg_1".to_owned())];
    adapter().read(&Delivery { headers: &headers, json, signed: true, received_at: NOW }).unwrap()
}

#[test]
fn a_delivery_is_a_hint_even_when_signed_and_finds_its_owner_with_and_without_prefix() {
    let reading = read(&serde_json::from_str(fixture!("hook.json")).unwrap());
    assert_eq!((reading.kind.as_str(), reading.key.as_deref()), ("didx.issuance_completed", Some("msg_1")));
    assert_eq!((reading.facts[0].resource.as_str(), reading.facts[0].trust), ("8f14e45f", Trust::Hint));
    let prefixed =
        json!({"eventType": "openid4vc.issuance.completed", "payload": {"openId4VcIssuanceId": "iss_8f14e45f"}});
    let prefixed = read(&prefixed);
    assert_eq!(prefixed.facts[0].resource, "8f14e45f");
    let mut values = [reading, prefixed].map(|reading| {
        let mut values: Vec<String> = reading.identifiers.into_iter().map(|id| id.value).collect();
        values.sort();
        values
    });
    values.sort();
    assert_eq!(values[0], values[1], "either form names the same two");
}

#[test]
fn every_event_has_its_kind_and_only_ends_of_issuances_are_facts() {
    let rows = [
        ("openid4vc.issuance.completed", "didx.issuance_completed", 1),
        // Each of these has a wait for the completion look, too.
        ("openid4vc.issuance.FAILED", "didx.issuance_failed", 2),
        ("openid4vc.issuance.expired", "didx.issuance_expired", 2),
        ("openid4vc.issuance.partiallyIssued", "didx.issuance_partially_issued", 2),
        ("openid4vc.issuance.offered", "didx.issuance_offered", 0),
        ("openid4vc.presentation.verified", "didx.openid4vc_presentation_verified", 0),
        ("openid4vc.verification.data", "didx.openid4vc_verification_data", 0),
        ("of tomorrow", "didx.of_tomorrow", 0),
    ];
    for (event, kind, facts) in rows {
        let reading = read(&json!({"eventType": event, "payload": {"openId4VcIssuanceId": "1"}}));
        assert_eq!((reading.kind.as_str(), reading.facts.len()), (kind, facts), "{event}");
        assert!(reading.facts.iter().all(|fact| fact.trust == Trust::Hint), "{event}");
        let completion = |fact: &gangway_core::event::FactReport| fact.name == "didx.issuance_completed";
        assert_eq!(reading.facts.iter().any(completion), facts > 0, "{event}");
    }
    let nameless = read(&json!({"eventType": "openid4vc.issuance.completed", "payload": {}}));
    assert_eq!((nameless.facts.len(), nameless.identifiers.len()), (0, 0));
    for unreadable in [json!({}), json!({"eventType": " "}), json!([])] {
        let delivery = Delivery { headers: &[], json: &unreadable, signed: false, received_at: NOW };
        assert!(adapter().read(&delivery).is_err());
    }
}
