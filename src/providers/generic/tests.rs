//! The shipped definition and small ones made from it: what loads, what does not and why, and how they translate.

use std::sync::Arc;

use gangway_core::catalogue::Catalogue;
use gangway_core::effect::{EffectId, Mode};
use gangway_core::event::{OnboardingId, Trust};
use gangway_core::outcome::AttemptResult;
use gangway_core::retry::Policy;
use gangway_core::time::{Millis, Timestamp};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{Generic, is_definition, load};
use crate::providers::script::Script;
use crate::providers::webhook::WebhookSettings;
use crate::providers::{Adapter, Call, Delivery, HttpRequest, Rate, Reply, Stop, Token};

mod further;
mod signed;

const EXAMPLE: &str = include_str!("../../../providers/example.yaml");
const NOW: Timestamp = Timestamp(1_767_323_050_000);

fn adapter(text: &str) -> Generic {
    let definition = load("test.yaml", text).unwrap_or_else(|problems| panic!("{problems}"));
    let settings = json!({"base_url": "https://api.example.org/v1", "concurrency": 8, "definition": "test.yaml",
        "values": {"client_id": "c-1"}, "secrets": {"client_secret": "s-1"}});
    Generic::new(Arc::new(definition), serde_json::from_value(settings).unwrap(), &Policy::default())
}

fn script(told: Told<'_>) -> Script {
    let reply = |(status, body): &(u16, &str)| Reply {
        status: *status,
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
        sent_at: NOW,
        received_at: NOW,
    };
    Script::new(NOW, told.iter().map(reply))
}

fn hear(it: &Generic, action: &str, input: &Value, mode: Mode, told: Told<'_>) -> (Vec<HttpRequest>, String) {
    let effect = EffectId { onboarding: OnboardingId(uuid::Uuid::nil()), n: 1 };
    let uncertain_since = (mode == Mode::LookUp).then_some(NOW);
    let call = Call { action, input: input.as_object().unwrap(), effect, attempt: 1, mode, uncertain_since };
    let far = script(told);
    let end = match far.play(it.call(&call, &far)).expect("a request that the test does not answer") {
        Ok(answer) => answer.outcome,
        Err(Stop::Barred(_)) => "barred".to_owned(),
        Err(stop) => match stop.ended(far.doubt()) {
            AttemptResult::Done(answer) => answer.outcome,
            AttemptResult::NotDone => "not_done".to_owned(),
            AttemptResult::Again { spent, .. } => if spent { "again" } else { "again free" }.to_owned(),
            AttemptResult::Unknown { .. } => "unknown".to_owned(),
            AttemptResult::Broken { .. } => "broken".to_owned(),
        },
    };
    (far.sent(), end)
}

/// Statuses and bodies, one for each request.
type Told<'a> = &'a [(u16, &'a str)];

fn ada() -> Value {
    json!({"external_id": "u/1", "email": "ada@example.org", "password": "p-1"})
}

/// The problems of the example with a piece exchanged.
fn wrong(from: &str, to: &str) -> String {
    assert!(EXAMPLE.contains(from), "{from}");
    match load("test.yaml", &EXAMPLE.replacen(from, to, 1)) {
        Ok(_) => panic!("`{to}` loads"),
        Err(problems) => problems.rendered,
    }
}

#[test]
fn the_shipped_definition_loads_and_describes_itself() {
    let it = adapter(EXAMPLE);
    let mut catalogue = Catalogue::default();
    it.describe(&mut catalogue);
    let create = &catalogue.actions["example.create_member"];
    assert!(create.effectful && create.look_up && create.policy.attempts == 6);
    let created = create.outcomes.iter().find(|outcome| outcome.name == "created").unwrap();
    assert_eq!(
        (created.writes.as_slice(), created.may_write.as_slice()),
        (&["member_id".to_owned()][..], &["state".to_owned()][..])
    );
    assert_eq!(created.secrets, ["invite_code"]);
    let names: Vec<&str> = create.outcomes.iter().map(|outcome| outcome.name.as_str()).collect();
    assert_eq!(names, ["created", "refused", "exists"]);
    assert!(!catalogue.actions["example.get_member"].effectful);
    let confirm = catalogue.facts["example.member_active"].confirm.as_ref().unwrap();
    assert_eq!(
        (confirm.action.as_str(), confirm.input["member_id"].as_str()),
        ("example.get_member", "example.member_id")
    );
    assert_eq!(it.identifier_kinds(), ["example.member_id"]);
    assert!(is_definition(EXAMPLE) && !is_definition("flow: a\nversion: 1"));
}

#[test]
fn a_request_is_written_as_the_definition_says_and_values_cannot_leave_their_segment() {
    let (requests, end) = hear(&adapter(EXAMPLE), "create_member", &ada(), Mode::Do, &[(201, r#"{"id": "m-1"}"#)]);
    let request = &requests[0];
    assert_eq!((request.method, request.url.as_str()), ("POST", "https://api.example.org/v1/regions/eu/members"));
    let body: Value = serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
    let expected = json!({"externalId": "u/1", "email": "ada@example.org", "password": "p-1", "source": "gangway"});
    assert_eq!((body, end.as_str(), request.token), (expected, "created", Some("service")));
    assert!(request.effectful);
    assert_eq!(request.named_headers[0].0, "Idempotency-Key");
    let it = adapter(EXAMPLE);
    let escaped = hear(&it, "get_member", &json!({"member_id": "a/../b"}), Mode::Do, &[(404, r#"{"error": {}}"#)]);
    assert_eq!(escaped.0[0].url, "https://api.example.org/v1/members/a%2F..%2Fb");
    assert_eq!(hear(&it, "get_member", &json!({"member_id": ".."}), Mode::Do, &[]).1, "broken");
    assert_eq!(hear(&it, "get_member", &json!({}), Mode::Do, &[]).1, "broken");
    assert_eq!(hear(&it, "no_such", &json!({}), Mode::Do, &[]).1, "broken");
}

#[test]
fn every_answer_has_its_one_meaning_also_those_of_which_the_definition_says_nothing() {
    let it = adapter(EXAMPLE);
    let duplicate = (409, r#"{"error": {"code": "duplicate_external_id"}}"#);
    let found = (200, r#"{"items": [{"id": "m-1", "state": "active"}]}"#);
    let rows: &[(&str, Mode, Told<'_>)] = &[
        ("created", Mode::Do, &[(201, r#"{"id": "m-1"}"#)]),
        ("exists", Mode::Do, &[duplicate, found]),
        ("again", Mode::Do, &[duplicate, (200, r#"{"items": []}"#)]),
        ("again", Mode::Do, &[duplicate, (502, "")]),
        ("refused", Mode::Do, &[(422, r#"{"error": {"code": "x"}}"#)]),
        ("unknown", Mode::Do, &[(422, "<html>")]),
        ("unknown", Mode::Do, &[(201, "{}")]),
        ("unknown", Mode::Do, &[(201, r#"{"id": "m-"#)]),
        ("unknown", Mode::Do, &[(500, "")]),
        ("barred", Mode::Do, &[(401, "")]),
        ("barred", Mode::Do, &[(302, "")]),
        ("again free", Mode::Do, &[(429, "")]),
        ("broken", Mode::Do, &[(418, "")]),
        ("not_done", Mode::LookUp, &[(200, r#"{"items": []}"#)]),
        ("created", Mode::LookUp, &[found]),
        ("again", Mode::LookUp, &[(200, "<html>")]),
        ("again", Mode::LookUp, &[(500, "")]),
    ];
    for (ends, mode, told) in rows {
        let (requests, end) = hear(&it, "create_member", &ada(), *mode, told);
        assert_eq!(end, *ends, "{mode:?} {told:?}");
        assert!(requests.iter().skip(1).all(|request| !request.effectful), "a look-up changes nothing");
    }
    assert_eq!(hear(&it, "get_member", &json!({"member_id": "1"}), Mode::Do, &[(404, "<html>")]).1, "broken");
    assert_eq!(hear(&it, "get_member", &json!({"member_id": "1"}), Mode::Do, &[(500, "")]).1, "again");
}

#[test]
fn a_token_is_got_with_client_credentials_and_its_margin_is_kept() {
    let it = adapter(EXAMPLE);
    let told = |status, body: &str| {
        let far = script(&[(status, body)]);
        let ended = far.play(it.token("service", &far)).unwrap();
        (far.sent().remove(0), ended.map_err(Stop::of_a_token))
    };
    let request = told(401, "").0;
    assert_eq!(request.url, "https://api.example.org/v1/oauth/token");
    let form = String::from_utf8(request.body.unwrap()).unwrap();
    assert_eq!(form, "grant_type=client_credentials&client_id=c-1&client_secret=s-1");
    let life = |body: &str| {
        let Token { value, good_for } = told(200, body).1.unwrap();
        (value.expose_secret().to_owned(), good_for)
    };
    assert_eq!(life(r#"{"access_token": "t", "expires_in": 300}"#), ("t".to_owned(), Some(Millis::secs(270))));
    assert_eq!(life(r#"{"access_token": "t", "expires_in": 40}"#).1, Some(Millis::secs(20)));
    assert_eq!(life(r#"{"access_token": "t"}"#).1, None);
    assert!(matches!(told(401, "").1, Err(Stop::Barred(_))));
    assert!(matches!(told(302, "").1, Err(Stop::Barred(_))));
    assert!(matches!(told(200, "<html>").1, Err(Stop::Away(..))));
    assert!(matches!(told(503, "").1, Err(Stop::Away(..))));
}

#[test]
fn every_kind_of_auth_goes_along_in_its_own_way() {
    let oauth =
        "auth:\n  oauth2: { url: /oauth/token, client_id: client_id, client_secret: client_secret, margin: 30s }";
    let of = |auth: &str| {
        let it = adapter(&EXAMPLE.replace(oauth, auth));
        let request = hear(&it, "get_member", &json!({"member_id": "1"}), Mode::Do, &[(500, "")]).0.remove(0);
        let shown = |value: &secrecy::SecretString| value.expose_secret().to_owned();
        let secret = request.secret_headers.iter().map(|(name, value)| ((*name).to_owned(), shown(value)));
        let named = request.named_headers.iter().map(|(name, value)| (name.clone(), shown(value)));
        (request.token, secret.chain(named).collect::<Vec<_>>())
    };
    let one = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    assert_eq!(of("auth: none"), (None, vec![]));
    assert_eq!(of("auth: { bearer: client_secret }"), (None, one("authorization", "Bearer s-1")));
    assert_eq!(
        of("auth: { basic: { user: client_id, password: client_secret } }"),
        (None, one("authorization", "Basic Yy0xOnMtMQ=="))
    );
    assert_eq!(of("auth: { header: { name: X-Api-Key, value: client_secret } }"), (None, one("x-api-key", "s-1")));
}

#[test]
fn a_delivery_is_a_fact_only_when_it_was_signed() {
    let it = adapter(EXAMPLE);
    let json = json!({"event": "member.activated", "createdAt": 1_767_323_045, "member": {"id": "m-1"}});
    let read = |signed| it.read(&Delivery { headers: &[], json: &json, signed, received_at: NOW }).unwrap();
    assert_eq!((read(true).facts[0].trust, read(false).facts[0].trust), (Trust::Fact, Trust::Hint));
    assert_eq!(read(true).occurred_at, Some(Timestamp(1_767_323_045_000)));
    assert_eq!(read(true).identifiers[0].kind, "example.member_id");
    let nameless = json!({"member": {}});
    assert!(it.read(&Delivery { headers: &[], json: &nameless, signed: true, received_at: NOW }).is_err());
}

#[test]
fn every_mistake_is_told_with_its_place_its_cause_and_a_hint() {
    let rows = [
        ("provider: example", "provider: original", "`original` is taken"),
        ("provider: example", "provider: flow", "`flow` is taken"),
        ("provider: example", "provider: mail", "`mail` is taken"),
        ("provider: example", "provider: Ex ample", "cannot be the name of a provider"),
        ("auth:\n  oauth2", "auth:\n  oauth3", "there is no auth `oauth3`"),
        ("client_secret: client_secret,", "client_secret: client_sceret,", "did you mean `client_secret`?"),
        ("region: { default: eu }", "region: perhaps", "the setting `region` cannot be read"),
        ("method: POST", "method: POTS", "`POTS` is not a method"),
        ("path: \"/regions/{settings.region}/members\"", "path: regions", "does not begin with a slash"),
        ("{settings.region}", "{settings.client_secret}", "not there or is secret"),
        ("email: input.email", "email: input.emial", "did you mean `email`?"),
        ("email: input.email", "email: settings.client_secret", "`settings.client_secret` is secret"),
        ("email: input.email", "email: user.email", "there is no `user` here"),
        ("when: status == 201", "when: statsu == 201", "did you mean `status`?"),
        ("when: status == 201", "when: status ==", "not an expression"),
        ("when: status == 201", "wehn: status == 201", "did you mean `when`?"),
        ("secrets: { invite_code: body.inviteCode }", "fields: {}", "`fields` stands twice"),
        ("secrets: { invite_code: body.inviteCode }", "secrets: { a: input.password }", "`input.password` is secret"),
        ("password: optional secret", "password: hidden", "an input cannot be `hidden`"),
        ("        not_done:\n", "        not_doen:\n", "never finds that it was not done"),
        ("facts: { member_active: { resource", "facts: { member_actve: { resource", "did you mean `member_active`?"),
        ("confirm: { action: get_member", "confirm: { action: create_member", "not an action that only reads"),
        ("verify: hmac", "verify: hmca", "`verify` cannot be read"),
        ("retry: { attempts: 6", "retry: { attempt: 6", "`retry` cannot be read"),
        ("requests_per_second: 10", "requests_per_second: 0", "`requests_per_second` is not a whole number from 1"),
        ("requests_per_second: 10", "requests_per_second: 0.5", "0.5 in a second are 30 in a minute"),
        ("requests_per_second: 10", "requests_per_second: many", "is not a whole number"),
        ("requests_per_second: 10", "requests_per_minute: 5", "is not a whole number from 6 to 60000"),
        ("requests_per_second: 10", "requests_per_hour: 5", "did you mean"),
        ("requests_per_second: 10", "requests_per_second: 1, requests_per_minute: 60", "must say one number"),
        ("{ requests_per_second: 10 }", "{}", "must say one number"),
        ("{ requests_per_second: 10 }", "10", "`rate`"),
        ("ends: created", "ends: refused", "ends as `created`, not as `refused`"),
        ("body: { externalId: u-1", "body: { externalId: u-2", "where the sample says"),
        ("key: d-1", "key: d-2", "where the sample says"),
        ("ends: not_found", "ends: active", "ends as `not_found`"),
        ("  - action: get_member", "  - aktion: get_member", "this sample cannot be read"),
    ];
    for (from, to, says) in rows {
        let told = wrong(from, to);
        assert!(told.contains(says) && told.contains("--> test.yaml:"), "{to}:\n{told}");
    }
}

#[test]
fn a_delivery_names_sixteen_identifiers_at_most() {
    let naming = |many: usize| {
        let more: String = (1..many).map(|n| format!(", other_{n}: body.member.id{n}")).collect();
        ("{ member_id: body.member.id }", format!("{{ member_id: body.member.id{more} }}"))
    };
    let (from, to) = naming(16);
    assert!(load("test.yaml", &EXAMPLE.replacen(from, &to, 1)).is_ok());
    let (from, to) = naming(17);
    let told = wrong(from, &to);
    assert!(told.contains("a delivery names 17 identifiers") && told.contains("--> test.yaml:106"), "{told}");
}

#[test]
fn a_rate_is_of_a_second_or_of_a_minute_and_may_be_left_out() {
    let rate =
        |line: &str| load("test.yaml", &EXAMPLE.replacen("rate: { requests_per_second: 10 }", line, 1)).unwrap().rate;
    let told = |requests, per| Some(Rate { requests, per });
    assert_eq!(adapter(EXAMPLE).rate(), told(10, Millis::secs(1)));
    assert_eq!(rate("rate: { requests_per_minute: 90 }"), told(90, Millis::secs(60)));
    assert_eq!(rate(""), None);
}

/// The example with an action that registers our address.
fn registering(input: &str, outcomes: &str) -> String {
    let action = format!(
        "actions:\n  register_webhook:\n    about: Registers our address.\n    input: {input}\n    request: {{ method: \
         POST, path: /hooks, body: {{ url: input.url }} }}\n    outcomes: {outcomes}\n"
    );
    EXAMPLE.replacen("actions:\n", &action, 1)
}

#[test]
fn an_action_that_registers_our_address_must_be_one_that_the_command_can_use() {
    const GOOD: &str = "{ registered: { when: status == 201, fields: { webhook_id: body.id }, secrets: { webhook_secret: body.key } } }";
    let rows = [
        ("{ address: required }", GOOD, "has no input `url`"),
        ("{ url: required, owner: required }", GOOD, "needs `owner`, which the command cannot give"),
        ("{ url: required }", "{ made: { when: status == 201 } }", "no outcome `registered` that writes `webhook_id`"),
        ("{ url: required }", "{ registered: { when: status == 201 } }", "that writes `webhook_id`"),
    ];
    for (input, outcomes, says) in rows {
        let told = load("test.yaml", &registering(input, outcomes)).unwrap_err().rendered;
        assert!(told.contains(says) && told.contains("--> test.yaml:"), "{says}:\n{told}");
    }
    let it = adapter(&registering("{ url: required, events: optional }", GOOD));
    let told = hear(&it, "register_webhook", &json!({"url": "u"}), Mode::Do, &[(201, "{\"id\": 1, \"key\": \"k\"}")]);
    assert_eq!(told.1, "registered");
    let mut catalogue = Catalogue::default();
    it.describe(&mut catalogue);
    assert!(!catalogue.actions.contains_key("example.register_webhook"), "no flow asks for it");
}

#[test]
fn registered_secrets_are_refused_where_the_definition_gets_none() {
    let webhook = WebhookSettings { registered: true, ..WebhookSettings::default() };
    let settings = json!({"base_url": "https://x.example", "concurrency": 8, "definition": "x", "values": {"client_id": "c"},
        "secrets": {"client_secret": "s"}});
    let settings = serde_json::from_value(settings).unwrap();
    let problems = |text: &str| {
        let definition = load("test.yaml", text).unwrap();
        Generic::faults(&definition, &settings, Some(&webhook), "providers.example")
    };
    let keys = |text: &str| problems(text).into_iter().map(|problem| problem.key).collect::<Vec<_>>();
    let without = "{ registered: { when: status == 201, fields: { webhook_id: body.id } } }";
    let with = without.replace("body.id }", "body.id }, secrets: { webhook_secret: body.key }");
    assert_eq!(keys(EXAMPLE), ["providers.example.webhook.registered"]);
    assert_eq!(keys(&registering("{ url: required }", without)), ["providers.example.webhook.registered"]);
    assert_eq!(keys(&registering("{ url: required }", &with)), Vec::<String>::new());
    assert!(problems(EXAMPLE)[0].hint.contains("webhook.secrets"), "{:?}", problems(EXAMPLE));
    let call = |action| {
        let (effect, input) = (EffectId { onboarding: OnboardingId(uuid::Uuid::nil()), n: 1 }, serde_json::Map::new());
        let call = Call { action, input: &input, effect, attempt: 1, mode: Mode::Do, uncertain_since: None };
        let (it, far) = (adapter(EXAMPLE), script(&[]));
        match far.play(it.call(&call, &far)) {
            Some(Err(Stop::Broken(cause))) => cause,
            other => panic!("{other:?}"),
        }
    };
    assert!(call("register_webhook").contains("webhook.secrets"), "the command says what to do instead");
    assert!(call("create_memmber").contains("move the onboarding on"));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = EXAMPLE
        .replacen("method: POST", "method: POTS", 1)
        .replacen("when: status == 201", "when: statsu == 201", 1)
        .replacen("region: { default: eu }", "region: perhaps", 1);
    let problems = load("test.yaml", &text).unwrap_err();
    assert!(problems.count >= 3, "{problems}");
    for says in ["POTS", "statsu", "region"] {
        assert!(problems.rendered.contains(says), "{problems}");
    }
}

#[test]
fn a_section_that_does_not_fit_its_definition_is_told_whole() {
    let definition = load("test.yaml", EXAMPLE).unwrap();
    let settings = json!({"base_url": "https://x.example", "concurrency": 8, "definition": "x",
        "values": {"client_secret": "s"}, "secrets": {}});
    let settings = serde_json::from_value(settings).unwrap();
    let problems = Generic::faults(&definition, &settings, None, "providers.example");
    let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "providers.example.values.client_id",
            "providers.example.secrets.client_secret",
            "providers.example.values.client_secret",
        ]
    );
}

#[test]
fn ids_that_are_long_numbers_are_told_apart_through_expressions_too() {
    let it = adapter(&EXAMPLE.replacen("{ member_id: body.member.id }", "{ member_id: string(body.member.id) }", 1));
    let read = |digits: &str| {
        let body = format!(r#"{{"event":"member.activated","member":{{"id":{digits}}}}}"#);
        let json = gangway_core::json::read(body.as_bytes()).unwrap();
        it.read(&Delivery { headers: &[], json: &json, signed: true, received_at: NOW }).unwrap()
    };
    for digits in ["18446744073709551616", "18446744073709551617", "-9223372036854775809", "0.1000000000000000055511"] {
        let reading = read(digits);
        assert_eq!((reading.identifiers[0].value.as_str(), reading.facts[0].resource.as_str()), (digits, digits));
        assert_eq!(reading.facts[0].fields["member_id"], digits);
    }
}
