//! What a definition says beyond one plain request: keys that are burnt, tokens of many kinds, pages, many resources.

use base64::Engine as _;

use super::*;

fn example(pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(EXAMPLE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

/// The problems of the example with these pieces exchanged.
fn told(pairs: &[(&str, &str)]) -> String {
    match load("test.yaml", &example(pairs)) {
        Ok(_) => panic!("{pairs:?} loads"),
        Err(problems) => problems.rendered,
    }
}

fn header(request: &HttpRequest, name: &str) -> String {
    let found = request.named_headers.iter().find(|(given, _)| given == name);
    found.map(|(_, value)| value.expose_secret().to_owned()).unwrap_or_default()
}

#[test]
fn every_definition_of_the_repository_loads_and_ends_its_samples_as_it_says() {
    let mut names = Vec::new();
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/providers")).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        names.push(load(path.to_str().unwrap(), &text).unwrap_or_else(|problems| panic!("{problems}")).name);
    }
    names.sort();
    assert_eq!(names, ["example", "persona", "privy"]);
}

#[test]
fn a_name_with_a_hyphen_is_told_how_to_be_written() {
    for (from, to, hint) in [
        ("email: input.email", "email: input.e-mail", "input[\"e-mail\"]"),
        ("resource: body.member.id", "resource: body.member.tenant-id", "body.member[\"tenant-id\"]"),
        ("email: input.email", "email: input.user-settings", "input[\"user-settings\"]"),
    ] {
        let rendered = told(&[(from, to)]);
        assert!(rendered.contains(hint), "{rendered}");
    }
}

#[test]
fn a_failing_sample_is_told_as_json_and_never_as_rust_writes_it() {
    let rows = [
        ("fields: { member_id: m-1, state: pending }", "fields: { member_id: m-2, state: pending }"),
        ("identifiers: { member_id: m-1 }", "identifiers: { member_id: m-2 }"),
        ("secrets: { invite_code: s3cret }", "secrets: { invite_code: other }"),
        ("query: { externalId: u-1 }", "query: { externalId: u-2 }"),
        ("body: { externalId: u-1", "body: { externalId: u-2"),
        ("    facts: [member_active]", "    facts: [member_activ]"),
        ("time: \"2026-01-02T03:04:05Z\"", "time: \"2026-01-02T03:04:06Z\""),
        ("    sends:\n      method: POST", "    sends:\n      headers: { Idempotency-Key: k }\n      method: POST"),
        ("  - action: get_member", "  - aktion: get_member"),
        ("    answers: [{ status: 502, body", "    answers: [{ status: many, body"),
    ];
    for row in rows {
        let rendered = told(&[row]);
        for debug in ["String(", "Some(", "Object {", "Number(", "None", "Bool(", "untagged", "variant"] {
            assert!(!rendered.contains(debug), "{rendered}");
        }
    }
}

const BURNT: (&str, &str) = (
    "    outcomes:                               # the first guard",
    "    burnt: \"status == 500 && headers['idempotent-replayed'] == 'true'\"\n    outcomes:  # the first guard",
);

fn create(it: &Generic, attempt: u32, told: &[(u16, bool)]) -> (Vec<String>, String) {
    let reply = |(status, replayed): &(u16, bool)| Reply {
        status: *status,
        headers: vec![("idempotent-replayed".to_owned(), replayed.to_string())],
        body: br#"{"id": "m-1"}"#.to_vec(),
        sent_at: NOW,
        received_at: NOW,
    };
    let far = Script::new(NOW, told.iter().map(reply));
    let effect = EffectId { onboarding: OnboardingId(uuid::Uuid::nil()), n: 1 };
    let input = ada();
    let input = input.as_object().unwrap();
    let call = Call { action: "create_member", input, effect, attempt, mode: Mode::Do, uncertain_since: None };
    let end = match far.play(it.call(&call, &far)).expect("a request that the test does not answer") {
        Ok(answer) => answer.outcome,
        Err(stop) => format!("{:?}", stop.ended(far.doubt())).split(' ').next().unwrap_or_default().to_lowercase(),
    };
    let effect = effect.to_string();
    let keys = far.sent().iter().map(|request| header(request, "Idempotency-Key").replace(&effect, "k")).collect();
    (keys, end)
}

#[test]
fn a_key_that_is_burnt_gives_way_to_the_next_and_any_other_failure_keeps_it() {
    let it = adapter(&example(&[BURNT]));
    assert_eq!(
        create(&it, 1, &[(500, true), (201, false)]),
        (vec!["k".to_owned(), "k/2".to_owned()], "created".to_owned())
    );
    assert_eq!(create(&it, 1, &[(500, false)]), (vec!["k".to_owned()], "unknown".to_owned()));
    // What an earlier attempt burnt answers as it did, and the walk goes on behind it.
    let (keys, end) = create(&it, 2, &[(500, true), (500, true), (500, true), (201, false)]);
    assert_eq!((keys.last().map(String::as_str), end.as_str()), (Some("k/4"), "created"));
    let (keys, end) = create(&it, 1, &[(500, true), (500, true), (500, true)]);
    assert_eq!((keys.len(), end.as_str()), (3, "unknown"), "an attempt burns no more than a few");
}

#[test]
fn a_key_by_attempt_differs_in_every_attempt_and_the_usual_one_in_none() {
    let by_attempt =
        example(&[("Idempotency-Key: effect.key", "Idempotency-Key: \"effect.key + '-' + string(effect.attempt)\"")]);
    let it = adapter(&by_attempt);
    let keys = |attempt| create(&it, attempt, &[(201, false)]).0;
    assert_eq!((keys(1), keys(2)), (vec!["k-1".to_owned()], vec!["k-2".to_owned()]));
    assert_eq!(create(&adapter(EXAMPLE), 2, &[(201, false)]).0, ["k"]);
}

#[test]
fn a_rule_for_burnt_keys_needs_a_key_and_the_right_words() {
    let without = ("      headers: { Idempotency-Key: effect.key }\n", "");
    assert!(told(&[BURNT, without]).contains("Idempotency-Key: effect.key"));
    assert!(told(&[("effect.key }", "effect.kye }")]).contains("did you mean `key`?"));
    assert!(told(&[(BURNT.0, "    burnt: statsu == 500\n    outcomes: #")]).contains("did you mean `status`?"));
}

const OAUTH: &str = "  oauth2: { url: /oauth/token, client_id: client_id, client_secret: client_secret, margin: 30s }";

fn token_request(more: &str) -> (String, String, String) {
    let it = adapter(&example(&[(OAUTH, &OAUTH.replace("margin: 30s", more))]));
    let far = script(&[(200, r#"{"access_token": "t", "expires_in": 60}"#)]);
    assert!(matches!(far.play(it.token("service", &far)), Some(Ok(Token { .. }))));
    let request = far.sent().remove(0);
    let kind = request.headers.iter().find(|(name, _)| *name == "content-type").unwrap().1.clone();
    let shown = request.secret_headers.first().map(|(_, value)| value.expose_secret().to_owned());
    (kind, String::from_utf8(request.body.unwrap()).unwrap(), shown.unwrap_or_default())
}

#[test]
fn a_token_is_asked_for_with_the_fields_that_the_provider_wants_in_a_form_or_in_json() {
    let usual = "grant_type=client_credentials&client_id=c-1&client_secret=s-1";
    let form = token_request("scope: 'a b', audience: 'https://x', fields: { tenant: { setting: region }, 'x-y': z }");
    let further = "&scope=a+b&audience=https%3A%2F%2Fx&tenant=eu&x-y=z";
    assert_eq!((form.0.as_str(), form.1), ("application/x-www-form-urlencoded", format!("{usual}{further}")));
    let json = token_request("json: true, resource: r");
    let body: Value = serde_json::from_str(&json.1).unwrap();
    let expected =
        json!({"grant_type": "client_credentials", "client_id": "c-1", "client_secret": "s-1", "resource": "r"});
    assert_eq!((json.0.as_str(), body), ("application/json", expected));
    let (_, body, shown) = token_request("client: basic");
    assert_eq!(body, "grant_type=client_credentials");
    assert_eq!(shown, format!("Basic {}", base64::engine::general_purpose::STANDARD.encode("c-1:s-1")));
}

#[test]
fn a_mistake_in_what_a_token_is_asked_with_is_told() {
    for (more, says) in [
        ("client: header", "does not show itself by `header`"),
        ("fields: { client_id: x }", "`client_id` is said already"),
        ("audience: x, fields: { audience: y }", "`audience` is said twice"),
        ("audience: { setting: regoin }", "did you mean `region`?"),
        ("audiense: x", "did you mean `audience`?"),
        ("json: maybe", "true or false"),
    ] {
        let rendered = told(&[(OAUTH, &OAUTH.replace("margin: 30s", more))]);
        assert!(rendered.contains(says), "{more}: {rendered}");
    }
}

const PAGED: [(&str, &str); 2] = [
    (
        "query: { externalId: input.external_id }\n",
        "query: { cursor: page.cursor, page: page.number }\n      pages: { next: body.next, most: 3 }\n",
    ),
    (
        "    look_up: true\n    input: { external_id: u-1, email: ada@example.org }\n    sends: { method: GET, path: /regions/eu/members, query: { externalId: u-1 } }",
        "    look_up: true\n    input: { external_id: u-1, email: ada@example.org }\n    sends: { method: GET, path: /regions/eu/members, query: { page: '1' } }",
    ),
];

#[test]
fn a_look_up_goes_on_to_the_last_page_before_it_says_that_nothing_was_done() {
    let it = adapter(&example(&PAGED));
    let (empty, last) = (r#"{"items": [], "next": "c2"}"#, r#"{"items": []}"#);
    let found = r#"{"items": [{"id": "m-1"}], "next": "c9"}"#;
    let look_up = |told: Told<'_>| hear(&it, "create_member", &ada(), Mode::LookUp, told);
    let (requests, end) = look_up(&[(200, empty), (200, found)]);
    assert_eq!(end, "created");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(requests[0].query, [pair("page", "1")]);
    assert_eq!(requests[1].query, [pair("cursor", "c2"), pair("page", "2")]);
    assert_eq!(look_up(&[(200, empty), (200, last)]).1, "not_done");
    assert_eq!(look_up(&[(200, empty), (500, "")]).1, "again");
    let (requests, end) = look_up(&[(200, empty), (200, empty), (200, empty)]);
    assert_eq!((requests.len(), end.as_str()), (3, "broken"), "what was not read to its end is not known to be empty");
}

#[test]
fn pages_are_bounded_and_can_be_read_only_where_there_are_some() {
    let most = |most: &str| told(&[(PAGED[0].0, &PAGED[0].1.replace("most: 3", most)), PAGED[1]]);
    assert!(most("most: 1").contains("from 2 to 50") && most("most: 51").contains("from 2 to 50"));
    let unpaged = ("query: { externalId: input.external_id }", "query: { cursor: page.cursor }");
    assert!(told(&[unpaged]).contains("there is no `page` here"));
    assert!(told(&[(PAGED[0].0, &PAGED[0].1.replace("page.number", "page.nubmer")), PAGED[1]]).contains("`number`"));
}

#[test]
fn one_delivery_or_answer_tells_of_as_many_resources_as_its_list_has() {
    let each = (
        "      when: body.event == 'member.activated'\n      resource: body.member.id\n      fields: { member_id: body.member.id }",
        "      each: body.members\n      when: item.state == 'active'\n      resource: item.id\n      fields: { member_id: item.id }",
    );
    let sample = (
        "attempt: 2, member: { id: m-1 } }",
        "attempt: 2, member: { id: m-1 }, members: [{ id: m-1, state: active }] }",
    );
    let it = adapter(&example(&[each, sample]));
    let state = |nth: usize| if nth.is_multiple_of(2) { "active" } else { "pending" };
    let members: Vec<Value> = (0..200).map(|nth| json!({"id": format!("m-{nth}"), "state": state(nth)})).collect();
    let body = json!({"event": "x", "members": members});
    let delivery = Delivery { headers: &[], json: &body, signed: true, received_at: NOW };
    let facts = it.read(&delivery).unwrap().facts;
    assert_eq!(facts.len(), 25, "of the first 50");
    assert_eq!((facts[1].resource.as_str(), &facts[1].fields["member_id"]), ("m-2", &json!("m-2")));
    let none = json!({"event": "x", "members": 5});
    let delivery = Delivery { headers: &[], json: &none, signed: true, received_at: NOW };
    assert!(it.read(&delivery).unwrap().facts.is_empty());
    let outside = told(&[("resource: body.member.id", "resource: item.id")]);
    assert!(outside.contains("there is no `item` here"), "{outside}");
}
